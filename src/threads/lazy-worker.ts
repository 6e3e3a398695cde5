import { Piscina } from 'piscina';
import { workerFile } from './worker-file.js';

/**
 * One worker thread that begins with its first task, so that a stream without notes or images pays nothing for it. Tasks
 * are dealt with one after the other.
 */
export class LazyWorker<Task, Result> {
  readonly #script: string;
  readonly #task: string;
  readonly #heapMb: number;
  #pool: Piscina<Task, Result> | null = null;
  /** Resolves when the tasks so far are over: time is counted from a task's own beginning. */
  #last: Promise<unknown> = Promise.resolve();

  /** `task` is the function that `script` (a file of src, without its ending) exports. */
  constructor(script: string, task: string, heapMb: number) {
    this.#script = script;
    this.#task = task;
    this.#heapMb = heapMb;
  }

  /** @throws Error where the task fails, its thread dies, or it takes longer than `timeoutMs`; the thread is then another. */
  run(task: Task, timeoutMs?: number): Promise<Result> {
    const result = this.#last.then(() => this.#start(task, timeoutMs));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }

  #start(task: Task, timeoutMs: number | undefined): Promise<Result> {
    this.#pool ??= new Piscina({
      filename: workerFile(this.#script),
      name: this.#task,
      minThreads: 1,
      maxThreads: 1,
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMb },
    });
    return this.#pool.run(task, timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) });
  }
}
