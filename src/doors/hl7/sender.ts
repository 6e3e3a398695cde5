import { z } from 'zod';
import { VARIABLES } from '../../clinical/variables.js';
import { checked } from '../../settings/checked.js';
import { readSettings } from '../../settings/config.js';
import { timeZoneSchema } from '../time-zone.js';
import { isEncoding } from './charset.js';

const UNIT_TYPES = ['CORONARY_CARE', 'CARDIAC_SURGERY', 'MEDICAL', 'SURGICAL', 'OTHER'] as const;
const VARIABLE_IDS = VARIABLES.map(({ id }) => id) as [string, ...string[]];

/** What stands under names that messages are looked up by: "constructor" is none of a map, but one of every object. */
function byName<Value extends z.ZodType>(value: Value) {
  return z.record(z.string(), value).transform((record) => new Map(Object.entries(record)));
}

/** What a code of the sender means. */
const meaningSchema = z.union([
  z.literal('ignore'),
  z
    .strictObject({
      variable: z.enum(VARIABLE_IDS),
      /** UCUM unit of its values, where OBX-6 is empty or wrong. */
      unit: z.string().optional(),
      /** What values are multiplied by, e.g. 0.1 for a temperature that is sent ten times too big. */
      factor: z.number().positive().optional(),
      /** Numbers for values that are words or codes. */
      values: byName(z.number()).optional(),
    })
    .superRefine(({ variable, unit }, context) => {
      const units = VARIABLES.find(({ id }) => id === variable)?.units;
      if (unit === undefined || units?.has(unit)) return;
      const known = [...(units?.keys() ?? [])].filter((each) => each !== '').join(', ');
      context.addIssue({ code: 'custom', message: `${variable} has no unit ${unit}; known: ${known}` });
    }),
]);
export type SenderCode = z.infer<typeof meaningSchema>;

/** One file of a sender: what its codes, units and times mean, and what is odd about its messages. */
const senderSchema = z.strictObject({
  /** Of times without zone: IANA, or an offset. Left out, that of MSH-7; where that has none either, such a time is refused. */
  timeZone: timeZoneSchema.optional(),
  /** Instead of MSH-18. */
  encoding: z.string().refine(isEncoding, 'is no encoding that is known here').optional(),
  /** BCP 47 tag of the language of its notes, where MSH-19 does not say. */
  language: z.string().min(1).default('en'),
  /** Which identifier is the patient's: of the field, the first of these types and of this authority. */
  patient: z
    .strictObject({
      field: z.enum(['PID-2', 'PID-3', 'PID-4', 'PID-18', 'PV1-19']).default('PID-3'),
      type: z.string().min(1).optional(),
      authority: z.string().min(1).optional(),
    })
    .prefault({}),
  /** What of PV1-3 is the bed's label. */
  bed: z.enum(['room-bed', 'bed', 'room']).default('room-bed'),
  /** Whether vital signs name the bed of their monitor (PV1-3), which must be the patient's. */
  checkBed: z.boolean().default(true),
  /** Only patients of these wards (PV1-3, the point of care): for an interface that tells of the whole hospital. */
  wards: z.array(z.string().min(1)).min(1).optional(),
  unitTypes: byName(z.enum(UNIT_TYPES)).prefault({}),
  /** By the code of OBX-3, or code@OBX-4, as CODE, CODE^SYSTEM or either followed by @ and OBX-4. */
  codes: byName(meaningSchema).prefault({}),
  /** Where the code stands: in OBX-3, or as the last number of OBX-4. */
  codeIn: z.enum(['OBX-3', 'OBX-4']).default('OBX-3'),
  /** Spellings of units, and the UCUM unit that each means. */
  units: byName(z.string()).prefault({}),
  /** Kinds of messages that are acknowledged and not looked at: ORM, or ADT^A31. */
  ignore: z.array(z.string().min(1)).default([]),
  /** Of MSH-11: P production, T training, D debugging; others are rejected. */
  processing: z.array(z.string().min(1)).min(1).default(['P', 'T', 'D']),
  /** Original mode answers AA, AE, AR; enhanced mode, where MSH-15 is not empty, CA, CE, CR. */
  acknowledge: z.enum(['original', 'enhanced']).default('original'),
});
export type Sender = z.infer<typeof senderSchema>;

export const PLAIN_SENDER: Sender = senderSchema.parse({});

/** Checks what a sender's file says. @throws WardstreamError `WS_CONFIG` naming each thing that is wrong. */
export function parseSender(data: unknown, where: string): Sender {
  return checked(senderSchema, data ?? {}, where);
}

/** Reads a sender's file, YAML or JSON. @throws WardstreamError `WS_CONFIG`. */
export function loadSender(file: string | undefined): Sender {
  return file === undefined ? PLAIN_SENDER : parseSender(readSettings(file, 'sender'), file);
}
