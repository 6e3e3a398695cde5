import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SourceMessage } from '../../src/events/source-message.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { openSource } from '../../src/sources/open-source.js';
import type { ReplaySource } from '../../src/sources/source.js';
import { openStore } from '../../src/store/open-store.js';
import { HAS_SET_A, HOUR_MS, SET_A, START } from '../helpers.js';

const CONFIG = parseConfig({});
const run = (source: ReplaySource, config = CONFIG) => replay(source, { config, speed: 'max' });

function sourceOf(messages: readonly SourceMessage[]): ReplaySource {
  const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  return { counts, total: 0, messages: () => messages };
}

const WARD = [
  ...simulateWard({ beds: 6, hours: 5, seed: 8, startTime: START, wardId: 'W', vitalsIntervalMs: 60_000 }),
];

describe('replay of a simulated ward', () => {
  it('gives the same digest again, in other batches, and with everything sent twice', async () => {
    const first = await run(sourceOf(WARD));
    const inSmallBatches = parseConfig({ model: { maxBatch: 3 }, bus: { kind: 'memory', partitions: 2 } });
    const twice = await run(sourceOf(WARD.flatMap((message) => [message, message])), inSmallBatches);
    expect(first.scores).toBeGreaterThan(1500);
    expect(first.alerts).toBeGreaterThan(0);
    expect(first.late).toBe(0);
    expect(twice.duplicates).toBe(WARD.length);
    expect({ ...twice, ...pick(first) }).toEqual(twice);
  });

  it('gives the same digest where messages are out of order by less than the window', async () => {
    const jittered = WARD.map((message, index) => ({
      message,
      at: message.eventTime + ((index * 7919) % 240),
    }))
      .sort((a, b) => a.at - b.at)
      .map(({ message }) => message);
    expect(jittered).not.toEqual(WARD);
    expect((await run(sourceOf(jittered))).scoresDigest).toBe((await run(sourceOf(WARD))).scoresDigest);
  });

  it('flags what is later still, uses it, and goes on', async () => {
    const lab = WARD.findIndex(
      ({ topic, eventTime }) => topic === 'ward.labs' && eventTime < START + HOUR_MS,
    );
    const delayed = [...WARD.filter((_, index) => index !== lab), WARD[lab]];
    const result = await run(sourceOf(delayed));
    expect(result.late).toBe(1);
    const inSmallBatches = await run(
      sourceOf(delayed),
      parseConfig({ bus: { kind: 'memory', capacity: 64 } }),
    );
    expect(inSmallBatches.scoresDigest).toBe(result.scoresDigest);
    expect(result.observations).toBe((await run(sourceOf(WARD))).observations);
  });

  it('keeps observations, scores and alerts in the store, each once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
    const store = { kind: 'embedded', directory } as const;
    const result = await run(sourceOf(WARD), parseConfig({ store }));
    const client = await openStore(store);
    const counts = await client.query({
      query: `SELECT (SELECT count() FROM observations FINAL) AS observations, (SELECT count() FROM scores FINAL) AS scores,
              (SELECT uniqExact(alert_id) FROM alert_events) AS alerts`,
      format: 'JSONEachRow',
    });
    const [row] = await counts.json<Record<string, string>>();
    await client.close();
    rmSync(directory, { recursive: true });
    const { scores, untrustedByReason } = result;
    const alerts = result.alerts + result.stateAlerts;
    // What is not used is kept, too.
    const observations = Object.values(untrustedByReason).reduce(
      (sum, each) => sum + each,
      result.observations,
    );
    expect(Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value)]))).toEqual({
      observations,
      scores,
      alerts,
    });
  });
});

const SENT_FOR_NONE = /^(NI)?(Sys|Dias)ABP$|MAP$|^RespRate$|^S[ap]O2$/;

/** Counts made by reading the files plainly, with none of the product's code. */
function countFiles(limit: number) {
  const impossible = (parameter: string, value: number): boolean =>
    (parameter === 'Temp' && (value < 13.7 || value > 46.5)) ||
    (parameter === 'pH' && (value < 6.3 || value > 8.4)) ||
    (parameter === 'PaO2' && value < 10) ||
    (parameter === 'PaCO2' && value < 3) ||
    (SENT_FOR_NONE.test(parameter) && value < 1) ||
    (parameter === 'Height' && (value < 20 || value > 272));
  const counts = { rows: 0, notRecorded: 0, zeros: 0, deadLetters: 0, descriptors: 0, values: 0 };
  for (const name of readdirSync(SET_A).sort().slice(0, limit)) {
    for (const line of readFileSync(join(SET_A, name), 'utf8').trimEnd().split('\n').slice(1)) {
      const [, parameter, text] = line.split(',');
      const value = Number(text);
      counts.rows++;
      if (value === -1) counts.notRecorded++;
      else if (value === 0 && SENT_FOR_NONE.test(parameter)) counts.zeros++;
      else if (impossible(parameter, value)) counts.deadLetters++;
      else if (['RecordID', 'Age', 'Gender', 'Height', 'ICUType'].includes(parameter)) counts.descriptors++;
      else counts.values++;
    }
  }
  return counts;
}

describe.skipIf(!HAS_SET_A)('replay of 100 stays of set A (skipped where ../shared/data is missing)', () => {
  it('accounts for every row, as an independent count does', async () => {
    const result = await run(openSource(`physionet2012:${SET_A}`, 100));
    const { rows, notRecorded, deadLetters, descriptors, observations, untrusted, malformed } = result;
    // Breaths of 0 beside a heart rate may be apnoea.
    const { 'no-reading': unread, 'maybe-apnoea': breathless = 0 } = result.untrustedByReason;
    const zeros = unread + breathless;
    const values = observations + untrusted - zeros;
    expect({ rows, notRecorded, zeros, deadLetters, descriptors, values }).toEqual(countFiles(100));
    expect(rows).toBe(observations + untrusted + deadLetters + descriptors + notRecorded + malformed);
    // Hourly charts show few of the rest.
    expect(untrusted - zeros).toBeLessThan(observations / 300);
    expect(result).toMatchObject({ patients: 100, late: 0, duplicates: 0 });
  });
});

function pick({ scoresDigest, scores, alerts, observations, late }: Awaited<ReturnType<typeof run>>) {
  return { scoresDigest, scores, alerts, observations, late };
}
