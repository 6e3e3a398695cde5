import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { figuresFile } from '../../src/commands/report-files.js';
import { validateCommand } from '../../src/commands/validate.js';
import type { Validation } from '../../src/study/run.js';
import { type Column, type Tables, writeTask } from '../replay/yaib-task.js';
import { hourly, writeCohort } from './cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-bad-input-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => vi.restoreAllMocks());
let folders = 0;
const fresh = () => join(ROOT, String(folders++));

/** Four stays of three hours; the first two died. */
const ROWS = Array.from({ length: 12 }, (_, row) => ({ stay: Math.floor(row / 3) + 1, hour: row % 3 }));
const DYN: readonly Column[] = [
  ['stay_id', ROWS.map(({ stay }) => stay), 'INT32'],
  ['time', ROWS.map(({ hour }) => BigInt(hour * 3600)), 'INT64'],
  ['hr', ROWS.map(({ stay, hour }) => 70 + 5 * stay + hour)],
];
const STA: readonly Column[] = [
  ['stay_id', [1, 2, 3, 4], 'INT32'],
  ['age', [60, 61, 62, 63]],
];
const OUTC: readonly Column[] = [
  ['stay_id', [1, 2, 3, 4], 'INT32'],
  ['label', [1, 1, 0, 0], 'INT32'],
];
const WHOLE: Tables = { dyn: DYN, sta: STA, outc: OUTC };
const without = (columns: readonly Column[], name: string) => columns.filter(([column]) => column !== name);
const withData = (columns: readonly Column[], name: string, data: readonly unknown[]) =>
  columns.map(([column, before, type]): Column => [column, column === name ? data : before, type]);

const run = (from: string, report: string, more: { outcomes?: string; scores?: string } = {}) =>
  validateCommand({ from, report, seed: 1, resamples: 20, sensitivity: 0, workers: 1, json: true, ...more });

/** What the report and the JSON beside it say. */
async function reported(from: string, outcomes?: string): Promise<{ text: string; found: Validation }> {
  const report = `${fresh()}.html`;
  await run(from, report, outcomes === undefined ? {} : { outcomes });
  const found = JSON.parse(readFileSync(figuresFile(report), 'utf8')) as Validation;
  return { text: readFileSync(report, 'utf8'), found };
}

function cut(directory: string, table: string): string {
  const file = join(directory, `${table}.parquet`);
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, whole.length - 20));
  return directory;
}

describe('what cannot be used is said, and the previous report stays as it was', () => {
  it.each<[what: string, source: () => string, fault: string]>([
    ['a values table that was cut', () => cut(writeTask(fresh(), WHOLE), 'dyn'), 'not a whole Parquet file'],
    ['an outcomes table that was cut', () => cut(writeTask(fresh(), WHOLE), 'outc'), 'not a whole Parquet'],
    [
      'no column of stays',
      () => writeTask(fresh(), { ...WHOLE, dyn: without(DYN, 'stay_id') }),
      'lacks the column stay_id; it has time, hr',
    ],
    [
      'no column of labels',
      () => writeTask(fresh(), { ...WHOLE, outc: without(OUTC, 'label') }),
      'lacks the column label; it has stay_id',
    ],
    ['an empty folder', () => writeTask(fresh(), {}), 'holds no dyn.parquet'],
    ['no table of outcomes', () => writeTask(fresh(), { dyn: DYN }), 'has no outcomes of its own'],
    [
      'outcomes of other patients',
      () => writeTask(fresh(), { ...WHOLE, outc: withData(OUTC, 'stay_id', [11, 12, 13, 14]) }),
      'none of the 4 stays has both a score and an outcome',
    ],
    [
      'a stay with two outcomes',
      () => writeTask(fresh(), { ...WHOLE, outc: withData(OUTC, 'stay_id', [1, 2, 3, 1]) }),
      'says both 0 and 1 of stay 1',
    ],
  ])('%s', async (_, source, fault) => {
    const report = `${fresh()}.html`;
    writeFileSync(report, 'previous');
    writeFileSync(figuresFile(report), '{"previous":true}');
    await expect(run(`yaib:${source()}`, report)).rejects.toMatchObject({
      code: 'WS_SOURCE',
      message: expect.stringContaining(fault),
    });
    expect(readFileSync(report, 'utf8')).toBe('previous');
    expect(readFileSync(figuresFile(report), 'utf8')).toBe('{"previous":true}');
  });

  it.each<[what: string, damage: (bytes: Buffer) => Buffer, fault: string]>([
    ['damaged', (bytes) => bytes.fill(0xff, bytes.length - 60, bytes.length - 30), 'is damaged'],
    ['cut', (bytes) => bytes.subarray(0, bytes.length - 100), 'is damaged'],
    ['cut within its header', (bytes) => bytes.subarray(0, 200), 'holds no scores of Wardstream'],
  ])('a store of scores that is %s', async (_, damage, fault) => {
    const from = `yaib:${writeTask(fresh(), WHOLE)}`;
    const [report, scores] = [`${fresh()}.html`, `${fresh()}.avro`];
    await run(from, report, { scores });
    const previous = readFileSync(report, 'utf8');
    writeFileSync(scores, damage(readFileSync(scores)));
    await expect(run(from, report, { scores })).rejects.toMatchObject({
      code: 'WS_SOURCE',
      message: expect.stringContaining(`${scores} ${fault}`),
    });
    expect(readFileSync(report, 'utf8')).toBe(previous);
  });
});

describe('what is left out or odd has a name in the report', () => {
  it('stays without outcomes, and outcomes without stays', async () => {
    const outc = withData(OUTC, 'stay_id', [1, 2, 3, 99]);
    const { text, found } = await reported(`yaib:${writeTask(fresh(), { ...WHOLE, outc })}`);
    expect(found.flow).toMatchObject({ source: 4, withoutOutcome: 1, evaluated: 3, outcomesWithoutStay: 1 });
    expect(text).toContain('>no outcome: 1<');
    expect(text).toContain('Outcomes without a stay in this run, not used: 1.');
  });

  it('a stay that is there twice, one without values, and values before admission', async () => {
    const dyn = withData(DYN, 'time', [-3600n, ...ROWS.slice(1).map(({ hour }) => BigInt(hour * 3600))]);
    const sta = withData(withData(STA, 'stay_id', [1, 2, 2, 3, 4, 5]), 'age', [60, 61, 30, 62, 63, 64]);
    const { text, found } = await reported(`yaib:${writeTask(fresh(), { ...WHOLE, dyn, sta })}`);
    expect(found.flow).toMatchObject({
      source: 5,
      excluded: [{ what: 'no row in dyn.parquet', count: 1 }],
      notes: [{ what: 'named twice in sta.parquet: the first row counts', count: 1 }],
      values: [{ what: 'charted before admission', count: 1 }],
      evaluated: 4,
    });
    expect(text).toContain('>no row in dyn.parquet: 1<');
    expect(text).toContain(
      'Stays evaluated although odd: named twice in sta.parquet: the first row counts 1.',
    );
    expect(text).toContain('Values left out: charted before admission 1.');
  });

  it('a column whose units are mixed is read in the unit that makes sense, and what makes none is counted', async () => {
    // Percent and fractions; the third value is neither.
    const fio2 = ROWS.map((_, row) => [40, 0.5, 4000][row % 3]);
    const dyn: readonly Column[] = [...DYN, ['fio2', fio2]];
    const { found } = await reported(`yaib:${writeTask(fresh(), { ...WHOLE, dyn })}`);
    expect(found.cohort.everKnown.FiO2).toBe(4);
    expect(found.replay.deadLettersByReason).toEqual({ 'impossible-value': 4 });
  });

  it.each([
    [1, 'everybody'],
    [0, 'nobody'],
  ])('one class only: a label of %i for %s', async (label) => {
    const outc = withData(OUTC, 'label', [label, label, label, label]);
    const { text, found } = await reported(`yaib:${writeTask(fresh(), { ...WHOLE, outc })}`);
    expect(found.deaths).toBe(4 * label);
    expect(found.hours[3].model.auroc).toEqual({ value: null, interval: [null, null] });
    expect(text).not.toMatch(/NaN|undefined/);
    expect(text).toContain('<td>–</td>');
  });

  it('times that are none, in a folder of text files', async () => {
    const set = writeCohort(fresh(), [
      { id: '900001', rows: hourly(0, 5), died: true },
      { id: '900002', rows: hourly(0, 5), died: false },
    ]);
    const file = join(set, '900001.txt');
    writeFileSync(file, `${readFileSync(file, 'utf8')}-1:30,HR,80\nxx:yy,HR,80\n03:00,HR\n`);
    const { text, found } = await reported(`physionet2012:${set}`);
    expect(found.replay.malformed).toBe(3);
    expect(text).toContain('unreadable 3,');
    mkdirSync(join(ROOT, 'empty'));
    await expect(run(`physionet2012:${join(ROOT, 'empty')}`, `${fresh()}.html`)).rejects.toThrow(
      'holds no stays',
    );
  });
});
