import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findOutcomes, readOutcomes } from '../../src/sources/outcomes.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-outcomes-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

function file(text: string): string {
  const path = join(ROOT, 'given.txt');
  writeFileSync(path, text);
  return path;
}
const HEADER = 'RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death\n';

describe('outcomes', () => {
  it('say who died, whatever the line ends and columns', () => {
    expect([...readOutcomes(file(`${HEADER}1,6,1,5,-1,0\r\n2,16,8,8,3,1\r\n\n`))]).toEqual([
      ['1', { happened: false, onsetMs: null }],
      ['2', { happened: true, onsetMs: null }],
    ]);
    expect(readOutcomes(file('In-hospital_death,RecordID\n1,7\n')).get('7')?.happened).toBe(true);
    expect(readOutcomes(file('patientId,died\np1,1\n')).get('p1')?.happened).toBe(true);
  });

  it.each([
    [
      'RecordID,Survival\n1,-1\n',
      'lacks the columns RecordID and In-hospital_death (or patientId and died) in line 1',
    ],
    [`${HEADER}1,6,1,5,-1,0\n1,6,1,5,-1,0\n`, 'line 3: RecordID 1 is there twice'],
    [`${HEADER}1,6,1,5,-1,2\n`, 'line 2: In-hospital_death is 2, not 0 or 1'],
    [`${HEADER}1,6\n`, 'line 2: In-hospital_death is missing, not 0 or 1'],
    [`${HEADER},6,1,5,-1,0\n`, 'line 2: RecordID is empty'],
    [HEADER, 'holds no outcomes'],
  ])('that cannot be used are named: %j', (text, fault) => {
    expect(() => readOutcomes(file(text))).toThrow(fault);
  });

  it('are found beside the folder of their set', () => {
    const set = join(ROOT, 'set-b');
    mkdirSync(set);
    expect(() => findOutcomes(set)).toThrow('no Outcomes-*.txt; name the file with --outcomes');
    writeFileSync(join(ROOT, 'Outcomes-a.txt'), HEADER);
    expect(() => findOutcomes(set)).toThrow('is known to belong to it; name the file with --outcomes');
    writeFileSync(join(ROOT, 'Outcomes-b.txt'), HEADER);
    expect(findOutcomes(set)).toBe(join(ROOT, 'Outcomes-b.txt'));
    expect(() => readOutcomes(join(ROOT, 'none.txt'))).toThrow('there is no outcomes file');
  });
});
