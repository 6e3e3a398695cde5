import fc from 'fast-check';
import { expect, it } from 'vitest';
import { halvesOf } from '../../../src/study/tune/halves.js';

it('puts half of the patients on either side, each with all their stays, the same for the same seed', () => {
  const patients = fc.array(fc.integer({ min: 0, max: 30 }).map(String), { minLength: 2, maxLength: 80 });
  fc.assert(
    fc.property(patients, fc.integer({ min: 1, max: 9 }), (ids, seed) => {
      const stays = ids.map((patientId, stay) => ({ patientId, stay }));
      const { tuned, reported } = halvesOf(stays, seed);
      const [one, other] = [tuned, reported].map((half) => new Set(half.map(({ patientId }) => patientId)));
      expect(tuned.length + reported.length).toBe(stays.length);
      expect([...one].some((id) => other.has(id))).toBe(false);
      expect(other.size - one.size).toBe(new Set(ids).size % 2);
      const shuffled = halvesOf([...stays].reverse(), seed);
      expect(new Set(shuffled.tuned)).toEqual(new Set(tuned));
    }),
  );
});

it('divides otherwise for another seed', () => {
  const stays = Array.from({ length: 40 }, (_, index) => ({ patientId: String(index) }));
  expect(halvesOf(stays, 1).tuned).not.toEqual(halvesOf(stays, 2).tuned);
});
