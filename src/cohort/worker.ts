/** A worker thread that scores one share of the patients, job after job; see `ScoringThreads`. */
import { parentPort } from 'node:worker_threads';
import { WardstreamError } from '../errors.js';
import { type ScoringJob, scoreHere } from './scoring.js';
import type { ObservedStay } from './stays.js';
import type { FromWorker, ToWorker } from './threads.js';

/** Stays sent at once. */
const BATCH = 32;
const PROGRESS_MS = 200;

const port = parentPort!;
const send = (message: FromWorker) => port.postMessage(message);
let stop = new AbortController();
port.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') stop.abort();
  else if (message.kind === 'end') port.close();
  else {
    stop = new AbortController();
    void score(message.job, stop.signal);
  }
});

async function score(job: ScoringJob, signal: AbortSignal): Promise<void> {
  let batch: ObservedStay[] = [];
  let toldAt = 0;
  try {
    const { part, ...rest } = await scoreHere(job, {
      signal,
      onStay: (stay) => {
        batch.push(stay);
        if (batch.length < BATCH) return;
        send({ kind: 'stays', stays: batch });
        batch = [];
      },
      onProgress: (patients, total) => {
        if (performance.now() - toldAt < PROGRESS_MS) return;
        toldAt = performance.now();
        send({ kind: 'progress', patients, total });
      },
    });
    send({ kind: 'stays', stays: batch });
    send({ kind: 'done', ...rest, result: part.result, alerts: part.alerts.parts });
  } catch (error) {
    const code = error instanceof WardstreamError ? error.code : null;
    send({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  }
}
