import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../src/bus/memory.js';
import type { Clock } from '../../src/clock.js';
import { Engine } from '../../src/engine/engine.js';
import { addPushMetrics } from '../../src/metrics/metrics.js';
import { Observer } from '../../src/metrics/observe.js';
import type { ObservabilityOptions } from '../../src/metrics/readiness.js';
import { MetricsSink } from '../../src/metrics/sink.js';
import { produceAll } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { alert, eventOf, HOUR_MS, imaging, outputsOf, START, score, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;
const CLOCK: Clock = { live: true, now: () => START + HOUR_MS + 2500 };

describe('the metrics of a running engine', () => {
  let engine: Engine;
  let options: ObservabilityOptions;
  let isStoreThere = true;
  const observer = new Observer(CLOCK);
  const ward = { beds: 3, hours: 1, seed: 3, startTime: START, wardId: 'W', vitalsIntervalMs: MINUTE_MS };
  const messages = [...simulateWard(ward)];

  beforeAll(async () => {
    const config = parseConfig({ encoders: { always: ['image'] } });
    const bus = new MemoryBus({ partitions: 2, capacity: 8192 });
    engine = await Engine.open({ config, bus, clock: CLOCK, sinks: observer.around([]) });
    await engine.start();
    await produceAll([...messages, messages[messages.length - 1]], bus, engine.codec);
    await bus.produce('ward.vitals', [{ key: 'x', value: Buffer.from('nothing') }]);
    const { key, eventTime } = messages[messages.length - 1];
    const refused = imaging({ patientId: key, eventTime, uri: 'https://example.org/1.png' });
    const value = engine.codec.encode('ImagingEvent', refused);
    await bus.produce('ward.imaging', [{ key, value }]);
    while (bus.unread > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await engine.finish();
    const client = {
      query: async () => {
        if (!isStoreThere) throw new Error('connect ECONNREFUSED, with a secret');
        return { json: async () => [] };
      },
    } as never;
    const rows = new Map([['notes' as const, 2]]);
    const writer = { waiting: 7, waitingBytes: 700, isAway: false, refused: rows, undecided: 5 };
    const store = { client, writer };
    options = observer.options(engine, store, 'scrape-token-of-16');
    addPushMetrics(options.metrics, { connections: 2, queuedBytes: 99 });
  });
  afterAll(() => engine.close());

  async function metric(line: string): Promise<number> {
    const found = (await options.metrics.metrics()).split('\n').find((each) => each.startsWith(`${line} `));
    expect(found, line).toBeDefined();
    return Number(found?.split(' ').at(-1));
  }

  it('are the engine’s own counts, at each scrape', async () => {
    const { counts } = engine;
    expect(counts.scores).toBeGreaterThan(100);
    for (let scrape = 0; scrape < 2; scrape++) {
      expect(await metric('wardstream_messages_total')).toBe(messages.length + 3);
      expect(await metric('wardstream_observations_total')).toBe(counts.observations);
      expect(await metric('wardstream_scores_total')).toBe(counts.scores);
      expect(await metric('wardstream_duplicates_total')).toBe(1);
      expect(await metric('wardstream_dead_letters_total{reason="undecodable"}')).toBe(1);
      expect(await metric('wardstream_dead_letters_total{reason="future"}')).toBe(0);
      expect(await metric('wardstream_encoded_total')).toBe(0);
      expect(await metric('wardstream_encoding_flags_total{reason="uri-refused"}')).toBe(1);
      expect(await metric('wardstream_encoding_flags_total{reason="other-language"}')).toBe(0);
      expect(await metric('wardstream_patients')).toBe(3);
      expect(await metric(`wardstream_model_info{version="${engine.model.config.version}"}`)).toBe(1);
      expect(await metric('wardstream_store_rows_waiting')).toBe(7);
      expect(await metric('wardstream_store_bytes_waiting')).toBe(700);
      expect(await metric('wardstream_store_rows_refused_total{table="notes"}')).toBe(2);
      expect(await metric('wardstream_store_messages_undecided')).toBe(5);
      expect(await metric('wardstream_end_to_end_seconds_count')).toBe(counts.scores);
      expect(await metric('wardstream_end_to_end_seconds_bucket{le="+Inf"}')).toBe(counts.scores);
      expect(await metric('wardstream_scoring_seconds_count')).toBeGreaterThan(0);
      expect(await metric('wardstream_drift_scores_total{variable="heartRate"}')).toBeGreaterThan(0);
      expect(await metric('wardstream_drift_beyond_total{variable="heartRate"}')).toBe(0);
      expect(await metric('wardstream_push_clients')).toBe(2);
      expect(await metric('wardstream_push_queued_bytes')).toBe(99);
      expect(await metric('wardstream_model_tokens_total')).toBeGreaterThanOrEqual(counts.scores);
    }
  });

  it('say that the store is away for a while after it was missed', async () => {
    expect(await metric('wardstream_store_away')).toBe(0);
    observer.missStore();
    expect(await metric('wardstream_store_away')).toBe(1);
  });

  it('have nothing of a patient in them', async () => {
    const text = await options.metrics.metrics();
    for (const { key } of messages) expect(text).not.toContain(key);
  });

  it('are ready while everything is there, and tell what is not', async () => {
    const { readinessOf } = await import('../../src/metrics/readiness.js');
    expect(await readinessOf(options.conditions)).toEqual({
      ready: true,
      checks: { pipeline: 'ok', model: 'ok', bus: 'ok', input: 'ok', schemas: 'ok', store: 'ok' },
    });
    isStoreThere = false;
    const { ready, checks } = await readinessOf(options.conditions);
    expect([ready, checks.store]).toEqual([false, 'it does not answer']);
  });
});

describe('measurements of deliveries', () => {
  const at = (minute: number, partition: number) =>
    eventOf('vitals', vitals({ heartRate: 80 }, { eventTime: START + minute * MINUTE_MS }), {
      topic: 'ward.vitals',
      partition,
      offset: 0,
    }) as never;

  it('have the newest event of each partition, until it is another process’s', async () => {
    const sink = new MetricsSink(CLOCK);
    await sink.write(outputsOf({ observations: [at(50, 0), at(58, 0), at(10, 1), at(20, 1), at(57, 0)] }));
    expect(Object.fromEntries(sink.delays())).toEqual({ 0: 122.5, 1: 2402.5 });
    await sink.write(outputsOf({ observations: [at(15, 1)], released: [{ partition: 0 } as never] }));
    expect(Object.fromEntries(sink.delays())).toEqual({ 1: 2402.5 });
  });

  it('have the way of each score from its event to its delivery, where time is the clock’s', async () => {
    const live = new MetricsSink(CLOCK);
    const replayed = new MetricsSink({ ...CLOCK, live: false });
    const outputs = outputsOf({ scores: [score(60, 0.1), score(59, 0.2), score(61, 0.3)] });
    for (const sink of [live, replayed]) await sink.write(outputs);
    expect(live.endToEnd.sum).toBeCloseTo(2.5 + 62.5 + 0);
    expect(replayed.endToEnd.sum).toBe(0);
    expect(replayed.delays().size).toBe(0);
  });

  it('have the alert records by state', async () => {
    const sink = new MetricsSink(CLOCK);
    await sink.write(outputsOf({ alerts: [alert('a'), alert('b'), alert('a', 1, { state: 'RESOLVED' })] }));
    expect(Object.fromEntries(sink.transitions)).toEqual({ RAISED: 2, RESOLVED: 1 });
  });
});
