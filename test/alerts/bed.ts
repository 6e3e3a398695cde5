import { AlertPolicy } from '../../src/alerts/policy.js';
import type { StateAlarms } from '../../src/alerts/state-watch.js';
import { chartedOf } from '../../src/align/infusions.js';
import { PatientSigns } from '../../src/align/patient-signs.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';
import type { AlertAction, AlertMessage, TreatmentMessage } from '../../src/contract/messages.js';
import type { TreatmentClinicalEvent } from '../../src/events/event.js';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';
import { ack, eventOf, START, treatment } from '../helpers.js';

export const MINUTE = 60_000;
export const { state: ALARMS } = DEFAULT_CONFIG.alerts;
const minutes = (time: number) => (time - START) / MINUTE;
export const at = (minute: number) => START + minute * MINUTE;

/** What the records say: which, what became of it, when. */
export const told = (records: readonly AlertMessage[]) =>
  records.map(({ rule, state, eventTime }) => [rule, state, minutes(eventTime)]);

/** One patient whose values are told to a policy, moment by moment. */
export class Bed {
  policy: AlertPolicy;
  #signs = new PatientSigns();
  readonly #alarms: StateAlarms;
  readonly #known = new Map<string, readonly [value: number, minute: number]>();
  #newest = 0;
  #treatments = 0;
  reopened = 0;

  constructor(alarms: StateAlarms = ALARMS) {
    this.#alarms = alarms;
    this.policy = this.#open();
    this.policy.place(this.#where(0));
  }

  /** A moment with these values, or with some that come late. `ordered`: see `AlertPolicy.score`. */
  chart(minute: number, values: Readonly<Record<string, number>>, ordered?: number): AlertMessage[] {
    this.#newest = Math.max(this.#newest, minute);
    for (const [id, value] of Object.entries(values)) {
      this.#signs.record(variableIndex(id), value, at(minute), at(minute));
      if (minute >= (this.#known.get(id)?.[1] ?? 0)) this.#known.set(id, [value, minute]);
    }
    return this.tell(ordered);
  }

  /** A treatment is charted. */
  treat(minute: number, what: Partial<TreatmentMessage>, ordered?: number): AlertMessage[] {
    this.#newest = Math.max(this.#newest, minute);
    const message = treatment({ messageId: `t${this.#treatments++}`, eventTime: at(minute), ...what });
    this.#signs.chart(chartedOf(eventOf('treatments', message) as TreatmentClinicalEvent));
    return this.tell(ordered);
  }

  /** Tells what is known as of the newest moment. */
  tell(ordered?: number): AlertMessage[] {
    this.#signs.update();
    const values = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
    const ages = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
    for (const [id, [value, when]] of this.#known) {
      values[variableIndex(id)] = value;
      ages[variableIndex(id)] = (this.#newest - when) * MINUTE;
    }
    const { time: eventTime, ...where } = this.#where(this.#newest);
    const known = { episodes: this.#signs.active(), reopened: this.reopened, values, ages };
    return this.policy.measure({ ...where, eventTime, ...known }, ordered);
  }

  act(alertId: string, action: AlertAction, minute: number): AlertMessage | null {
    return this.policy.act(ack(alertId, { action, eventTime: at(minute), snoozeMs: 5 * MINUTE }));
  }

  pass(minute: number): AlertMessage[] {
    return this.policy.advanceTo('p1', at(minute));
  }

  /** Another process goes on from what was kept. */
  restart(): AlertMessage[] {
    const kept = this.policy.stateOf('p1');
    this.policy = this.#open();
    this.policy.restore('p1', kept);
    return this.policy.settle(this.#where(this.#newest));
  }

  #open(): AlertPolicy {
    return new AlertPolicy([], 'v', Number.POSITIVE_INFINITY, this.#alarms);
  }

  #where(minute: number) {
    return { patientId: 'p1', stayId: 's1', wardId: 'W', bedId: '1', time: at(minute) };
  }
}
