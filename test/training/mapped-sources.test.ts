import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { features } from '../../src/commands/features.js';
import { HAS_SET_A, SET_A, temporaryDirectory } from '../helpers.js';

const DATA = resolve('../shared/data');
const ARCHIVE = join(DATA, 'physionet2019/training_setA.tar.xz');

const rows = (from: readonly string[], more: object = {}) =>
  features({ from, out: temporaryDirectory(), moments: 0, patients: 25, ...more });

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
