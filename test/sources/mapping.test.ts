import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/clinical/variables.js';
import { CodeMapping, MAPPED_SOURCES, unitOf } from '../../src/sources/mapping.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-mapping-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

function file(text: string): string {
  const path = join(ROOT, 'mapping.yaml');
  writeFileSync(path, text);
  return path;
}
function idOf(mapping: CodeMapping, code: string): string | null {
  const meaning = mapping.meaningOf(code);
  return meaning === null || meaning === 'ignore' ? meaning : VARIABLES[meaning.variable].id;
}

describe('the table of codes', () => {
  it('that ships is sound for every source', () => {
    for (const source of MAPPED_SOURCES) expect(CodeMapping.load(source)).toBeInstanceOf(CodeMapping);
    expect(idOf(CodeMapping.load('yaib'), 'lact')).toBe('lactate');
    expect(idOf(CodeMapping.load('physionet2019'), 'O2Sat')).toBe('spo2');
  });

  it('falls back to the vocabulary, with or without LOINC before the code', () => {
    const meds = CodeMapping.load('meds');
    for (const code of ['2524-7', 'LOINC//2524-7', 'LOINC:2524-7', 'Lactate'])
      expect(idOf(meds, code)).toBe('lactate');
    expect(meds.meaningOf('LAB//999//?')).toBeNull();
  });

  it('is extended, replaced and silenced by a file of the user', () => {
    const own =
      "yaib:\n  ptt: ignore\n  o2: { variable: spo2, unit: '1' }\n  hr: { variable: respRate, unit: /min }\n";
    const mapping = CodeMapping.load('yaib', file(own));
    expect(['ptt', 'o2', 'hr', 'lact'].map((code) => idOf(mapping, code))).toEqual([
      'ignore',
      'spo2',
      'respRate',
      'lactate',
    ]);
    expect(idOf(CodeMapping.load('physionet2019', file(own)), 'o2')).toBeNull();
  });

  it('reads a value in the first unit in which it is plausible', () => {
    const meaning = CodeMapping.load('yaib').meaningOf('fio2');
    if (meaning === null || meaning === 'ignore') throw new Error('fio2 is mapped');
    expect([40, 0.4, 100, 1, 7].map((value) => unitOf(meaning, value))).toEqual(['%', '1', '%', '1', '%']);
  });

  it.each([
    ['yaib:\n  x: { variable: nonsense, unit: 1 }\n', 'is no mapping'],
    [
      "yaib:\n  x: { variable: nonsense, unit: '1' }\n",
      'yaib → x: there is no variable nonsense; known: heartRate',
    ],
    ['yaib:\n  x: { variable: lactate, unit: mmHg }\n', 'yaib → x: lactate has no unit mmHg; known: mmol/L'],
    ['omop:\n  x: ignore\n', 'is no mapping'],
    ['yaib: [', 'is not YAML'],
  ])('names what is wrong: %j', (text, fault) => {
    expect(() => CodeMapping.load('yaib', file(text))).toThrow(fault);
  });

  it('must be there', () => {
    expect(() => CodeMapping.load('yaib', join(ROOT, 'none.yaml'))).toThrow('there is no mapping file');
  });
});
