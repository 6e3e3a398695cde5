import { z } from 'zod';
import type { AlertMessage } from '../../contract/messages.js';
import { flagSearchSchema, idSchema, riskSearchSchema } from '../../contract/schemas.js';
import type { AlertPage } from '../../store/alerts.js';
import type { Access } from '../access/access.js';
import type { ScopedWard } from '../access/scoped-ward.js';
import { type Endpoint, endpoint } from '../endpoint.js';
import { readCapability } from '../fhir/capability.js';
import { alertBundle, flagOf, riskOf, searchBundle } from '../fhir/resources.js';
import { alertIn, linksOf, patientIn } from '../fhir/search.js';
import { HttpProblem } from '../problem.js';
import { patientsOf } from './alerts.js';

export const FHIR = 'application/fhir+json; charset=utf-8';
export const FHIR_BASE = '/fhir';
const response = { mediaType: 'application/fhir+json', description: 'FHIR R4' };
const tag = 'FHIR R4';

export function fhirEndpoints(modelVersion: string, access: Access): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/fhir/metadata',
      tag,
      summary: 'What can be read and searched as FHIR: a CapabilityStatement',
      permission: 'read',
      response,
      handle: async ({ reply }) => reply.type(FHIR).send(readCapability()),
    }),
    endpoint({
      method: 'GET',
      path: '/fhir/Flag',
      tag,
      summary: 'Alerts as Flag resources, newest first',
      permission: 'read',
      audit: 'fhir-flag',
      query: flagSearchSchema,
      response,
      handle: async ({ ward, query, request, reply, note }) => {
        const { alerts, next } = await flagsOf(ward, query);
        note({ patients: patientsOf(alerts) });
        const links = linksOf('Flag', query, next, request, access);
        const flags = alerts.map((alert) => flagOf(alert));
        return reply.type(FHIR).send(searchBundle(flags, ward.clock, links));
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
        return reply.type(FHIR).send(flagOf(newest));
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
      query: riskSearchSchema,
      response,
      handle: async ({ ward, query, request, reply, note }) => {
        const patientId = patientIn(query);
        const all = ward.patients().flatMap((patient) => {
          if (patientId !== undefined && patient.patientId !== patientId) return [];
          const risk = riskOf(patient, modelVersion);
          return risk === null || (query._id !== undefined && risk.id !== query._id)
            ? []
            : [{ patient, risk }];
        });
        const from = Number(query._page ?? 0);
        if (!Number.isSafeInteger(from) || from < 0) throw new HttpProblem(400, '_page is of no page before');
        const to = from + query._count;
        const shown = all.slice(from, to);
        note({ patients: patientsOf(shown.map(({ patient }) => patient)) });
        const links = linksOf('RiskAssessment', query, to < all.length ? `${to}` : null, request, access);
        const risks = shown.map(({ risk }) => risk);
        return reply.type(FHIR).send(searchBundle(risks, ward.clock, links));
      },
    }),
  ];
}

/** The alerts that a search asks for. */
async function flagsOf(ward: ScopedWard, query: z.infer<typeof flagSearchSchema>): Promise<AlertPage> {
  const { status, _count: limit, _page: after } = query;
  const [patientId, alertId] = [patientIn(query), alertIn(query)];
  const none = { alerts: [], next: null };
  if (patientId === null || alertId === null) return none;
  const isOpen = status === undefined ? undefined : status === 'active';
  if (alertId === undefined) return ward.alerts({ patientId, isOpen, class: 'clinical', limit, after });
  const newest = await clinicalRecords(ward, alertId).then(
    (records) => records.at(-1),
    (error: unknown) => {
      if (error instanceof HttpProblem && error.status === 404) return undefined;
      throw error;
    },
  );
  if (newest === undefined || (patientId !== undefined && newest.patientId !== patientId)) return none;
  return isOpen !== undefined && isOpen !== (newest.state !== 'RESOLVED')
    ? none
    : { alerts: [newest], next: null };
}

/** The records of an alert; a technical notice is about no patient and has no resource. @throws HttpProblem 404. */
async function clinicalRecords(ward: ScopedWard, alertId: string): Promise<AlertMessage[]> {
  const records = await ward.alertRecords(alertId);
  if (records[0].class === 'technical') throw new HttpProblem(404, 'there is no such alert');
  return records;
}
