import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { WardstreamError } from '../../errors.js';
import { loadServed } from '../../inference/served-model.js';
import type { Config } from '../../settings/config.js';
import { openSource } from '../../sources/open-source.js';
import { workerFile } from '../../threads/worker-file.js';
import type { StaySeen } from './compare.js';
import { type ProbeFigures, probeFigures } from './figures.js';
import { probeSentences, type SentenceFigures } from './notes.js';
import { probeShare } from './share.js';
import { findStable } from './stable.js';
import type { StableStay } from './stays.js';
import type { ProbeTask } from './worker.js';

export interface ProbeOptions {
  readonly config: Config;
  /** Where the history is, `KIND:PLACE`. */
  readonly from: string;
  /** A user's file over the table of codes. */
  readonly mapping?: string | undefined;
  /** Stable stays to take. */
  readonly stays: number;
  /** Threads; 1 is this one. */
  readonly workers: number;
  readonly onProgress?: ((what: string, done: number, total: number) => void) | undefined;
  /** Ends early: the figures are of the stays that were over. */
  readonly signal?: AbortSignal | undefined;
}

/** What the probe found, and of whom. */
export interface Probe extends ProbeFigures {
  readonly from: string;
  readonly model: string;
  /** Stays looked at to find the stable ones. */
  readonly seen: number;
  /** Their patients, in the order in which they were found. */
  readonly patients: readonly string[];
  /** What sentences of notes did to a patient. */
  readonly sentences: readonly SentenceFigures[];
  readonly partial: boolean;
  readonly seconds: number;
  readonly peakRssMb: number;
}

/**
 * Moves single signs of stable stays, and sends them artefacts and wrong units, through the real pipeline with the configured rules;
 * says what alarmed, and how far each risk moved.
 * @throws WardstreamError `WS_USAGE` or `WS_SOURCE` where the source cannot be used, holds nobody stable, or nothing was over.
 */
export async function probe(options: ProbeOptions): Promise<Probe> {
  const { config, from, mapping, workers, onProgress, signal } = options;
  const started = performance.now();
  const { model } = config;
  const { version } = loadServed(model).config;
  const source = openSource(from, undefined, mapping, undefined, config);
  const { stays, seen } = await findStable(source, options.stays, (found) =>
    onProgress?.('stable', found, options.stays),
  );
  const over: StaySeen[] = [];
  const onStay = (stay: StaySeen) => {
    over.push(stay);
    onProgress?.('probe', over.length, stays.length);
  };
  onProgress?.('probe', 0, stays.length);
  const threads = Math.min(workers, stays.length);
  if (threads === 1) await probeShare({ config, stays }, onStay, signal);
  else await inThreads(config, stays, threads, onStay, signal);
  if (over.length === 0) throw new WardstreamError('WS_SOURCE', 'interrupted before any stay was over');
  over.sort((a, b) => a.number - b.number);
  return {
    from,
    model: version,
    seen,
    patients: over.map(({ patientId }) => patientId),
    partial: over.length < stays.length,
    ...probeFigures(over),
    sentences: await probeSentences(config),
    seconds: Number(((performance.now() - started) / 1000).toFixed(2)),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

/** Divides the stays over threads; the same stays have the same figures whatever the number. */
async function inThreads(
  config: Config,
  stays: readonly StableStay[],
  threads: number,
  onStay: (seen: StaySeen) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pool = new Piscina<ProbeTask, void>({
    filename: workerFile('study/probe/worker'),
    name: 'probeStays',
    minThreads: threads,
    maxThreads: threads,
    recordTiming: false,
  });
  try {
    await Promise.all(
      Array.from({ length: threads }, async (_, index) => {
        const share = stays.filter((__, stay) => stay % threads === index);
        const { port1, port2: port } = new MessageChannel();
        const stop = () => port1.postMessage('stop');
        signal?.addEventListener('abort', stop);
        port1.on('message', onStay);
        try {
          await pool.run({ config, stays: share, port }, { transferList: [port] });
          // What was told before the end may be heard after it.
          for (let told = receiveMessageOnPort(port1); told !== undefined; told = receiveMessageOnPort(port1))
            onStay(told.message);
        } finally {
          signal?.removeEventListener('abort', stop);
          port1.close();
        }
      }),
    );
  } finally {
    await pool.destroy();
  }
}
