import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  auprc,
  auroc,
  brier,
  confusionAt,
  crossFittedScore1,
  decisionCurve,
  score1,
} from '../../src/study/metrics.js';
import { rank } from '../../src/study/ranking.js';
import { TIED, UNTIED } from './reference.js';

const tied = rank(TIED.scores, TIED.outcomes);
const untied = rank(UNTIED.scores, UNTIED.outcomes);

/** Few distinct scores, so that ties are the rule. */
const subjects = fc.array(
  fc.record({ score: fc.integer({ min: 0, max: 8 }), outcome: fc.constantFrom(0, 1), weight: fc.nat(3) }),
  { minLength: 1, maxLength: 40 },
);
type Subject = { score: number; outcome: number; weight: number };
const ranked = (of: readonly Subject[]) =>
  rank(
    of.map(({ score }) => score),
    of.map(({ outcome }) => outcome),
  );
const weightsOf = (of: readonly Subject[]) => Uint32Array.from(of, ({ weight }) => weight);
/** The same subjects written out as often as they count. */
const repeated = (of: readonly Subject[]) => of.flatMap((each) => Array(each.weight).fill(each) as Subject[]);

/** By definition: all pairs. */
function aurocOfPairs(of: readonly Subject[]): number {
  let wins = 0;
  let pairs = 0;
  for (const positive of of) {
    for (const negative of of) {
      if (positive.outcome !== 1 || negative.outcome !== 0) continue;
      pairs++;
      wins += positive.score > negative.score ? 1 : positive.score === negative.score ? 0.5 : 0;
    }
  }
  return pairs === 0 ? Number.NaN : wins / pairs;
}

/** By definition: precision at each distinct threshold, weighted by the recall it adds. */
function auprcOfThresholds(of: readonly Subject[]): number {
  const positives = of.filter(({ outcome }) => outcome === 1).length;
  if (positives === 0) return Number.NaN;
  let area = 0;
  let recall = 0;
  for (const threshold of [...new Set(of.map(({ score }) => score))].sort((a, b) => b - a)) {
    const flagged = of.filter(({ score }) => score >= threshold);
    const hits = flagged.filter(({ outcome }) => outcome === 1).length;
    area += (hits / positives - recall) * (hits / flagged.length);
    recall = hits / positives;
  }
  return area;
}

describe('against scikit-learn', () => {
  it('AUROC, with and without ties', () => {
    expect(auroc(tied)).toBeCloseTo(0.8582895311106473, 12);
    expect(auroc(untied)).toBeCloseTo(0.8599333270855368, 12);
    expect(auroc(rank(TIED.blunted, TIED.outcomes))).toBeCloseTo(0.7637146814930075, 12);
    expect(auroc(rank(UNTIED.blunted, UNTIED.outcomes))).toBeCloseTo(0.7620794451956675, 12);
  });

  it('average precision, with and without ties', () => {
    expect(auprc(tied)).toBeCloseTo(0.7065021971128216, 12);
    expect(auprc(untied)).toBeCloseTo(0.7773321030729009, 12);
    expect(auprc(rank(TIED.blunted, TIED.outcomes))).toBeCloseTo(0.5621585887306232, 12);
    expect(auprc(rank(UNTIED.blunted, UNTIED.outcomes))).toBeCloseTo(0.6167113359739123, 12);
  });

  it('Brier score, Score1 and net benefit', () => {
    expect(brier(tied)).toBeCloseTo(0.1782392578125, 12);
    expect(brier(untied)).toBeCloseTo(0.17165136695397387, 12);
    expect(score1(tied, 0.5)).toBeCloseTo(0.545816733067729, 12);
    expect(score1(untied, 0.5)).toBeCloseTo(0.5784114052953157, 12);
    const benefit = (of: typeof tied) => decisionCurve(of, [0.1, 0.3]).map(({ model }) => model);
    expect(benefit(tied)[0]).toBeCloseTo(0.2368888888888889, 12);
    expect(benefit(tied)[1]).toBeCloseTo(0.12542857142857142, 12);
    expect(benefit(untied)[0]).toBeCloseTo(0.27644444444444444, 12);
    expect(benefit(untied)[1]).toBeCloseTo(0.16485714285714284, 12);
  });
});

describe('by hand', () => {
  // Descending: 0.9 died, 0.8 lived, 0.5 died and lived, 0.2 lived.
  const five = rank([0.5, 0.9, 0.2, 0.8, 0.5], [1, 1, 0, 0, 0]);

  it('AUROC counts a tie as half: 4.5 of 6 pairs', () => {
    expect(auroc(five)).toBeCloseTo((3 + 1.5) / 6, 15);
  });

  it('average precision: ½ at precision 1, ½ at 2 of 4', () => {
    expect(auprc(five)).toBeCloseTo(0.5 + 0.5 * 0.5, 15);
  });

  it('Score1 at a score flags it', () => {
    expect(confusionAt(five, 0.5)).toEqual({ hits: 2, flagged: 4, positives: 2, all: 5 });
    expect(score1(five, 0.5)).toBe(0.5);
    expect(score1(five, 0.51)).toBe(0.5);
    expect(score1(five, 0.95)).toBe(0);
  });

  it('the threshold of a fold comes from the others', () => {
    // Fold 1 (0.9 died, 0.1 lived) makes 0.9 the threshold of fold 0, which flags nobody there; fold 0 makes 0.6 that of fold 1.
    const ranking = rank([0.6, 0.4, 0.9, 0.1], [1, 0, 1, 0]);
    expect(crossFittedScore1(ranking, Uint8Array.of(0, 0, 1, 1), 2)).toBe(0.5);
  });

  it('net benefit of acting on all is prevalence less the odds of the rest', () => {
    const [point] = decisionCurve(five, [0.2]);
    expect(point.all).toBeCloseTo(2 / 5 - (3 / 5) * 0.25, 15);
    expect(point.model).toBeCloseTo(2 / 5 - (3 / 5) * 0.25, 15);
  });

  it('an empty class leaves figures undefined, not wrong', () => {
    const survivors = rank([0.1, 0.2], [0, 0]);
    expect([auroc(survivors), auprc(survivors), score1(survivors, 0.1)]).toEqual([NaN, NaN, NaN]);
    expect(brier(survivors)).toBeCloseTo(0.025, 15);
    expect(auroc(rank([0.1], [1]))).toBeNaN();
    expect(auprc(rank([0.1], [1]))).toBe(1);
    expect([auroc(rank([], [])), auprc(rank([], [])), brier(rank([], []))]).toEqual([NaN, NaN, NaN]);
    expect(crossFittedScore1(survivors, Uint8Array.of(0, 1), 2)).toBeNaN();
  });

  it('refuses what cannot be ranked', () => {
    expect(() => rank([0.1], [1, 0])).toThrow('1 scores, but 2 outcomes');
    expect(() => rank([Number.NaN], [1])).toThrow('score 0 is NaN');
    expect(() => rank([0.1], [2])).toThrow('outcome 0 is not 0 or 1');
  });
});

/** Equal to rounding, or both undefined. */
function near(actual: number, expected: number): void {
  if (Number.isNaN(expected)) expect(actual).toBeNaN();
  else expect(actual).toBeCloseTo(expected, 12);
}

describe('for any subjects', () => {
  it('AUROC and average precision are what their definitions say', () => {
    fc.assert(
      fc.property(subjects, (of) => {
        near(auroc(ranked(of)), aurocOfPairs(of));
        near(auprc(ranked(of)), auprcOfThresholds(of));
      }),
    );
  });

  it('a weight is the same as writing the subject out that often', () => {
    fc.assert(
      fc.property(subjects, (of) => {
        const weights = weightsOf(of);
        const again = ranked(repeated(of));
        near(auroc(ranked(of), weights), auroc(again));
        near(auprc(ranked(of), weights), auprc(again));
        near(brier(ranked(of), weights), brier(again));
        near(score1(ranked(of), 4, weights), score1(again, 4));
        const folds = of.map(({ score }) => score % 3);
        const foldsAgain = repeated(of).map(({ score }) => score % 3);
        near(
          crossFittedScore1(ranked(of), Uint8Array.from(folds), 3, weights),
          crossFittedScore1(again, Uint8Array.from(foldsAgain), 3),
        );
      }),
    );
  });

  it('the order of subjects does not matter, nor does a rising transform of scores to ranks', () => {
    fc.assert(
      fc.property(subjects, (of) => {
        const reversed = ranked([...of].reverse());
        near(auroc(reversed), auroc(ranked(of)));
        near(auprc(reversed), auprc(ranked(of)));
        const stretched = ranked(of.map((each) => ({ ...each, score: Math.exp(each.score) })));
        near(auroc(stretched), auroc(ranked(of)));
        near(auprc(stretched), auprc(ranked(of)));
      }),
    );
  });
});
