import { describe, expect, it } from 'vitest';
import { NO_FORECASTS, outcomesOf } from '../../src/contract/outcomes.js';

describe('outcomesOf', () => {
  it('reads the row and column that an output has', () => {
    const outputs = ['deterioration', 'mortality', 'circulatory'] as const;
    const logit = Float32Array.of(9, 9, 9, 0, Math.log(3), -Math.log(3));
    const { mortality, circulatory, respiratory, deterioration } = outcomesOf(logit, 1, outputs);
    expect(mortality).toBeCloseTo(0.75, 6);
    expect(circulatory).toBeCloseTo(0.25, 6);
    expect([respiratory, deterioration]).toEqual([null, 0.5]);
  });

  it('knows only the risk where a model has only mortality', () => {
    expect(outcomesOf(Float32Array.of(9, 0), 1, ['mortality'])).toEqual({ mortality: 0.5, ...NO_FORECASTS });
  });
});
