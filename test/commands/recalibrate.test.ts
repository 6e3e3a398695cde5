import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type ScoredCohort, scoreCohort } from '../../src/cohort/scored-cohort.js';
import { ScoringThreads } from '../../src/cohort/threads.js';
import { type RecalibrateCommandOptions, recalibrateCommand } from '../../src/commands/recalibrate.js';
import { openModels } from '../../src/engine/models.js';
import { loadModel } from '../../src/inference/model.js';
import { parseConfig } from '../../src/settings/config.js';
import { validate } from '../../src/study/run.js';
import { copyModel } from '../model-copies.js';
import { hourly, PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from '../study/cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-recalibrate-'));
const SCORES = join(ROOT, 'scores.avro');
/** The model that is served, and the same under another version, which is not the latest. */
const MODELS = join(ROOT, 'models');
const SERVED = loadModel('latest').config.version;
const OTHER = 'other';
const STAYS = 80;
/** Half fall ill, of whom most die; more die than the model would say. */
let from: string;

beforeAll(() => {
  const stays = Array.from({ length: STAYS }, (_, index) => {
    const isIll = index % 2 === 0;
    return {
      id: `90${String(index).padStart(4, '0')}`,
      rows: (isIll ? PLANTED_FAILURE : WELL_ALL_ALONG).filter(([minute]) => minute < 14 * 60),
      died: isIll ? index % 10 !== 0 : index % 10 === 1,
      age: 40 + (index % 7) * 6,
    };
  });
  from = `physionet2012:${writeCohort(ROOT, stays)}`;
  copyModel(MODELS, SERVED, SERVED);
  copyModel(MODELS, OTHER, SERVED);
});
afterAll(() => rmSync(ROOT, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

async function run(more: Partial<RecalibrateCommandOptions> = {}) {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const warned = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await recalibrateCommand({
    from: [from],
    out: join(ROOT, 'out'),
    form: 'logistic',
    output: ['mortality'],
    scores: SCORES,
    workers: 1,
    seed: 1,
    resamples: 20,
    json: true,
    ...more,
  });
  const printed = String(written.mock.calls.at(-1)![0]);
  return { printed, warnings: warned.mock.calls.map(([line]) => String(line)).join('') };
}

async function replayed(recalibration?: string): Promise<ScoredCohort> {
  const threads = new ScoringThreads(1);
  const config = parseConfig({ model: { recalibration } });
  return scoreCohort({ job: { from, config, patients: 20 }, threads }).finally(() => threads.close());
}

function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

it('writes a file that replay takes: every score of that output moves along the line, and no other', async () => {
  const { printed, warnings } = await run();
  const { file, outputs, leftOut, cohort, until } = JSON.parse(printed);
  const { curve, patients, events, before, after } = outputs.mortality;
  expect([patients, events]).toEqual([STAYS, 40]);
  expect(cohort).toBe('set-x');
  expect(new Date(until).toISOString()).toBe(until);
  expect(Object.keys(leftOut)).toEqual(loadModel('latest').shape.outputs.slice(1));
  expect(after.ece.value).toBeLessThan(before.ece.value);
  expect(warnings).toContain('mortality: 40 patients with the outcome; with fewer than 100');

  const text = readFileSync(file, 'utf8');
  const { outputs: curves, measured, sha256 } = JSON.parse(text);
  expect(curves).toEqual({ mortality: curve });
  expect(measured.mortality.before.slope).toEqual(before.slope);
  expect(text).not.toContain(ROOT);

  const [own, moved] = [await replayed(), await replayed(file)];
  expect(moved.result.model).toBe(`${own.result.model}+set-x.${sha256.slice(0, 8)}`);
  expect((await replayed(file)).result.scoresDigest).toBe(moved.result.scoresDigest);
  expect(moved.result.scoresDigest).not.toBe(own.result.scoresDigest);
  let compared = 0;
  moved.stays.forEach(({ times, signals }, index) => {
    const raw = own.stays[index];
    expect([...times]).toEqual([...raw.times]);
    for (const id of ['circulatory', 'respiratory', 'deterioration', 'news2'] as const)
      expect([...signals[id]]).toEqual([...raw.signals[id]]);
    signals.model.forEach((risk, at) => {
      expect(logit(risk)).toBeCloseTo(curve.intercept + curve.slope * logit(raw.signals.model[at]), 4);
      compared++;
    });
  });
  expect(compared).toBeGreaterThan(100);
}, 60_000);

it('recalibrates what explanations compare with, and refuses the file for another model', async () => {
  const { printed } = await run();
  const { file, outputs, model } = JSON.parse(printed);
  const { intercept, slope } = outputs.mortality.curve;
  const open = async (settings: object) => {
    const models = await openModels(parseConfig({ model: settings }), undefined);
    await models.served.runtime.close();
    await models.shadow?.runtime.close();
    return models;
  };
  const [own, moved] = [await open({}), await open({ recalibration: file, shadow: model })];
  expect(logit(moved.served.base.mortality)).toBeCloseTo(
    intercept + slope * logit(own.served.base.mortality),
    4,
  );
  expect(moved.served.base.circulatory).toBe(own.served.base.circulatory);
  // The model beside itself, as it is.
  expect(moved.shadow!.base).toEqual(own.served.base);
  const other = { directory: MODELS, version: OTHER, recalibration: file };
  await expect(open(other)).rejects.toThrow(`is of model ${SERVED}, but ${OTHER} is to be served`);
  await expect(open({ recalibration: join(ROOT, 'none.json') })).rejects.toMatchObject({ code: 'WS_MODEL' });
});

it('measures the model as it is, also where the settings name a recalibration', async () => {
  const first = await run();
  const config = join(ROOT, 'site.yaml');
  writeFileSync(config, `model: { recalibration: ${JSON.parse(first.printed).file} }\n`);
  const again = await run({ config });
  expect(JSON.parse(again.printed)).toEqual(JSON.parse(first.printed));
});

it('is judged beside another model, which stays as it is', async () => {
  const { printed } = await run();
  const { file, model } = JSON.parse(printed);
  const config = parseConfig({ model: { directory: MODELS, recalibration: file } });
  const found = await validate({ config, from, patients: 6, against: OTHER, seed: 1, resamples: 2 });
  expect(found.model).toMatch(`${model}+set-x.`);
  expect(found.comparison).toMatchObject({ a: found.model, b: OTHER });
});

it('prints figures before and after for people', async () => {
  const { printed } = await run({ json: false, name: 'north-icu' });
  expect(printed).toMatch(/on north-icu, before and after/);
  expect(printed).toMatch(/slope +−?\d\.\d\d \[/);
  expect(printed).toContain('model.recalibration');
});

it('refuses too few patients with what is needed, and leaves the file before as it was', async () => {
  const { printed } = await run();
  const { file } = JSON.parse(printed);
  const before = readFileSync(file, 'utf8');
  await expect(run({ form: 'isotonic' })).rejects.toThrow(
    /isotonic recalibration needs 200 with the outcome and 200 without, but mortality has 40 with and 40 without/,
  );
  await expect(run({ output: ['respiratory'] })).rejects.toThrow(/respiratory has 0 with/);
  expect(readFileSync(file, 'utf8')).toBe(before);
});

it('says who died is not known where no source tells', async () => {
  const ward = 'simulate:beds=2,hours=3,seed=1';
  await expect(run({ from: [ward], scores: join(ROOT, 'ward.avro') })).rejects.toThrow(
    /mortality: no source tells who died; name a file with --outcomes/,
  );
});

it('refuses options that cannot be, before it replays', async () => {
  const file = join(ROOT, 'file');
  writeFileSync(file, '');
  await expect(run({ out: file })).rejects.toThrow(/--out .* is not a folder/);
  await expect(run({ out: join(file, 'deeper') })).rejects.toThrow(/--out .* cannot be made/);
  await expect(run({ from: [from, from] })).rejects.toThrow(/--scores goes with one --from only/);
  await expect(run({ name: 'a b' })).rejects.toThrow(/--name a b: it is part of a version/);
  expect(existsSync(join(file, 'deeper'))).toBe(false);
});

it('writes no file where it cannot', async () => {
  const out = join(ROOT, 'full');
  mkdirSync(join(out, 'recalibration.json.part'), { recursive: true });
  await expect(run({ out })).rejects.toMatchObject({ code: 'WS_REPORT' });
  expect(existsSync(join(out, 'recalibration.json'))).toBe(false);
});

it('joins sources', async () => {
  const stays = [0, 1].map((index) => ({ id: `91000${index}`, rows: hourly(0, 6), died: index === 0 }));
  const second = `physionet2012:${writeCohort(join(ROOT, 'second'), stays)}`;
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await recalibrateCommand({
    from: [from, second],
    out: join(ROOT, 'both'),
    form: 'logistic',
    output: ['mortality'],
    patients: 50,
    workers: 1,
    seed: 1,
    resamples: 5,
    json: true,
  });
  const printed = JSON.parse(String(written.mock.calls.at(-1)![0]));
  expect(printed).toMatchObject({ stays: 52, cohort: 'set-x-set-x' });
});
