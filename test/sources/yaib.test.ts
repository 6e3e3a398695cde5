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
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SourceMessage } from '../../src/events/source-message.js';
import { openSource } from '../../src/sources/open-source.js';
import { type Column, type Tables, writeTask } from '../replay/yaib-task.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-yaib-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const HOUR = 3_600_000;

let folders = 0;

/** Times in seconds. */
function task(tables: Tables, name?: string, rowGroupSize?: number): string {
  return writeTask(join(ROOT, String(folders++)), tables, name, rowGroupSize);
}

async function read(directory: string, limit?: number) {
  const source = openSource(`yaib:${directory}`, limit);
  const messages: SourceMessage[] = [];
  for await (const message of source.messages()) messages.push(message);
  return { source, messages };
}

const DYN: readonly Column[] = [
  ['stay_id', [7, 7, 8], 'INT32'],
  ['time', [0n, 3600n, 0n], 'INT64'],
  ['hr', [80, 90, 70]],
  ['fio2', [40, null, 0.5]],
  ['ptt', [30, null, 31]],
];
const STA: readonly Column[] = [
  ['stay_id', [7, 8], 'INT32'],
  ['age', [60, 61]],
  ['sex', ['Male', 'Female'], 'STRING'],
  ['height', [170, null]],
  ['weight', [80, 60]],
];
const OUTC: readonly Column[] = [
  ['stay_id', [7, 8], 'INT32'],
  ['label', [1, 0], 'INT32'],
];

describe('a YAIB cohort', () => {
  it('hands on the values of an hour when that hour is over', async () => {
    const { messages } = await read(task({ dyn: DYN, sta: STA, outc: OUTC }));
    const admitted = messages[0].eventTime;
    const vitals = messages.filter(({ key, topic }) => key === '7' && topic === 'ward.vitals');
    expect(vitals.map(({ eventTime }) => eventTime - admitted)).toEqual([HOUR - 1, 2 * HOUR - 1]);
    expect(vitals[0].record).toMatchObject({
      observations: [
        { code: '8867-4', value: 80, unit: '/min' },
        { code: '3150-6', value: 40, unit: '%' },
      ],
    });
    const other = messages.find(({ key, topic }) => key === '8' && topic === 'ward.vitals')!;
    expect(other.record).toMatchObject({ observations: [{}, { value: 0.5, unit: '1' }] });
    const ends = messages.filter(({ record }) => 'type' in record && record.type === 'DISCHARGE');
    expect(ends.map(({ key, eventTime }) => [key, (eventTime - admitted) / HOUR])).toEqual([
      ['8', 1],
      ['7', 2],
    ]);
    expect(messages[0].record).toMatchObject({ ageYears: 60, sex: 'MALE', heightCm: 170, weightKg: 80 });
  });

  it('accounts for every cell, and lists what is not mapped', async () => {
    const { source } = await read(task({ dyn: DYN, sta: STA, outc: OUTC }));
    // 7 values in dyn, 7 in sta.
    expect(source.counts).toMatchObject({ patients: 2, rows: 14, descriptors: 7, malformed: 0 });
    expect(source.ledger?.unmapped).toEqual(new Map([['ptt', 2]]));
    expect(source.ledger?.setAside).toBe(2);
    expect(source.total).toBe(2);
  });

  it('has the outcome in outc.parquet, by stay or by hour', async () => {
    const byStay = await read(task({ dyn: DYN, sta: STA, outc: OUTC }));
    expect(await byStay.source.labels?.()).toMatchObject({
      outcome: 'death in hospital',
      byPatient: new Map([
        ['7', { happened: true, onsetMs: null }],
        ['8', { happened: false, onsetMs: null }],
      ]),
    });
    const hourly: readonly Column[] = [
      ['stay_id', [7, 7, 8], 'INT32'],
      ['time', [0n, 3600n, 0n], 'INT64'],
      ['label', [false, true, false], 'BOOLEAN'],
    ];
    const { source } = await read(task({ dyn: DYN, outc: hourly }, 'sepsis'));
    expect(await source.labels?.()).toMatchObject({
      outcome: 'sepsis',
      byPatient: new Map([
        // The label leads the onset by six hours.
        ['7', { happened: true, onsetMs: 7 * HOUR }],
        ['8', { happened: false, onsetMs: null }],
      ]),
    });
  });

  it('names stays that do not fit together, and values before admission', async () => {
    const dyn = DYN.map(
      ([name, data, type]): Column => [name, name === 'time' ? [-3600n, 3600n, 0n] : data, type],
    );
    const sta = STA.map(
      ([name, data, type]): Column => [name, name === 'stay_id' ? [7, 7, 9] : [...data, data[0]], type],
    );
    const { source, messages } = await read(task({ dyn, sta, outc: OUTC }));
    expect([...source.ledger!.values]).toEqual([['charted before admission', 2]]);
    expect([...source.ledger!.stays]).toEqual([['no row in dyn.parquet', 1]]);
    expect([...source.ledger!.notes]).toEqual([
      ['named twice in sta.parquet: the first row counts', 1],
      ['not in sta.parquet: used without age and sex', 1],
    ]);
    expect(source.total).toBe(2);
    expect(messages.every(({ eventTime }) => eventTime >= messages[0].eventTime)).toBe(true);
  });

  it('reads times in hours as well, and only as many stays as are asked for', async () => {
    const dyn = DYN.map(
      ([name, data, type]): Column => (name === 'time' ? ['time', [0, 1, 0], 'DOUBLE'] : [name, data, type]),
    );
    const { source, messages } = await read(task({ dyn }), 1);
    expect(source.counts.patients).toBe(1);
    expect(messages.at(-1)!.eventTime - messages[0].eventTime).toBe(2 * HOUR);
  });

  it('streams: many windows and row groups give every row once, in order', async () => {
    const stays = 2000;
    const hours = Array.from({ length: stays * 25 }, (_, row) => row);
    const dyn: readonly Column[] = [
      ['stay_id', hours.map((row) => Math.floor(row / 25)), 'INT32'],
      ['time', hours.map((row) => BigInt((row % 25) * 3600)), 'INT64'],
      ['hr', hours.map((row) => 40 + (row % 100))],
    ];
    const { source, messages } = await read(task({ dyn }, 'mortality24', 7001));
    expect(source.counts).toMatchObject({ patients: stays, rows: stays * 25 });
    const values = new Map<string, number[]>();
    for (const { key, record } of messages) {
      if (!('observations' in record)) continue;
      values.set(key, [...(values.get(key) ?? []), record.observations[0].value]);
    }
    expect(values.size).toBe(stays);
    expect(values.get('1999')).toEqual(hours.slice(-25).map((row) => 40 + (row % 100)));
    for (let index = 1; index < messages.length; index++) {
      if (messages[index].eventTime < messages[index - 1].eventTime) expect.fail(`out of order at ${index}`);
    }
  });
});

describe('a YAIB cohort whose rows of a stay lie apart', () => {
  const [STAYS, HOURS] = [300, 200];
  /** All stays of an hour together, hours backwards or forwards; a text for an id. */
  const columns = (order: (row: number) => readonly [stay: number, hour: number]): Column[] => {
    const rows = Array.from({ length: STAYS * HOURS }, (_, row) => order(row));
    return [
      ['hr', rows.map(([stay, hour]) => (hour % 7 === 0 ? null : 40 + ((stay + hour) % 100)))],
      ['stay_id', rows.map(([stay]) => `s${stay}`), 'STRING'],
      ['time', rows.map(([, hour]) => BigInt(hour * 3600)), 'INT64'],
    ];
  };
  const grouped = task({ dyn: columns((row) => [Math.floor(row / HOURS), row % HOURS]) });
  const TEMPORARY = join(ROOT, 'temporary');
  beforeAll(() => {
    mkdirSync(TEMPORARY);
    vi.stubEnv('TMPDIR', TEMPORARY);
  });
  afterAll(() => vi.unstubAllEnvs());

  it.each([
    ['by hour', (row: number) => [row % STAYS, Math.floor(row / STAYS)] as const],
    ['backwards', (row: number) => [row % STAYS, HOURS - 1 - Math.floor(row / STAYS)] as const],
  ])('is read %s as if it were sorted', async (_, order) => {
    const expected = await read(grouped);
    const { source, messages } = await read(task({ dyn: columns(order) }, 'mortality24', 7001));
    expect(messages).toHaveLength(expected.messages.length);
    for (let index = 0; index < messages.length; index++) {
      if (!isDeepStrictEqual(messages[index], expected.messages[index])) {
        expect(messages[index]).toEqual(expected.messages[index]);
      }
    }
    expect(source.counts).toEqual(expected.source.counts);
    // What it needed on disk is gone.
    expect(readdirSync(TEMPORARY)).toEqual([]);
  });

  it('leaves nothing behind where only a part of it is asked for', async () => {
    const apart = task({ dyn: columns((row) => [row % STAYS, Math.floor(row / STAYS)]) });
    expect((await read(apart, 3)).source.counts.patients).toBe(3);
    expect(readdirSync(TEMPORARY)).toEqual([]);
  });

  it('says what to do where there is no room on disk', async () => {
    const apart = task({ dyn: columns((row) => [row % STAYS, Math.floor(row / STAYS)]) });
    vi.stubEnv('TMPDIR', join(ROOT, 'nowhere'));
    await expect(read(apart)).rejects.toThrow(/no room to sort them in .*sort the table by stay_id and time/);
    vi.stubEnv('TMPDIR', TEMPORARY);
  });
});

describe('a YAIB cohort that cannot be used', () => {
  it.each([
    ['an empty folder', {}, 'holds no dyn.parquet; give the folder of one YAIB task'],
    [
      'no time',
      { dyn: DYN.filter(([name]) => name !== 'time') },
      'lacks the column time; it has stay_id, hr',
    ],
  ])('%s', async (_, tables, fault) => {
    await expect(async () => read(task(tables))).rejects.toThrow(fault);
  });

  it.each([
    ['a label that is no outcome', [168, 12], 'the label 168 is neither 0 nor 1'],
    ['no label', [null, 1], 'the label null is neither 0 nor 1'],
  ])('%s', async (_, label, fault) => {
    const { source } = await read(task({ dyn: DYN, outc: [OUTC[0], ['label', label]] }));
    await expect(source.labels?.()).rejects.toThrow(fault);
  });

  it('a stay with two outcomes', async () => {
    const outc: readonly Column[] = [
      ['stay_id', [7, 7], 'INT32'],
      ['label', [0, 1], 'INT32'],
    ];
    const { source } = await read(task({ dyn: DYN, outc }));
    await expect(source.labels?.()).rejects.toThrow('says both 0 and 1 of stay 7');
  });

  it('a file that was cut', async () => {
    const directory = task({ dyn: DYN });
    const file = join(directory, 'dyn.parquet');
    const whole = readFileSync(file);
    for (const bytes of [0, 3, 40, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, bytes));
      await expect(read(directory)).rejects.toThrow('dyn.parquet is not a whole Parquet file');
    }
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 4, whole.length / 3);
    writeFileSync(file, damaged);
    await expect(read(directory)).rejects.toThrow('is not a whole Parquet file');
  });
});

const DEMO = resolve('../shared/data/yaib-mimic-demo');
describe.skipIf(!existsSync(DEMO))('the MIMIC demo as YAIB prepares it', () => {
  it('is read whole', async () => {
    const { source } = await read(`${DEMO}/mortality24`);
    expect(source.counts).toMatchObject({ patients: 99, malformed: 0 });
    const labels = await source.labels?.();
    expect([...labels!.byPatient.values()].filter(({ happened }) => happened)).toHaveLength(21);
    await expect((await read(`${DEMO}/los`)).source.labels?.()).rejects.toThrow(
      'give a task with a binary outcome',
    );
  });
});
