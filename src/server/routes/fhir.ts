import { z } from 'zod';
import type { AlertMessage } from '../../contract/messages.js';
import { fhirSearchSchema, idSchema } from '../../contract/schemas.js';
import type { ScopedWard } from '../access/scoped-ward.js';
import { type Endpoint, endpoint } from '../endpoint.js';
import { alertBundle, flagOf, PATIENT_SYSTEM, riskOf, searchBundle } from '../fhir/resources.js';
import { HttpProblem } from '../problem.js';
import { patientsOf } from './alerts.js';

const FHIR = 'application/fhir+json; charset=utf-8';
const response = { mediaType: 'application/fhir+json', description: 'FHIR R4' };
const tag = 'FHIR R4';

/** `subject` and `patient` are a patient id, with or without our system before it. */
function patientIdOf(text: string | undefined): string | undefined {
  return text?.startsWith(`${PATIENT_SYSTEM}|`) ? text.slice(PATIENT_SYSTEM.length + 1) : text;
}

export function fhirEndpoints(modelVersion: string): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/fhir/Flag',
      tag,
      summary: 'Alerts as Flag resources, newest first',
      permission: 'read',
      audit: 'fhir-flag',
      query: fhirSearchSchema,
      response,
      handle: async ({ ward, query, reply, note }) => {
        const { status, _count: limit, _page: after } = query;
        const patientId = patientIdOf(query.patient ?? query.subject);
        const isOpen = status === undefined ? undefined : status === 'active';
        const { alerts, next } = await ward.alerts({ patientId, isOpen, class: 'clinical', limit, after });
        note({ patients: patientsOf(alerts) });
        const links = next === null ? undefined : [{ relation: 'next' as const, url: nextUrl(query, next) }];
        return reply.type(FHIR).send(
          searchBundle(
            alerts.map((alert) => flagOf(alert)),
            ward.clock,
            links,
          ),
        );
      },
    }),
    endpoint({
      method: 'GET',
      path: '/fhir/Flag/:id',
      tag,
      summary: 'One alert as a Flag',
      permission: 'read',
      audit: 'fhir-flag',
      params: z.object({ id: idSchema }),
      response,
      handle: async ({ ward, params, reply, note }) => {
        const records = await clinicalRecords(ward, params.id);
        const newest = records[records.length - 1];
        note({ patientId: newest.patientId, wardId: newest.wardId, target: params.id });
        return reply.type(FHIR).send(flagOf(newest, records[0].eventTime));
      },
    }),
    endpoint({
      method: 'GET',
      path: '/fhir/Flag/:id/$bundle',
      tag,
      summary: 'One alert as a bundle of a Flag and the RiskAssessment it rests on',
      permission: 'read',
      audit: 'fhir-flag',
      params: z.object({ id: idSchema }),
      response,
      handle: async ({ ward, params, reply, note }) => {
        const newest = (await clinicalRecords(ward, params.id)).at(-1)!;
        note({ patientId: newest.patientId, wardId: newest.wardId, target: params.id });
        return reply.type(FHIR).send(alertBundle(newest));
      },
    }),
    endpoint({
      method: 'GET',
      path: '/fhir/RiskAssessment',
      tag,
      summary: 'The newest score of each patient on the ward as RiskAssessment resources',
      permission: 'read',
      audit: 'fhir-risk',
      query: fhirSearchSchema,
      response,
      handle: async ({ ward, query, reply, note }) => {
        const patientId = patientIdOf(query.patient ?? query.subject);
        const patients = ward
          .patients()
          .filter((each) => patientId === undefined || each.patientId === patientId);
        const shown = patients.filter(({ mortality }) => mortality !== null).slice(0, query._count);
        note({ patients: patientsOf(shown) });
        const risks = shown.flatMap((patient) => riskOf(patient, modelVersion) ?? []);
        return reply.type(FHIR).send(searchBundle(risks, ward.clock, undefined));
      },
    }),
  ];
}

function nextUrl(
  { status, patient, subject, _count }: z.infer<typeof fhirSearchSchema>,
  next: string,
): string {
  const given = { status, patient, subject, _count: String(_count), _page: next };
  const known = Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `Flag?${new URLSearchParams(known)}`;
}

/** The records of an alert; a technical notice is about no patient and has no resource. @throws HttpProblem 404. */
async function clinicalRecords(ward: ScopedWard, alertId: string): Promise<AlertMessage[]> {
  const records = await ward.alertRecords(alertId);
  if (records[0].class === 'technical') throw new HttpProblem(404, 'there is no such alert');
  return records;
}
