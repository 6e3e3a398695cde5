import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, WardstreamError } from '../errors.js';
import type { ObservedStay } from '../validate/stays.js';
import { AlertsDigest } from './digest.js';
import type { ReplayResult } from './replay.js';
import { type ScoredShare, type ScoringHooks, type ScoringJob, scoreHere } from './scoring.js';

/** What a worker thread says. */
export type FromWorker =
  | { readonly kind: 'stays'; readonly stays: readonly ObservedStay[] }
  | { readonly kind: 'progress'; readonly patients: number; readonly total: number }
  | ({
      readonly kind: 'done';
      readonly result: ReplayResult;
      readonly alerts: readonly string[];
    } & Omit<ScoredShare, 'part'>)
  | { readonly kind: 'failed'; readonly code: ErrorCode | null; readonly message: string };

/** Messages live short: in a small young generation their buffers are given back early. */
const YOUNG_MB = 12;

/** Worker threads where nothing is said: one a core, four at most. */
export function defaultWorkers(): number {
  return Math.min(4, availableParallelism());
}

/**
 * Scores the stays of a job, divided by patient over threads; one alone is this thread. The same stays have the same scores
 * whatever the number. @throws WardstreamError as the replay does.
 */
export async function scoreInThreads(
  job: ScoringJob,
  workers: number,
  hooks: ScoringHooks,
): Promise<ScoredShare[]> {
  if (workers === 1) return [await scoreHere(job, hooks)];
  const reached = new Array<number>(workers).fill(0);
  // What one of them fails of, the others need not go on for.
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, ...(hooks.signal === undefined ? [] : [hooks.signal])]);
  return Promise.all(
    reached.map((_, index) =>
      scoreInThread(
        { ...job, share: { index, of: workers } },
        {
          ...hooks,
          signal,
          onProgress: (patients, total) => {
            reached[index] = patients;
            hooks.onProgress?.(
              reached.reduce((sum, each) => sum + each, 0),
              total,
            );
          },
        },
      ),
    ),
  ).catch((error: unknown) => {
    failure.abort();
    throw error;
  });
}

function scoreInThread(job: ScoringJob, { onStay, onProgress, signal }: ScoringHooks): Promise<ScoredShare> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: job,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const stop = () => worker.postMessage('stop');
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  return new Promise<ScoredShare>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'stays') {
        try {
          for (const stay of message.stays) onStay(stay);
        } catch (error) {
          stop();
          reject(error);
        }
      } else if (message.kind === 'progress') onProgress?.(message.patients, message.total);
      else if (message.kind === 'done') resolve(shareOf(message));
      else
        reject(
          message.code === null
            ? new Error(message.message)
            : new WardstreamError(message.code, message.message),
        );
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker thread ended early with ${code}`)));
  }).finally(() => signal?.removeEventListener('abort', stop));
}

function shareOf({
  result,
  alerts,
  aside,
  total,
  hasClock,
  open,
}: FromWorker & { kind: 'done' }): ScoredShare {
  const alertsDigest = new AlertsDigest();
  for (const line of alerts) alertsDigest.lines.push(line);
  return { part: { result, alerts: alertsDigest }, aside, total, hasClock, open };
}
