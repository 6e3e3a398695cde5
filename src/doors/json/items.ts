import { z } from 'zod';
import { VARIABLES } from '../../clinical/variables.js';
import type { Observation } from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import { readValue } from './codes.js';
import { Outcome, type Reading } from './outcome.js';

const MOST_VALUES = 1000;
/** Of ids, codes and units; what is an id is said by the rule of ids. */
const short = z.string().max(1000);

const time = z.string().describe('ISO 8601 with an offset or Z, such as 2026-11-30T14:05:00+01:00.');
const head = { patientId: z.string(), time };

const observationSchema = z.strictObject({
  code: short
    .min(1)
    .describe('LOINC, MDC, the vocabulary of docs/data-contract.md, or what the sender file names.'),
  system: short.nullish().describe('Of the code: `MDC`, or a name that the sender file uses.'),
  value: z
    .union([z.number(), z.string()])
    .nullable()
    .describe('A number, or text with one, such as "<0.3". Null: there is none.'),
  unit: short.nullish().describe('UCUM, or as people write it.'),
});

const observationsSchema = z
  .strictObject({
    ...head,
    observedAt: time.nullish().describe('When the specimen was taken, as `time` is written.'),
    specimenId: short.nullish().describe('A result replaces that of the same specimen and code.'),
    observations: z.array(observationSchema).min(1).max(MOST_VALUES),
  })
  .meta({
    id: 'ObservationsItem',
    description:
      'Values of one patient at one moment. Of a laboratory result, `time` is when it became available.',
  });
export type ObservationsItem = z.infer<typeof observationsSchema>;

const admissionSchema = z
  .strictObject({
    ...head,
    type: z.enum(['ADMIT', 'TRANSFER', 'DISCHARGE', 'UPDATE']),
    wardId: short.nullish(),
    bedId: short.nullish(),
    unitType: z.enum(['CORONARY_CARE', 'CARDIAC_SURGERY', 'MEDICAL', 'SURGICAL', 'OTHER']).nullish(),
    ageYears: z.number().nullish(),
    sex: z.enum(['FEMALE', 'MALE', 'OTHER']).nullish(),
    heightCm: z.number().nullish(),
    weightKg: z.number().nullish(),
  })
  .meta({ id: 'AdmissionItem', description: 'An admission, a transfer, a discharge, or news of a stay.' });

const noteSchema = z
  .strictObject({
    ...head,
    observedAt: time.nullish().describe('When it was begun, as `time` is written.'),
    noteType: short.min(1).default('other').describe('nursing, progress, admission, radiology, other.'),
    authorRole: short.min(1).default('other').describe('nurse, physician, respiratory therapist, other.'),
    language: short.min(1).nullish().describe('BCP 47; by default that of the sender file.'),
    text: z.string().regex(/\S/, 'has no text'),
  })
  .meta({ id: 'NoteItem', description: 'A signed note. `time` is when it was signed.' });

/** What one kind of item is, and what comes out of it. */
export interface ItemKind {
  readonly schema: z.ZodType;
  readonly what: string;
  /** Never throws. */
  read(item: unknown, reading: Reading): Outcome;
}

/** By the last part of the address to which they are posted. */
export const ITEM_KINDS = {
  observations: kind('Vital signs and laboratory results', observationsSchema, addObservations),
  admissions: kind('Admissions, transfers, discharges', admissionSchema, addAdmission),
  notes: kind('Notes', noteSchema, addNote),
} satisfies Record<string, ItemKind>;

function kind<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  add: (item: z.output<Schema>, reading: Reading, out: Outcome) => void,
): ItemKind {
  return {
    schema,
    what,
    read(item, reading) {
      const out = new Outcome(reading);
      const result = schema.safeParse(item);
      if (result.success) add(result.data, reading, out);
      else out.reject('undecodable', faultsOf(result.error));
      return out;
    },
  };
}

function faultsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'the item'}: ${message}`).join('; ');
}

/** Makes messages of the values of one moment: of vital signs one, of laboratory results another. */
export function addObservations(item: ObservationsItem, { sender, source }: Reading, out: Outcome): void {
  const patientId = out.patientOf(item.patientId);
  const eventTime = out.eventTimeOf(item.time);
  const observedAt = out.otherTimeOf('observedAt', item.observedAt);
  if (patientId === null || eventTime === null || observedAt === undefined) return;
  const vitals: Observation[] = [];
  const labs: Observation[] = [];
  item.observations.forEach(({ code, system = null, value, unit = null }, index) => {
    const read = readValue({ code, system, value, unit }, sender);
    if (!('fault' in read)) {
      const variable = VARIABLES[read.variable];
      const to = variable.kind === 'lab' ? labs : vitals;
      to.push({ code: variable.code, value: read.value, unit: read.unit });
      out.counts.used++;
    } else if (read.fault === 'unmapped') {
      const name = system === null ? code : `${code}^${system}`;
      out.addUnmapped(name.slice(0, 200), `${value ?? ''} ${unit ?? ''}`.trim().slice(0, 80));
    } else if (read.fault === 'nothing') out.counts.ignored++;
    else out.reject(read.fault, read.detail, eventTime, index);
  });
  const common = { patientId, eventTime, observedAt, source };
  const { specimenId = null } = item;
  if (vitals.length > 0) out.add(TOPICS.vitals, { ...common, observations: vitals } as never);
  if (labs.length > 0) out.add(TOPICS.labs, { ...common, specimenId, observations: labs } as never);
}

function addAdmission(
  { time: text, patientId: id, ...rest }: z.infer<typeof admissionSchema>,
  { source }: Reading,
  out: Outcome,
): void {
  const patientId = out.patientOf(id);
  const eventTime = out.eventTimeOf(text);
  if (patientId === null || eventTime === null) return;
  const { type, wardId = null, bedId = null, unitType = null } = rest;
  const { ageYears = null, sex = null, heightCm = null, weightKg = null } = rest;
  const place = { wardId, bedId, unitType };
  const person = { ageYears, sex, heightCm, weightKg };
  out.add(TOPICS.adt, { patientId, eventTime, source, type, ...place, ...person } as never);
  out.counts.used++;
}

function addNote(item: z.infer<typeof noteSchema>, { sender, source, limits }: Reading, out: Outcome): void {
  const patientId = out.patientOf(item.patientId);
  const eventTime = out.eventTimeOf(item.time);
  const observedAt = out.otherTimeOf('observedAt', item.observedAt);
  if (patientId === null || eventTime === null || observedAt === undefined) return;
  const { noteType, authorRole, text } = item;
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.maxNoteBytes) {
    out.reject('oversized', `a note of ${bytes} bytes; at most ${limits.maxNoteBytes}`, eventTime);
    return;
  }
  const language = item.language ?? sender.language;
  out.add(TOPICS.notes, {
    patientId,
    eventTime,
    observedAt,
    source,
    noteType,
    authorRole,
    language,
    text,
  } as never);
  out.counts.used++;
}
