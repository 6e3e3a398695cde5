import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { scoreCohort } from '../../src/cohort/scored-cohort.js';
import { inMemory } from '../../src/cohort/stays.js';
import { ScoringThreads } from '../../src/cohort/threads.js';
import { parseConfig } from '../../src/settings/config.js';
import { compareModels } from '../../src/study/compare.js';
import { ENDPOINTS } from '../../src/study/events.js';
import { comparisonSection } from '../../src/study/report/sections.js';
import { PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from './cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-compare-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const CONFIG = parseConfig({});
const WATCH = 'wardstream replay --from x --serve 8080';

it('two models are compared on the same patients, and those they differ on most are shown first', async () => {
  const cohort = Array.from({ length: 14 }, (_, index) => ({
    id: String(900_000 + index),
    rows: index < 4 ? PLANTED_FAILURE : WELL_ALL_ALONG,
    died: index < 3,
    age: index < 3 ? 80 : 30 + index,
  }));
  const from = `physionet2012:${writeCohort(ROOT, cohort)}`;
  const { stays } = await scoreCohort({ job: { from, config: CONFIG }, threads: new ScoringThreads(1) });
  // The other model is as sure of the opposite, and agrees on the last stay.
  const others = stays.map((stay, index) =>
    index === stays.length - 1
      ? stay
      : {
          ...inMemory(stay),
          signals: { ...inMemory(stay).signals, model: stay.signals.model.map((risk) => 1 - risk) },
        },
  );
  const labelOf = ({ patientId }: { readonly patientId: string }) => ({
    happened: Number(patientId) < 900_003,
    onsetMs: null,
  });
  const options = { seed: 1, resamples: 20 };
  const found = compareModels(['A', 'B'], stays, others, labelOf, ENDPOINTS, CONFIG.alerts.rules, options);
  const last = found.hours[3].auroc;
  expect(last.a.value).toBeGreaterThan(last.b.value);
  expect(last.difference.difference).toBeCloseTo(last.a.value - last.b.value, 12);
  const gaps = found.disagreements.map(({ a, b }) => Math.abs(a - b));
  expect(gaps).toHaveLength(10);
  expect(gaps).toEqual([...gaps].sort((a, b) => b - a));
  for (const { a, b, at, patientId } of found.disagreements) {
    expect(a + b).toBeCloseTo(1, 12);
    expect(at).toBeGreaterThan(46);
    expect(patientId).not.toBe('900013');
  }
  const { text } = comparisonSection(found, 'death in hospital', WATCH);
  const [{ patientId, at }] = found.disagreements;
  expect(text).toContain(`<a href="#differ-1"><b>${patientId}</b></a>`);
  expect(text).toContain(`<code>--stay ${patientId} --at ${at}</code>`);
  expect(text).toContain(WATCH);
  const same = compareModels(['A', 'A'], stays, stays, labelOf, ENDPOINTS, CONFIG.alerts.rules, options);
  expect(comparisonSection(same, 'death in hospital', WATCH).text).toContain(
    'the last risk of every patient is the same',
  );
}, 60_000);
