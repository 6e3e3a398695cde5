import { MINUTE_MS } from '../../../../src/durations.js';
import type { MarkedValue, Timeline } from '../protocol.js';
import { probeOf } from '../standing.js';
import { indexAt } from './timeline.js';
import type { DoubtMark } from './tracks.js';

/** Values of a probe that are not used for one reason, one after another. */
export interface DoubtRun {
  readonly probe: string;
  /** One of the probe's variables: all have its unit. */
  readonly variable: string;
  readonly reason: string;
  readonly verdict: MarkedValue['verdict'];
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Nearer to the reading line than this part of the span, a mark is read out. */
const NEAR = 0.008;

/** Longer between two values that are not used, and they are two runs. */
const GAP_MS = 15 * MINUTE_MS;

/** What is not used, newest run first. */
export function doubtRuns({ doubted = [] }: Pick<Timeline, 'doubted'>): DoubtRun[] {
  const runs: DoubtRun[] = [];
  const newest = new Map<string, number>();
  for (const { variable, at, value, verdict, reason } of doubted) {
    const probe = probeOf(variable);
    const key = `${probe} ${reason}`;
    const place = newest.get(key);
    const run = place === undefined ? undefined : runs[place];
    if (place !== undefined && run !== undefined && at - run.to <= GAP_MS) {
      const [lowest, highest] = [Math.min(run.lowest, value), Math.max(run.highest, value)];
      runs[place] = { ...run, to: at, count: run.count + 1, lowest, highest };
      continue;
    }
    newest.set(key, runs.length);
    runs.push({
      probe,
      variable,
      reason,
      verdict,
      from: at,
      to: at,
      count: 1,
      lowest: value,
      highest: value,
    });
  }
  return runs.sort((a, b) => b.to - a.to);
}

/** Of each line the mark nearest to a time, within a small part of the span. */
export function doubtsNear(doubted: readonly DoubtMark[], time: number, spanMs: number): DoubtMark[] {
  const times = doubted.map((mark) => mark.time);
  const within = NEAR * spanMs;
  const near = new Map<number, DoubtMark>();
  for (let index = indexAt(times, time - within) + 1; index < doubted.length; index++) {
    const mark = doubted[index];
    if (mark.time > time + within) break;
    const known = near.get(mark.line);
    if (known === undefined || Math.abs(mark.time - time) < Math.abs(known.time - time))
      near.set(mark.line, mark);
  }
  return [...near.values()];
}
