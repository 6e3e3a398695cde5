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
import { figuresFile } from '../../src/commands/report-files.js';
import { validateCommand } from '../../src/commands/validate.js';
import { PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from '../study/cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-command-'));
const REPORT = join(ROOT, 'report.html');
let from: string;

beforeAll(() => {
  from = `physionet2012:${writeCohort(ROOT, [
    { id: '900001', rows: PLANTED_FAILURE, died: true },
    { id: '900002', rows: WELL_ALL_ALONG, died: false },
  ])}`;
});
afterAll(() => rmSync(ROOT, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const run = (more: { report?: string; outcomes?: string; json?: boolean } = {}) =>
  validateCommand({ from, seed: 1, resamples: 20, sensitivity: 4, workers: 1, json: true, ...more });

it('prints one JSON object and writes the report with its figures beside it', async () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await run({ report: REPORT });
  expect(written).toHaveBeenCalledTimes(1);
  const printed = JSON.parse(String(written.mock.calls[0][0]));
  expect(printed).toMatchObject({ patients: 2, deaths: 1, report: REPORT });
  expect(readFileSync(REPORT, 'utf8')).toContain('</html>');
  const beside = JSON.parse(readFileSync(figuresFile(REPORT), 'utf8'));
  expect(beside).toMatchObject({
    patients: 2,
    auroc: printed.auroc,
    scoresDigest: printed.scoresDigest,
    seed: 1,
  });
  expect(beside.endpoints).toHaveLength(4);
  expect(readdirSync(ROOT).filter((name) => name.endsWith('.part'))).toEqual([]);
});

it.each([
  [join(ROOT, 'none', 'r.html'), 'there is no folder'],
  [join(ROOT, 'r.pdf'), 'its name must end in .html'],
])('refuses %s before it replays anything', async (report, fault) => {
  await expect(run({ report })).rejects.toThrow(fault);
});

it('names what is wrong with outcomes', async () => {
  await expect(run({ outcomes: join(ROOT, 'absent.txt') })).rejects.toThrow('there is no outcomes file');
});

it('leaves the previous report as it was where the new one cannot be written', async () => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const report = join(ROOT, 'kept.html');
  writeFileSync(report, 'previous');
  mkdirSync(`${figuresFile(report)}.part`);
  await expect(run({ report })).rejects.toMatchObject({ code: 'WS_REPORT' });
  expect(readFileSync(report, 'utf8')).toBe('previous');
  expect(existsSync(figuresFile(report))).toBe(false);
});
