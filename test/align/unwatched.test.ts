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
});
