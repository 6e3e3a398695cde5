import { describe, expect, it } from 'vitest';
import type { TreatmentMessage } from '../../src/contract/messages.js';
import type { Rejection } from '../../src/events/dead-letter.js';
import type { TreatmentClinicalEvent } from '../../src/events/event.js';
import { Validator } from '../../src/events/validate.js';
import { LIMITS, START, treatment } from '../helpers.js';

/** What a message says once it is read, and what of it was set aside. */
function read(message: Partial<TreatmentMessage>) {
  const rejections: Rejection[] = [];
  const validator = new Validator(LIMITS, (rejection) => rejections.push(rejection));
  const origin = { topic: 'ward.treatments', partition: 0, offset: 0 };
  const event = validator.treatment(treatment(message), origin, START) as TreatmentClinicalEvent | null;
  return { event, body: event?.body, reasons: rejections.map(({ reason }) => reason) };
}

describe('a treatment', () => {
  it('is read in the vocabulary here', () => {
    const { body, reasons } = read({ drug: 'C01CA03', drugSystem: 'ATC', rate: 6, unit: 'ug/kg/h' });
    expect(body).toMatchObject({ drug: 'norepinephrine', action: 'START', rate: { isPerKg: true } });
    expect(body?.rate?.perMinute).toBeCloseTo(0.1, 12);
    expect(reasons).toEqual([]);
  });

  it('of a drug that is not known here is a dead letter', () => {
    expect(read({ drug: 'propofol' })).toMatchObject({ event: null, reasons: ['unknown-code'] });
    expect(read({ drug: '7512', drugSystem: 'SNOMED' })).toMatchObject({
      event: null,
      reasons: ['unknown-code'],
    });
  });

  it.each([
    ['another unit', { unit: 'mL/h' }, 'unknown-unit'],
    ['no unit', { unit: null }, 'unknown-unit'],
    ['no number', { rate: Number.NaN }, 'not-a-number'],
    ['less than none', { rate: -0.1 }, 'impossible-value'],
    ['a thousand times as much', { rate: 100 }, 'impossible-value'],
  ] as const)('with %s has a rate that is not known, and runs all the same', (_, message, reason) => {
    const { body, reasons } = read(message);
    expect(body).toMatchObject({ drug: 'norepinephrine', action: 'START', rate: null });
    expect(reasons).toEqual([reason]);
  });

  it('that is stopped is stopped whatever its rate says', () => {
    const { body, reasons } = read({ action: 'STOP', rate: Number.NaN, unit: 'furlong' });
    expect(body).toMatchObject({ action: 'STOP', rate: null });
    expect(reasons).toEqual([]);
  });

  it('at rate 0 is paused, in any unit', () => {
    expect(read({ action: 'CHANGE', rate: 0, unit: 'mL/h' })).toMatchObject({
      body: { rate: { perMinute: 0 } },
      reasons: [],
    });
  });

  it('without what can be no id is the one infusion of its drug; with what can be no weight it has none', () => {
    const { body, reasons } = read({ treatmentId: 'p\u200b1', corrects: '', weightKg: 900 });
    expect(body).toMatchObject({ treatmentId: null, corrects: null, weightKg: null });
    expect(reasons).toEqual(['impossible-value', 'invalid-id']);
  });

  it('has its place among the events of a moment: behind results, before images', () => {
    expect(read({}).event).toMatchObject({ kind: 'treatments', rank: 3, observedAt: START });
  });
});
