import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameBed } from '../../src/align/other-bed.js';
import type { ObservationEvent } from '../../src/events/event.js';
import { adt, eventOf, labs, vitals } from '../helpers.js';
import { at, Recorder } from './recorder.js';
import { reasonsIn } from './trust-helpers.js';

const SIGNS = { heartRate: 84, spo2: 97, sbpInvasive: 118 };
const OTHER = { heartRate: 'other-bed', spo2: 'other-bed', sbpInvasive: 'other-bed' };

/** A patient who lies in bed 2-05, and what becomes of vital signs from a monitor. */
function bedside() {
  const recorder = new Recorder();
  const place = (minute: number, type: 'ADMIT' | 'TRANSFER', bedId: string) =>
    recorder.apply(eventOf('adt', adt(type, { ...at(minute), wardId: 'ICU', bedId })));
  const tell = (minute: number, bedId: string | null, values: Record<string, number> = SIGNS) => {
    const event = eventOf('vitals', vitals(values, { ...at(minute), bedId })) as ObservationEvent;
    recorder.apply(event);
    return reasonsIn(event);
  };
  place(0, 'ADMIT', '2-05');
  return { recorder, place, tell, patient: () => recorder.aligner.patients.get('p1')! };
}

describe('values of a monitor at another bed', () => {
  it('are not used until monitor and admissions agree, and are told of meanwhile', () => {
    const { tell, place, patient } = bedside();
    expect(tell(1, '2-05')).toEqual({});
    expect(tell(2, '3-07', { ...SIGNS, heartRate: 31 })).toEqual(OTHER);
    const values = new Float32Array(64);
    patient().timeline.lastKnown(at(2).eventTime, values, new Float32Array(64));
    expect(values[0]).toBe(84);
    expect(patient().trust.doubts).toHaveLength(3);
    expect(patient().trust.isUnwatched(at(2).eventTime)).toBe(true);
    place(3, 'TRANSFER', '3-07');
    expect(tell(4, '3-07')).toEqual({});
    expect(patient().trust.isClear).toBe(true);
  });

  it('are no arrest of this patient', () => {
    const { tell, patient } = bedside();
    for (let minute = 1; minute < 10; minute++) tell(minute, '2-05');
    tell(10, '9', { heartRate: 0, spo2: 0, sbpInvasive: 20, mapInvasive: 20, dbpInvasive: 18 });
    expect(patient().trust.mayBeArrestedSince).toBeNaN();
  });

  it('are judged by where the patient lay when they were measured', () => {
    const { tell, place } = bedside();
    place(10, 'TRANSFER', '3-07');
    expect(tell(5, '2-05')).toEqual({});
    expect(tell(6, '3-07')).toEqual(OTHER);
    expect(tell(11, '2-05')).toEqual(OTHER);
  });

  it('are used where either bed is not told', () => {
    const { tell, recorder } = bedside();
    expect(tell(1, null)).toEqual({});
    const unplaced = eventOf('vitals', vitals(SIGNS, { ...at(1), patientId: 'p2', bedId: '3-07' }));
    recorder.apply(unplaced);
    expect(reasonsIn(unplaced as ObservationEvent)).toEqual({});
    const result = eventOf('labs', labs({ lactate: 2 }, at(2))) as ObservationEvent;
    recorder.apply(result);
    expect(reasonsIn(result)).toEqual({});
  });
});

describe('two labels of beds', () => {
  it.each([
    ['2-05', '05', true],
    ['2-05', '5', true],
    ['ICU^2^05', '2-05', true],
    ['ICU 2', 'icu-02', true],
    ['2-05', '3-05', false],
    ['12A', '12B', false],
    ['12', '2', false],
    ['Fenster', 'Tür', false],
  ])('%s and %s: one bed is %s', (label, other, isSame) => {
    expect([isSameBed(label, other), isSameBed(other, label)]).toEqual([isSame, isSame]);
  });

  it('are one bed where they differ in zeros, case and signs only', () => {
    const part = fc.oneof(
      fc.nat(99).map((number) => [String(number), `0${number}`]),
      fc.constantFrom(['ICU', 'icu'], ['a', 'A'], ['Süd', 'su\u0308d']),
    );
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('-', ' ', '/'),
        (parts, sign) => {
          const written = parts.map(([one]) => one).join('-');
          expect(isSameBed(written, parts.map(([, other]) => other).join(sign))).toBe(true);
        },
      ),
    );
  });
});
