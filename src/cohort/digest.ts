import { digestOf } from '../replay/digest.js';
import type { ObservedStay } from './stays.js';

/** The digest of scores that are kept with their stays. */
export function scoresDigestOf(stays: readonly Pick<ObservedStay, 'stayId' | 'times' | 'signals'>[]): string {
  const byId = [...stays].sort((a, b) => (a.stayId < b.stayId ? -1 : 1));
  return digestOf(byId, ({ stayId, times, signals }) => {
    const scores = new Float64Array(2 * times.length);
    times.forEach((time, index) => {
      scores[2 * index] = time;
      scores[2 * index + 1] = signals.model[index];
    });
    return [stayId, scores];
  });
}
