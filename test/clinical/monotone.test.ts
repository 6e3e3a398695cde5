import { describe, expect, it } from 'vitest';
import { MONOTONE } from '../../src/clinical/monotone.js';
import { news2 } from '../../src/clinical/news2.js';
import type { SignId } from '../../src/clinical/signs.js';
import { sofaCoagulation, sofaLiver } from '../../src/clinical/sofa.js';
import { CRITERIA } from '../../src/clinical/state.js';
import { TYPICAL } from '../../src/clinical/typical.js';
import { VARIABLES } from '../../src/clinical/variables.js';
import { DERIVED_NAMES } from '../../src/features/derived.js';
import { EXTENDED_NAMES } from '../../src/features/extended.js';

const rowOf = (id: string) => MONOTONE.find((each) => each.id === id);

describe('the table of directions', () => {
  it('names variables and derived quantities that exist, each once, with a direction', () => {
    const ids = MONOTONE.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, low, high } of MONOTONE) {
      if (id.startsWith('derived.'))
        expect(
          [...DERIVED_NAMES, ...EXTENDED_NAMES].some((name) => name === id || name.startsWith(`${id}.`)),
        ).toBe(true);
      else expect(VARIABLES.some((variable) => variable.id === id)).toBe(true);
      expect(low !== null || high !== null).toBe(true);
      if (low !== null && high !== null) expect(low).toBeLessThan(high);
    }
  });

  it('speaks in the variable’s own unit: its limits are possible values', () => {
    for (const { id, low, high } of MONOTONE) {
      const variable = VARIABLES.find((each) => each.id === id);
      if (variable === undefined) continue;
      for (const limit of [low, high]) {
        if (limit === null) continue;
        expect(limit).toBeGreaterThanOrEqual(variable.possible[0]);
        expect(limit).toBeLessThanOrEqual(variable.possible[1]);
      }
    }
  });

  it('reaches as far as every criterion of state does', () => {
    const variablesOf: Partial<Record<SignId, readonly string[]>> = {
      map: ['mapInvasive', 'mapCuff'],
      sbp: ['sbpInvasive', 'sbpCuff'],
    };
    let compared = 0;
    for (const { sign, direction, limit } of CRITERIA) {
      for (const id of variablesOf[sign] ?? [sign]) {
        const row = rowOf(id);
        if (row === undefined) continue;
        compared++;
        if (direction === 'low') expect(row.low).toBeGreaterThanOrEqual(limit);
        else expect(row.high).toBeLessThanOrEqual(limit);
      }
    }
    expect(compared).toBeGreaterThan(20);
  });

  it('begins where NEWS2 and SOFA give points', () => {
    const points = (inputs: object) => {
      const none = { respRate: null, spo2: null, supplementalOxygen: null, sbp: null, heartRate: null };
      return news2({ ...none, alert: null, temperature: null, ...inputs } as Parameters<typeof news2>[0])
        .total;
    };
    for (const [id, input] of [
      ['heartRate', 'heartRate'],
      ['sbpCuff', 'sbp'],
      ['respRate', 'respRate'],
      ['temperature', 'temperature'],
      ['spo2', 'spo2'],
    ] as const) {
      const { low, high } = rowOf(id)!;
      const inside = id === 'temperature' ? 0.1 : 1;
      for (const [limit, normal] of [
        [low, low! + inside],
        [high, (high ?? 0) - inside],
      ]) {
        if (limit == null) continue;
        expect(points({ [input]: limit })).toBeGreaterThan(0);
        expect(points({ [input]: normal })).toBe(0);
      }
    }
    expect(sofaCoagulation(rowOf('platelets')!.low! - 1)).toBeGreaterThan(0);
    expect(sofaLiver(rowOf('bilirubin')!.high!)).toBeGreaterThan(0);
  });
});

describe('the table of typical values', () => {
  it('is of variables that exist, within what is plausible', () => {
    for (const [id, [low, high]] of Object.entries(TYPICAL)) {
      const variable = VARIABLES.find((each) => each.id === id)!;
      expect(low).toBeLessThan(high);
      expect(low).toBeGreaterThanOrEqual(variable.plausible[0]);
      expect(high).toBeLessThanOrEqual(variable.plausible[1]);
    }
  });
});
