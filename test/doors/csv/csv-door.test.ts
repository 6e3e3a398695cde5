import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/contract/topics.js';
import { CsvDoor } from '../../../src/doors/csv/csv-door.js';
import { loadCsvMapping } from '../../../src/doors/csv/mapping.js';
import { parseConfig } from '../../../src/settings/config.js';
import type { CsvDoorConfig } from '../../../src/settings/doors.js';
import { temporaryDirectory } from '../../helpers.js';
import { openDoor } from '../http-senders.js';

const LONG = {
  columns: {
    patient: 'MRN',
    time: 'Resulted',
    observedAt: 'Collected',
    specimen: 'Acc',
    code: 'Test',
    value: 'Result',
    unit: 'Units',
  },
  codes: { LACT: { variable: 'lactate' } },
};
const HEADER = 'MRN,Acc,Test,Result,Units,Collected,Resulted\n';
const TIMES = '2026-01-14T08:30:00Z,2026-01-14T09:10:00Z';

function mappingFile(mapping: object): string {
  const file = join(temporaryDirectory(), 'mapping.yaml');
  writeFileSync(file, JSON.stringify(mapping));
  return file;
}

async function open(mapping: object = LONG, settings: object = {}, directory = temporaryDirectory()) {
  const [config] = parseConfig({
    doors: [
      {
        kind: 'csv',
        name: 'lis',
        directory,
        mapping: mappingFile(mapping),
        pollMs: 10,
        stableMs: 0,
        ...settings,
      },
    ],
  }).doors as CsvDoorConfig[];
  const opened = await openDoor((context) => CsvDoor.open(config, context));
  const put = (name: string, text: string | Buffer) => {
    writeFileSync(join(directory, `.${name}`), text);
    renameSync(join(directory, `.${name}`), join(directory, name));
  };
  const inside = (folder: string) => readdirSync(join(directory, folder));
  const labs = () => opened.bus.of(TOPICS.labs, 'LabResult');
  return { ...opened, directory, put, inside, labs };
}

describe('a directory of CSV', () => {
  it('is read, and files that were read are moved', async () => {
    const { put, inside, labs, meters } = await open();
    put('a.csv', `\uFEFF${HEADER}p1,S1,LACT,1.9,mmol/L,${TIMES}\np1,S1,2823-3,"4,0",mmol/L,${TIMES}\n`);
    await expect.poll(() => inside('done')).toEqual(['a.csv']);
    expect(labs()).toMatchObject([
      {
        patientId: 'p1',
        specimenId: 'S1',
        source: 'lis',
        eventTime: Date.UTC(2026, 0, 14, 9, 10),
        observedAt: Date.UTC(2026, 0, 14, 8, 30),
        observations: [{ code: '2524-7', value: 1.9, unit: 'mmol/L' }],
      },
      { observations: [{ value: 4 }] },
    ]);
    expect(meters.senders()).toMatchObject([{ values: { used: 2 }, deadLetters: 0 }]);
  });

  it('accounts for every row', async () => {
    const { put, inside, labs, bus, meters } = await open();
    const rows = [
      `p1,S1,LACT,<0.3,mmol/L,${TIMES}`,
      `p1,S1,LACT, ,mmol/L,${TIMES}`,
      `p1,S1,LACT,haemolysed,mmol/L,${TIMES}`,
      `p1,S1,LACT,1.9,stones,${TIMES}`,
      `p1,S1,XYZ,1.9,mmol/L,${TIMES}`,
      `NULL,S1,LACT,1.9,mmol/L,${TIMES}`,
      'p1,S1,LACT,1.9,mmol/L,2026-01-14 08:30,2026-01-14 09:10',
      'p1,S1,LACT,1.9,mmol/L,,',
      'p1,S1,LACT,1.9',
      `p1,"S1,LACT,1.9,mmol/L,${TIMES}`,
      `p1,S1,LACT,0.00000004,mmol/L,${TIMES}`,
    ];
    put('a.csv', HEADER + rows.join('\n'));
    await expect.poll(() => inside('done')).toEqual(['a.csv']);
    expect(labs().map(({ observations }) => observations[0].value)).toEqual([0.3, 4e-8]);
    // Of the row without zone both times are told.
    expect(meters.senders()[0].values).toEqual({ used: 2, unmapped: 1, ignored: 1, rejected: 8 });
    expect(
      bus
        .deadLetters()
        .map(({ reason }) => reason)
        .sort(),
    ).toEqual([
      'missing-id',
      'not-a-number',
      'undecodable',
      'undecodable',
      'unknown-code',
      'unknown-time',
      'unknown-time',
      'unknown-unit',
    ]);
  });

  it('sets odd files aside and goes on', async () => {
    const { put, inside, labs, warnings, meters, directory } = await open();
    put('headless.csv', `p1,S1,LACT,1.9,mmol/L,${TIMES}\n`);
    put('empty.csv', '');
    put('picture.csv', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]));
    put('twice.csv', `MRN,${HEADER}`);
    writeFileSync(join(directory, '._a.csv'), 'of a Macintosh');
    writeFileSync(join(directory, 'b.csv.part'), HEADER);
    await expect.poll(() => inside('odd')).toHaveLength(4);
    put('good.csv', `${HEADER}p1,S1,LACT,1.9,mmol/L,${TIMES}\n`);
    await expect.poll(() => inside('done')).toEqual(['good.csv']);
    expect(labs()).toHaveLength(1);
    expect(warnings.join('\n')).toMatch(/headless.csv is set aside: its first line lacks the columns MRN/);
    expect(warnings.join('\n')).toMatch(/twice.csv is set aside: its first line names MRN twice/);
    expect(Object.fromEntries(meters.senders()[0].answers)).toEqual({ odd: 4, done: 1 });
    expect(existsSync(join(directory, '._a.csv')) && existsSync(join(directory, 'b.csv.part'))).toBe(true);
  });

  it('waits until nothing more comes to a file', async () => {
    const { directory, inside, labs } = await open(LONG, { stableMs: 400 });
    const file = join(directory, 'slow.csv');
    writeFileSync(file, HEADER);
    writeFileSync(file, `p1,S1,LACT,1.9,mmol/L,${TIMES}\n`, { flag: 'a' });
    await expect.poll(() => inside('done')).toEqual(['slow.csv']);
    expect(labs()).toHaveLength(1);
  });

  it('keeps a file that the log does not take, and takes it again after a restart without another message', async () => {
    const { directory, put, inside, labs, bus, warnings, door } = await open();
    let calls = 0;
    bus.work = async () => {
      if (++calls < 3) throw new Error('no room');
    };
    const text = `${HEADER}p1,S1,LACT,1.9,mmol/L,${TIMES}\n`;
    put('a.csv', text);
    await expect.poll(() => inside('done')).toEqual(['a.csv']);
    expect(warnings).toEqual(['door lis: files stay where they are: no room']);
    const [first] = labs();
    // As it would be found again by a process that ended before it could move it.
    await door.close();
    const again = await open(LONG, {}, directory);
    again.put('a.csv', text);
    await expect.poll(() => again.inside('done')).toEqual(['a.csv', 'a.csv.2']);
    expect(again.labs().map(({ messageId }) => messageId)).toEqual([first.messageId]);
  });

  it('reads wide rows, days before months, and seconds since 1970, as the mapping says', async () => {
    const values = { HR: { code: '8867-4', unit: '/min' }, Temp: { code: 'temperature', unit: 'Cel' } };
    const wide = { delimiter: ';', values, times: 'day-month-year', timeZone: 'Europe/Berlin' };
    const { put, inside, bus } = await open({
      ...wide,
      columns: { patient: 'Patient', time: ['Datum', 'Zeit'] },
    });
    put(
      'a.csv',
      'Patient;Datum;Zeit;HR;Temp\np1;14.1.2026;9:05;80;38,5\np1;14.01.2026;09:06:30;81;\np1;1/14/2026;9:05;80;37\n',
    );
    await expect.poll(() => inside('done')).toEqual(['a.csv']);
    const seen = bus
      .vitals()
      .map(({ eventTime, observations }) => [eventTime, observations.map(({ value }) => value)]);
    expect(seen).toEqual([
      [Date.UTC(2026, 0, 14, 8, 5), [80, 38.5]],
      [Date.UTC(2026, 0, 14, 8, 6, 30), [81]],
    ]);
    const epoch = await open({ ...LONG, times: 'epoch-s' });
    epoch.put(
      'b.csv',
      `${HEADER}p1,S1,LACT,1.9,mmol/L,,1768381800.5\np1,S1,LACT,1.9,mmol/L,,2026-01-14T09:10:00Z\n`,
    );
    await expect.poll(() => epoch.inside('done')).toEqual(['b.csv']);
    expect(epoch.labs().map(({ eventTime }) => eventTime)).toEqual([1_768_381_800_500]);
  });

  it('says what is wrong with a mapping', async () => {
    const wrong = (mapping: object) => () => loadCsvMapping(mappingFile(mapping));
    expect(wrong({ columns: { patient: 'a', time: 'b' } })).toThrow(
      /name columns.code and columns.value, or/,
    );
    expect(wrong({ ...LONG, times: 'guess' })).toThrow(/times/);
    expect(wrong({ ...LONG, codes: { X: { variable: 'nothing' } } })).toThrow(/codes.X/);
  });
});
