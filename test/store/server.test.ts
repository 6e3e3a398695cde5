import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_SOFA } from '../../src/clinical/sofa.js';
import { emptyOutputs, type Outputs, type Score } from '../../src/engine/outputs.js';
import { openStore } from '../../src/store/open-store.js';
import { scoresOf } from '../../src/store/queries.js';
import { START } from '../helpers.js';
import { DirectSink } from './direct-sink.js';
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
    bedId: null,
    news2Missing: [],
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
    const sink = new DirectSink(client, 'm1');
    await sink.write(outputs('p1', [1, 2, 3]));
    await sink.write(outputs('p1', [3, 4]));
    const scores = await scoresOf(client, 'p1', 100);
    expect(scores.map(({ mortality }) => mortality)).toEqual([0.01, 0.02, 0.03, 0.04]);
    expect(scores[3]).toMatchObject({ circulatory: 0.02, respiratory: null, deterioration: 0.08 });
    expect(scores[3]).toMatchObject({ hypotension: 0.05, sepsis: 0.025 });
    expect(scores[0]).toMatchObject({ eventTime: START + 60_000, modelVersion: 'm1', news2: 1, qsofa: null });
    await sink.close();
  });

  it('that is not there is a WS_STORE that names it', async () => {
    await expect(openStore({ ...config(), url: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      code: 'WS_STORE',
      message: expect.stringContaining('127.0.0.1:9'),
    });
  });
});
