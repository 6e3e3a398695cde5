import { describe, expect, it } from 'vitest';
import type { ImagingMessage } from '../../../src/contract/messages.js';
import { TOPICS } from '../../../src/contract/topics.js';
import { composedPicture } from '../../../src/doors/dicom/compose.js';
import { fileOf } from '../../../src/doors/dicom/part10.js';
import { loadDicomSender } from '../../../src/doors/dicom/sender.js';
import { translate } from '../../../src/doors/dicom/translate.js';
import { decodePicture } from '../../../src/encoders/decode-image.js';
import { decodeDicom } from '../../../src/encoders/dicom.js';
import { simulateWard } from '../../../src/simulate/ward.js';
import { NOW } from './log.js';

describe('pictures of the simulated ward', () => {
  it('are read at the door as they were drawn', async () => {
    const ward = {
      beds: 4,
      hours: 12,
      seed: 3,
      startTime: NOW - 12 * 3_600_000,
      wardId: 'ICU',
      vitalsIntervalMs: 600_000,
    };
    const drawn = [...simulateWard(ward)].filter(({ topic }) => topic === TOPICS.imaging);
    expect(drawn.length).toBeGreaterThan(0);
    for (const message of drawn) {
      const { dataSet, ...meta } = composedPicture(message) ?? expect.unreachable('no picture');
      const file = fileOf({ ...meta, source: 'SIM' }, dataSet);
      const options = {
        sender: loadDicomSender(undefined),
        now: NOW,
        maxFutureSkewMs: 0,
        maxAgeMs: 86_400_000,
      };
      const { messages } = translate({ file, sopClass: '', sopInstance: '', source: 'SIM' }, options);
      const { patientId, observedAt, eventTime, image } = message.record as ImagingMessage;
      expect(messages[0].record).toMatchObject({
        patientId,
        observedAt: observedAt ?? eventTime,
        bodySite: 'CHEST',
      });
      const [sent, original] = [await decodeDicom(file, 1e6), await decodePicture(image as Buffer, 1e6)];
      const values = Array.from(original.data, (value) => value / 257);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const off = Array.from(sent.data, (grey, at) => Math.abs(grey - (values[at] - low) / (high - low)));
      expect(Math.max(...off)).toBeLessThan(1e-6);
    }
  });
});
