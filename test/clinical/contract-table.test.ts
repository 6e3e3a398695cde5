import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withContractTables } from '../../src/clinical/contract-table.js';
import { MAX_ID_LENGTH } from '../../src/contract/ids.js';
import { RECORD_OF_TOPIC } from '../../src/contract/topics.js';
import { MISPLACEMENTS } from '../../src/engine/input-watch.js';
import { DEAD_LETTER_REASONS } from '../../src/events/dead-letter.js';
import { parseConfig } from '../../src/settings/config.js';

const CONTRACT = readFileSync('docs/data-contract.md', 'utf8');
const MIB = 1_048_576;

describe('docs/data-contract.md', () => {
  it('has the vocabulary as it is (npm run api writes it)', () => {
    expect(withContractTables(CONTRACT) === CONTRACT).toBe(true);
  });

  it('has every topic, every reason of a dead letter and every cause of a message in the wrong place', () => {
    for (const [topic, record] of Object.entries(RECORD_OF_TOPIC)) {
      expect(CONTRACT).toMatch(new RegExp(`\\| \`${topic}\` +\\| \`${record}\``));
    }
    const words = [...DEAD_LETTER_REASONS, ...MISPLACEMENTS];
    expect(words.filter((word) => !CONTRACT.includes(`\`${word}\``))).toEqual([]);
  });

  it('has the bounds of the settings', () => {
    const { limits, bus, encoders } = parseConfig({ bus: { kind: 'kafka', brokers: ['b'] } });
    const maxBatchBytes = bus.kind === 'kafka' ? bus.maxBatchBytes : 0;
    const row = (setting: string) => CONTRACT.split('\n').find((line) => line.includes(`| \`${setting}\``));
    expect(row('limits.maxMessageBytes')).toContain(`${limits.maxMessageBytes / MIB} MiB`);
    expect(row('limits.maxNoteBytes')).toContain(`${limits.maxNoteBytes / MIB} MiB`);
    expect(row('limits.maxImageBytes')).toContain(`${limits.maxImageBytes / MIB} MiB`);
    expect(row('bus.maxBatchBytes')).toContain(`${maxBatchBytes / MIB} MiB`);
    expect(row('encoders.maxImagePixels')).toContain(`${encoders.maxImagePixels / 1e6} million pixels`);
    expect(CONTRACT).toContain(`\`limits.maxFutureSkewMs\` (${limits.maxFutureSkewMs / 60_000} min)`);
    expect(CONTRACT).toContain(`at most ${MAX_ID_LENGTH} characters`);
  });
});
