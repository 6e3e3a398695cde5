import { FhirReader, type ReadRequest, Refused } from '../../../src/doors/fhir/request.js';
import type { Taken } from '../../../src/doors/fhir/taken.js';
import { parseSender } from '../../../src/doors/hl7/sender.js';

/** The clock of these tests. */
export const NOW = Date.UTC(2026, 0, 14, 9, 30);
export const AT = '2026-01-14T10:09:00+01:00';
export const AT_MS = Date.UTC(2026, 0, 14, 9, 9);

export function request(
  resource: unknown,
  sender: object = {},
  type = '',
  id = '',
  now = NOW,
): ReadRequest | Refused {
  const reader = new FhirReader(parseSender(sender, 'the sender'), 900_000);
  const body = Buffer.isBuffer(resource)
    ? resource
    : Buffer.from(typeof resource === 'string' ? resource : JSON.stringify(resource));
  return reader.read({ type, id, body, source: 'gateway' }, now);
}

/** What comes out of one resource. */
export function taken(resource: unknown, sender: object = {}): Taken {
  const read = request(resource, sender);
  return read instanceof Refused ? read.taken : read.entries[0].taken;
}

/** The records of a topic that come out, without their ids. */
export function records(out: Taken, topic: string): Record<string, unknown>[] {
  return out.messages
    .filter((message) => message.topic === topic)
    .map(({ record }) => {
      const { messageId, ...rest } = record as unknown as Record<string, unknown>;
      return rest;
    });
}

export function concept(code: string, system = 'http://loinc.org', display?: string): object {
  return { coding: [{ system, code, ...(display === undefined ? {} : { display }) }] };
}

export function quantity(value: number | string, code: string, more: object = {}): object {
  return { value, unit: code, system: 'http://unitsofmeasure.org', code, ...more };
}

/** A heart rate of 82, or what `more` makes of it. */
export function observation(more: object = {}): Record<string, unknown> {
  return {
    resourceType: 'Observation',
    status: 'final',
    code: concept('8867-4'),
    subject: { reference: 'Patient/p1' },
    effectiveDateTime: AT,
    valueQuantity: quantity(82, '/min'),
    ...more,
  };
}

export function bundle(type: string, resources: readonly object[], more: object = {}): object {
  const entry = resources.map((resource) => ({
    fullUrl: (resource as { fullUrl?: string }).fullUrl,
    resource: { ...resource, fullUrl: undefined },
    request: { method: 'POST', url: (resource as { resourceType: string }).resourceType },
  }));
  return { resourceType: 'Bundle', type, entry, ...more };
}
