import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileOf } from '../../../src/doors/dicom/part10.js';
import { loadDicomSender } from '../../../src/doors/dicom/sender.js';
import { translate } from '../../../src/doors/dicom/translate.js';
import { temporaryDirectory } from '../../helpers.js';
import { NOW } from './log.js';
import { type ObjectFields, objectOf } from './objects.js';

function senderOf(yaml: string) {
  const file = join(temporaryDirectory(), 'sender.yaml');
  writeFileSync(file, yaml);
  return loadDicomSender(file);
}

function recordOf(fields: ObjectFields, sender = loadDicomSender(undefined)) {
  const { dataSet, ...meta } = objectOf(fields);
  const received = {
    file: fileOf({ ...meta, source: 'CR1' }, dataSet),
    sopClass: '',
    sopInstance: '',
    source: 'CR1',
  };
  const options = { sender, now: NOW, maxFutureSkewMs: 60_000, maxAgeMs: 86_400_000 };
  const { messages, rejections } = translate(received, options);
  return messages[0]?.record ?? rejections[0];
}

describe('the header of a picture', () => {
  it('names the patient by the identifier that the sender’s file says', () => {
    const otherIds = [
      { id: 'A7', issuer: 'AMBULANCE' },
      { id: 'K9', issuer: 'KIS' },
    ];
    const fields = { patientId: 'p1', issuer: 'RIS', otherIds, admissionId: 'F3' };
    expect(recordOf(fields)).toMatchObject({ patientId: 'p1' });
    const of = (patient: string) => recordOf(fields, senderOf(`patient: ${patient}`));
    expect(of('{ field: OtherPatientIDs, authority: KIS }')).toMatchObject({ patientId: 'K9' });
    expect(of('{ field: AdmissionID }')).toMatchObject({ patientId: 'F3' });
    expect(of('{ field: PatientID, authority: RIS }')).toMatchObject({ patientId: 'p1' });
    expect(of('{ field: PatientID, authority: KIS }')).toMatchObject({ reason: 'missing-id' });
    expect(() => senderOf('patient: { field: PID-3 }')).toThrow(/patient\.field/);
  });

  it('is read in its character set', () => {
    const utf8 = { charset: 'ISO_IR 192', patientId: Buffer.from('Müller-1', 'utf8') };
    const latin = { charset: 'ISO_IR 100', patientId: Buffer.from('Müller-1', 'latin1') };
    expect([utf8, latin].map((fields) => recordOf(fields))).toMatchObject([
      { patientId: 'Müller-1' },
      { patientId: 'Müller-1' },
    ]);
  });

  it('says when the picture was taken, if it has a zone or the sender’s file has', () => {
    const taken = { date: '20260304', time: '113000' };
    expect(recordOf({ taken })).toMatchObject({ eventTime: NOW, observedAt: null });
    expect(recordOf({ taken, zone: '+0100' })).toMatchObject({ observedAt: Date.UTC(2026, 2, 4, 10, 30) });
    expect(recordOf({ taken }, senderOf('timeZone: Europe/Berlin'))).toMatchObject({
      observedAt: Date.UTC(2026, 2, 4, 10, 30),
    });
  });
});
