import { USED } from '../../clinical/trust.js';
import { recordOf } from '../../cohort/variants.js';
import type { AdtMessage } from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import { MessageCodec } from '../../events/codec.js';
import type { EpochMs } from '../../events/event.js';
import { Validator } from '../../events/validate.js';
import { DEFAULT_LIMITS } from '../../settings/config.js';
import type { HistoricStay } from '../../sources/historic-stay.js';
import type { ReplaySource } from '../../sources/source.js';
import type { Setting } from './signs.js';

/** A value of a stay, in its variable's canonical unit. */
export interface TimedValue extends Setting {
  /** Milliseconds since admission. */
  readonly atMs: number;
}

/** What a source has of a stay, as plain data: what can be used of its vital signs and laboratory results. */
export interface StayChart {
  readonly patientId: string;
  readonly admission: HistoricStay['admission'];
  /** By time. */
  readonly values: readonly TimedValue[];
  readonly endMs: number;
}

/** A stay that is stable as charted, and when its signs are moved. */
export interface StableStay {
  /** Its place among those found. */
  readonly number: number;
  readonly chart: StayChart;
  /** Milliseconds since admission. */
  readonly startMs: number;
}

interface OpenChart {
  readonly patientId: string;
  readonly admittedAt: EpochMs;
  readonly admission: {
    -readonly [Field in keyof HistoricStay['admission']]: HistoricStay['admission'][Field];
  };
  readonly values: TimedValue[];
  newest: EpochMs;
}

const ADMISSION_FIELDS = ['ageYears', 'sex', 'heightCm', 'weightKg', 'unitType'] as const;

/**
 * The stays of a source as they end; those that do not end come last, in the order in which they began. Notes and images are left
 * out: the probe moves signs.
 */
export async function* chartsOf(source: ReplaySource): AsyncGenerator<StayChart> {
  const codec = new MessageCodec();
  // What cannot be used raises nothing as charted, and so says nothing here.
  const validator = new Validator(DEFAULT_LIMITS, () => undefined);
  const open = new Map<string, OpenChart>();
  for await (const message of source.messages()) {
    const { topic, key: patientId, eventTime } = message;
    const record = topic === TOPICS.adt || isObserved(topic) ? recordOf(message, codec) : null;
    if (record === null) continue;
    let stay = open.get(patientId);
    if (stay === undefined) {
      stay = { patientId, admittedAt: eventTime, admission: {}, values: [], newest: eventTime };
      open.set(patientId, stay);
    }
    stay.newest = Math.max(stay.newest, eventTime);
    if ('type' in record) {
      noteAdmission(stay, record);
      if (record.type !== 'DISCHARGE') continue;
      open.delete(patientId);
      yield closed(stay);
    } else if ('observations' in record) {
      const kind = topic === TOPICS.labs ? 'labs' : 'vitals';
      const origin = { topic, partition: 0, offset: 0 };
      const event = validator.observations(kind, record, origin, Number.POSITIVE_INFINITY);
      if (event === null || event.variables === null) continue;
      const atMs = eventTime - stay.admittedAt;
      const { variables, values, verdicts } = event;
      for (let index = 0; index < variables.length; index++) {
        if ((verdicts?.[index] ?? USED) === USED)
          stay.values.push({ atMs, variable: variables[index], value: values[index] });
      }
    }
  }
  for (const stay of open.values()) yield closed(stay);
}

function isObserved(topic: string): boolean {
  return topic === TOPICS.vitals || topic === TOPICS.labs;
}

function noteAdmission({ admission }: OpenChart, record: AdtMessage): void {
  for (const field of ADMISSION_FIELDS) {
    const known = record[field];
    if (known !== null) Object.assign(admission, { [field]: known });
  }
}

function closed({ patientId, admittedAt, admission, values, newest }: OpenChart): StayChart {
  const byTime = values.toSorted((a, b) => a.atMs - b.atMs);
  return { patientId, admission, values: byTime, endMs: newest - admittedAt };
}
