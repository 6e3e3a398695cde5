import { within } from '../deadline.js';
import { Parts } from '../parts.js';
import { log } from './log.js';

/** A start that fails, or is stopped, has nothing to finish: its parts may take so long to close. */
const START_DEADLINE_MS = 3000;

/** A process that runs until it is told to stop. */
export interface Life {
  /** What it has opened: closed when it ends. */
  readonly parts: Parts;
  /** Resolves when it is told to stop. */
  readonly stop: Promise<unknown>;
  /** The process works: what is under way is finished when it ends, which may take so many milliseconds. */
  allow(deadlineMs: number): void;
}

/**
 * Works until `stop` resolves or the work is done or fails, then closes the parts by a deadline: a part that hangs, or a socket that does not
 * close, keeps no process alive. Whoever calls it ends the process afterwards, since what was not closed in time may still hold sockets.
 */
export async function untilStopped(
  stop: Promise<unknown>,
  work: (life: Life) => Promise<Error | null>,
): Promise<void> {
  const parts = new Parts();
  const end = { withinMs: START_DEADLINE_MS, late: `not closed within ${START_DEADLINE_MS} ms` };
  const allow = (deadlineMs: number) => {
    end.withinMs = deadlineMs;
    end.late = `not finished within shutdown.deadlineMs (${deadlineMs})`;
  };
  const failure = await Promise.race([stop.then(() => null), work({ parts, stop, allow })]).catch(
    (error: unknown) => error,
  );
  if (!parts.isEmpty) log.info('stopping: finishing what is under way');
  let isDone = true;
  const isLeft = () => {
    isDone = false;
  };
  const closed = parts.close((error) => {
    log.error(`while stopping: ${String(error)}`);
    isLeft();
  });
  // Of a process that has failed there is nothing to wait for once it is told to stop.
  const waited = failure === null ? closed : Promise.race([closed, stop.then(isLeft)]);
  await within(end.withinMs, waited, () => {
    log.error(end.late);
    isLeft();
  });
  if (!isDone) {
    log.error('stopped before all was finished; the rest is read again at the next start');
    process.exitCode = 1;
  }
  if (failure !== null) throw failure;
}
