import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';
import { settings, settingsDocument } from '../../src/settings/document.js';

describe('docs/settings.md', () => {
  it('is what the schema says: npm run api writes it', () => {
    expect(readFileSync('docs/settings.md', 'utf8')).toBe(settingsDocument());
  });

  it('tells of every setting what it means', () => {
    expect(settings().filter(({ meaning }) => meaning === '')).toEqual([]);
  });

  it('names every section there is, and the defaults that settings really have', () => {
    const all = settings();
    const sections = new Set(all.map(({ name }) => name.split('.')[0]));
    for (const section of Object.keys(DEFAULT_CONFIG)) expect(sections).toContain(section);
    let compared = 0;
    for (const { name, where, byDefault } of all) {
      if (where !== '' || byDefault === '' || name.includes('[]')) continue;
      const found = name
        .split('.')
        .reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], DEFAULT_CONFIG);
      expect([name, Array.isArray(found) ? JSON.stringify(found) : String(found)]).toEqual([name, byDefault]);
      compared++;
    }
    expect(compared).toBeGreaterThan(30);
  });

  it('tells variants apart, and says once what they share', () => {
    const named = (name: string) => settings().filter((setting) => setting.name === name);
    expect(named('bus.kind')).toMatchObject([
      { unit: 'one of memory, embedded, kafka', byDefault: 'memory' },
    ]);
    expect(named('bus.partitions').map(({ where, byDefault }) => [where, byDefault])).toEqual([
      ['kind: memory', '4'],
      ['kind: embedded', '4'],
      ['kind: kafka', '12'],
    ]);
    expect(named('store.retention.scoresDays')).toMatchObject([
      { where: 'kind: embedded; kind: server', unit: 'days', byDefault: '400' },
    ]);
    expect(named('server.auth.secret')).toMatchObject([{ unit: 'secret', where: 'kind: secret' }]);
  });
});
