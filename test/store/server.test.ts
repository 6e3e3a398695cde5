import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { NO_SOFA } from '../../src/clinical/sofa.js';
import { emptyOutputs, type Outputs, type Score } from '../../src/engine/outputs.js';
import { openStore } from '../../src/store/open-store.js';
import { scoresOf } from '../../src/store/queries.js';
import { StoreSink } from '../../src/store/sink.js';
import { Spool } from '../../src/store/spool.js';
import { START } from '../helpers.js';
import { ClickHouseFront } from './front.js';

const front = new ClickHouseFront();
const config = () => ({
  kind: 'server' as const,
  url: process.env.CLICKHOUSE_URL ?? front.url,
  database: 'wardstream_test',
  username: 'default',
  password: '',
});

beforeAll(() => front.come());
afterAll(() => front.close());

function outputs(patientId: string, minutes: readonly number[]): Outputs {
  const scores = minutes.map((minute) => ({
    patientId,
    stayId: 's',
    wardId: 'W',
    eventTime: START + minute * 60_000,
    mortality: minute / 100,
    circulatory: minute / 200,
    hypotension: minute / 80,
    respiratory: null,
    sepsis: minute / 160,
    deterioration: minute / 50,
    news2: 1,
    qsofa: null,
    sofa: NO_SOFA,
    states: [],
    outOfRange: [],
    late: false,
    contributions: { base: 0.01, structured: 0, text: minute / 400, image: null },
  }));
  return {
    ...emptyOutputs(),
    patients: new Set([patientId]),
    scores: scores as unknown as Score[],
  };
}

describe('a ClickHouse server', () => {
  it('takes the same migrations, inserts and queries as the embedded one', async () => {
    const client = await openStore(config());
    const sink = new StoreSink(client, 'm1');
    await sink.write(outputs('p1', [1, 2, 3]));
    await sink.write(outputs('p1', [3, 4]));
    await sink.flush();
    const scores = await scoresOf(client, 'p1', 100);
    expect(scores.map(({ mortality }) => mortality)).toEqual([0.01, 0.02, 0.03, 0.04]);
    expect(scores[3]).toMatchObject({ circulatory: 0.02, respiratory: null, deterioration: 0.08 });
    expect(scores[3]).toMatchObject({ hypotension: 0.05, sepsis: 0.025 });
    expect(scores[0]).toMatchObject({ eventTime: START + 60_000, modelVersion: 'm1', news2: 1, qsofa: null });
    await sink.close();
  });

  it.skipIf(process.env.CLICKHOUSE_URL !== undefined)(
    'that goes away holds the input back, and gets everything in order when it is back (not against CLICKHOUSE_URL)',
    async () => {
      const client = await openStore(config());
      let attempts = 0;
      const sink = new StoreSink(client, 'm1', { maxAgeMs: 50, onAway: () => attempts++ });
      await sink.write(outputs('p2', [1]));
      await sink.flush();
      await front.go();
      await sink.write(outputs('p2', [2, 3]));
      let isSafe = false;
      const flushed = sink.flush().then(() => {
        isSafe = true;
      });
      while (attempts < 2) await sleep(20);
      expect(isSafe).toBe(false);
      await front.come();
      await flushed;
      await sink.write(outputs('p2', [4]));
      await sink.flush();
      expect((await scoresOf(client, 'p2', 100)).map(({ mortality }) => mortality)).toEqual([
        0.01, 0.02, 0.03, 0.04,
      ]);
      await sink.close();
    },
  );

  it('takes the rows that a version with fewer columns left in the spool', async () => {
    const client = await openStore(config());
    const directory = mkdtempSync(join(tmpdir(), 'wardstream-spool-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const spool = Spool.open({ directory, maxBytes: 1_000_000 });
    const outcomes = [0.05, null, null, null, 1, null, false, null, null];
    await spool.append('scores', [['p5', 's', 'W', '', START / 1000, 'm1', ...outcomes]]);
    const sink = new StoreSink(client, 'm1', { spool });
    await expect
      .poll(async () => (await scoresOf(client, 'p5', 10)).map(({ mortality }) => mortality))
      .toEqual([0.05]);
    await sink.close();
  });

  it('that is not there is a WS_STORE that names it', async () => {
    await expect(openStore({ ...config(), url: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      code: 'WS_STORE',
      message: expect.stringContaining('127.0.0.1:9'),
    });
  });
});
