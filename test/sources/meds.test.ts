import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import type { SourceMessage } from '../../src/events/source-message.js';
import { openSource } from '../../src/sources/open-source.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-meds-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const HOUR = 3_600_000;
const T0 = Date.UTC(2150, 3, 1, 8);

type Row = readonly [subject: number, time: number | null, code: string, value?: number];
let folders = 0;

function dataset(...shards: readonly (readonly Row[])[]): string {
  const directory = join(ROOT, String(folders++));
  mkdirSync(join(directory, 'data', 'train'), { recursive: true });
  shards.forEach((rows, index) => {
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'subject_id', data: rows.map(([subject]) => BigInt(subject)), type: 'INT64' },
        {
          name: 'time',
          data: rows.map(([, time]) => (time === null ? null : new Date(time))),
          type: 'TIMESTAMP',
          nullable: true,
        },
        { name: 'code', data: rows.map(([, , code]) => code), type: 'STRING' },
        {
          name: 'numeric_value',
          data: rows.map(([, , , value]) => value ?? null),
          type: 'DOUBLE',
          nullable: true,
        },
      ],
    });
    writeFileSync(join(directory, 'data', 'train', `${index}.parquet`), Buffer.from(bytes));
  });
  return directory;
}

async function read(directory: string, limit?: number) {
  const source = openSource(`meds:${directory}`, limit);
  const messages: SourceMessage[] = [];
  for await (const message of source.messages()) messages.push(message);
  return { source, messages };
}

const SUBJECT: readonly Row[] = [
  [1, null, 'GENDER//F'],
  [1, Date.UTC(2090, 3, 1), 'MEDS_BIRTH'],
  [1, T0 - 5 * HOUR, 'HOSPITAL_ADMISSION//EW'],
  [1, T0 - HOUR, 'LOINC//2524-7', 1.5],
  [1, T0, 'ICU_ADMISSION//MICU'],
  [1, T0 + HOUR, 'LOINC//8867-4', 90],
  [1, T0 + HOUR, 'LAB//50813//mmol/L', 2.5],
  [1, T0 + HOUR, 'LAB//99999//?', 7],
  [1, T0 + HOUR, 'DIAGNOSIS//X'],
  [1, T0 + 4 * HOUR, 'ICU_DISCHARGE'],
  [1, T0 + 30 * HOUR, 'HOSPITAL_DISCHARGE//DIED'],
  [1, T0 + 36 * HOUR, 'MEDS_DEATH'],
];

describe('a MEDS data set', () => {
  it('has stays between admission to the unit and discharge from it', async () => {
    const { source, messages } = await read(dataset(SUBJECT));
    const admitted = messages[0].eventTime;
    expect(messages.map(({ topic, eventTime }) => [topic, (eventTime - admitted) / HOUR])).toEqual([
      ['ward.adt', 0],
      ['ward.vitals', 1],
      ['ward.labs', 1],
      ['ward.adt', 4 + 1 / HOUR],
    ]);
    expect(messages[0].record).toMatchObject({ sex: 'FEMALE', ageYears: expect.closeTo(60, 1) });
    expect(messages[2].record).toMatchObject({
      observations: [{ code: '2524-7', value: 2.5, unit: 'mmol/L' }],
    });
    // Four values, age and sex.
    expect(source.counts).toMatchObject({ patients: 1, rows: 6, descriptors: 2 });
    expect(source.ledger?.unmapped).toEqual(new Map([['LAB//99999//?', 1]]));
    expect([...source.ledger!.values]).toEqual([['outside a stay, or after 31 days of it', 1]]);
    expect(await source.labels?.()).toMatchObject({
      outcome: 'death in hospital',
      byPatient: new Map([['1', { happened: true, onsetMs: null }]]),
    });
  });

  it('has a stay for each admission, over all shards, and death belongs to the stay it ends', async () => {
    const twice: readonly Row[] = [
      [2, T0, 'ICU_ADMISSION'],
      [2, T0 + HOUR, 'LOINC//8867-4', 80],
      [2, T0 + 2 * HOUR, 'ICU_DISCHARGE'],
      [2, T0 + 200 * HOUR, 'ICU_ADMISSION'],
      [2, T0 + 201 * HOUR, 'LOINC//8867-4', 120],
      [2, T0 + 202 * HOUR, 'ICU_DISCHARGE'],
      [2, T0 + 203 * HOUR, 'MEDS_DEATH'],
    ];
    const directory = dataset(SUBJECT, twice, [
      [3, T0, 'LOINC//8867-4', 70],
      [3, T0 + HOUR, 'X'],
    ]);
    const { source, messages } = await read(directory);
    expect(new Set(messages.map(({ key }) => key))).toEqual(new Set(['1', '2', '2-2', '3']));
    const { byPatient } = (await source.labels?.())!;
    expect([...byPatient].map(([id, { happened }]) => [id, happened])).toEqual([
      ['1', true],
      ['2', false],
      ['2-2', true],
      ['3', false],
    ]);
    expect((await read(directory, 2)).source.counts.patients).toBe(2);
    // Asked before anything is read, the labels are the same.
    expect(await openSource(`meds:${directory}`).labels?.()).toEqual(await source.labels?.());
  });

  it.each([['first'], ['last']])(
    'has two stays where one begins as the other ends, the beginning %s',
    async (place) => {
      const turn: readonly Row[] = [
        [4, T0 + 2 * HOUR, 'ICU_ADMISSION//SICU'],
        [4, T0 + 2 * HOUR, 'ICU_DISCHARGE//MICU'],
      ];
      const rows: readonly Row[] = [
        [4, T0, 'ICU_ADMISSION//MICU'],
        [4, T0 + HOUR, 'LOINC//8867-4', 80],
        ...(place === 'first' ? turn : turn.toReversed()),
        [4, T0 + 2 * HOUR, 'LOINC//8867-4', 90],
        [4, T0 + 3 * HOUR, 'LOINC//8867-4', 91],
        [4, T0 + 4 * HOUR, 'ICU_DISCHARGE//SICU'],
      ];
      const { source, messages } = await read(dataset(rows));
      expect(messages.map(({ key, topic }) => `${key} ${topic}`).sort()).toEqual([
        '4 ward.adt',
        '4 ward.adt',
        '4 ward.vitals',
        '4-2 ward.adt',
        '4-2 ward.adt',
        '4-2 ward.vitals',
        '4-2 ward.vitals',
      ]);
      expect(source.counts).toMatchObject({ patients: 2, rows: 3 });
    },
  );

  it('that cannot be used is named', async () => {
    expect(() => openSource(`meds:${ROOT}/none`)).toThrow('holds no MEDS data');
    await expect(read(dataset([...SUBJECT, [9, T0, 'X'], SUBJECT[0]]))).rejects.toThrow(
      'the rows of subject 1 do not follow each other',
    );
    const { source } = await read(
      dataset([
        [4, T0, 'X'],
        [4, T0, 'LAB//99999//?', 3],
      ]),
    );
    expect([...source.ledger!.stays]).toEqual([['no value that is mapped', 1]]);
  });
});
