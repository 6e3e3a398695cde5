import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { variableIndex } from '../../src/clinical/variables.js';
import type { Rejection } from '../../src/events/dead-letter.js';
import type { ImagingMessage, NoteMessage } from '../../src/events/messages.js';
import { Validator } from '../../src/events/validate.js';
import { adt, LIMITS, labs, START, vitals } from '../helpers.js';

const ORIGIN = { topic: 'ward.vitals', partition: 0, offset: 0 };

function setUp() {
  const rejections: Rejection[] = [];
  return { validator: new Validator(LIMITS, (rejection) => rejections.push(rejection)), rejections };
}

function note(text: string): NoteMessage {
  return { ...vitals({}), noteType: 'nursing', authorRole: 'nurse', language: 'en', text };
}

function imaging(image: Buffer | null): ImagingMessage {
  return { ...vitals({}), modality: 'DX', bodySite: 'CHEST', mediaType: 'image/png', image, uri: null };
}

describe('Validator', () => {
  it('uses what is sound and sets aside the rest, each with its reason', () => {
    const { validator, rejections } = setUp();
    const message = vitals({ heartRate: 80, temperature: -17.8, unheardOf: 3, respRate: Number.NaN });
    message.observations.push(
      { code: '8310-5', value: 98.6, unit: '°F' },
      { code: '8310-5', value: 37, unit: 'furlong' },
    );
    const event = validator.observations('vitals', message, ORIGIN, START);
    expect(event?.variables).toEqual([variableIndex('heartRate'), variableIndex('temperature')]);
    expect(event?.values?.[1]).toBeCloseTo(37, 9);
    expect(rejections.map(({ reason, index }) => [reason, index])).toEqual([
      ['impossible-value', 1],
      ['unknown-code', 2],
      ['not-a-number', 3],
      ['unknown-unit', 5],
    ]);
    expect(rejections[0].detail).toBe('temperature -17.8 Cel is outside 13.7 to 46.5 Cel');
    expect(validator.counts).toMatchObject({ observations: 2, implausible: 0 });
  });

  it('has no event where nothing of a message is sound', () => {
    const { validator, rejections } = setUp();
    expect(validator.observations('labs', labs({ ph: 735 }), ORIGIN, START)).toBeNull();
    expect(rejections).toMatchObject([{ reason: 'impossible-value', patientId: 'p1', eventTime: START }]);
  });

  it('uses an extreme value and counts it as implausible', () => {
    const { validator } = setUp();
    expect(validator.observations('vitals', vitals({ heartRate: 0 }), ORIGIN, START)).not.toBeNull();
    expect(validator.counts.implausible).toBe(1);
  });

  it.each([
    ['missing-id', vitals({ heartRate: 80 }, { patientId: '' })],
    ['missing-id', vitals({ heartRate: 80 }, { messageId: '' })],
    ['empty', vitals({})],
    ['future', vitals({ heartRate: 80 }, { eventTime: START + LIMITS.maxFutureSkewMs + 1 })],
  ])('sets aside a whole message: %s', (reason, message) => {
    const { validator, rejections } = setUp();
    expect(validator.observations('vitals', message, ORIGIN, START)).toBeNull();
    expect(rejections).toMatchObject([{ reason, index: -1 }]);
  });

  it('allows for clocks that run a little ahead', () => {
    const { validator } = setUp();
    const message = vitals({ heartRate: 80 }, { eventTime: START + LIMITS.maxFutureSkewMs });
    expect(validator.observations('vitals', message, ORIGIN, START)).not.toBeNull();
  });

  it('drops an impossible height but keeps the admission', () => {
    const { validator, rejections } = setUp();
    const event = validator.adt(adt('ADMIT', { heightCm: 426, ageYears: 70 }), ORIGIN, START);
    expect(event?.body).toMatchObject({ heightCm: null, ageYears: 70 });
    expect(rejections).toMatchObject([{ reason: 'impossible-value' }]);
  });

  it('refuses empty and oversized notes', () => {
    const { validator, rejections } = setUp();
    expect(validator.note(note(' '), ORIGIN, START)).toBeNull();
    expect(validator.note(note('x'.repeat(LIMITS.maxNoteBytes + 1)), ORIGIN, START)).toBeNull();
    expect(validator.note(note('stable'), ORIGIN, START)).not.toBeNull();
    expect(rejections.map(({ reason }) => reason)).toEqual(['empty', 'oversized']);
  });

  it('tells pictures from what is none', () => {
    const { validator, rejections } = setUp();
    const png = Buffer.from(encode({ width: 4, height: 4, data: new Uint8Array(16), channels: 1, depth: 8 }));
    expect(validator.imaging(imaging(png), ORIGIN, START)).not.toBeNull();
    expect(validator.imaging(imaging(Buffer.from('not a picture at all')), ORIGIN, START)).toBeNull();
    expect(validator.imaging(imaging(Buffer.alloc(LIMITS.maxImageBytes + 1)), ORIGIN, START)).toBeNull();
    expect(validator.imaging(imaging(null), ORIGIN, START)).toBeNull();
    expect(rejections.map(({ reason }) => reason)).toEqual(['not-an-image', 'oversized', 'empty']);
  });
});
