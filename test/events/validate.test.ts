import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { REASONS } from '../../src/clinical/trust.js';
import { VARIABLES, variableIndex } from '../../src/clinical/variables.js';
import type { ImagingMessage, NoteMessage } from '../../src/contract/messages.js';
import type { Rejection } from '../../src/events/dead-letter.js';
import type { ClinicalEvent } from '../../src/events/event.js';
import { Validator } from '../../src/events/validate.js';
import { adt, LIMITS, labs, START, vitals } from '../helpers.js';

const ANY = expect.stringMatching(/^(unit|impossible)$/);
const ORIGIN = { topic: 'ward.vitals', partition: 0, offset: 0 };

function setUp() {
  const rejections: Rejection[] = [];
  return { validator: new Validator(LIMITS, (rejection) => rejections.push(rejection)), rejections };
}

function usedOf(event: ClinicalEvent | null): number[] {
  return event?.variables?.filter((_, index) => !event.verdicts?.[index]) ?? [];
}

/** Why each value is not used; empty where it is. */
function reasonsOf(event: ClinicalEvent | null): string[] {
  return event?.variables?.map((_, index) => REASONS[(event.verdicts?.[index] ?? 0) - 1]?.id ?? '') ?? [];
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
    expect(usedOf(event)).toEqual([variableIndex('heartRate'), variableIndex('temperature')]);
    expect(event?.values?.[2]).toBeCloseTo(37, 9);
    expect(reasonsOf(event)).toEqual(['', 'impossible', '']);
    expect(rejections.map(({ reason, index }) => [reason, index])).toEqual([
      ['impossible-value', 1],
      ['unknown-code', 2],
      ['not-a-number', 3],
      ['unknown-unit', 5],
    ]);
    expect(rejections[0].detail).toBe('temperature -17.8 Cel is outside 13.7 to 46.5 Cel');
    expect(validator.counts).toMatchObject({ observations: 2, implausible: 0 });
  });

  it('has no event where nothing of a message is a value', () => {
    const { validator, rejections } = setUp();
    expect(validator.observations('labs', labs({ ph: Number.NaN }), ORIGIN, START)).toBeNull();
    expect(rejections).toMatchObject([{ reason: 'not-a-number', patientId: 'p1', eventTime: START }]);
  });

  it.each([
    ['ph', 735, 'unit'],
    ['temperature', 98.6, 'unit'],
    ['temperature', 370, 'unit'],
    ['fio2', 40, 'unit'],
    ['hemoglobin', 130, 'unit'],
    ['temperature', -17.8, 'impossible'],
    ['mapInvasive', -39.2, 'impossible'],
  ])(
    'keeps a %s of %d that no patient can have, says why, and tells the interface',
    (code, value, reason) => {
      const { validator, rejections } = setUp();
      const event = validator.observations('vitals', vitals({ [code]: value }), ORIGIN, START);
      expect(event?.values).toEqual([value]);
      expect(reasonsOf(event)).toEqual([reason]);
      expect(rejections).toMatchObject([{ reason: 'impossible-value', patientId: 'p1', eventTime: START }]);
    },
  );

  it.each([
    ['spo2', -100],
    ['spo2', 127],
    ['mapInvasive', -1],
    ['respRate', 255],
    ['cvp', 32_767],
  ])('takes a %s of %d as what a device sends when its probe is off', (code, value) => {
    const { validator, rejections } = setUp();
    const event = validator.observations('vitals', vitals({ [code]: value }), ORIGIN, START);
    expect(reasonsOf(event)).toEqual(['probe-off']);
    expect(rejections).toEqual([]);
  });

  it.each(['sbpInvasive', 'mapInvasive', 'dbpCuff', 'respRate', 'spo2', 'sao2'])(
    'sets a %s of 0 aside as no reading, in any unit',
    (code) => {
      const { validator, rejections } = setUp();
      const message = vitals({ heartRate: 80 });
      for (const unit of VARIABLES[variableIndex(code)].units.keys()) {
        message.observations.push({ code, value: 0, unit });
      }
      const event = validator.observations('vitals', message, ORIGIN, START);
      expect(usedOf(event)).toEqual([variableIndex('heartRate')]);
      expect(new Set(reasonsOf(event))).toEqual(new Set(['', 'no-reading']));
      expect(rejections).toEqual([]);
      expect(validator.counts.observations).toBe(1);
    },
  );

  it.each(['spo2', 'sao2', 'hematocrit'])(
    'sets a fraction of %s under per cent aside, and takes it as one',
    (code) => {
      const { validator, rejections } = setUp();
      const message = labs({ lactate: 1 });
      for (const value of [0.97, 0.42, 1]) message.observations.push({ code, value, unit: '%' });
      message.observations.push({ code, value: 0.42, unit: '1' });
      const event = validator.observations('labs', message, ORIGIN, START);
      expect(event?.values?.[4]).toBe(42);
      expect(reasonsOf(event)).toEqual(['', ANY, ANY, ANY, '']);
      expect(rejections.map(({ reason }) => reason)).toEqual(Array(3).fill('impossible-value'));
    },
  );

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

  it.each([Date.UTC(1900, 0, 1) - 1, Date.UTC(2300, 0, 1), -8.7e15, Number.MAX_SAFE_INTEGER])(
    'sets aside an event time that cannot be stored: %d',
    (eventTime) => {
      const { validator, rejections } = setUp();
      const message = vitals({ heartRate: 80 }, { eventTime });
      expect(validator.observations('vitals', message, ORIGIN, Number.POSITIVE_INFINITY)).toBeNull();
      const detail = `event time ${eventTime} is outside the years 1900 to 2299`;
      expect(rejections).toMatchObject([{ reason: 'impossible-value', index: -1, detail }]);
    },
  );

  it('takes a specimen at most 24 days old, and none from after the event', () => {
    const { validator } = setUp();
    const day = 24 * 3_600_000;
    const observedAt = [null, START + 1, START - day, START - 30 * day, 0].map(
      (at) =>
        validator.observations('labs', labs({ lactate: 2 }, { observedAt: at }), ORIGIN, START)?.observedAt,
    );
    expect(observedAt).toEqual([START, START, START - day, START - 24 * day, START - 24 * day]);
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

  it('tells a demographic field that is no number from an impossible one', () => {
    const { validator, rejections } = setUp();
    const event = validator.adt(adt('ADMIT', { weightKg: Number.NaN, ageYears: 70 }), ORIGIN, START);
    expect(event?.body).toMatchObject({ weightKg: null, ageYears: 70 });
    expect(rejections).toMatchObject([{ reason: 'not-a-number' }]);
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
    expect(validator.imaging({ ...imaging(null), uri: '' }, ORIGIN, START)).toBeNull();
    expect(rejections.map(({ reason }) => reason)).toEqual(['not-an-image', 'oversized', 'empty', 'empty']);
  });

  it.each(['missing-id', 'future'])('sets aside every kind of message: %s', (reason) => {
    const { validator, rejections } = setUp();
    const wrong = reason === 'future' ? { eventTime: START + LIMITS.maxFutureSkewMs + 1 } : { patientId: '' };
    const ack = { messageId: 'k', alertId: 'a', action: 'COMMENT', actor: 'x', snoozeMs: null } as const;
    const sound = { patientId: 'p1', eventTime: START, reason: null };
    expect(validator.observations('labs', labs({ ph: 7.4 }, wrong), ORIGIN, START)).toBeNull();
    expect(validator.adt(adt('ADMIT', wrong), ORIGIN, START)).toBeNull();
    expect(validator.note({ ...note('stable'), ...wrong }, ORIGIN, START)).toBeNull();
    expect(validator.imaging({ ...imaging(null), uri: 'pacs://1', ...wrong }, ORIGIN, START)).toBeNull();
    expect(validator.acknowledgement({ ...ack, ...sound, ...wrong }, ORIGIN, START)).toBeNull();
    expect(rejections.map((rejection) => rejection.reason)).toEqual(Array(5).fill(reason));
    expect(validator.acknowledgement({ ...ack, ...sound }, ORIGIN, START)).toMatchObject({ kind: 'acks' });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'takes %d for no number',
    (value) => {
      const { validator, rejections } = setUp();
      expect(validator.observations('vitals', vitals({ temperature: value }), ORIGIN, START)).toBeNull();
      expect(rejections).toMatchObject([{ reason: 'not-a-number', index: 0 }]);
    },
  );

  it.each([
    [13.7, 1],
    [13.69, 0],
    [46.5, 1],
    [46.51, 0],
  ])('a temperature of %d Cel at the bound of the possible: %d used', (temperature, used) => {
    const { validator, rejections } = setUp();
    validator.observations('vitals', vitals({ temperature }), ORIGIN, START);
    expect(validator.counts.observations).toBe(used);
    expect(rejections).toHaveLength(1 - used);
  });

  it('takes a measurement after its own event time to be of that time', () => {
    const { validator } = setUp();
    const observedAt = (at: number | null) =>
      validator.observations('vitals', vitals({ heartRate: 80 }, { observedAt: at }), ORIGIN, START)
        ?.observedAt;
    expect([null, START - 5, START + 5].map(observedAt)).toEqual([START, START - 5, START]);
  });

  it('measures a note in bytes, and takes one of just the limit', () => {
    const { validator, rejections } = setUp();
    expect(validator.note(note('x'.repeat(LIMITS.maxNoteBytes)), ORIGIN, START)).not.toBeNull();
    expect(validator.note(note('ü'.repeat(LIMITS.maxNoteBytes / 2 + 1)), ORIGIN, START)).toBeNull();
    expect(rejections).toMatchObject([{ reason: 'oversized', index: -1 }]);
  });

  it('uses an imaging study that only refers to its picture', () => {
    const { validator, rejections } = setUp();
    const event = validator.imaging({ ...imaging(null), uri: 'pacs://1' }, ORIGIN, START);
    expect(event).toMatchObject({ kind: 'imaging', variables: null });
    expect(rejections).toEqual([]);
  });

  it('shortens what it quotes from outside', () => {
    const { validator, rejections } = setUp();
    validator.observations('vitals', vitals({ ['x'.repeat(5000)]: 1 }), ORIGIN, START);
    expect(rejections[0].detail.length).toBeLessThan(100);
  });
});
