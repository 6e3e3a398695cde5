import { type Clock, WALL_CLOCK } from './clock.js';
import type { Priority } from './contract/priorities.js';
import { MINUTE_MS } from './durations.js';
import type { EpochMs } from './events/event.js';

/** A clock other than this machine's. */
export interface BrokerTime {
  /** How far it is ahead of `now`, in milliseconds; null where it does not tell. */
  ahead(now: () => EpochMs): Promise<number | null>;
  close(): Promise<void>;
}

/** Where a wrong clock is told. */
export interface ClockTroubles {
  raise(trouble: { readonly kind: string; readonly priority: Priority; readonly detail: string }): void;
  clear(kind: string): void;
}

/** So far two machines' clocks may be apart, in milliseconds: less than this delays or hastens no alert by more. */
const TOLERANCE_MS = 5000;
/** So far a producer's newest event may be ahead before it counts as evidence. */
const PRODUCER_TOLERANCE_MS = MINUTE_MS;
/** A newest event this old is still one of now. */
const RECENT_MS = 2 * MINUTE_MS;
/** What was heard is evidence for so long. */
const EVIDENCE_MS = 5 * MINUTE_MS;
/** A patient's newest event is their newest if none came for so long: of a backlog more comes at once. */
const SETTLED_MS = 3000;
/** All who are heard must have been ahead for so long before the clock follows them: others may not have been heard yet. */
const AGREED_MS = 10_000;
/** So many patients who all agree are evidence against a clock. */
const FEWEST_PATIENTS = 3;
/** No clock is corrected by more on the word of producers alone. */
const MAX_BY_PRODUCERS_MS = 12 * 60 * MINUTE_MS;
const ASK_EVERY_MS = 10_000;
const DECIDE_EVERY_MS = 1000;
/** The median of so many answers counts: one may have been slow, or of one broker whose clock is wrong. */
const ANSWERS = 5;
/** The machine's clock was set if it moves this much against the time that has passed. */
const STEP_MS = 1000;

/** A patient's newest event. */
interface Heard {
  /** Of its event time before the machine's clock, when it came. */
  aheadMs: number;
  /** When it came, in milliseconds of the time that passes. */
  at: number;
}

export interface Evidence {
  /** How far the brokers' clock is ahead of the machine's; null where they do not tell. */
  readonly brokerAheadMs: number | null;
  /** How far each patient's newest event was ahead of the machine's clock when it came. */
  readonly settled: readonly number[];
  /** The same of patients of whom more may come at once. */
  readonly settling: readonly number[];
  /** Every patient that was heard has been ahead for long enough. */
  readonly isAgreed: boolean;
}

export interface ClockVerdict {
  /** To be added to the machine's clock. */
  readonly correctionMs: number;
  /** Whose clock is wrong, if one is. */
  readonly wrong: 'machine' | 'broker' | 'producers' | null;
  /** Who says so. */
  readonly by: 'broker' | 'producers';
  /** Somebody's newest event is of now: what is ahead of it is ahead by its producer's fault. */
  readonly isConfirmed: boolean;
}

/**
 * Whose clock is right. The brokers' decides, for all processes share it; but where several patients' newest events are of now by the machine's
 * clock, and none by the brokers', theirs is the wrong one. Where the brokers do not tell, at least three patients are heard and every one
 * is ahead, the machine's clock is behind by what the least of them is ahead. Where the brokers confirm the machine, all producers are
 * wrong instead, as by a summer time that one interface takes for all: what they send waits until its time has come, and that is told. So
 * one producer that is wrong, among others, changes nothing.
 */
export function judgeClocks({ brokerAheadMs, settled, settling, isAgreed }: Evidence): ClockVerdict {
  const isOfNow = (correction: number) => (ahead: number) =>
    ahead - correction >= -RECENT_MS && ahead - correction <= PRODUCER_TOLERANCE_MS;
  const broker = brokerAheadMs !== null && Math.abs(brokerAheadMs) > TOLERANCE_MS ? brokerAheadMs : 0;
  const withUs = settled.filter(isOfNow(0)).length;
  const withBroker = settled.filter(isOfNow(broker)).length;
  if (broker !== 0 && withUs >= FEWEST_PATIENTS && withBroker === 0) {
    return { correctionMs: 0, wrong: 'broker', by: 'producers', isConfirmed: true };
  }
  const least = Math.min(...settled, ...settling) - broker;
  const isAhead = least > PRODUCER_TOLERANCE_MS && least <= MAX_BY_PRODUCERS_MS;
  if (isAhead && isAgreed && settled.length >= FEWEST_PATIENTS) {
    return brokerAheadMs === null
      ? { correctionMs: least, wrong: 'machine', by: 'producers', isConfirmed: false }
      : { correctionMs: broker, wrong: 'producers', by: 'broker', isConfirmed: false };
  }
  const wrong = broker === 0 ? null : 'machine';
  return { correctionMs: broker, wrong, by: 'broker', isConfirmed: withBroker > 0 };
}

export interface CheckedClockOptions {
  readonly broker: BrokerTime | null;
  readonly troubles: ClockTroubles;
  /** The machine's clock. */
  readonly machine?: () => EpochMs;
  /** The time that passes, which nobody sets, in milliseconds. */
  readonly passing?: () => number;
}

/**
 * The time of day, checked: the machine's clock, corrected where the brokers or the producers show that it is wrong, so that alerts go on and
 * no message is taken for one of the future that is none. A wrong clock is told. When the machine's clock is set, this one goes on
 * evenly until the brokers have been asked.
 */
export class CheckedClock implements Clock {
  readonly live = true;
  readonly #broker: BrokerTime | null;
  readonly #troubles: ClockTroubles;
  readonly #machine: () => EpochMs;
  readonly #passing: () => number;
  readonly #heard = new Map<string, Heard>();
  #answers: number[] = [];
  #verdict: ClockVerdict = { correctionMs: 0, wrong: null, by: 'broker', isConfirmed: false };
  #apart: number;
  /** Since when everybody who was heard is ahead. */
  #aheadSince = Number.POSITIVE_INFINITY;
  #timers: NodeJS.Timeout[] = [];
  #isAsking = false;

  constructor({
    broker,
    troubles,
    machine = () => WALL_CLOCK.now(),
    passing = () => performance.now(),
  }: CheckedClockOptions) {
    this.#broker = broker;
    this.#troubles = troubles;
    this.#machine = machine;
    this.#passing = passing;
    this.#apart = machine() - passing();
  }

  now(): EpochMs {
    const machine = this.#machine();
    const step = machine - this.#passing() - this.#apart;
    if (Math.abs(step) > STEP_MS) this.#wasSet(step);
    return Math.round(machine + this.#verdict.correctionMs);
  }

  /** What is added to the machine's clock, in milliseconds. */
  get correctionMs(): number {
    return this.#verdict.correctionMs;
  }

  /** So much further ahead than usual an event may be: as long as nobody's newest event is of now, the fault may be the clock's. */
  get patienceMs(): number {
    return this.#verdict.isConfirmed ? 0 : MAX_BY_PRODUCERS_MS;
  }

  /** An event has come. */
  heard(patientId: string, eventTime: EpochMs): void {
    const aheadMs = eventTime - this.#machine();
    const at = this.#passing();
    const before = this.#heard.get(patientId);
    if (before === undefined) {
      this.#heard.set(patientId, { aheadMs, at });
    } else if (aheadMs >= before.aheadMs || at - before.at > EVIDENCE_MS) {
      // Of several topics the older events may come last.
      before.aheadMs = aheadMs;
      before.at = at;
    }
  }

  /** Asks the brokers, and goes on doing so until it is closed. Resolves when the first answers are there, or none comes. */
  async start(): Promise<void> {
    for (let count = 0; count < 3; count++) await this.ask();
    this.#timers = [
      setInterval(() => void this.ask(), ASK_EVERY_MS),
      setInterval(() => this.decide(), DECIDE_EVERY_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#broker?.close();
  }

  async ask(): Promise<void> {
    if (this.#broker === null || this.#isAsking) return;
    this.#isAsking = true;
    const asked = this.#apart;
    const answer = await this.#broker.ahead(this.#machine);
    this.#isAsking = false;
    // An answer from before the clock was set is of another clock.
    if (answer !== null && asked === this.#apart) this.#answers = [...this.#answers, answer].slice(-ANSWERS);
    this.decide();
  }

  /** Judges by what is known now. */
  decide(): void {
    const now = this.#passing();
    const brokerAheadMs = median(this.#answers);
    const settled: number[] = [];
    const settling: number[] = [];
    let areAhead = this.#heard.size > 0;
    for (const [patientId, { aheadMs, at }] of this.#heard) {
      const isAhead = aheadMs - (brokerAheadMs ?? 0) > PRODUCER_TOLERANCE_MS;
      if (now - at > EVIDENCE_MS) this.#heard.delete(patientId);
      else {
        (isAhead || now - at >= SETTLED_MS ? settled : settling).push(aheadMs);
        areAhead &&= isAhead;
      }
    }
    this.#aheadSince = areAhead ? Math.min(this.#aheadSince, now) : Number.POSITIVE_INFINITY;
    const isAgreed = now - this.#aheadSince >= AGREED_MS;
    const verdict = judgeClocks({ brokerAheadMs, settled, settling, isAgreed });
    this.#verdict = verdict;
    this.#tell(verdict);
  }

  /** The correction changes with the clock, so that time goes on evenly; what was known of the clock is of the one before. */
  #wasSet(stepMs: number): void {
    this.#apart += stepMs;
    this.#answers = this.#answers.map((answer) => answer - stepMs).slice(-1);
    this.#heard.clear();
    this.#aheadSince = Number.POSITIVE_INFINITY;
    this.#verdict = {
      ...this.#verdict,
      correctionMs: this.#verdict.correctionMs - stepMs,
      isConfirmed: false,
    };
    void this.ask();
  }

  #tell({ wrong, correctionMs, by }: ClockVerdict): void {
    const troubles = this.#troubles;
    const kind = wrong === 'machine' ? (correctionMs > 0 ? 'clock-behind' : 'clock-ahead') : null;
    for (const each of ['clock-behind', 'clock-ahead']) if (each !== kind) troubles.clear(each);
    if (kind !== null) {
      const direction = kind === 'clock-behind' ? 'behind' : 'ahead of';
      const whose = by === 'broker' ? 'the clock of the Kafka brokers' : 'the newest values of every patient';
      troubles.raise({
        kind,
        priority: 'HIGH',
        detail: `the clock of this machine is ${seconds(correctionMs)} s ${direction} ${whose}, whose time is used instead. Set it (NTP)`,
      });
    }
    if (wrong !== 'producers') troubles.clear('producers-ahead');
    else {
      troubles.raise({
        kind: 'producers-ahead',
        priority: 'HIGH',
        detail:
          'the newest values of every patient are ahead of the clocks of this machine and of the Kafka brokers, which agree: nobody is watched ' +
          'until their times have come. Set the clock, or the time zone, of what sends them',
      });
    }
    if (wrong !== 'broker') troubles.clear('broker-clock');
    else {
      troubles.raise({
        kind: 'broker-clock',
        priority: 'MEDIUM',
        detail: `the clock of the Kafka brokers is ${seconds(median(this.#answers) ?? 0)} s from that of this machine, with which the newest values agree. Set it (NTP)`,
      });
    }
  }
}

function seconds(ms: number): number {
  return Math.round(Math.abs(ms) / 1000);
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
