import { log } from './log.js';

/** Something that was opened and is to be closed. */
export interface Part {
  close(): Promise<void>;
}

/** A start that fails, or is stopped, has nothing to finish: its parts may take so long to close. */
const START_DEADLINE_MS = 3000;

/**
 * The parts of a process, closed in the reverse order of their opening, by a deadline: a part that hangs, or a socket that does not close, keeps no
 * process alive.
 */
export class Parts {
  readonly #parts: Part[] = [];
  #isClosing = false;
  #deadlineMs = START_DEADLINE_MS;
  #late = `not closed within ${START_DEADLINE_MS} ms`;

  /** Takes charge of a part. One that was opened while the others are closed is closed at once. */
  keep<Kept extends Part>(part: Kept): Kept {
    if (this.#isClosing) void part.close().catch(() => undefined);
    else this.#parts.push(part);
    return part;
  }

  /** Another part closes this one from now on. */
  handOn(part: Part): void {
    const at = this.#parts.indexOf(part);
    if (at >= 0) this.#parts.splice(at, 1);
  }

  /** The process works: what is under way is finished when it ends, which may take so long. */
  allow(deadlineMs: number): void {
    this.#deadlineMs = deadlineMs;
    this.#late = `not finished within shutdown.deadlineMs (${deadlineMs})`;
  }

  /** Resolves when all are closed, when the time is over, which is said, or when `hurry` does. False where something was not closed. */
  async close(hurry: Promise<unknown> = new Promise(() => undefined)): Promise<boolean> {
    this.#isClosing = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => {
        log.error(this.#late);
        resolve(false);
      }, this.#deadlineMs);
    });
    const isDone = await Promise.race([this.#closeAll(), late, hurry.then(() => false)]);
    clearTimeout(timer);
    return isDone;
  }

  async #closeAll(): Promise<boolean> {
    let isDone = true;
    for (const part of this.#parts.reverse()) {
      await part.close().catch((error: unknown) => {
        log.error(`while stopping: ${String(error)}`);
        isDone = false;
      });
    }
    return isDone;
  }
}

/**
 * Works until `stop` resolves or `work` fails, then closes the parts. Whoever calls it ends the process afterwards: what could not be closed in
 * time may still hold sockets.
 */
export async function untilStopped(
  parts: Parts,
  stop: Promise<unknown>,
  work: () => Promise<Error | null>,
): Promise<void> {
  let failure: unknown = null;
  try {
    failure = await Promise.race([stop.then(() => null), work()]);
  } catch (error) {
    failure = error;
  }
  log.info('stopping: finishing what is under way');
  // Of a process that has failed there is nothing to wait for once it is told to stop.
  const isDone = await (failure === null ? parts.close() : parts.close(stop));
  if (!isDone) {
    log.error('stopped before all was finished; the rest is read again at the next start');
    process.exitCode = 1;
  }
  if (failure !== null) throw failure;
}
