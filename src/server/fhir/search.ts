import type { FastifyRequest } from 'fastify';
import type { Access } from '../access/access.js';
import { HttpProblem } from '../problem.js';
import { ALERT_SYSTEM, type BundleResource, PATIENT_SYSTEM } from './resources.js';

/** Ways of a search to name the patient. */
const PATIENT_PARAMETERS = [
  'patient',
  'patient:identifier',
  'subject',
  'subject:Patient',
  'subject:identifier',
] as const;

/** What a search asks for, as its schema gives it. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/**
 * The patient that a search is about: a plain id, `Patient/ID`, an absolute reference, or an identifier of our system. Undefined where
 * none is named; null where two are, so that nobody can be found. @throws HttpProblem 400 of another kind of reference, or system.
 */
export function patientIn(query: Query): string | null | undefined {
  const named = PATIENT_PARAMETERS.map((name) => query[name]).filter((each) => each !== undefined);
  const ids = new Set(named.map((each) => patientIdOf(String(each))));
  return ids.size > 1 ? null : [...ids][0];
}

function patientIdOf(text: string): string {
  const bar = text.indexOf('|');
  if (bar >= 0) return ofSystem(text, PATIENT_SYSTEM);
  const reference = /^(?:https?:\/\/.*\/)?([A-Z][A-Za-z]+)\/([^/]+)$/.exec(text);
  if (reference === null) return text;
  if (reference[1] !== 'Patient')
    throw new HttpProblem(400, `${reference[1]} is no kind of patient: use Patient/ID`);
  return reference[2];
}

/** The alert that a search names; undefined where it names none, null where it names two. @throws HttpProblem 400 of another system. */
export function alertIn({ _id, identifier }: Query): string | null | undefined {
  const named = [_id, identifier === undefined ? undefined : ofSystem(String(identifier), ALERT_SYSTEM)];
  const ids = new Set(named.filter((each) => each !== undefined).map(String));
  return ids.size > 1 ? null : [...ids][0];
}

/** The value of `system|value`, or of a value alone. @throws HttpProblem 400 of another system. */
function ofSystem(token: string, system: string): string {
  const bar = token.indexOf('|');
  if (bar < 0) return token;
  const given = token.slice(0, bar);
  if (given !== system)
    throw new HttpProblem(400, `identifiers of system ${given} are not known here; use ${system}|ID`);
  return token.slice(bar + 1);
}

/** Links of a page of results, absolute, as the client asked for it. */
export function linksOf(
  kind: string,
  query: Query,
  next: string | null,
  { raw }: FastifyRequest,
  access: Access,
): NonNullable<BundleResource['link']> {
  const base = `${access.isSecure(raw) ? 'https' : 'http'}://${access.hostOf(raw)}/fhir/${kind}`;
  const urlOf = (more: Query) => {
    const known = Object.entries({ ...query, ...more }).filter(([, value]) => value !== undefined);
    return `${base}?${new URLSearchParams(known.map(([name, value]): [string, string] => [name, String(value)]))}`;
  };
  const self = { relation: 'self' as const, url: urlOf({}) };
  return next === null ? [self] : [self, { relation: 'next' as const, url: urlOf({ _page: next }) }];
}
