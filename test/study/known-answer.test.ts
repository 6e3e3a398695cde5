import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { parseConfig } from '../../src/settings/config.js';
import { validate } from '../../src/study/run.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-known-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const CONFIG = parseConfig({});
const HOURS = 36;

const HEADER = 'HR|O2Sat|Temp|SBP|MAP|Resp|FiO2|Lactate|Age|Gender|ICULOS|SepsisLabel';
/** NEWS2 of 0, and of 7 with a pressure that is still sufficient: pulse 3, breathing 3, systolic 1 … */
const WELL = [75, 98, 37, 125, 85, 14, 0.21, 1];
const ILL = [135, 98, 37, 105, 75, 26, 0.21, 1];
const IN_SHOCK = [135, 98, 37, 105, 50, 26, 0.21, 4];

/** A stay with circulatory failure from `onset` for three hours, and NEWS2 of 7 from `lead` hours before it. */
function stayText(onset: number | null, lead: number): string {
  const rows = Array.from({ length: HOURS }, (_, index) => {
    const hour = index + 1;
    const isInShock = onset !== null && hour >= onset && hour < onset + 3;
    const isIll = onset !== null && hour >= onset - lead && hour < onset;
    const values = isInShock ? IN_SHOCK : isIll ? ILL : WELL;
    const label = onset !== null && hour >= onset - 6 ? 1 : 0;
    return [...values, 60, 1, hour, label].join('|');
  });
  return `${[HEADER, ...rows].join('\n')}\n`;
}

it('a cohort with planted onsets yields the planted recall, lead time, burden and precision', async () => {
  let folders = 0;
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 7 }),
    fc.integer({ min: 12, max: 24 }),
    async (warned, silent, well, lead, onset) => {
      const directory = join(ROOT, String(folders++));
      mkdirSync(directory);
      const stays = [
        ...Array.from({ length: warned }, () => stayText(onset, lead)),
        ...Array.from({ length: silent }, () => stayText(onset, 0)),
        ...Array.from({ length: well }, () => stayText(null, 0)),
      ];
      stays.forEach((text, index) => {
        writeFileSync(join(directory, `p${index}.psv`), text);
      });
      const found = await validate({
        config: CONFIG,
        from: `physionet2019:${directory}`,
        seed: 1,
        resamples: 2,
      });
      expect(found).toMatchObject({ outcome: 'sepsis', deaths: warned + silent, hasOnsets: true });
      const failure = found.endpoints.find(({ id }) => id === 'circulatoryFailure')!;
      const { figures } = failure.comparisons.find(
        ({ signal, baseline }) => signal === 'news2' && baseline.threshold === 7,
      )!.baseline;
      expect(figures).toMatchObject({
        events: warned + silent,
        caught: warned,
        recall: warned / (warned + silent),
        // One alarm an hour while ill; each is followed by the onset.
        alarms: warned * lead,
        precision: 1,
        medianLeadHours: lead,
      });
      const days = (stays.length * HOURS) / 24;
      expect(figures.alarmsPerPatientDay).toBeCloseTo((warned * lead) / days, 3);
    },
  );
  await fc.assert(property, { numRuns: 8 });
});
