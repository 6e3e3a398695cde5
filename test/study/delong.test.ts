import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delong } from '../../src/study/delong.js';
import { auroc } from '../../src/study/metrics.js';
import { rank } from '../../src/study/ranking.js';
import { TIED, UNTIED } from './reference.js';

describe('DeLong', () => {
  it('is what the definition over all pairs gives in NumPy', () => {
    const tied = delong(TIED.scores, TIED.blunted, TIED.outcomes);
    expect(tied.difference).toBeCloseTo(0.09457484961763973, 12);
    expect(tied.standardError).toBeCloseTo(0.01874056707243502, 12);
    expect(tied.p / 4.4990430878938027e-7).toBeCloseTo(1, 9);
    const untied = delong(UNTIED.scores, UNTIED.blunted, UNTIED.outcomes);
    expect(untied.difference).toBeCloseTo(0.09785388188986921, 12);
    expect(untied.standardError).toBeCloseTo(0.012536009100816361, 12);
    expect(untied.p / 5.9113983947643815e-15).toBeCloseTo(1, 9);
  });

  it('finds no difference between a model and itself', () => {
    const { difference, standardError, p } = delong(TIED.scores, TIED.scores, TIED.outcomes);
    expect({ difference, standardError, p }).toEqual({ difference: 0, standardError: 0, p: 1 });
  });

  it('is undefined with fewer than two of a class', () => {
    expect(delong([1, 2, 3], [1, 2, 3], [1, 0, 0])).toMatchObject({ first: NaN, p: NaN });
    expect(() => delong([1], [1, 2], [1, 0])).toThrow('1 and 2 scores, but 2 outcomes');
    expect(() => delong([1, NaN], [1, 2], [1, 0])).toThrow('score 1 is NaN');
  });

  it('has the AUROCs of the ranking, and changes sign with its arguments', () => {
    const subject = fc.tuple(fc.nat(6), fc.nat(6), fc.constantFrom(0, 1));
    fc.assert(
      fc.property(fc.array(subject, { minLength: 8, maxLength: 40 }), (of) => {
        const [a, b, outcomes] = [0, 1, 2].map((column) => of.map((each) => each[column]));
        const deaths = outcomes.filter((outcome) => outcome === 1).length;
        fc.pre(deaths >= 2 && of.length - deaths >= 2);
        const forth = delong(a, b, outcomes);
        const back = delong(b, a, outcomes);
        expect(forth.first).toBeCloseTo(auroc(rank(a, outcomes)), 12);
        expect(forth.second).toBeCloseTo(auroc(rank(b, outcomes)), 12);
        expect(forth.difference).toBeCloseTo(-back.difference, 12);
        expect(forth.standardError).toBeCloseTo(back.standardError, 12);
      }),
    );
  });
});
