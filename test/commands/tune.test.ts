import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { readPolicy } from '../../src/commands/policy-file.js';
import { type TuneCommandOptions, tuneCommand } from '../../src/commands/tune.js';
import { loadConfig } from '../../src/settings/config.js';
import { PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from '../study/cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-tune-'));
const SCORES = join(ROOT, 'scores.avro');
/** Some fall ill, and the model foretells it. */
const WARD = 'simulate:beds=30,hours=30,seed=2,interval=1800';
/** Nobody's breathing fails, and nothing foretells what does. */
let suddenly: string;

beforeAll(() => {
  const stays = Array.from({ length: 8 }, (_, index) => ({
    id: `90000${index}`,
    rows: index % 2 === 0 ? PLANTED_FAILURE : WELL_ALL_ALONG,
    died: null,
  }));
  suddenly = `physionet2012:${writeCohort(ROOT, stays)}`;
});
afterAll(() => rmSync(ROOT, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

async function run(more: Partial<TuneCommandOptions> = {}) {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const out = join(ROOT, 'policy.yaml');
  await tuneCommand({
    from: WARD,
    budget: 2,
    precision: 0,
    events: 'deterioration',
    out,
    scores: SCORES,
    workers: 1,
    seed: 2,
    resamples: 20,
    json: true,
    ...more,
  });
  return JSON.parse(String(written.mock.calls.at(-1)![0]));
}

it('writes rules that the settings and --policy take, a report, and prints what they do on the other half', async () => {
  const report = join(ROOT, 'tuned.html');
  const printed = await run({ report });
  expect(printed).toMatchObject({
    budget: 2,
    partial: false,
    halves: { tuned: { patients: 15 }, reported: { patients: 15 } },
  });
  expect(printed.tuned.alertsPerPatientDay).toBeLessThanOrEqual(2);
  expect(printed.tuned.recall).toBeGreaterThan(0);
  expect(Object.keys(printed.reported.intervals)).toContain('warned');
  expect(printed.others.map(({ name }: { name: string }) => name)).toEqual(['as shipped']);
  expect(loadConfig(printed.out).alerts.rules).toEqual(printed.rules);
  expect(readPolicy(printed.out).rules).toEqual(printed.rules);
  const yaml = readFileSync(printed.out, 'utf8');
  expect(yaml).toContain(`SHA-256 ${printed.scoresDigest}`);
  expect(yaml).toContain(`Tuned on ${printed.halves.tuned.stays} stays`);
  const html = readFileSync(report, 'utf8');
  expect(html).toContain('</html>');
  expect(html).toContain('budget 2');
  expect(readdirSync(ROOT).filter((name) => name.endsWith('.part'))).toEqual([]);
});

it('finds the same rules from kept scores, and reports on others beside them', async () => {
  const first = await run();
  const again = await run({ policy: [first.out], out: join(ROOT, 'again.yml') });
  expect(again.rules).toEqual(first.rules);
  const { name: _, ...found } = again.reported;
  expect(again.others.find(({ name }: { name: string }) => name === 'policy')).toMatchObject(found);
});

it.each([
  [{ out: join(ROOT, 'none', 'policy.yaml') }, 'there is no folder'],
  [{ out: join(ROOT, 'policy.txt') }, '--out .*: its name must end in .yaml'],
  [{ report: join(ROOT, 'r.pdf') }, '--report .*: its name must end in .html'],
] as const)('refuses %o before it replays anything', async (more, fault) => {
  await expect(run(more)).rejects.toThrow(new RegExp(fault));
});

it('says what is missing where there is nothing to tune on', async () => {
  await expect(run({ patients: 1, scores: join(ROOT, 'one.avro') })).rejects.toThrow(/both need some/);
  const scores = join(ROOT, 'suddenly.avro');
  await expect(run({ from: suddenly, scores, events: 'respiratoryFailure' })).rejects.toThrow(
    /0 are in the half to tune on and 0 in the other/,
  );
});

it('writes no policy that catches nothing', async () => {
  const scores = join(ROOT, 'suddenly.avro');
  await expect(run({ from: suddenly, scores })).rejects.toThrow(/no policy catches an event/);
});

it('leaves the previous policy as it was where the new one cannot be written', async () => {
  const out = join(ROOT, 'kept.yaml');
  writeFileSync(out, 'previous');
  mkdirSync(`${out}.part`);
  await expect(run({ out })).rejects.toMatchObject({ code: 'WS_REPORT' });
  expect(readFileSync(out, 'utf8')).toBe('previous');
  expect(existsSync(`${out}.part`)).toBe(false);
});
