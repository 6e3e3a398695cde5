import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, WardstreamError } from '../errors.js';
import { AlertsDigest } from '../replay/digest.js';
import type { ReplayResult } from '../replay/replay.js';
import { type ScoredShare, type ScoringHooks, type ScoringJob, scoreHere } from './scoring.js';
import type { ObservedStay } from './stays.js';

/** What a worker thread is told: to score, to be done with the stays that are over, to end. */
export type ToWorker =
  | { readonly kind: 'job'; readonly job: ScoringJob }
  | { readonly kind: 'stop' }
  | { readonly kind: 'end' };

/** What a worker thread says. */
export type FromWorker =
  | { readonly kind: 'stays'; readonly stays: readonly ObservedStay[] }
  | { readonly kind: 'progress'; readonly patients: number; readonly total: number }
  | ({
      readonly kind: 'done';
      readonly result: ReplayResult;
      readonly alerts: AlertsDigest['parts'];
    } & Omit<ScoredShare, 'part'>)
  | { readonly kind: 'failed'; readonly code: ErrorCode | null; readonly message: string };

/** Messages live short: in a small young generation their buffers are given back early. */
const YOUNG_MB = 12;

/** Worker threads where nothing is said: one a core, four at most. */
export function defaultWorkers(): number {
  return Math.min(4, availableParallelism());
}

/**
 * Threads that score job after job, begun with the first; what the memory of one job was, the next one uses again. One alone is
 * this thread.
 */
export class ScoringThreads {
  readonly #size: number;
  #workers: readonly Worker[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /**
   * Scores the stays of a job, divided by patient over the threads. The same stays have the same scores whatever the number.
   * One job at a time. @throws WardstreamError as the replay does.
   */
  async score(job: ScoringJob, hooks: ScoringHooks): Promise<ScoredShare[]> {
    if (this.#size === 1) return [await scoreHere(job, hooks)];
    if (this.#workers.length === 0) this.#workers = Array.from({ length: this.#size }, begun);
    const reached = new Array<number>(this.#size).fill(0);
    // What one of them fails of, the others need not go on for.
    const failure = new AbortController();
    const signal = AbortSignal.any([failure.signal, ...(hooks.signal === undefined ? [] : [hooks.signal])]);
    return Promise.all(
      this.#workers.map((worker, index) =>
        scoreIn(
          worker,
          { ...job, share: { index, of: this.#size } },
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

  /** Ends the threads, each when it is done. */
  async close(): Promise<void> {
    const workers = this.#workers;
    this.#workers = [];
    await Promise.all(workers.map(ended));
  }
}

function begun(): Worker {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  // Told to who waits for a job, and to nobody else.
  worker.on('error', () => undefined);
  return worker;
}

async function ended(worker: Worker): Promise<void> {
  if (worker.threadId < 0) return;
  const exit = once(worker, 'exit');
  tell(worker, { kind: 'end' });
  await exit;
}

function tell(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}

function scoreIn(
  worker: Worker,
  job: ScoringJob,
  { onStay, onProgress, signal }: ScoringHooks,
): Promise<ScoredShare> {
  const stop = () => tell(worker, { kind: 'stop' });
  let forget = (): void => undefined;
  return new Promise<ScoredShare>((resolve, reject) => {
    const hear = (message: FromWorker) => {
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
    };
    const exit = (code: number) => reject(new Error(`a worker thread ended early with ${code}`));
    worker.on('message', hear).once('error', reject).once('exit', exit);
    forget = () => void worker.off('message', hear).off('error', reject).off('exit', exit);
    tell(worker, { kind: 'job', job });
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
  }).finally(() => {
    forget();
    signal?.removeEventListener('abort', stop);
  });
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
  alertsDigest.join(alerts);
  return { part: { result, alerts: alertsDigest }, aside, total, hasClock, open };
}
