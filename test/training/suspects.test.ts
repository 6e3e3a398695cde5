import { describe, expect, it } from 'vitest';
import { variableIndex } from '../../src/clinical/variables.js';
import { suspects } from '../../src/training/suspects.js';
import { ValueSample } from '../../src/training/values.js';

/** A sample of one variable. */
function sampleOf(id: string, values: readonly number[]): ValueSample {
  const sample = new ValueSample();
  for (const value of values) sample.add(variableIndex(id), value);
  return sample;
}
const magnesium = Array.from({ length: 200 }, (_, index) => 1.5 + (index % 10) / 10);

describe('variables off by a factor', () => {
  it('are none where values lie where others have them', () => {
    expect(suspects('x', sampleOf('magnesium', magnesium))).toEqual([]);
  });

  it('are named with the unit that explains it, whichever way it was confused', () => {
    const tooMuch = sampleOf(
      'magnesium',
      magnesium.map((value) => value * 2.4305),
    );
    expect(suspects('x', tooMuch)).toMatchObject([{ variable: 'magnesium', perhaps: 'mmol/L', outside: 1 }]);
    const tooLittle = sampleOf(
      'creatinine',
      magnesium.map((value) => value * 88.4),
    );
    expect(suspects('x', tooLittle)).toMatchObject([{ variable: 'creatinine', perhaps: 'umol/L' }]);
  });

  it('are named where something else is mixed in', () => {
    const mixed = sampleOf(
      'sao2',
      magnesium.map((_, index) => (index % 4 === 0 ? 65 : 97)),
    );
    expect(suspects('x', mixed)).toMatchObject([{ variable: 'sao2', perhaps: null, outside: 0.25 }]);
  });

  it('cannot be told from few values', () => {
    expect(suspects('x', sampleOf('magnesium', [9, 9, 9]))).toEqual([]);
  });
});

describe('a sample of values', () => {
  it('is even over the stream and bounded, however long that is', () => {
    const sample = sampleOf(
      'heartRate',
      Array.from({ length: 100_000 }, (_, index) => index / 1000),
    );
    const { count, quantiles } = sample.summaries().heartRate;
    expect(count).toBe(100_000);
    expect(sample.sorted(variableIndex('heartRate')).length).toBeLessThanOrEqual(8192);
    [2.5, 10, 50, 90, 97.5].forEach((expected, index) => {
      expect(Math.abs(quantiles[index] - expected)).toBeLessThan(0.2);
    });
  });
});
