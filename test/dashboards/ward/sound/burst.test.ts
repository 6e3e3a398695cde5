import { describe, expect, it } from 'vitest';
import {
  BURSTS,
  type Burst,
  FREQUENCY,
  HARMONICS,
  RISE,
} from '../../../../dashboards/ward/src/sound/burst.js';

/** The silences between pulses, in seconds. */
function spacings({ pulses }: Burst): number[] {
  return pulses.slice(1).map(({ start }, index) => start - pulses[index].start - pulses[index].duration);
}

/** IEC 60601-1-8:2006+A1:2012, tables 3 and 4. */
describe('auditory alarm signals', () => {
  it('high priority: ten pulses, twice three and two', () => {
    const { pulses, interval } = BURSTS.HIGH;
    expect(pulses).toHaveLength(10);
    const [x] = spacings(BURSTS.HIGH);
    expect(x).toBeGreaterThanOrEqual(0.05);
    expect(x).toBeLessThanOrEqual(0.125);
    const duration = pulses[0].duration;
    expect(duration).toBeGreaterThanOrEqual(0.075);
    expect(duration).toBeLessThanOrEqual(0.2);
    const half = [x, x, 2 * x + duration, x];
    const middle = spacings(BURSTS.HIGH)[4];
    expect(middle).toBeGreaterThanOrEqual(0.35);
    expect(middle).toBeLessThanOrEqual(1.3);
    const rounded = (numbers: readonly number[]) => numbers.map((each) => Number(each.toFixed(9)));
    expect(rounded(spacings(BURSTS.HIGH))).toEqual(rounded([...half, middle, ...half]));
    expect(interval).toBeGreaterThanOrEqual(2.5);
    expect(interval).toBeLessThanOrEqual(15);
  });

  it.each([
    ['MEDIUM', 3, 2.5, 30],
    ['LOW', 2, 15, Number.POSITIVE_INFINITY],
  ] as const)('%s priority: %i pulses evenly spaced', (priority, count, least, most) => {
    const burst = BURSTS[priority];
    expect(burst.pulses).toHaveLength(count);
    for (const spacing of spacings(burst)) {
      expect(spacing).toBeCloseTo(spacings(burst)[0], 9);
      expect(spacing).toBeGreaterThanOrEqual(0.125);
      expect(spacing).toBeLessThanOrEqual(0.25);
    }
    for (const { duration } of burst.pulses) {
      expect(duration).toBeGreaterThanOrEqual(0.125);
      expect(duration).toBeLessThanOrEqual(0.25);
    }
    expect(burst.interval).toBeGreaterThanOrEqual(least);
    expect(burst.interval).toBeLessThanOrEqual(most);
  });

  it('sounds more often the more urgent it is', () => {
    expect(BURSTS.HIGH.interval).toBeLessThan(BURSTS.MEDIUM.interval);
    expect(BURSTS.MEDIUM.interval).toBeLessThan(BURSTS.LOW.interval);
  });

  it('pulses have a fundamental of 150 to 1000 Hz and four harmonics between 300 and 4000 Hz within 15 dB', () => {
    expect(FREQUENCY).toBeGreaterThanOrEqual(150);
    expect(FREQUENCY).toBeLessThanOrEqual(1000);
    const [fundamental, ...harmonics] = HARMONICS;
    expect(harmonics.length).toBeGreaterThanOrEqual(4);
    harmonics.forEach((amplitude, index) => {
      const frequency = FREQUENCY * (index + 2);
      expect(frequency).toBeGreaterThanOrEqual(300);
      expect(frequency).toBeLessThanOrEqual(4000);
      expect(Math.abs(20 * Math.log10(amplitude / fundamental))).toBeLessThanOrEqual(15);
    });
    expect(RISE).toBeGreaterThanOrEqual(0.1);
    expect(RISE).toBeLessThanOrEqual(0.4);
  });
});
