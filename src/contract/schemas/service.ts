import { z } from 'zod';
import { ROLES } from '../roles.js';
import { idSchema, limit } from './fields.js';

/** What is not about one patient: problems, who is signed in, exports, the audit, models. */

export const problemSchema = z
  .object({ type: z.string(), status: z.number().int(), title: z.string(), detail: z.string() })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });

export const sessionSchema = z
  .object({
    subject: z.string(),
    role: z.enum(ROLES),
    wards: z.array(z.string()).describe('`*` is every ward.'),
    expiresAt: z.number().nullable().describe('Milliseconds since the epoch, UTC, time of day.'),
  })
  .meta({ id: 'Session', description: 'Who the token speaks for.' });

export const exportQuerySchema = z.object({
  format: z.enum(['csv', 'arrow', 'parquet']).default('csv'),
  ward: idSchema.optional(),
  patientId: idSchema.optional(),
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
});

const PATIENT_FORMS =
  'A patient id, alone, as `Patient/ID`, as an absolute reference, or as `urn:wardstream:patient|ID`.';
const fhirPatient = idSchema.optional().describe(PATIENT_FORMS);

/** What both searches take; what else is asked is refused, never left out. */
const fhirSearch = {
  patient: fhirPatient,
  'patient:identifier': fhirPatient,
  subject: fhirPatient,
  'subject:Patient': fhirPatient,
  'subject:identifier': fhirPatient,
  _id: idSchema.optional(),
  _count: limit.max(1000).default(100),
  _page: z.string().max(500).optional().describe('Of the link `next` of the page before.'),
  _format: z.enum(['json', 'application/json', 'application/fhir+json']).optional(),
};
export const flagSearchSchema = z.strictObject({
  ...fhirSearch,
  identifier: idSchema.optional().describe('`urn:wardstream:alert|ID`, or the id alone.'),
  status: z.enum(['active', 'inactive']).optional(),
});
export const riskSearchSchema = z.strictObject(fhirSearch);

export const auditQuerySchema = z.object({
  patientId: idSchema.optional().describe('Who saw this patient, alone or among others.'),
  actor: idSchema.optional(),
  action: idSchema.optional(),
  from: z.coerce.number().int().optional().describe('Milliseconds since the epoch, UTC, time of day.'),
  to: z.coerce.number().int().optional(),
  limit: limit.max(5000).default(200),
});

export const auditSchema = z.object({
  entries: z.array(
    z
      .object({
        auditId: z.string(),
        at: z.number().describe('Milliseconds since the epoch, UTC, time of day.'),
        actor: z.string(),
        role: z.string(),
        action: z.string(),
        patientId: z
          .string()
          .describe('Of a patient who is known here; empty where it is about no one patient.'),
        patients: z.array(z.string()).describe('Everybody whom an answer about several patients named.'),
        wardId: z.string(),
        target: z.string(),
        outcome: z.string().describe('allowed, refused or failed.'),
        source: z.string().describe('Network address.'),
        detail: z.string().describe('What was asked for, as it was asked.'),
      })
      .meta({ id: 'AuditEntry', description: 'Someone looked at or did something.' }),
  ),
});

export const modelsSchema = z.object({
  models: z.array(
    z.object({
      version: z.string(),
      isServing: z.boolean(),
      stepMs: z.number().int(),
      steps: z.number().int(),
      features: z.number().int(),
      sha256: z.string(),
      card: z.string().nullable().describe('The model’s card, Markdown.'),
    }),
  ),
});
