import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { variableIndex } from '../../src/clinical/variables.js';
import { features } from '../../src/commands/features.js';
import { suspects } from '../../src/training/suspects.js';
import { ValueSample } from '../../src/training/values.js';
import { HAS_SET_A, SET_A, temporaryDirectory } from '../helpers.js';

const DATA = resolve('../shared/data');
const ARCHIVE = join(DATA, 'physionet2019/training_setA.tar.xz');

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

const rows = (from: readonly string[], more: object = {}) =>
  features({ from, out: temporaryDirectory(), rows: true, moments: 0, seed: 1, patients: 25, ...more });

describe.skipIf(!HAS_SET_A || !existsSync(ARCHIVE))(
  'sources as they are mapped (needs ../shared/data)',
  () => {
    const hospitalA = () => {
      const directory = temporaryDirectory();
      execFileSync('tar', ['xJf', ARCHIVE, '-C', directory, '--wildcards', 'training_setA/p0000*.psv']);
      expect(readdirSync(join(directory, 'training_setA')).length).toBeGreaterThan(50);
      return directory;
    };

    it('none is off by a factor', async () => {
      const sources = [`physionet2012:${SET_A}`, `physionet2019:${hospitalA()}`];
      for (const each of ['yaib:yaib-mimic-demo/mortality24', 'meds:mimic4-demo/meds']) {
        const [kind, place] = each.split(':');
        sources.push(`${kind}:${join(DATA, place)}`);
      }
      for (const source of sources) expect(await rows([source])).toMatchObject({ suspects: [] });
    }, 120_000);

    it('magnesium in mg/dL that is mapped as mmol/L is found', async () => {
      const mapping = join(temporaryDirectory(), 'mapping.yaml');
      writeFileSync(mapping, 'physionet2019: { Magnesium: { variable: magnesium, unit: mmol/L } }\n');
      const source = `physionet2019:${hospitalA()}`;
      expect(await rows([source], { mapping, patients: 60 })).toMatchObject({
        suspects: [`${source} magnesium`],
      });
    }, 60_000);
  },
);
