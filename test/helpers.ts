import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { NO_SOFA } from '../src/clinical/sofa.js';
import { INDEX_BY_CODE, VARIABLE_COUNT, VARIABLES } from '../src/clinical/variables.js';
import type {
  AckMessage,
  AdtMessage,
  AlertMessage,
  ImagingMessage,
  LabResultMessage,
  MessageOf,
  NoteMessage,
  TreatmentMessage,
  VitalSignsMessage,
} from '../src/contract/messages.js';
import type { PatientNowMessage } from '../src/contract/now-messages.js';
import { NO_FORECASTS } from '../src/contract/outcomes.js';
import { emptyOutputs, type Outputs, type Score } from '../src/engine/outputs.js';
import type { OrderedBatch } from '../src/engine/stages.js';
import type { Origin } from '../src/events/dead-letter.js';
import type { ClinicalEvent, EventKind } from '../src/events/event.js';
import { Validator } from '../src/events/validate.js';
import type { AlertRule } from '../src/settings/config.js';

export const HOUR_MS = 3_600_000;
export const START = Date.UTC(2026, 0, 1);
export const LIMITS = { maxFutureSkewMs: 60_000, maxNoteBytes: 1000, maxImageBytes: 100_000 };

/** Real patients, where they are; tests that need them say so when they skip. */
export const SET_A = resolve('../shared/data/physionet2012/set-a');
export const HAS_SET_A = existsSync(SET_A);

export function vitals(
  values: Record<string, number>,
  at: Partial<VitalSignsMessage> = {},
): VitalSignsMessage {
  const observations = Object.entries(values).map(([code, value]) => ({
    code,
    value,
    unit: UNITS[code] ?? VARIABLES[INDEX_BY_CODE.get(code) ?? -1]?.unit ?? '',
  }));
  return {
    messageId: 'm1',
    patientId: 'p1',
    eventTime: START,
    observedAt: null,
    source: '',
    observations,
    bedId: null,
    ...at,
  };
}

export function labs(values: Record<string, number>, at: Partial<LabResultMessage> = {}): LabResultMessage {
  const { bedId: _, ...measured } = vitals(values);
  return { ...measured, specimenId: null, ...at };
}

export function adt(type: AdtMessage['type'], at: Partial<AdtMessage> = {}): AdtMessage {
  const unknown = {
    wardId: null,
    bedId: null,
    unitType: null,
    ageYears: null,
    sex: null,
    heightCm: null,
    weightKg: null,
  };
  return { messageId: `adt-${type}`, patientId: 'p1', eventTime: START, source: '', type, ...unknown, ...at };
}

const UNITS: Record<string, string> = {
  heartRate: '/min',
  respRate: '/min',
  temperature: 'Cel',
  ph: '{pH}',
  lactate: 'mmol/L',
  spo2: '%',
  sbpInvasive: 'mm[Hg]',
  sbpCuff: 'mm[Hg]',
  potassium: 'mmol/L',
  mapInvasive: 'mm[Hg]',
};

/** A message as the clinical event that validation makes of it. */
export function eventOf(kind: 'vitals', message: VitalSignsMessage, origin?: Origin): ClinicalEvent;
export function eventOf(kind: 'labs', message: LabResultMessage, origin?: Origin): ClinicalEvent;
export function eventOf(kind: 'adt', message: AdtMessage, origin?: Origin): ClinicalEvent;
export function eventOf(kind: 'treatments', message: TreatmentMessage, origin?: Origin): ClinicalEvent;
export function eventOf(kind: 'notes', message: NoteMessage, origin?: Origin): ClinicalEvent;
export function eventOf(kind: 'imaging', message: ImagingMessage, origin?: Origin): ClinicalEvent;
export function eventOf(kind: 'acks', message: AckMessage, origin?: Origin): ClinicalEvent;
export function eventOf(
  kind: EventKind,
  message: MessageOf[keyof MessageOf],
  origin: Origin = { topic: `ward.${kind}`, partition: 0, offset: 0 },
): ClinicalEvent {
  const validator = new Validator(LIMITS, ({ reason, detail }) => {
    throw new Error(`the message is refused, ${reason}: ${detail}`);
  });
  const now = Number.POSITIVE_INFINITY;
  const made = {
    adt: () => validator.adt(message as AdtMessage, origin, now),
    vitals: () => validator.observations('vitals', message as VitalSignsMessage, origin, now),
    labs: () => validator.observations('labs', message as LabResultMessage, origin, now),
    imaging: () => validator.imaging(message as ImagingMessage, origin, now),
    treatments: () => validator.treatment(message as TreatmentMessage, origin, now),
    notes: () => validator.note(message as NoteMessage, origin, now),
    acks: () => validator.acknowledgement(message as AckMessage, origin, now),
  }[kind]();
  return made!;
}

export function note(text: string, at: Partial<NoteMessage> = {}): NoteMessage {
  const head = { messageId: 'note', patientId: 'p1', eventTime: START, observedAt: null, source: '' };
  return { ...head, noteType: 'progress', authorRole: 'nurse', language: 'en', text, ...at };
}

export function treatment(at: Partial<TreatmentMessage> = {}): TreatmentMessage {
  const head = { messageId: 'treatment', patientId: 'p1', eventTime: START, observedAt: null, source: '' };
  const what = { treatmentId: null, drug: 'noradrenaline', drugSystem: '', action: 'START' as const };
  return { ...head, ...what, rate: 0.1, unit: 'ug/kg/min', weightKg: null, corrects: null, ...at };
}

export function imaging(at: Partial<ImagingMessage> = {}): ImagingMessage {
  const head = { messageId: 'image', patientId: 'p1', eventTime: START, observedAt: null, source: '' };
  const what = { modality: 'DX', bodySite: 'CHEST', mediaType: 'image/png', image: null, uri: 'urn:image:1' };
  return { ...head, ...what, ...at };
}

export function ack(alertId: string, at: Partial<AckMessage> = {}): AckMessage {
  const head = { messageId: 'ack', patientId: 'p1', eventTime: START };
  return { ...head, alertId, action: 'ACKNOWLEDGE', actor: 'nurse', snoozeMs: null, reason: null, ...at };
}

/** A batch of events, in order as they are, and nothing else but what is given. */
export function orderedOf(
  events: readonly ClinicalEvent[],
  more: Partial<Omit<OrderedBatch, 'events'>> = {},
): OrderedBatch {
  const nobody = { revoked: [], restored: [], discharged: [], recalled: [], silent: [] };
  return { events, watermarks: new Map(), deadLetters: [], positions: [], ...nobody, ...more };
}

/** What a batch led to: nothing but what is given. */
export function outputsOf(more: Partial<Outputs> = {}): Outputs {
  return { ...emptyOutputs(), ...more };
}

const LOUD = {
  priority: 'MEDIUM',
  holdMs: 600_000,
  refractoryMs: 1_800_000,
  escalateAfterMs: 900_000,
} as const;
/** Rules on all signals that raise often, one with guards: for tests of what alerts do, not of which there are. */
export const LOUD_RULES: AlertRule[] = [
  { id: 'circulatory-failure', signal: 'circulatory', ...LOUD, raiseAt: 0.15, resolveBelow: 0.1 },
  { id: 'respiratory-failure', signal: 'respiratory', ...LOUD, raiseAt: 0.5, resolveBelow: 0.4 },
  { id: 'risk-elevated', signal: 'mortality', ...LOUD, raiseAt: 0.3, resolveBelow: 0.22 },
  { id: 'news2-emergency', signal: 'news2', ...LOUD, raiseAt: 7, resolveBelow: 5 },
  {
    ...{ id: 'deterioration', signal: 'deterioration', ...LOUD, raiseAt: 0.1, resolveBelow: 0.08 },
    ...{ startAfterMs: 3_600_000, endAfterMs: 3_600_000, quietDuringEvent: true },
  },
];

const NEVER = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);

export function score(minute: number, mortality: number, more: Partial<Score> = {}): Score {
  const where = { patientId: 'p1', stayId: 'p1@s', wardId: 'W', bedId: '1', admittedAt: START, step: 0 };
  const what = {
    outOfRange: [],
    contributions: { base: 0.1, structured: mortality - 0.1, text: null, image: null },
    ...NO_FORECASTS,
    news2: null,
    news2Missing: [],
    qsofa: null,
    sofa: NO_SOFA,
    states: [],
    episodes: [],
    reopened: 0,
    late: false,
    values: NEVER,
    ages: NEVER,
  };
  return { ...where, ...what, eventTime: START + minute * 60_000, mortality, ...more };
}

export function alert(alertId: string, sequence = 0, more: Partial<AlertMessage> = {}): AlertMessage {
  return {
    alertId,
    class: 'clinical',
    sequence,
    patientId: 'p1',
    stayId: 'p1@s',
    wardId: 'W',
    bedId: '1',
    rule: 'risk-high',
    priority: 'HIGH',
    state: 'RAISED',
    onsetTime: START,
    eventTime: START + sequence * 60_000,
    signal: 'mortality',
    label: 'Risk of death in hospital',
    unit: '1',
    value: 0.6,
    threshold: 0.5,
    mortality: 0.6,
    trend: 0.1,
    news2: null,
    modelVersion: 'v1',
    evidence: [],
    actor: null,
    reason: null,
    detail: null,
    raisedWardId: 'W',
    raisedBedId: '1',
    leftWardId: null,
    ...more,
  };
}

/** A directory of its own for one test; removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
  // A store that was closed a moment ago may still put away a file.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return directory;
}

/** A patient of whom nothing but the stay is known. */
export function patientNow(at: Partial<PatientNowMessage> = {}): PatientNowMessage {
  return {
    patientId: 'p1',
    stayId: 'p1@s',
    wardId: null,
    bedId: null,
    admittedAt: START,
    ageYears: null,
    sex: null,
    eventTime: START,
    scoredAt: null,
    mortality: null,
    circulatory: null,
    hypotension: null,
    respiratory: null,
    sepsis: null,
    deterioration: null,
    mortalityTrend: 0,
    mortalityHistory: [],
    news2: null,
    news2Missing: [],
    qsofa: null,
    sofa: null,
    states: [],
    values: [],
    doubted: [],
    told: null,
    silent: false,
    restored: false,
    feed: null,
    alerts: [],
    engine: 'e',
    partition: 0,
    positions: {},
    ...at,
  };
}
