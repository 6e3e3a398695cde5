import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/contract/topics.js';
import { Refused } from '../../../src/doors/fhir/request.js';
import { bundle, NOW, observation, records, request, taken } from './resources.js';

const PATIENT = { resourceType: 'Patient', id: 'p1', gender: 'female', birthDate: '1960-02-29' };
const START = '2026-01-14T07:00:00Z';

function encounter(more: object = {}): object {
  return {
    resourceType: 'Encounter',
    status: 'in-progress',
    subject: { reference: 'Patient/p1' },
    period: { start: START },
    ...more,
  };
}

/** Kind, hour and place of each event. */
function events(resource: object, sender: object = {}): unknown[] {
  return records(taken(resource, sender), TOPICS.adt).map(({ type, eventTime, wardId, bedId }) => [
    type,
    new Date(eventTime as number).getUTCHours(),
    wardId,
    bedId,
  ]);
}

const at = (display: string, start?: string, physicalType?: string) => ({
  location: { display },
  ...(start === undefined ? {} : { period: { start } }),
  ...(physicalType === undefined ? {} : { physicalType: { coding: [{ code: physicalType }] } }),
});

describe('a stay', () => {
  it.each([
    ['other', 'OTHER'],
    ['unknown', null],
    // What every object of the language has.
    ['constructor', null],
    ['__proto__', null],
  ])('of gender %s is of sex %s', (gender, sex) => {
    const [record] = records(taken({ ...PATIENT, gender }), TOPICS.adt);
    expect(record.sex).toBe(sex);
  });

  it.each([
    ['begins', {}, [['ADMIT', 7, null, null]]],
    ['in a ward', { location: [at('ICU')] }, [['ADMIT', 7, 'ICU', null]]],
    [
      'in a bed of a ward',
      { location: [at('ICU', START, 'wa'), at('05', START, 'bd')] },
      [['ADMIT', 7, 'ICU', '05']],
    ],
    [
      'moves',
      { location: [at('ICU', START), at('HDU', '2026-01-14T08:30:00Z')] },
      [
        ['ADMIT', 7, 'ICU', null],
        ['TRANSFER', 8, 'HDU', null],
      ],
    ],
    [
      'ends',
      { status: 'finished', period: { start: START, end: '2026-01-14T09:00:00Z' }, location: [at('ICU')] },
      [
        ['ADMIT', 7, 'ICU', null],
        ['DISCHARGE', 9, null, null],
      ],
    ],
    [
      'is cancelled',
      { status: 'cancelled', meta: { lastUpdated: '2026-01-14T08:00:00Z' } },
      [['DISCHARGE', 8, null, null]],
    ],
    [
      'without a beginning says where the patient is',
      { period: undefined, location: [at('ICU')] },
      [['UPDATE', 9, 'ICU', null]],
    ],
    [
      'told again in another place without a time moves then',
      { location: [at('HDU')], meta: { lastUpdated: '2026-01-14T08:00:00Z' } },
      [
        ['ADMIT', 7, 'HDU', null],
        ['TRANSFER', 8, 'HDU', null],
      ],
    ],
    ['in a ward of its provider', { serviceProvider: { display: 'ICU' } }, [['ADMIT', 7, 'ICU', null]]],
    [
      'in a bed that is part of a ward',
      {
        location: [{ location: { reference: '#bed' } }],
        contained: [
          {
            resourceType: 'Location',
            id: 'bed',
            name: '05',
            physicalType: { coding: [{ code: 'bd' }] },
            partOf: { reference: '#room' },
          },
          {
            resourceType: 'Location',
            id: 'room',
            name: '2',
            physicalType: { coding: [{ code: 'ro' }] },
            partOf: { reference: '#icu' },
          },
          { resourceType: 'Location', id: 'icu', name: 'ICU' },
        ],
      },
      [['ADMIT', 7, 'ICU', '05']],
    ],
  ])('%s', (_, more, expected) => {
    expect(events(encounter(more))).toEqual(expected);
  });

  it.each([
    [
      'who comes in from elsewhere is admitted',
      [at('EYE', START), at('ICU', '2026-01-14T08:30:00Z')],
      [['ADMIT', 8, 'ICU', null]],
    ],
    [
      'who moves out is gone',
      [at('ICU', START), at('EYE', '2026-01-14T08:30:00Z')],
      [
        ['ADMIT', 7, 'ICU', null],
        ['DISCHARGE', 8, null, null],
      ],
    ],
    ['who is elsewhere is none of ours', [at('EYE', START)], []],
  ])('of the wards of the sender’s file: %s', (_, location, expected) => {
    expect(events(encounter({ location }), { wards: ['ICU'] })).toEqual(expected);
    expect(taken(encounter({ location }), { wards: ['ICU'] }).status).toBe(201);
  });

  it.each(['planned', 'unknown', ''])('that is %j is accepted and not used', (status) => {
    expect([events(encounter({ status })), taken(encounter({ status })).status]).toEqual([[], 201]);
  });

  it('told twice has the same ids', () => {
    const ids = () =>
      taken(encounter({ location: [at('ICU')] })).messages.map(
        ({ record }) => (record as { messageId: string }).messageId,
      );
    expect(ids()).toEqual(ids());
  });

  it('has age, sex and type of unit', () => {
    const sent = bundle('transaction', [PATIENT, encounter({ location: [at('ICU')] })]);
    const read = request(sent, { unitTypes: { ICU: 'MEDICAL' } });
    if (read instanceof Refused) throw new Error('refused');
    expect(records(read.entries[1].taken, TOPICS.adt)).toMatchObject([
      { type: 'ADMIT', ageYears: 65, sex: 'FEMALE', unitType: 'MEDICAL' },
    ]);
  });
});

describe('a patient', () => {
  it('is an update of age and sex', () => {
    expect(records(taken({ ...PATIENT, meta: { lastUpdated: START } }), TOPICS.adt)).toMatchObject([
      { type: 'UPDATE', patientId: 'p1', eventTime: Date.UTC(2026, 0, 14, 7), ageYears: 65, sex: 'FEMALE' },
    ]);
    expect(taken(PATIENT).messages[0].eventTime).toBe(NOW);
  });

  it('who is to stand in place of another is not joined, and the sender told', () => {
    const out = taken({ ...PATIENT, link: [{ type: 'replaces', other: { reference: 'Patient/p0' } }] });
    expect([out.status, out.messages, out.rejections[0].reason]).toEqual([422, [], 'unsupported-message']);
  });

  const mrn = (value: string, system = 'urn:h', type = 'MR') => ({
    system,
    value,
    type: { coding: [{ code: type }] },
  });
  const contained = [
    { resourceType: 'Patient', id: 'x', identifier: [mrn('ss', 'urn:us', 'SS'), mrn('m1')] },
  ];

  it.each([
    ['relative', { reference: 'Patient/p1' }, {}, 'p1'],
    ['with a version', { reference: 'Patient/p1/_history/3' }, {}, 'p1'],
    ['absolute', { reference: 'http://ehr.example/fhir/Patient/p1' }, {}, 'p1'],
    ['by identifier', { identifier: mrn('m1') }, {}, 'm1'],
    ['conditional', { reference: 'Patient?identifier=urn:h|m1' }, {}, 'm1'],
    ['contained, named by the file', { reference: '#x' }, { patient: { authority: 'urn:h' } }, 'm1'],
    [
      'by the type that the file names',
      { reference: 'Patient/p1', identifier: mrn('m1') },
      { patient: { type: 'MR' } },
      'm1',
    ],
    ['without what the file names', { reference: 'Patient/p1' }, { patient: { type: 'MR' } }, 'missing-id'],
    [
      'of another authority',
      { identifier: mrn('m1', 'urn:k') },
      { patient: { authority: 'urn:h' } },
      'missing-id',
    ],
    ['nowhere', { reference: 'urn:uuid:0' }, {}, 'missing-id'],
    ['too long', { identifier: { value: '9'.repeat(201) } }, {}, 'invalid-id'],
    ['decomposed', { identifier: { value: 'Mu\u0308ller' } }, {}, 'M\u00fcller'],
  ])('is found by a reference: %s', (_, subject, sender, expected) => {
    const out = taken(observation({ subject, contained }), sender);
    expect(out.messages[0]?.key ?? out.rejections[0].reason).toBe(expected);
  });

  it.each([
    ['full URL', 'urn:uuid:7', 'urn:uuid:7', undefined],
    ['relative', 'http://ehr.example/Patient/p9', 'Patient/p9', 'p9'],
    ['absolute', 'http://ehr.example/Patient/p9', 'http://ehr.example/Patient/p9', 'p9'],
  ])('of the same bundle is found by its %s', (_, fullUrl, reference, id) => {
    const patient = { ...PATIENT, fullUrl, id, identifier: [mrn('m1')] };
    const sent = bundle('transaction', [observation({ subject: { reference } }), patient]);
    const read = request(sent, { patient: { authority: 'urn:h' } });
    if (read instanceof Refused) throw new Error('refused');
    expect(read.entries.map(({ taken: each }) => each.messages[0].key)).toEqual(['m1', 'm1']);
    const plain = request(sent);
    if (plain instanceof Refused) throw new Error('refused');
    expect(plain.entries.map(({ taken: each }) => each.messages[0].key)).toEqual([id ?? 'm1', id ?? 'm1']);
  });
});
