import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/contract/topics.js';
import { AT, AT_MS, concept, records, taken } from './resources.js';

const base64 = (text: string, encoding: BufferEncoding = 'utf8') =>
  Buffer.from(text, encoding).toString('base64');

function document(more: object = {}, attachment: object = {}): object {
  return {
    resourceType: 'DocumentReference',
    status: 'current',
    type: concept('11506-3'),
    subject: { reference: 'Patient/p1' },
    date: '2026-01-14T09:20:00Z',
    context: { period: { start: AT } },
    content: [
      {
        attachment: {
          contentType: 'text/plain; charset=utf-8',
          data: base64('GCS 14, lactate 4.1.'),
          ...attachment,
        },
      },
    ],
    ...more,
  };
}

describe('a document', () => {
  it('is a note of when it was made', () => {
    expect(records(taken(document({}, { language: 'de' })), TOPICS.notes)).toEqual([
      {
        patientId: 'p1',
        eventTime: Date.UTC(2026, 0, 14, 9, 20),
        observedAt: AT_MS,
        source: 'gateway',
        noteType: 'progress',
        authorRole: 'physician',
        language: 'de',
        text: 'GCS 14, lactate 4.1.',
      },
    ]);
  });

  it.each([
    ['18748-4', 'radiology'],
    ['34117-2', 'admission'],
    ['34746-8', 'nursing'],
    ['1-8', 'other'],
  ])('of type %s is a note of kind %s', (code, noteType) => {
    expect(records(taken(document({ type: concept(code) })), TOPICS.notes)).toMatchObject([{ noteType }]);
  });

  it('is of the kind that its words say', () => {
    expect(records(taken(document({ type: { text: 'Nursing shift note' } })), TOPICS.notes)).toMatchObject([
      { noteType: 'nursing', authorRole: 'nurse' },
    ]);
  });

  it('in Windows-1252 is read', () => {
    const out = taken(document({}, { contentType: 'text/plain', data: base64('Fieber 39,5 °C', 'latin1') }));
    expect(records(out, TOPICS.notes)).toMatchObject([{ text: 'Fieber 39,5 °C' }]);
  });

  it.each([
    ['a link', {}, { data: undefined, url: 'http://ehr.example/Binary/1' }, 'empty'],
    ['a PDF', {}, { contentType: 'application/pdf' }, 'empty'],
    ['entered in error', { docStatus: 'entered-in-error' }, {}, 'withdrawn'],
    ['of tomorrow', { date: '2026-01-15T09:20:00Z' }, {}, 'future'],
  ])('that is %s is set aside', (_, more, attachment, reason) => {
    const out = taken(document(more, attachment));
    expect([out.status, out.messages, out.rejections[0].reason]).toEqual([422, [], reason]);
  });

  it.each([
    ['not signed', { docStatus: 'preliminary' }],
    ['superseded', { status: 'superseded' }],
  ])('that is %s is accepted and not used', (_, more) => {
    expect([taken(document(more)).status, taken(document(more)).messages]).toEqual([201, []]);
  });
});

describe('a report', () => {
  const report = (more: object = {}) => ({
    resourceType: 'DiagnosticReport',
    status: 'final',
    category: [concept('RAD', 'http://terminology.hl7.org/CodeSystem/v2-0074')],
    code: concept('36643-5'),
    subject: { reference: 'Patient/p1' },
    effectiveDateTime: AT,
    issued: '2026-01-14T09:20:00Z',
    ...more,
  });

  it('is a note of its text and its conclusion', () => {
    const form = { contentType: 'text/plain', data: base64('Both lungs are clear.') };
    const out = taken(report({ presentedForm: [form], conclusion: 'No pneumothorax.' }));
    expect(records(out, TOPICS.notes)).toMatchObject([
      { noteType: 'radiology', text: 'Both lungs are clear.\nNo pneumothorax.', observedAt: AT_MS },
    ]);
  });

  it('of results that come by themselves is accepted', () => {
    const out = taken(report({ result: [{ reference: 'Observation/o1' }] }));
    expect([out.status, out.messages, out.counts.ignored]).toEqual([201, [], 1]);
  });

  it.each([
    ['not signed yet', { status: 'preliminary', conclusion: 'x' }, 201],
    ['registered', { status: 'registered' }, 201],
    ['entered in error', { status: 'entered-in-error', conclusion: 'x' }, 422],
    ['empty', {}, 422],
  ])('that is %s makes no note', (_, more, status) => {
    expect([taken(report(more)).status, taken(report(more)).messages]).toEqual([status, []]);
  });
});

describe('a study', () => {
  const study = (more: object = {}, connection = 'dicom-wado-rs') => ({
    resourceType: 'ImagingStudy',
    status: 'available',
    identifier: [{ system: 'urn:dicom:uid', value: 'urn:oid:1.2.3' }],
    subject: { reference: 'Patient/p1' },
    started: AT,
    endpoint: [{ reference: '#pacs' }],
    contained: [
      {
        resourceType: 'Endpoint',
        id: 'pacs',
        connectionType: { code: connection },
        address: 'https://pacs.example/dicom-web/',
      },
    ],
    series: [
      {
        uid: '1.2.3.1',
        modality: { code: 'DX' },
        bodySite: { display: 'Chest' },
        instance: [{ uid: '1.2.3.1.1' }],
      },
      { uid: '1.2.3.2', modality: { code: 'CT' }, instance: [{ uid: '1.2.3.2.1' }] },
    ],
    ...more,
  });

  it('is a picture to be fetched for each radiograph', () => {
    const out = taken(study());
    expect(records(out, TOPICS.imaging)).toEqual([
      {
        patientId: 'p1',
        eventTime: AT_MS,
        observedAt: AT_MS,
        source: 'gateway',
        modality: 'DX',
        bodySite: 'Chest',
        mediaType: 'image/jpeg',
        image: null,
        uri: 'https://pacs.example/dicom-web/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/rendered',
      },
    ]);
    expect(out.counts.ignored).toBe(1);
  });

  it.each([
    ['nowhere to fetch it from', study({}, 'hl7v2-mllp'), 422],
    ['without uid', study({ identifier: [] }), 422],
    ['not available', study({ status: 'registered' }), 201],
  ])('%s gives no picture', (_, resource, status) => {
    expect([taken(resource).status, taken(resource).messages]).toEqual([status, []]);
  });
});
