import { InferenceSession } from 'onnxruntime-node';
import { WardstreamError } from '../errors.js';

/**
 * A graph on ONNX Runtime's cpu provider, one thread. Its runs are off the main thread.
 * @throws WardstreamError `WS_MODEL` where the file is no usable graph, or lacks an input or output of those named.
 */
export async function openSession(
  file: string,
  inputs: readonly string[],
  outputs: readonly string[],
): Promise<InferenceSession> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(file, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
  } catch (error) {
    throw new WardstreamError('WS_MODEL', `${file} is not a model ONNX Runtime can load: ${String(error)}`, {
      cause: error,
    });
  }
  const missing = [
    ...inputs.filter((name) => !session.inputNames.includes(name)).map((name) => `input ${name}`),
    ...outputs.filter((name) => !session.outputNames.includes(name)).map((name) => `output ${name}`),
  ];
  if (missing.length === 0) return session;
  await session.release();
  const { inputNames, outputNames } = session;
  throw new WardstreamError(
    'WS_MODEL',
    `${file} has no ${missing.join(', ')}; it has inputs ${inputNames.join(', ')} and outputs ${outputNames.join(', ')}`,
  );
}
