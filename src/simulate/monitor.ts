import type { Observation } from '../contract/messages.js';
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import { Channel, type Chart } from './chart.js';
import { type Body, FASTEST_HEART } from './physiology.js';
import type { Random } from './random.js';

/** Mean times between artefacts of one bed. */
const FLUSH_EVERY_MS = 6 * HOUR_MS;
const MOTION_EVERY_MS = 4 * HOUR_MS;
const DISCONNECTED_EVERY_MS = 12 * HOUR_MS;
/** Pressure of the bag that flushes an arterial line, mmHg. */
const FLUSH_PRESSURE = 300;
/** How long a faulty sensor stays in one kind of fault. */
const FAULT_MS = 45 * MINUTE_MS;
const FAULTS = ['none', 'stuck', 'implausible', 'missing'] as const;
type Fault = (typeof FAULTS)[number];

/** The bedside monitor: reads the body every interval, with the artefacts, gaps and faults of real ones. */
export class Monitor {
  readonly #random: Random;
  readonly #chart: Chart;
  readonly #interval: number;
  /** When faults begin, ms after admission; infinite for a sound monitor. */
  readonly #faultyFrom: number;
  readonly #heartRate = new Channel('heartRate');
  readonly #systolic = new Channel('sbpInvasive');
  readonly #diastolic = new Channel('dbpInvasive');
  readonly #mean = new Channel('mapInvasive');
  readonly #respRate = new Channel('respRate');
  readonly #spo2 = new Channel('spo2');
  #disconnectedUntil = 0;
  #movingUntil = 0;
  #flush = false;
  #fault: Fault = 'none';
  #faultUntil = 0;
  #stuck: Observation[] | null = null;

  constructor(random: Random, chart: Chart, interval: number, faultyFrom: number) {
    this.#random = random;
    this.#chart = chart;
    this.#interval = interval;
    this.#faultyFrom = faultyFrom;
  }

  /** The arterial line is flushed at the next reading, as after drawing a specimen. */
  flush(): void {
    this.#flush = true;
  }

  /** The reading at a time after admission; null while the patient is off the monitor. */
  read(body: Body, elapsed: number): Observation[] | null {
    const random = this.#random;
    const interval = this.#interval;
    if (elapsed < this.#disconnectedUntil) return null;
    if (random.chance(interval / DISCONNECTED_EVERY_MS)) {
      this.#disconnectedUntil = elapsed + random.between(10, 40) * MINUTE_MS;
      return null;
    }
    if (random.chance(interval / FLUSH_EVERY_MS)) this.#flush = true;
    if (random.chance(interval / MOTION_EVERY_MS)) {
      this.#movingUntil = elapsed + random.between(1, 3) * MINUTE_MS;
    }
    const observations =
      elapsed < this.#faultyFrom ? this.#sound(body, elapsed) : this.#faulty(body, elapsed);
    this.#flush = false;
    return observations;
  }

  #sound(body: Body, elapsed: number): Observation[] {
    const random = this.#random;
    const isMoving = elapsed < this.#movingUntil;
    const spo2 = body.now('spo2') - (isMoving ? random.between(8, 25) : 0);
    const mean = this.#flush ? FLUSH_PRESSURE - random.between(2, 12) : body.now('map');
    const pulse = this.#flush ? random.between(2, 6) : mean * body.now('pulseRatio');
    const observations = [
      this.#heartRate.observe(body.now('heartRate')),
      this.#systolic.observe(mean + (2 / 3) * pulse),
      this.#diastolic.observe(mean - pulse / 3),
      this.#mean.observe(mean),
      this.#respRate.observe(body.now('respRate')),
      this.#spo2.observe(spo2),
    ];
    this.#chartSound(observations, isMoving);
    return observations;
  }

  /** Staff do not write down what they see is an artefact. */
  #chartSound(observations: readonly Observation[], isMoving: boolean): void {
    const chart = this.#chart;
    chart.set(this.#heartRate.index, observations[0].value);
    if (!this.#flush) {
      chart.set(this.#systolic.index, observations[1].value);
      chart.set(this.#mean.index, observations[3].value);
    }
    chart.set(this.#respRate.index, observations[4].value);
    if (!isMoving) chart.set(this.#spo2.index, observations[5].value);
  }

  #faulty(body: Body, elapsed: number): Observation[] | null {
    const random = this.#random;
    if (elapsed >= this.#faultUntil) {
      this.#fault = random.pick(FAULTS);
      this.#faultUntil = elapsed + FAULT_MS;
      this.#stuck = null;
    }
    switch (this.#fault) {
      case 'none':
        return this.#sound(body, elapsed);
      case 'stuck':
        this.#stuck ??= this.#sound(body, elapsed);
        return this.#stuck.map((observation) => ({ ...observation }));
      case 'missing':
        return [this.#respRate.observe(body.now('respRate'))];
      case 'implausible':
        return [
          // No beat is counted, or each twice.
          this.#heartRate.observe(
            random.chance(0.5)
              ? 0
              : Math.min(FASTEST_HEART, body.now('heartRate') * random.between(1.9, 2.1)),
          ),
          this.#systolic.observe(random.between(4, 12)),
          this.#diastolic.observe(random.between(0, 3)),
          this.#mean.observe(random.between(2, 8)),
          this.#respRate.observe(random.between(80, 140)),
          this.#spo2.observe(random.between(5, 48)),
        ];
    }
  }
}
