import { renameSync, rmSync } from 'node:fs';
import { WardstreamError } from '../errors.js';
import { MessageCodec } from '../events/codec.js';
import { type Config, loadConfig, parseConfig } from '../settings/config.js';
import { openSource } from '../sources/open-source.js';
import { RecordingWriter } from '../sources/recording.js';
import { bytesOf } from '../sources/source.js';
import { printResult, stopOnInterrupt } from './cli.js';

export interface RecordCommandOptions {
  readonly from: string;
  readonly out: string;
  readonly patients?: number;
  readonly mapping?: string;
  readonly config?: string;
  readonly json: boolean;
}

/** `wardstream record`: a source, above all a range of live topics, into a recording. Ctrl-C keeps what was read. */
export async function recordCommand(options: RecordCommandOptions): Promise<void> {
  const { from, out, patients, mapping, json } = options;
  const config: Config = options.config === undefined ? parseConfig({}) : loadConfig(options.config);
  const source = openSource(from, patients, mapping, undefined, config);
  const codec = new MessageCodec();
  const stop = stopOnInterrupt('closing the recording');
  const began = performance.now();
  let messages = 0;
  try {
    const writer = new RecordingWriter(`${out}.part`);
    for await (const message of source.messages()) {
      if (stop.signal.aborted) break;
      const { topic, key, eventTime } = message;
      await writer.write({ topic, key, eventTime, value: bytesOf(message, codec) });
      messages++;
    }
    await writer.close();
    renameSync(`${out}.part`, out);
  } catch (error) {
    rmSync(`${out}.part`, { force: true });
    if (error instanceof WardstreamError) throw error;
    const what = `the recording could not be written to ${out}: ${String(error)}`;
    throw new WardstreamError('WS_SOURCE', what, { cause: error });
  } finally {
    stop.release();
  }
  const partial = stop.signal.aborted ? { partial: true } : {};
  const seconds = Number(((performance.now() - began) / 1000).toFixed(2));
  printResult({ from, out, messages, patients: source.counts.patients, seconds, ...partial }, json);
}
