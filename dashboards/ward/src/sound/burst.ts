import type { Priority } from '../protocol.js';

/** One tone of a burst, in seconds from the burst's begin. */
export interface Pulse {
  readonly start: number;
  /** Effective duration t_d. */
  readonly duration: number;
}

/** The auditory signal of a priority. */
export interface Burst {
  readonly pulses: readonly Pulse[];
  /** Seconds from the end of a burst to the begin of the next. */
  readonly interval: number;
}

/**
 * Auditory alarm signals after IEC 60601-1-8:2006+A1:2012, tables 3 and 4. High: ten pulses as twice three and two, spaced
 * x = 50 to 125 ms, 2x + t_d between the third and the fourth, 0.35 to 1.3 s between the fifth and the sixth, t_d 75 to
 * 200 ms, a burst every 2.5 to 15 s. Medium: three pulses, spaced y = 125 to 250 ms, t_d 125 to 250 ms, a burst every 2.5
 * to 30 s. Low: one or two pulses, spaced as medium, at least 15 s between bursts. A spacing is the silence between two pulses.
 */
export const BURSTS: Readonly<Record<Priority, Burst>> = {
  HIGH: { pulses: spaced(0.12, [0.1, 0.1, 0.32, 0.1, 0.7, 0.1, 0.1, 0.32, 0.1]), interval: 5 },
  MEDIUM: { pulses: spaced(0.2, [0.2, 0.2]), interval: 10 },
  LOW: { pulses: spaced(0.2, [0.2]), interval: 20 },
};

/** Pulse frequency in Hz (table 4: 150 to 1000). */
export const FREQUENCY = 523.25;
/** Amplitude of the fundamental and its harmonics (table 4: at least four between 300 and 4000 Hz, within 15 dB). */
export const HARMONICS: readonly number[] = [1, 0.6, 0.45, 0.35, 0.25];
/** Rise time as a part of t_d (table 4: 10 to 40 %). */
export const RISE = 0.2;

export function burstSeconds({ pulses }: Burst): number {
  const last = pulses[pulses.length - 1];
  return last.start + last.duration;
}

/** Pulses of one duration with the given silences between them. */
function spaced(duration: number, gaps: readonly number[]): Pulse[] {
  const pulses = [{ start: 0, duration }];
  for (const gap of gaps) pulses.push({ start: pulses[pulses.length - 1].start + duration + gap, duration });
  return pulses;
}
