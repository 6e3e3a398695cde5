import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORD_OF_TOPIC } from '../../../src/contract/topics.js';
import { answerTo } from '../../../src/doors/fhir/answer.js';
import { Refused } from '../../../src/doors/fhir/request.js';
import { MessageCodec } from '../../../src/events/codec.js';
import { bundle, concept, NOW, observation, request } from './resources.js';

const CODEC = new MessageCodec();

/** Resources of every kind that is used, with most of what they can have. */
const SEEDS: readonly object[] = [
  observation({
    component: [{ code: concept('8480-6'), valueQuantity: { value: 1, code: 'mm[Hg]' } }],
    specimen: { reference: '#s' },
  }),
  {
    resourceType: 'Patient',
    id: 'p1',
    birthDate: '1960-01-01',
    gender: 'male',
    identifier: [{ system: 'urn:h', value: 'm1' }],
  },
  {
    resourceType: 'Encounter',
    status: 'in-progress',
    subject: { reference: 'Patient/p1' },
    period: { start: '2026-01-14T07:00:00Z' },
    location: [{ location: { reference: '#l' }, period: { start: '2026-01-14T08:00:00Z' } }],
    contained: [
      {
        resourceType: 'Location',
        id: 'l',
        name: 'ICU',
        partOf: { reference: '#l' },
        physicalType: concept('ro'),
      },
    ],
  },
  {
    resourceType: 'DiagnosticReport',
    status: 'final',
    subject: { identifier: { value: 'm1' } },
    issued: '2026-01-14T09:00:00Z',
    conclusion: 'clear',
    result: [{ reference: '#o' }],
    contained: [observation({ id: 'o' })],
  },
  {
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference: 'Patient/p1' },
    date: '2026-01-14T09:00:00Z',
    content: [{ attachment: { contentType: 'text/plain', data: 'YQ==' } }],
  },
  {
    resourceType: 'ImagingStudy',
    subject: { reference: 'Patient/p1' },
    started: '2026-01-14T09:00:00Z',
    identifier: [{ value: '1.2' }],
    series: [{ uid: '1', modality: { code: 'DX' }, instance: [{ uid: '2' }] }],
  },
];

/** What stands in place of a value: what JSON can have, and what senders leave. */
const ODD = fc.oneof(
  fc.constantFrom(
    null,
    '',
    {},
    [],
    [[]],
    true,
    -1,
    1e308,
    'null',
    '\ud800',
    '__proto__',
    '2026-01-14T25:00:00Z',
    '#',
    'Patient/',
    '|',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.double(),
);

/** A copy in which the value at some place is another one. */
function changed(value: unknown, path: readonly number[], odd: unknown): unknown {
  if (path.length === 0 || typeof value !== 'object' || value === null) return odd;
  const keys = Object.keys(value);
  if (keys.length === 0) return odd;
  const key = keys[path[0] % keys.length];
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  (copy as Record<string, unknown>)[key] = changed(
    (value as Record<string, unknown>)[key],
    path.slice(1),
    odd,
  );
  return copy;
}

describe('a resource in which something is odd', () => {
  it('is answered, and what comes out of it can be written to the log', () => {
    const change = fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }), ODD);
    const sent = fc.tuple(
      fc.constantFrom('', 'transaction', 'batch', 'message', 'collection'),
      fc.nat(5),
      fc.array(change, { maxLength: 3 }),
    );
    const statuses = new Map<number, number>();
    fc.assert(
      fc.property(sent, ([type, seed, changes]) => {
        const whole =
          type === '' ? SEEDS[seed] : bundle(type, [{ resourceType: 'MessageHeader', id: 'h' }, ...SEEDS]);
        const odd = changes.reduce<unknown>((value, [path, put]) => changed(value, path, put), whole);
        const read = request(odd === undefined ? {} : odd);
        const { status } = answerTo(read, '', NOW);
        expect([200, 201, 400, 404, 405, 422]).toContain(status);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        for (const { taken } of read instanceof Refused ? [] : read.entries) {
          for (const { topic, record } of taken.messages)
            CODEC.encode(RECORD_OF_TOPIC[topic], record as never);
        }
      }),
      { numRuns: 3000 },
    );
    for (const status of [200, 201, 400, 422]) expect(statuses.get(status)).toBeGreaterThan(30);
  });
});
