import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/contract/topics.js';
import { AT, AT_MS, concept, observation, quantity, records, taken } from './resources.js';

const MDC = 'urn:iso:std:iso:11073:10101';

/** Code, value and unit of what comes out; or why nothing does. */
function comesTo(resource: object, sender: object = {}): unknown {
  const out = taken(resource, sender);
  const values = out.messages.flatMap(
    ({ record }) => (record as { observations?: object[] }).observations ?? [],
  );
  return values.length > 0
    ? values
    : (out.rejections[0]?.reason ?? { ignored: out.counts.ignored, unmapped: out.counts.unmapped });
}

describe('a vital sign', () => {
  it('is sent at the time at which it was measured', () => {
    const out = taken(observation());
    expect(out.status).toBe(201);
    expect(records(out, TOPICS.vitals)).toEqual([
      {
        patientId: 'p1',
        eventTime: AT_MS,
        observedAt: null,
        source: 'gateway',
        observations: [{ code: '8867-4', value: 82, unit: '/min' }],
      },
    ]);
  });

  it('of several components is one message', () => {
    const panel = observation({
      code: concept('85354-9'),
      valueQuantity: undefined,
      component: [
        { code: concept('8480-6'), valueQuantity: quantity(120, 'mm[Hg]') },
        { code: concept('8462-4'), valueQuantity: quantity(9.5, 'kPa') },
        {
          code: concept('8478-0'),
          dataAbsentReason: concept('error', 'http://terminology.hl7.org/CodeSystem/data-absent-reason'),
        },
      ],
    });
    const out = taken(panel);
    expect(out.messages).toHaveLength(1);
    expect(comesTo(panel)).toEqual([
      { code: '76534-7', value: 120, unit: 'mm[Hg]' },
      { code: '76535-4', value: 9.5, unit: 'kPa' },
    ]);
    expect(out.counts).toMatchObject({ used: 2, ignored: 1 });
  });

  it.each([
    [
      'MDC number and unit',
      { code: concept('147842', MDC), valueQuantity: { value: 80, code: '264864', system: MDC } },
      '8867-4',
    ],
    [
      'MDC by name',
      { code: concept('MDC_TTHOR_RESP_RATE', MDC), valueQuantity: quantity(14, '/min') },
      '9279-1',
    ],
    [
      'oximeter under the code of arterial blood',
      { category: [concept('vital-signs', 'c')], code: concept('2708-6'), valueQuantity: quantity(97, '%') },
      '59408-5',
    ],
    [
      'arterial blood',
      { category: [concept('laboratory', 'c')], code: concept('2708-6'), valueQuantity: quantity(97, '%') },
      '2708-6',
    ],
    [
      'both codes of US Core',
      {
        code: {
          coding: [
            ...(concept('2708-6') as { coding: object[] }).coding,
            ...(concept('59408-5') as { coding: object[] }).coding,
          ],
        },
        valueQuantity: quantity(97, '%'),
      },
      '59408-5',
    ],
    ['integer score', { code: concept('9269-2'), valueQuantity: undefined, valueInteger: 14 }, '9269-2'],
    ['text with its unit', { valueQuantity: undefined, valueString: '82 bpm' }, '8867-4'],
    ['number as text', { valueQuantity: quantity('82', '/min') }, '8867-4'],
    [
      'answer with an ordinal value',
      {
        code: concept('9269-2'),
        valueQuantity: undefined,
        valueCodeableConcept: {
          coding: [
            {
              code: 'LA6560-2',
              extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/ordinalValue', valueDecimal: 14 }],
            },
          ],
        },
      },
      '9269-2',
    ],
  ])('%s is read', (_, more, code) => {
    expect(comesTo(observation(more))).toMatchObject([{ code }]);
  });

  it.each([
    ['no unit', { valueQuantity: { value: 82 } }, 'unknown-unit'],
    ['another unit', { valueQuantity: quantity(82, 'kg') }, 'unknown-unit'],
    ['a boolean', { valueQuantity: undefined, valueBoolean: true }, 'not-a-number'],
    ['a ratio', { valueQuantity: undefined, valueRatio: { numerator: quantity(1, '1') } }, 'not-a-number'],
    ['a word', { valueQuantity: undefined, valueString: 'high' }, 'not-a-number'],
    ['a date alone', { effectiveDateTime: '2026-01-14' }, 'unknown-time'],
    ['no zone', { effectiveDateTime: '2026-01-14T10:09:00' }, 'unknown-time'],
    ['the 30th of February', { effectiveDateTime: '2026-02-30T10:09:00Z' }, 'unknown-time'],
    ['no time at all', { effectiveDateTime: undefined }, 'unknown-time'],
    ['tomorrow', { effectiveDateTime: '2026-01-15T10:09:00Z' }, 'future'],
    ['entered in error', { status: 'entered-in-error' }, 'withdrawn'],
    ['a group', { subject: { reference: 'Group/g1' } }, 'missing-id'],
    ['nobody', { subject: undefined }, 'missing-id'],
    ['a null for an id', { subject: { identifier: { value: 'null' } } }, 'missing-id'],
    ['something that must be understood', { modifierExtension: [{ url: 'x' }] }, 'unsupported-message'],
  ])('%s is set aside, and its sender told', (_, more, reason) => {
    const out = taken(observation(more));
    expect([out.messages, out.rejections[0]?.reason, out.status]).toEqual([[], reason, 422]);
  });

  it.each([
    ['no result yet', { status: 'registered' }, { ignored: 1, unmapped: 0 }],
    [
      'no value',
      { valueQuantity: undefined, dataAbsentReason: concept('unknown') },
      { ignored: 1, unmapped: 0 },
    ],
    ['an empty quantity', { valueQuantity: {} }, { ignored: 1, unmapped: 0 }],
    ['a code that nobody knows', { code: concept('1-8') }, { ignored: 0, unmapped: 1 }],
    ['a code of no system', { code: { text: 'Heart rate' } }, { ignored: 0, unmapped: 1 }],
  ])('%s is accepted and counted', (_, more, counts) => {
    expect([comesTo(observation(more)), taken(observation(more)).status]).toEqual([counts, 201]);
  });

  it('is read as the sender’s file says', () => {
    const sender = {
      timeZone: 'Europe/Berlin',
      units: { Schlag: '/min' },
      codes: {
        'HF^http://acme.example/codes': { variable: 'heartRate', factor: 0.1 },
        '8310-5@axilla': 'ignore',
        'GCS^http://acme.example/codes': { variable: 'gcs', unit: '{score}', values: { awake: 15 } },
      },
    };
    const acme = 'http://acme.example/codes';
    const heart = observation({
      code: concept('HF', acme),
      valueQuantity: { value: 825, unit: 'Schlag' },
      effectiveDateTime: '2026-01-14T10:09:00',
    });
    expect(comesTo(heart, sender)).toEqual([{ code: '8867-4', value: 82.5, unit: '/min' }]);
    expect(taken(heart, sender).messages[0].eventTime).toBe(AT_MS);
    const skin = observation({
      code: concept('8310-5'),
      bodySite: concept('axilla', 's'),
      valueQuantity: quantity(35, 'Cel'),
    });
    expect(comesTo(skin, sender)).toEqual({ ignored: 1, unmapped: 0 });
    const awake = {
      code: concept('GCS', acme),
      valueQuantity: undefined,
      valueCodeableConcept: { text: 'awake' },
    };
    expect(comesTo(observation(awake), sender)).toEqual([{ code: '9269-2', value: 15, unit: '{score}' }]);
  });

  it('sent again has the same id; what says something else has another', () => {
    const id = (more: object) =>
      (taken(observation(more)).messages[0].record as { messageId: string }).messageId;
    expect(id({ id: 'a', meta: { versionId: '2' } })).toBe(id({}));
    expect(id({ valueQuantity: quantity(83, '/min') })).not.toBe(id({}));
  });
});

describe('a laboratory result', () => {
  const lactate = (more: object = {}) =>
    observation({
      id: 'o7',
      code: concept('2524-7'),
      valueQuantity: quantity(4.1, 'mmol/L'),
      issued: '2026-01-14T09:20:00Z',
      ...more,
    });
  const told = (more: object = {}) => records(taken(lactate(more)), TOPICS.labs)[0];

  it('is there when it is issued, and of when the specimen was taken', () => {
    expect(told()).toMatchObject({
      eventTime: Date.UTC(2026, 0, 14, 9, 20),
      observedAt: AT_MS,
      specimenId: 'o7',
    });
    expect(told({ issued: undefined })).toMatchObject({ eventTime: AT_MS, observedAt: AT_MS });
    expect(told({ effectiveDateTime: '2026-01-14' })).toMatchObject({ observedAt: null });
    const changed = { issued: undefined, meta: { lastUpdated: '2026-01-14T09:25:00Z' } };
    expect(told(changed).eventTime).toBe(Date.UTC(2026, 0, 14, 9, 25));
  });

  it.each([
    ['by reference', { specimen: { reference: 'Specimen/s1' } }, 's1'],
    ['by identifier', { specimen: { identifier: { value: 'acc9' } } }, 'acc9'],
    [
      'contained',
      {
        specimen: { reference: '#s' },
        contained: [{ resourceType: 'Specimen', id: 's', accessionIdentifier: { value: 'acc7' } }],
      },
      'acc7',
    ],
    ['by its own identifier', { identifier: [{ value: 'r5' }] }, 'r5'],
  ])('and its correction share the specimen: %s', (_, more, specimenId) => {
    const corrected = {
      ...more,
      status: 'corrected',
      valueQuantity: quantity(1.4, 'mmol/L'),
      issued: '2026-01-14T09:28:00Z',
    };
    expect([told(more).specimenId, told(corrected).specimenId]).toEqual([specimenId, specimenId]);
    expect(told(corrected)).toMatchObject({
      observations: [{ value: 1.4 }],
      eventTime: Date.UTC(2026, 0, 14, 9, 28),
    });
  });

  it('below a limit is used as the limit', () => {
    expect(told({ valueQuantity: quantity(0.3, 'mmol/L', { comparator: '<' }) }).observations).toEqual([
      { code: '2524-7', value: 0.3, unit: 'mmol/L' },
    ]);
  });

  it('within a report has its patient, time and specimen from there', () => {
    const report = {
      resourceType: 'DiagnosticReport',
      status: 'final',
      code: concept('24338-6'),
      subject: { reference: 'Patient/p1' },
      effectiveDateTime: AT,
      issued: '2026-01-14T09:20:00Z',
      specimen: [{ reference: 'Specimen/s1' }],
      contained: [
        {
          resourceType: 'Observation',
          id: 'a',
          status: 'final',
          code: concept('2524-7'),
          valueQuantity: quantity(4.1, 'mmol/L'),
        },
        {
          resourceType: 'Observation',
          id: 'b',
          status: 'final',
          code: concept('2744-1'),
          valueQuantity: quantity(7.21, '[pH]'),
        },
      ],
      result: [{ reference: '#a' }, { reference: '#b' }],
    };
    const all = records(taken(report), TOPICS.labs);
    expect(
      all.map(({ specimenId, observedAt, observations }) => [specimenId, observedAt, observations]),
    ).toEqual([
      ['s1', AT_MS, [{ code: '2524-7', value: 4.1, unit: 'mmol/L' }]],
      ['s1', AT_MS, [{ code: '2744-1', value: 7.21, unit: '[pH]' }]],
    ]);
  });
});
