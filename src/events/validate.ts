import { fitsAnotherUnit, isNoValue } from '../clinical/mistaken-units.js';
import { type ReasonCode, reasonCode, USED } from '../clinical/trust.js';
import type { UnitConversion } from '../clinical/units.js';
import { INDEX_BY_CODE, VARIABLES } from '../clinical/variables.js';
import { IdFault, readId } from '../contract/ids.js';
import type {
  AckMessage,
  AdtMessage,
  ImagingMessage,
  LabResultMessage,
  NoteMessage,
  Observation,
  TreatmentMessage,
  VitalSignsMessage,
} from '../contract/messages.js';
import { DAY_MS } from '../durations.js';
import type { DeadLetterReason, Origin, Rejection } from './dead-letter.js';
import { type ClinicalEvent, type EpochMs, EVENT_KINDS, rankOf } from './event.js';
import { readImageHeader } from './image.js';
import { isStorableTime } from './storable.js';
import { chartingOf } from './treatments.js';

/** Bounds a message must keep; see `limits` in src/settings/config.ts. */
export interface ValidationLimits {
  /** How far beyond the clock an event time may lie, in milliseconds. */
  readonly maxFutureSkewMs: number;
  /** Of a message that is neither note nor image; by default there is no bound. */
  readonly maxMessageBytes?: number;
  readonly maxNoteBytes: number;
  readonly maxImageBytes: number;
}

/** What came of validating messages: counted here, so that every row can be accounted for. */
export interface ValidationCounts {
  /** Observations that became part of an event. */
  observations: number;
  /** Observations used although outside the plausible range. */
  implausible: number;
  /** Demographic fields set aside; the rest of their message is used. */
  rejectedFields: number;
}

/** Ranges of demographic fields: age in years, height in cm (tallest recorded adult 272 cm), weight in kg. */
const DEMOGRAPHIC_RANGES = { ageYears: [0, 130], heightCm: [20, 272], weightKg: [0.2, 650] } as const;
type DemographicField = keyof typeof DEMOGRAPHIC_RANGES;
const DEMOGRAPHIC_FIELDS = Object.keys(DEMOGRAPHIC_RANGES) as DemographicField[];

/** A specimen older than this counts as this old: timelines keep ages in 32 bits of milliseconds. */
const MAX_OBSERVED_AGE_MS = 24 * DAY_MS;

const RANK = Object.fromEntries(EVENT_KINDS.map((kind) => [kind, rankOf(kind, null)])) as Record<
  (typeof EVENT_KINDS)[number],
  number
>;

const NO_READING = reasonCode('no-reading');
const PROBE_OFF = reasonCode('probe-off');
const OTHER_UNIT = reasonCode('unit');
const IMPOSSIBLE = reasonCode('impossible');

/** No result is taken back. */
export const NONE: readonly number[] = [];

/** Places of a message at which codes are remembered. */
const MAX_PLACES = 32;

type Head = { messageId: string; patientId: string; eventTime: number };

/**
 * Turns decoded messages into clinical events: codes become variables, values canonical units. What cannot be used
 * is handed to `reject`, one call an observation or message; the rest of the message is still used.
 */
export class Validator {
  readonly counts: ValidationCounts = { observations: 0, implausible: 0, rejectedFields: 0 };
  readonly #limits: ValidationLimits;
  /** The newest code and its variable at each of the first places of a message. */
  readonly #codes: string[] = new Array(MAX_PLACES).fill('');
  readonly #variables = new Int16Array(MAX_PLACES).fill(-1);
  readonly #reject: (rejection: Rejection) => void;
  /** Why the value read last cannot be used. */
  #reason: ReasonCode = USED;

  constructor(limits: ValidationLimits, reject: (rejection: Rejection) => void) {
    this.#limits = limits;
    this.#reject = reject;
  }

  /**
   * An event of the message's values, with the reason of those that no patient can have; null where nothing of it is a value.
   * `now` is the clock's time.
   */
  observations(
    kind: 'vitals' | 'labs',
    message: VitalSignsMessage | LabResultMessage,
    origin: Origin,
    now: EpochMs,
  ): ClinicalEvent | null {
    if (!this.#headIsSound(message, now)) return null;
    if ('specimenId' in message) this.#cleanField(message, 'specimenId', message.observations.length);
    else if (message.bedId != null)
      this.#cleanField(message as { bedId: string | null } & Head, 'bedId', message.observations.length);
    const { observations } = message;
    const withdrawn = 'specimenId' in message ? this.#withdrawnOf(message) : NONE;
    if (observations.length === 0 && withdrawn.length === 0)
      return this.#rejectMessage('empty', 'no observation in the message', message);
    const variables: number[] = [];
    const values: number[] = [];
    const places: number[] = [];
    let verdicts: Uint8Array | null = null;
    let usable = 0;
    for (let index = 0; index < observations.length; index++) {
      const observation = observations[index];
      const variable = this.#variableOf(observation.code, index);
      if (variable < 0) {
        this.#rejectObservation(
          'unknown-code',
          `no variable has code ${quote(observation.code)}`,
          message,
          index,
        );
        continue;
      }
      const value = this.#canonicalValue(variable, observation, message, index);
      if (value === null) continue;
      if (this.#reason !== USED) {
        verdicts ??= new Uint8Array(observations.length);
        verdicts[variables.length] = this.#reason;
      } else usable++;
      variables.push(variable);
      values.push(value);
      places.push(index);
    }
    if (variables.length === 0 && withdrawn.length === 0) return null;
    this.counts.observations += usable;
    const specimenId = 'specimenId' in message ? message.specimenId : null;
    const bedId = 'bedId' in message ? (message.bedId ?? null) : null;
    // A value that is told in the same message takes the place of the one that is taken back.
    const gone = withdrawn.filter((variable) => !variables.includes(variable));
    const { observedAt } = message;
    const told = { specimenId, bedId, withdrawn: gone };
    const event = eventOf(kind, message, observedAt, origin, variables, values, null, told);
    event.verdicts = verdicts?.subarray(0, variables.length) ?? null;
    if (places.length < observations.length) event.places = places;
    return event;
  }

  adt(message: AdtMessage, origin: Origin, now: EpochMs): ClinicalEvent | null {
    if (!this.#headIsSound(message, now)) return null;
    this.#cleanDemographics(message, DEMOGRAPHIC_FIELDS);
    this.#cleanField(message, 'wardId', DEMOGRAPHIC_FIELDS.length);
    this.#cleanField(message, 'bedId', DEMOGRAPHIC_FIELDS.length + 1);
    return eventOf('adt', message, null, origin, null, null, message);
  }

  treatment(message: TreatmentMessage, origin: Origin, now: EpochMs): ClinicalEvent | null {
    if (!this.#headIsSound(message, now)) return null;
    this.#cleanDemographics(message, ['weightKg']);
    this.#cleanField(message, 'treatmentId', DEMOGRAPHIC_FIELDS.length);
    this.#cleanField(message, 'corrects', DEMOGRAPHIC_FIELDS.length + 1);
    const charting = chartingOf(message, (reason, detail, index) =>
      this.#rejectObservation(reason, detail, message, index),
    );
    if (charting === null) return null;
    return eventOf('treatments', message, message.observedAt, origin, null, null, charting);
  }

  note(message: NoteMessage, origin: Origin, now: EpochMs): ClinicalEvent | null {
    if (!this.#headIsSound(message, now)) return null;
    if (message.text.trim() === '') return this.#rejectMessage('empty', 'the note has no text', message);
    const bytes = Buffer.byteLength(message.text);
    if (bytes > this.#limits.maxNoteBytes) {
      return this.#rejectMessage(
        'oversized',
        `a note of ${bytes} bytes; at most ${this.#limits.maxNoteBytes}`,
        message,
      );
    }
    return eventOf('notes', message, message.observedAt, origin, null, null, message);
  }

  imaging(message: ImagingMessage, origin: Origin, now: EpochMs): ClinicalEvent | null {
    if (!this.#headIsSound(message, now)) return null;
    const { image } = message;
    if (image === null && !message.uri) {
      return this.#rejectMessage('empty', 'neither an image nor a reference to one', message);
    }
    if (image !== null && image.length > this.#limits.maxImageBytes) {
      const detail = `an image of ${image.length} bytes; at most ${this.#limits.maxImageBytes}`;
      return this.#rejectMessage('oversized', detail, message);
    }
    if (image !== null && readImageHeader(image) === null) {
      return this.#rejectMessage('not-an-image', 'the bytes are no PNG, JPEG or DICOM picture', message);
    }
    return eventOf('imaging', message, message.observedAt, origin, null, null, message);
  }

  acknowledgement(message: AckMessage, origin: Origin, now: EpochMs): ClinicalEvent | null {
    if (!this.#headIsSound(message, now)) return null;
    if (!this.#clean(message, 'alertId') || !this.#clean(message, 'actor')) return null;
    return eventOf('acks', message, null, origin, null, null, message);
  }

  /** Variables of the results that are taken back. */
  #withdrawnOf(message: LabResultMessage): readonly number[] {
    const { withdrawn = [], observations } = message;
    if (withdrawn.length === 0) return NONE;
    return withdrawn.flatMap((code, index) => {
      const variable = INDEX_BY_CODE.get(code);
      if (variable !== undefined) return [variable];
      const detail = `no variable has code ${quote(code)}, which is taken back`;
      this.#rejectObservation('unknown-code', detail, message, observations.length + 1 + index);
      return [];
    });
  }

  /**
   * The variable of a code, -1 where there is none. A monitor sends the same codes in the same places each time, and to compare
   * a code with the last one there costs less than to hash it.
   */
  #variableOf(code: string, place: number): number {
    if (this.#codes[place] === code) return this.#variables[place];
    const variable = INDEX_BY_CODE.get(code) ?? -1;
    if (place < MAX_PLACES) {
      this.#codes[place] = code;
      this.#variables[place] = variable;
    }
    return variable;
  }

  /** The value in its canonical unit, with `#reason` why it cannot be used; null where it is none. */
  #canonicalValue(
    variableIndex: number,
    { value, unit }: Observation,
    message: Head,
    index: number,
  ): number | null {
    const variable = VARIABLES[variableIndex];
    const conversion = unit === variable.unit ? null : variable.units.get(unit);
    if (conversion === undefined) {
      const detail = `${variable.id} in ${quote(unit)}; known: ${[...variable.units.keys()].join(', ')}`;
      this.#rejectObservation('unknown-unit', detail, message, index);
      return null;
    }
    const canonical = canonicalOf(value, conversion);
    const [low, high] = variable.possible;
    this.#reason = USED;
    if (canonical >= low && canonical <= high) {
      if (canonical < variable.plausible[0] || canonical > variable.plausible[1]) this.counts.implausible++;
      return canonical;
    }
    if (!Number.isFinite(canonical)) {
      this.#rejectObservation('not-a-number', `${variable.id} is ${value}`, message, index);
      return null;
    }
    this.#reason = reasonOfImpossible(variableIndex, canonical);
    if (this.#reason !== NO_READING && this.#reason !== PROBE_OFF) {
      const detail = `${variable.id} ${value} ${unit} is outside ${low} to ${high} ${variable.unit}`;
      this.#rejectObservation('impossible-value', detail, message, index);
    }
    return canonical;
  }

  #headIsSound(message: Head, now: EpochMs): boolean {
    if (!this.#clean(message, 'patientId') || !this.#clean(message, 'messageId')) return false;
    const fault = timeFault(message.eventTime, now, this.#limits);
    if (fault === null) return true;
    const detail =
      fault === 'future'
        ? `event time is ${message.eventTime - now} ms ahead of the clock`
        : `event time ${message.eventTime} is outside the years 1900 to 2299`;
    this.#rejectMessage(fault, detail, message);
    return false;
  }

  /** Puts the id in place of what stands for it; sets the message aside, and false, where that is no id. */
  #clean<Field extends string>(message: Head & Record<Field, string>, field: Field): boolean {
    const id = readId(message[field]);
    if (id instanceof IdFault) {
      this.#rejectMessage(id.reason, `${field} ${id.detail}`, message);
      return false;
    }
    (message as Record<string, string>)[field] = id;
    return true;
  }

  /** Sets aside what no person can be; the rest is used. */
  #cleanDemographics<Field extends DemographicField>(
    message: Head & Record<Field, number | null>,
    fields: readonly Field[],
  ): void {
    fields.forEach((field, index) => {
      const value: number | null = message[field];
      if (value === null) return;
      const [low, high] = DEMOGRAPHIC_RANGES[field];
      if (value >= low && value <= high) return;
      const reason = Number.isFinite(value) ? 'impossible-value' : 'not-a-number';
      this.#rejectObservation(reason, `${field} ${value} is outside ${low} to ${high}`, message, index);
      this.counts.rejectedFields++;
      (message as Record<Field, number | null>)[field] = null;
    });
  }

  /** The same of an id without which the message can be used: it is set aside alone; a word for none is none. */
  #cleanField<Field extends string>(
    message: Head & Record<Field, string | null>,
    field: Field,
    index: number,
  ): void {
    const text = message[field];
    if (text === null) return;
    const id = readId(text);
    if (id instanceof IdFault && id.reason === 'invalid-id') {
      this.#rejectObservation(id.reason, `${field} ${id.detail}`, message, index);
      this.counts.rejectedFields++;
    }
    (message as Record<string, string | null>)[field] = id instanceof IdFault ? null : id;
  }

  #rejectMessage(reason: DeadLetterReason, detail: string, message: Head): null {
    this.#rejectObservation(reason, detail, message, -1);
    return null;
  }

  #rejectObservation(reason: DeadLetterReason, detail: string, message: Head, index: number): void {
    const id = readId(message.patientId);
    const patientId = id instanceof IdFault ? null : id;
    this.#reject({ reason, detail, patientId, eventTime: message.eventTime, index });
  }
}

/** Why a value that the variable cannot have is none. */
function reasonOfImpossible(variable: number, value: number): ReasonCode {
  if (value === 0 && VARIABLES[variable].isZeroNoReading) return NO_READING;
  if (isNoValue(value)) return PROBE_OFF;
  return fitsAnotherUnit(variable, value) ? OTHER_UNIT : IMPOSSIBLE;
}

/** Why an event of that time cannot be used; null where it can. */
export function timeFault(
  eventTime: EpochMs,
  now: EpochMs,
  { maxFutureSkewMs }: ValidationLimits,
): 'future' | 'impossible-value' | null {
  if (eventTime > now + maxFutureSkewMs) return 'future';
  return isStorableTime(eventTime) ? null : 'impossible-value';
}

/** A value in its variable's canonical unit; null converts nothing. */
export function canonicalOf(value: number, conversion: UnitConversion | null): number {
  return conversion === null ? value : value * conversion.scale + conversion.offset;
}

/** What a message of values tells beside them. */
type Told = Pick<ClinicalEvent, 'specimenId' | 'bedId' | 'withdrawn'>;
const NOTHING_TOLD: Told = { specimenId: null, bedId: null, withdrawn: NONE };

/** All events are built here, with the same fields in the same order, so that the engine sees one shape. */
export function eventOf(
  kind: ClinicalEvent['kind'],
  message: Head,
  observedAt: number | null,
  origin: Origin,
  variables: readonly number[] | null,
  values: readonly number[] | null,
  body: ClinicalEvent['body'],
  { specimenId, bedId, withdrawn }: Told = NOTHING_TOLD,
): ClinicalEvent {
  const { eventTime } = message;
  return {
    kind,
    rank: body !== null && 'type' in body ? rankOf(kind, body.type) : RANK[kind],
    messageId: message.messageId,
    patientId: message.patientId,
    eventTime,
    observedAt:
      observedAt === null
        ? eventTime
        : Math.min(eventTime, Math.max(observedAt, eventTime - MAX_OBSERVED_AGE_MS)),
    topic: origin.topic,
    partition: origin.partition,
    offset: origin.offset,
    specimenId,
    bedId,
    withdrawn,
    variables,
    values,
    body,
    encoding: null,
    facts: null,
    verdicts: null,
    places: null,
    isRepeated: false,
    fate: null,
  } as ClinicalEvent;
}

/** A text from outside, shortened, in quotes. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
