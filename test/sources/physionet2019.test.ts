import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SourceMessage } from '../../src/events/source-message.js';
import { openSource } from '../../src/sources/open-source.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-psv-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const HOUR = 3_600_000;
const HEADER = 'HR|Temp|Lactate|EtCO2|Age|Gender|Unit1|Unit2|HospAdmTime|ICULOS|SepsisLabel';
const ROWS = [
  '80|NaN|NaN|35|70|1|NaN|1|-5|1|0',
  '82|37.5|NaN|NaN|70|1|NaN|1|-5|2|0',
  '95|NaN|3.1|NaN|70|1|NaN|1|-5|3|1',
];
let folders = 0;

function folder(files: Readonly<Record<string, readonly string[]>>): string {
  const directory = join(ROOT, String(folders++));
  for (const [name, lines] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), `${lines.join('\n')}\n`);
  }
  return directory;
}
async function read(directory: string, limit?: number) {
  const source = openSource(`physionet2019:${directory}`, limit);
  const messages: SourceMessage[] = [];
  for await (const message of source.messages()) messages.push(message);
  return { source, messages };
}

describe('stays of the PhysioNet Challenge 2019', () => {
  it('are read hour by hour, with the onset six hours after the label', async () => {
    const { source, messages } = await read(folder({ 'p1.psv': [HEADER, ...ROWS] }));
    const admitted = messages[0].eventTime;
    expect(messages.map(({ topic, eventTime }) => [topic, eventTime - admitted])).toEqual([
      ['ward.adt', 0],
      ['ward.vitals', HOUR - 1],
      ['ward.vitals', 2 * HOUR - 1],
      ['ward.vitals', 3 * HOUR - 1],
      ['ward.labs', 3 * HOUR - 1],
      ['ward.adt', 3 * HOUR],
    ]);
    expect(messages[0].record).toMatchObject({ ageYears: 70, sex: 'MALE', unitType: 'SURGICAL' });
    expect(source.counts).toMatchObject({ patients: 1, rows: 8, descriptors: 2, malformed: 0 });
    expect(source.ledger?.unmapped).toEqual(new Map([['EtCO2', 1]]));
    expect(await source.labels?.()).toMatchObject({
      outcome: 'sepsis',
      byPatient: new Map([['p1', { happened: true, onsetMs: 9 * HOUR }]]),
    });
  });

  it('are found in folders of the folder; one there twice counts once', async () => {
    const stay = [HEADER, ...ROWS];
    const { source } = await read(
      folder({ 'a/p1.psv': stay, 'b/p1.psv': stay, 'b/p2.psv': stay, 'c.txt': [] }),
    );
    expect(source.counts.patients).toBe(2);
    expect(source.total).toBe(2);
    expect([...source.ledger!.stays]).toEqual([['there twice, in two folders: the first counts', 1]]);
  });

  it('name what they set aside', async () => {
    const odd = ['80|NaN|NaN|NaN|70|1|NaN|1|-5|-2|0', 'x|NaN|NaN|NaN|70|1|NaN|1|-5|2|0', '80|37'];
    const { source, messages } = await read(
      folder({ 'p1.psv': [HEADER, ...odd, ...ROWS], 'p2.psv': [HEADER] }),
    );
    expect([...source.ledger!.values]).toEqual([['charted before admission', 1]]);
    expect([...source.ledger!.stays]).toEqual([['no rows', 1]]);
    expect(source.counts.malformed).toBe(2);
    expect(messages[0].record).toMatchObject({ type: 'ADMIT' });
  });

  it('have their columns in any order, and no label where there is none', async () => {
    const { source, messages } = await read(folder({ 'p1.psv': ['ICULOS|HR', '1|80'] }));
    expect(messages[1].record).toMatchObject({ observations: [{ code: '8867-4', value: 80 }] });
    expect(await source.labels?.()).toBeNull();
  });

  it('that cannot be used are named', async () => {
    expect(() => openSource(`physionet2019:${folder({ 'x.txt': [] })}`)).toThrow('holds no stays');
    expect(() => openSource('physionet2019:/nowhere')).toThrow('holds no stays');
    await expect(read(folder({ 'p1.psv': ['HR|Temp', '80|37'] }))).rejects.toThrow(
      'p1.psv lacks the column ICULOS in line 1',
    );
  });
});
