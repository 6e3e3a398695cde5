import { describe, expect, it } from 'vitest';
import { START } from '../helpers.js';
import { Bed, MINUTE_MS, WELL } from './trust-helpers.js';

const DEAD_LINE = { sbpInvasive: -100, dbpInvasive: -100, mapInvasive: -100 };

describe('a patient of whom nothing is used', () => {
  const isUnwatched = (bed: Bed, minute: number) => bed.trust.isUnwatched(START + minute * MINUTE_MS);

  it('is not watched by one probe that is off, where all other signs are doubted since longer', () => {
    const bed = new Bed();
    bed.tell(0, WELL);
    // The monitor says nothing that is used; half an hour later only a temperature comes.
    bed.tell(30, { heartRate: -100, respRate: -100, spo2: 0, ...DEAD_LINE });
    bed.tell(60, { temperature: -100 });
    expect(isUnwatched(bed, 60)).toBe(true);
    bed.tell(61, { temperature: 36.8 });
    expect(isUnwatched(bed, 61)).toBe(false);
  });

  it('is not watched by the only probe there is, if that is off', () => {
    const bed = new Bed();
    bed.tell(0, { spo2: 0 });
    expect(isUnwatched(bed, 0)).toBe(true);
  });

  it('is watched where other signs, told by the hour, are used', () => {
    const bed = new Bed();
    bed.tell(0, WELL);
    bed.tell(30, { temperature: -100 });
    expect(isUnwatched(bed, 30)).toBe(false);
    bed.tell(300, { temperature: -100 });
    expect(isUnwatched(bed, 300)).toBe(true);
  });

  const off = { heartRate: -1, spo2: 0, sbpInvasive: 0, dbpInvasive: 0, mapInvasive: 0 };

  it.each([
    ['a temperature', { temperature: 36.8 }],
    ['the breaths of a ventilator', { respRate: 14 }],
    ['both', { respRate: 14, temperature: 36.8 }],
  ])('is not watched by %s alone, told in the same message or another', (_, rest) => {
    for (const later of [0, 0.1]) {
      const bed = new Bed();
      bed.keep(0, 10, WELL);
      bed.tell(10, later > 0 ? off : { ...off, ...rest });
      if (later > 0) bed.tell(10 + later, rest);
      expect([later, isUnwatched(bed, 10 + later)]).toEqual([later, true]);
      bed.tell(11, { ...off, spo2: 97, ...rest });
      expect([later, isUnwatched(bed, 11)]).toEqual([later, false]);
    }
  });

  it('is watched by who comes by the hour, though one probe is off beside a temperature', () => {
    const bed = new Bed();
    bed.tell(0, { heartRate: 80, respRate: 16, temperature: 36.8 });
    bed.tell(60, { spo2: 0, temperature: 36.8 });
    expect(isUnwatched(bed, 60)).toBe(false);
  });

  it('is not watched by a monitor that has stood still for two hours, at 97 to 99 % and a round heart rate', () => {
    for (const spo2 of [97, 98, 99]) {
      const bed = new Bed();
      const frozen = { heartRate: 80, respRate: 16, spo2 };
      bed.keep(0, 120, frozen);
      expect([spo2, isUnwatched(bed, 119)]).toEqual([spo2, false]);
      bed.keep(120, 122, frozen);
      expect([spo2, isUnwatched(bed, 121)]).toEqual([spo2, true]);
    }
    // A pacemaker, a ventilator and a full saturation stand still in truth.
    const bed = new Bed();
    bed.keep(0, 300, { heartRate: 80, respRate: 16, spo2: 100 });
    expect(isUnwatched(bed, 299)).toBe(false);
  });
});
