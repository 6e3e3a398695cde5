import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import type { SourceMessage } from '../../src/events/source-message.js';
import { durationUnits } from '../../src/sources/arrow-schema.js';
import { idIn, NO_NUMBER, numberInText, yesOrNo } from '../../src/sources/cells.js';
import { parseRange } from '../../src/sources/kafka-range.js';
import { openSource } from '../../src/sources/open-source.js';
import { readOutcomes } from '../../src/sources/outcomes.js';
import { ParquetTable } from '../../src/sources/parquet.js';
import { temporaryDirectory } from '../helpers.js';
import { type Column, writeTask } from '../replay/yaib-task.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DEMO = resolve('../shared/data/yaib-mimic-demo/mortality24/dyn.parquet');

async function read(from: string) {
  const source = openSource(from);
  const messages: SourceMessage[] = [];
  for await (const message of source.messages()) messages.push(message);
  return { source, messages, values: messages.flatMap(valuesOf) };
}

function valuesOf({ record }: SourceMessage): [code: string, value: number][] {
  const { observations = [] } = record as { observations?: { code: string; value: number }[] };
  return observations.map(({ code, value }) => [code, value]);
}

describe('a cell', () => {
  it.each([
    ['80', 80],
    [' 80\t', 80],
    ['-1.5e2', -150],
    ['<0.3', 0.3],
    ['> 89', 89],
    ['.5', 0.5],
    ['', Number.NaN],
    [' \t', Number.NaN],
    ['NaN', Number.NaN],
    ['NA', Number.NaN],
    ['null', Number.NaN],
    ['None', Number.NaN],
    ['80 bpm', NO_NUMBER],
    ['0x10', NO_NUMBER],
    ['Infinity', NO_NUMBER],
    ['1,5', NO_NUMBER],
    ['high', NO_NUMBER],
  ])('%j is %d', (text, value) => {
    expect(numberInText(text)).toBe(value);
  });

  it.each([
    ['1', true],
    ['1.0', true],
    ['True', true],
    [' yes', true],
    [1n, true],
    [true, true],
    ['0', false],
    ['0.0', false],
    ['FALSE', false],
    [0, false],
    ['2', null],
    ['', null],
    [null, null],
    ['died', null],
  ])('%s is the label %s', (cell, label) => {
    expect(yesOrNo(cell)).toBe(label);
  });

  it.each([
    [7n, '7'],
    [' p7 ', 'p7'],
    [null, null],
    [undefined, null],
    ['null', null],
    ['NaN', null],
    [Number.NaN, null],
    ['', null],
  ])('%s is the id %s', (cell, id) => {
    expect(idIn(cell)).toBe(id);
  });
});

describe('a PhysioNet 2019 folder', () => {
  const stay = (...rows: readonly string[]) => ['HR|Temp|ICULOS|SepsisLabel', ...rows].join('\n');
  const folder = (files: Readonly<Record<string, string>>) => {
    const directory = temporaryDirectory();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return `physionet2019:${directory}`;
  };

  it('has no value in a blank cell, and accounts for what is no number', async () => {
    const { values, source } = await read(folder({ 'p1.psv': stay(' |\t|1|0', '80|<36|2|0', 'off|37|3|0') }));
    expect(values).toEqual([
      ['8867-4', 80],
      ['8310-5', 36],
      ['8310-5', 37],
    ]);
    expect(source.counts).toMatchObject({ rows: 4, malformed: 1 });
  });

  it.each(['1', '1.0', 'True'])('has the onset of a label %s', async (label) => {
    const { source } = await read(folder({ 'p1.psv': stay('80|37|1|0', `80|37|2|${label}`) }));
    const labels = await source.labels?.();
    expect(labels?.byPatient.get('p1')).toEqual({ happened: true, onsetMs: 8 * HOUR });
  });

  it('sets aside a file that is no stay, and goes on', async () => {
    const { source, values } = await read(folder({ '._p1.psv': 'Mac OS X', 'p1.psv': stay('80|37|1|0') }));
    expect([values.length, source.counts.patients]).toEqual([2, 1]);
    expect([...(source.ledger?.stays.values() ?? [])]).toEqual([1]);
    expect((await source.labels?.())?.byPatient.size).toBe(1);
  });
});

describe('a PhysioNet 2012 folder', () => {
  it.each(['Time,Parameter,Value', ''])('loses no row to a first line %j', async (header) => {
    const directory = join(temporaryDirectory(), 'set-a');
    mkdirSync(directory);
    writeFileSync(
      join(directory, '1.txt'),
      `${header}\n00:00,RecordID,1\n00:00,Age,60\n00:10,HR,80\n`.trimStart(),
    );
    writeFileSync(join(directory, '2.txt'), '00:10,HR,90\n00:20,HR,95\n');
    const { source, values } = await read(`physionet2012:${directory}`);
    expect(source.counts.rows).toBe(5);
    expect(values.map(([, value]) => value)).toEqual([80, 90, 95]);
  });

  it('has outcomes however they are spelled', () => {
    const file = join(temporaryDirectory(), 'outcomes.txt');
    writeFileSync(file, 'RecordID,In-hospital_death\n1,1.0\n2,True\n3,0\n');
    expect([...readOutcomes(file).values()].map(({ happened }) => happened)).toEqual([true, true, false]);
    writeFileSync(file, 'RecordID,In-hospital_death\n1,maybe\n');
    expect(() => readOutcomes(file)).toThrow('maybe');
  });
});

describe('a YAIB task', () => {
  const task = (...dyn: readonly Column[]) => `yaib:${writeTask(temporaryDirectory(), { dyn })}`;

  it('reads numbers that are text, and accounts for text that is none', async () => {
    const { source, values } = await read(
      task(
        ['stay_id', ['1', '1', '1'], 'STRING'],
        ['time', [0, 1, 2]],
        ['hr', ['80', 'off', '< 40'], 'STRING'],
      ),
    );
    expect(values.map(([, value]) => value)).toEqual([80, 40]);
    expect(source.counts).toMatchObject({ rows: 3, malformed: 1 });
  });

  it.each([
    ['together', ['1', null, 'null', '2']],
    ['apart', ['1', '2', null, '1']],
  ])('has no stay without an id, with rows of a stay %s', async (_, ids) => {
    const { source, messages, values } = await read(
      task(['stay_id', ids, 'STRING'], ['time', [0, 1, 2, 3]], ['hr', [80, 81, 82, 83]]),
    );
    const known = ids.filter((id) => id !== null && id !== 'null').length;
    expect(new Set(messages.map(({ key }) => key))).toEqual(new Set(['1', '2']));
    expect(values).toHaveLength(known);
    expect(source.counts.rows).toBe(4);
    expect(source.ledger?.values).toEqual(new Map([['without a stay', 4 - known]]));
  });

  it('has times to the millisecond of fractions of an hour', async () => {
    const times = [0, Math.fround(17 / 60), Math.fround(1 / 3)];
    const { messages } = await read(
      task(['stay_id', [1, 1, 1], 'INT32'], ['time', times], ['hr', [80, 81, 82]]),
    );
    expect(messages.every(({ eventTime }) => Number.isInteger(eventTime))).toBe(true);
  });

  it.skipIf(!existsSync(DEMO))(
    'reads the unit of time that the file states (skipped without shared data)',
    async () => {
      const { durations } = await ParquetTable.open(DEMO, ['time']);
      expect(durations.get('time')).toBe(1000);
    },
  );

  it('takes no harm from a schema that is none', () => {
    expect(durationUnits(undefined).size).toBe(0);
    const real = existsSync(DEMO) ? readFileSync(DEMO).toString('latin1') : '';
    const schema = /\/{4}[A-Za-z0-9+/]{100,}=*/.exec(real)?.[0] ?? 'AAAA';
    fc.assert(
      fc.property(fc.nat(), fc.base64String(), (at, text) => {
        const place = at % schema.length;
        expect(durationUnits(schema.slice(0, place) + text + schema.slice(place)).size).toBeLessThan(1000);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a MEDS data set', () => {
  const T0 = Date.UTC(2150, 3, 1, 8);
  type Row = readonly [subject: string | null, time: number, code: string, value?: string];

  function dataset(...rows: readonly Row[]): string {
    const directory = temporaryDirectory();
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'subject_id', data: rows.map(([subject]) => subject), type: 'STRING', nullable: true },
        { name: 'time', data: rows.map(([, time]) => new Date(time)), type: 'TIMESTAMP' },
        { name: 'code', data: rows.map(([, , code]) => code), type: 'STRING' },
        {
          name: 'numeric_value',
          data: rows.map(([, , , value]) => value ?? null),
          type: 'STRING',
          nullable: true,
        },
      ],
    });
    writeFileSync(join(directory, 'a.parquet'), Buffer.from(bytes));
    writeFileSync(join(directory, '._a.parquet'), 'Mac OS X');
    return `meds:${directory}`;
  }

  it('reads numbers that are text, and accounts for every value', async () => {
    const { source, values } = await read(
      dataset(
        [null, T0, 'LOINC//8867-4', '70'],
        ['1', T0, 'ICU_ADMISSION'],
        ['1', T0 + HOUR, 'LOINC//8867-4', '80'],
        ['1', T0 + HOUR, 'LOINC//8310-5', 'warm'],
        ['1', T0 + 2 * HOUR, 'ICU_DISCHARGE'],
      ),
    );
    expect(values).toEqual([['8867-4', 80]]);
    expect(source.counts).toMatchObject({ rows: 3, malformed: 1 });
    expect(source.ledger?.values).toEqual(new Map([['without a subject', 1]]));
  });

  it.each([
    ['the hospital admission is entered later', -HOUR, 3 * DAY, true],
    ['the death has a date only', HOUR, Math.floor(T0 / DAY) * DAY - T0, true],
    ['the death is of the day before, by its date', HOUR, Math.floor(T0 / DAY) * DAY - DAY - T0, false],
    ['the death is long after', HOUR, 30 * DAY, false],
  ])('a death belongs to its stay: %s', async (_, admitted, died, happened) => {
    const rows: Row[] = [
      ['1', T0, 'ICU_ADMISSION'],
      ['1', T0 - admitted, 'HOSPITAL_ADMISSION'],
      ['1', T0 + 2 * HOUR, 'LOINC//8867-4', '80'],
      ['1', T0 + 5 * HOUR, 'ICU_DISCHARGE'],
      ['1', T0 + 4 * DAY, 'HOSPITAL_DISCHARGE'],
      ['1', T0 + died, 'MEDS_DEATH'],
    ];
    const { source } = await read(dataset(...rows));
    expect((await source.labels?.())?.byPatient.get('1')?.happened).toBe(happened);
  });
});

describe('a range of Kafka', () => {
  it.each(['2026-01-05..2026-01-06', '2026-01-05T06:00..', '..2026-01-05T06:00:00', '2026..2027'])(
    '%s has times without a zone, which are refused',
    (text) => {
      expect(() => parseRange(text)).toThrow('not a range');
    },
  );

  it('has times in any zone', () => {
    const { from, to } = parseRange('2026-01-05T06:00+01:00..2026-01-05T06:00-0100');
    expect([from, to]).toEqual([Date.UTC(2026, 0, 5, 5), Date.UTC(2026, 0, 5, 7)]);
  });
});
