/** What a frame told of the server's time, and when it came by two clocks of the viewer's machine. All in milliseconds. */
export interface ServerTime {
  readonly now: number;
  /** By the time of day, which somebody may set. */
  readonly wallAt: number;
  /** By the time that passes, which may stand still while the machine sleeps. */
  readonly passedAt: number;
}

/** So far the two times of day may be apart. */
const TOLERANCE_MS = 10_000;

/** The server's time now. Of the two clocks the one counts by which more has passed: nothing must look younger than it is. */
export function serverNow(told: ServerTime, wall: number, passed: number): number {
  return told.now + Math.max(0, wall - told.wallAt, passed - told.passedAt);
}

/** How far the viewer's clock is ahead of the server's, in milliseconds, where that is more than frames take; else 0. */
export function clockAheadMs(told: ServerTime | null): number {
  const ahead = told === null ? 0 : told.wallAt - told.now;
  return Math.abs(ahead) > TOLERANCE_MS ? ahead : 0;
}
