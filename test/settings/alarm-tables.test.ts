import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CRITERIA } from '../../src/clinical/state.js';
import { withAlarmTables } from '../../src/settings/alarm-tables.js';

const PAGE = readFileSync('docs/alarms.md', 'utf8');

describe('docs/alarms.md', () => {
  it('has criteria and rules as they are (npm run api writes them)', () => {
    expect(withAlarmTables(PAGE) === PAGE).toBe(true);
  });

  it('explains every source that a criterion names', () => {
    const named = new Set(
      CRITERIA.flatMap(({ source }) => [...source.matchAll(/\[(\w+)\]/g)].map(([, key]) => key)),
    );
    expect([...named].filter((key) => !PAGE.includes(`- **${key}** `))).toEqual([]);
  });

  it('is refused where a table has no place', () => {
    expect(() => withAlarmTables('# Alarms')).toThrow('table of states');
  });
});
