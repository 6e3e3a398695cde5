import { Subject } from 'rxjs';
import type { Clock } from '../clock.js';
import type { AlertMessage } from '../contract/messages.js';
import type { Priority } from '../contract/priorities.js';
import { MINUTE_MS } from '../durations.js';
import { hashId } from '../events/dead-letter.js';

/** A notice of what is seen from time to time ends when its cause has not been seen for so long. */
export const QUIET_MS = 15 * MINUTE_MS;

/** What is wrong with something that watches patients. */
export interface Notice {
  /** Stable id, which becomes the record's `rule`, e.g. `store-away`. */
  readonly kind: string;
  /** Tells notices of one kind apart, e.g. a topic and partition; by default there is one. */
  readonly subject?: string;
  /** Null, the default: every ward of the site sees it. */
  readonly wardId?: string | null;
  /** By default it is about no one patient. */
  readonly patientId?: string;
  /** After IEC 60601-1-8: how soon somebody has to react. */
  readonly priority: Priority;
  /** What is wrong, where, and what to do, in plain words. */
  readonly detail: string;
}

/** Where parts of a process tell what is wrong with them. */
export type NoticeBoard = Pick<TechnicalNotices, 'raise' | 'clear'>;

/** A board that nobody reads, for parts that run without one. */
export const NO_NOTICES: NoticeBoard = { raise: () => undefined, clear: () => undefined };

/** What of a notice's first record is its own. */
type OwnFields = Pick<
  AlertMessage,
  'alertId' | 'patientId' | 'stayId' | 'wardId' | 'rule' | 'priority' | 'onsetTime' | 'eventTime' | 'detail'
>;

/** The first record of a technical notice: it has no signal, and nobody has acted on it. */
export function raisedNotice(own: OwnFields): AlertMessage {
  const { alertId, patientId, stayId, wardId, rule, priority, onsetTime, eventTime, detail } = own;
  return {
    alertId,
    class: 'technical',
    sequence: 0,
    patientId,
    stayId,
    wardId,
    bedId: null,
    rule,
    priority,
    state: 'RAISED',
    onsetTime,
    eventTime,
    signal: null,
    label: null,
    unit: null,
    value: null,
    threshold: null,
    mortality: null,
    trend: 0,
    news2: null,
    modelVersion: '',
    contributions: null,
    evidence: [],
    actor: null,
    reason: null,
    detail,
    raisedWardId: wardId,
    raisedBedId: null,
    leftWardId: null,
  };
}

/**
 * The technical notices of a process: alert records of class `technical`, raised when something goes wrong and resolved
 * when it is right again. They are about the machine, so their times are the clock's, and they come past a pipeline
 * that stands still. One notice of a kind and subject is open at a time; no person acts on it, its cause does.
 */
export class TechnicalNotices {
  readonly #clock: Clock;
  readonly #instance: string;
  readonly #open = new Map<string, AlertMessage>();
  readonly #changes = new Subject<AlertMessage>();
  /** Each record at once. */
  readonly changes$ = this.#changes.asObservable();

  /** `instance` names the process, so that two of them never raise one and the same record. */
  constructor(clock: Clock, instance = '') {
    this.#clock = clock;
    this.#instance = instance;
  }

  /** Raises a notice; one that is open already stays as it is. */
  raise({ kind, subject = '', wardId = null, patientId = '', priority, detail }: Notice): void {
    const key = keyOf(kind, subject);
    if (this.#open.has(key)) return;
    const now = this.#now();
    const alertId = hashId('technical', this.#instance, kind, subject, now);
    const what = { alertId, patientId, stayId: '', wardId, rule: kind, priority, detail };
    this.#tell(key, raisedNotice({ ...what, onsetTime: now, eventTime: now }));
  }

  /** Resolves a notice where it is open. */
  clear(kind: string, subject = ''): void {
    const key = keyOf(kind, subject);
    const before = this.#open.get(key);
    if (before === undefined) return;
    const { sequence } = before;
    this.#tell(key, { ...before, state: 'RESOLVED', eventTime: this.#now(), sequence: sequence + 1 });
  }

  /** Those that are not resolved. */
  open(): AlertMessage[] {
    return [...this.#open.values()];
  }

  /** Resolves all: who ends watches nothing any more. */
  close(): void {
    for (const [key, before] of this.#open) {
      const { sequence } = before;
      const reason = 'the process ended';
      this.#tell(key, {
        ...before,
        state: 'RESOLVED',
        eventTime: this.#now(),
        sequence: sequence + 1,
        reason,
      });
    }
  }

  #tell(key: string, record: AlertMessage): void {
    if (record.state === 'RESOLVED') this.#open.delete(key);
    else this.#open.set(key, record);
    this.#changes.next(record);
  }

  /** A clock that no event has moved yet shows no time. */
  #now(): number {
    const now = this.#clock.now();
    return Number.isFinite(now) ? now : 0;
  }
}

function keyOf(kind: string, subject: string): string {
  return `${kind}\u001f${subject}`;
}
