import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { latestModel, listModels } from '../../src/inference/versions.js';
import { temporaryDirectory } from '../helpers.js';

/** A directory of model folders with what each says of itself; text is a config.json that is none. */
function models(folders: Record<string, object | string>): string {
  const directory = temporaryDirectory();
  for (const [name, says] of Object.entries(folders)) {
    mkdirSync(join(directory, name));
    const text = typeof says === 'string' ? says : JSON.stringify(says);
    writeFileSync(join(directory, name, 'config.json'), text);
  }
  return directory;
}

describe('the latest model', () => {
  it('is the newest month, in numbers and not in letters', () => {
    const directory = models({ '2027.10-a': {}, '2027.2-a': {}, '2026.11-f': {} });
    expect(listModels(directory)).toEqual(['2026.11-f', '2027.2-a', '2027.10-a']);
    expect(latestModel(directory)).toBe('2027.10-a');
  });

  it('is the newest day, whatever the versions are called', () => {
    const stable = { channel: 'stable' };
    const directory = models({
      zeta: { ...stable, released: '2026-12-02' },
      alpha: { ...stable, released: '2027-01-15' },
      '2026.12-b': { ...stable, released: '2026-12-20' },
    });
    expect(listModels(directory)).toEqual(['zeta', '2026.12-b', 'alpha']);
    expect(latestModel(directory)).toBe('alpha');
  });

  it('of one day is the later letter, and the higher number', () => {
    const day = { released: '2027-01-15' };
    expect(latestModel(models({ '2027.1-b2': day, '2027.1-b10': day, '2027.1-a': day }))).toBe('2027.1-b10');
  });

  it('is never an experimental one, whether it says so or has no date in its name', () => {
    const directory = models({
      '2026.11-f': {},
      '2027.10-a': { channel: 'experimental', released: '2027-10-01' },
      'fusion-2027.12': {},
    });
    expect(latestModel(directory)).toBe('2026.11-f');
    expect(latestModel(models({ 'fusion-2027.12': {} }))).toBeUndefined();
    expect(latestModel(join(directory, 'none'))).toBeUndefined();
  });

  it('is not an older one where the newest is damaged', () => {
    expect(latestModel(models({ '2026.11-f': {}, '2027.2-a': '{"version": ' }))).toBe('2027.2-a');
  });

  it('that ships is a dated one', () => {
    expect(latestModel()).toMatch(/^\d{4}\.\d+/);
  });
});
