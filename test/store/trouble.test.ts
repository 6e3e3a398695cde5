import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Notice } from '../../src/alerts/notices.js';
import type { PatientState } from '../../src/align/patient.js';
import type { Outputs, ShadowScore } from '../../src/engine/outputs.js';
import { deadLetter } from '../../src/events/dead-letter.js';
import type {
  ImagingClinicalEvent,
  NoteClinicalEvent,
  ObservationEvent,
  TreatmentClinicalEvent,
} from '../../src/events/event.js';
import { openStore } from '../../src/store/open-store.js';
import { TABLES } from '../../src/store/rows.js';
import { select } from '../../src/store/select.js';
import { StoreSink, type StoreSinkOptions } from '../../src/store/sink.js';
import { alert, eventOf, imaging, note, outputsOf, START, score, treatment, vitals } from '../helpers.js';
import { ClickHouseFront } from './front.js';

const front = new ClickHouseFront();
let client: ClickHouseClient;
const settings = (database = 'trouble') => ({ kind: 'server' as const, url: front.url, database });

beforeAll(async () => {
  await front.come();
  client = await openStore(settings());
});
afterAll(async () => {
  await client.close();
  await front.close();
});
beforeEach(async () => {
  await front.come();
  front.refuses = null;
  for (const table of TABLES) await client.command({ query: `TRUNCATE TABLE ${table}` });
});

const sinkOf = async (options: StoreSinkOptions = {}) =>
  new StoreSink(await openStore(settings()), 'm1', { maxAgeMs: 0, ...options });
const count = async (table: string) =>
  (await select<{ rows: number }>(client, `SELECT count() AS rows FROM ${table} FINAL`))[0].rows;
const scores = (...minutes: number[]) =>
  outputsOf({ scores: minutes.map((minute) => score(minute, minute / 100)) });

/** How long a write keeps who writes, in milliseconds. */
async function took(write: Promise<void>): Promise<number> {
  const began = performance.now();
  await write;
  return performance.now() - began;
}

describe('a store in trouble', () => {
  const codes = [236, 439, 425, 1000, 1001, 76, 60, 81, 497, 516, 241, 252].map((code) => `code:${code}`);
  it.each([...codes, 'http500', 'cut-before', 'cut-after'])(
    'keeps nobody waiting and loses nothing: %s',
    async (fault) => {
      const sink = await sinkOf();
      front.fault = fault;
      let failures = 0;
      const before = front.requests;
      expect(await took(sink.write({ ...scores(1), alerts: [alert('a')] }))).toBeLessThan(100);
      await expect.poll(() => front.requests - before).toBeGreaterThanOrEqual(2);
      expect(await took(sink.write(scores(2)))).toBeLessThan(100);
      const flushed = sink.flush().then(() => failures++);
      await sleep(20);
      expect([failures, sink.waiting > 0]).toEqual([0, true]);
      front.fault = null;
      await flushed;
      expect([await count('scores'), await count('alert_events'), sink.waiting]).toEqual([2, 1, 0]);
      await sink.close();
    },
  );

  it('that hangs keeps nobody waiting, is told by a notice, and gets everything', async () => {
    const open = new Set<string>();
    const notices = {
      raise: ({ kind, priority }: Notice) => void open.add(`${kind} ${priority}`),
      clear: (kind: string) => void (kind === 'store-away' && open.clear()),
    };
    const sink = await sinkOf({ notices, awayAfterMs: 500 });
    front.fault = 'hang';
    for (let minute = 0; minute < 50; minute++) {
      expect(await took(sink.write({ ...scores(minute), alerts: [alert(`a${minute}`)] }))).toBeLessThan(100);
      await sleep(5);
    }
    await expect.poll(() => [...open], { timeout: 5000 }).toEqual(['store-away MEDIUM']);
    expect(sink.isAway).toBe(true);
    await front.come();
    await sink.flush();
    expect([await count('scores'), await count('alert_events')]).toEqual([50, 50]);
    await expect.poll(() => [...open], { timeout: 5000 }).toEqual([]);
    await sink.close();
  });

  it('that takes three seconds an insert keeps nobody waiting', async () => {
    const sink = await sinkOf();
    front.delayMs = 3000;
    expect(await took(sink.write({ ...scores(1), alerts: [alert('a')] }))).toBeLessThan(100);
    expect(await took(sink.write({ ...scores(2), alerts: [alert('b')] }))).toBeLessThan(100);
    front.delayMs = 0;
    await sink.flush();
    expect([await count('scores'), await count('alert_events')]).toEqual([2, 2]);
    await sink.close();
  });
});

describe('a row that the store refuses', () => {
  it('is set aside by itself, counted, told, and leaves a dead letter without what it says', async () => {
    await client.command({ query: 'ALTER TABLE scores ADD CONSTRAINT sane CHECK mortality < 0.5' });
    const told: string[] = [];
    const sink = await sinkOf({ onTrouble: (message) => told.push(message) });
    const risks = Array.from({ length: 40 }, (_, minute) => (minute % 13 === 5 ? 0.9 : 0.1));
    await sink.write(outputsOf({ scores: risks.map((mortality, minute) => score(minute, mortality)) }));
    await sink.flush();
    await sink.flush();
    expect([await count('scores'), sink.refused.get('scores')]).toEqual([37, 3]);
    expect(told).toHaveLength(3);
    expect(told[0]).toMatch(/^the store refuses a row of scores, which is left out: ClickHouse code 469/);
    const letters = await select(client, 'SELECT topic, reason, detail, raw FROM dead_letters FINAL');
    expect(letters).toHaveLength(3);
    expect(letters[0]).toMatchObject({ topic: 'store:scores', reason: 'refused-by-store', raw: '' });
    expect(JSON.stringify([told, letters])).not.toMatch(/p1|0\.9/);
    await client.command({ query: 'ALTER TABLE scores DROP CONSTRAINT sane' });
    await sink.close();
  });

  it('with a code that nobody knows is doubted in time: if others of its table go in, it is the row', async () => {
    front.refuses = { text: 'secret', code: '7777' };
    const sink = await sinkOf({ maxAgeMs: 1 });
    const note1 = eventOf('notes', note('a secret', { messageId: 'n1' })) as NoteClinicalEvent;
    const note2 = eventOf('notes', note('plain', { messageId: 'n2' })) as NoteClinicalEvent;
    const note3 = eventOf('notes', note('plain', { messageId: 'n3' })) as NoteClinicalEvent;
    await sink.write(outputsOf({ notes: [note2, note1, note3] }));
    await sink.flush();
    expect([await count('notes'), sink.refused.get('notes')]).toEqual([2, 1]);
    await sink.close();
  }, 60_000);
});

describe('memory that is full', () => {
  const big = (from: number, rows: number) => scores(...Array.from({ length: rows }, (_, i) => from + i));

  it('live, is kept for alerts: what the topics have is left out, counted and told, until the store is back', async () => {
    const open = new Set<string>();
    const told: string[] = [];
    const notices = {
      raise: ({ kind, priority }: Notice) => void open.add(`${kind} ${priority}`),
      clear: (kind: string) => {
        for (const each of open) if (each.startsWith(kind)) open.delete(each);
      },
    };
    const sink = await sinkOf({
      isLive: true,
      maxWaitingBytes: 150_000,
      notices,
      onTrouble: (message) => told.push(message),
    });
    front.fault = 'code:241';
    await sink.write(big(0, 200));
    expect(sink.leftOut.rows.size).toBe(0);
    expect(await took(sink.write({ ...big(200, 400), alerts: [alert('a')] }))).toBeLessThan(100);
    const left = sink.leftOut.rows.get('scores') ?? 0;
    expect(left).toBeGreaterThan(100);
    expect([...open]).toEqual(['store-rows-left-out HIGH']);
    expect(sink.waitingBytes).toBeLessThan(150_000);
    await front.come();
    await sink.flush();
    expect([await count('scores'), await count('alert_events')]).toEqual([600 - left, 1]);
    await expect.poll(() => [...open], { timeout: 5000 }).toEqual([]);
    expect(told.at(-1)).toMatch(
      new RegExp(`^${left} rows were left out of the store; replay --from kafka:2026-\\S+Z\\.\\.2026-\\S+Z`),
    );
    await sink.close();
  });

  it('not live, holds the history back until there is room, and loses nothing', async () => {
    const sink = await sinkOf({ maxWaitingBytes: 50_000 });
    front.fault = 'code:241';
    const writing = took(sink.write(big(0, 300)));
    await sleep(300);
    await front.come();
    expect(await writing).toBeGreaterThan(250);
    await sink.flush();
    expect([await count('scores'), sink.leftOut.rows.size]).toEqual([300, 0]);
    await sink.close();
  });
});

describe('what is written', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '\u0000', '\ud800', 'a\udc00b', '\u{1f600}', '\\N', '\t"\n', 'x'.repeat(5000)),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  );
  const number = fc.oneof(
    fc.double(),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, -0, 2 ** 53),
  );
  const time = fc.oneof(
    fc.constantFrom(-9e15, 9e15, START * 1000, Math.floor(START / 1000), 0, -1, 5000, 12_345_678, 1e12, 1e13),
    fc.constantFrom(
      Date.UTC(1850, 0),
      Date.UTC(1900, 0),
      Date.UTC(2290, 0),
      Date.UTC(2299, 11, 31),
      1e13 - 1,
    ),
    fc.integer({ min: -9e15, max: 9e15 }),
    fc.double(),
  );

  /** Whatever comes in, in every field of every table. */
  const anything = fc.record({ text, other: text, number, time, later: time, whole: number }).map((any) => {
    const ids = { messageId: any.text, patientId: any.other };
    const where = { patientId: any.other, stayId: any.text, wardId: any.text, bedId: any.other };
    const event = (kind: 'vitals', extra: object = {}) => ({
      ...eventOf(kind, vitals({ heartRate: 80 }, { messageId: 'm' })),
      ...ids,
      eventTime: any.time,
      observedAt: any.later,
      ...extra,
    });
    const rated = {
      ...score(1, any.number),
      ...where,
      eventTime: any.time,
      circulatory: any.number,
      news2: any.whole,
      qsofa: any.whole,
      outOfRange: ['heartRate'],
      contributions: { base: any.number, structured: 0, text: any.number, image: any.number },
    };
    const heard = eventOf('notes', note('x', { messageId: 'n' })) as NoteClinicalEvent;
    const seen = eventOf('imaging', imaging({ messageId: 'i' })) as ImagingClinicalEvent;
    const given = eventOf('treatments', treatment({ messageId: 't' })) as TreatmentClinicalEvent;
    const stay = { ...where, admittedAt: any.time, lastEventAt: any.later } as PatientState;
    const told = alert('a', 0, {
      reason: any.text,
      rule: any.other,
      onsetTime: any.time,
      eventTime: any.later,
    });
    const rejection = {
      reason: 'empty' as const,
      detail: any.text,
      patientId: any.other,
      eventTime: any.time,
      index: 0,
    };
    const origin = { topic: 't', partition: 0, offset: 0 };
    return outputsOf({
      observations: [event('vitals', { values: [any.number] }) as unknown as ObservationEvent],
      notes: [
        { ...heard, ...ids, eventTime: any.time, body: { ...heard.body, text: any.text, source: any.other } },
      ],
      images: [
        { ...seen, ...ids, eventTime: any.time, body: { ...seen.body, uri: any.text, modality: any.other } },
      ],
      treatments: [
        {
          ...given,
          ...ids,
          eventTime: any.time,
          body: {
            ...given.body,
            treatmentId: any.text,
            rate: { perMinute: any.number, isPerKg: true },
            weightKg: any.number,
            source: any.other,
          },
        },
      ],
      admitted: [stay],
      discharged: [stay],
      scores: [rated],
      shadowScores: [{ ...rated, modelVersion: 'm2' } as ShadowScore],
      alerts: [{ ...told, ...where, sequence: any.whole, value: any.number } as Outputs['alerts'][number]],
      deadLetters: [deadLetter(origin, Buffer.from(any.text), rejection)],
    });
  });

  it('is valid for its column, whatever came in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 50 }), async (all) => {
        const told: string[] = [];
        const sink = await sinkOf({ onTrouble: (message) => told.push(message) });
        for (const outputs of all) await sink.write(outputs);
        await sink.close();
        expect(told).toEqual([]);
      }),
      { numRuns: 15 },
    );
    for (const table of TABLES) expect(await count(table), table).toBeGreaterThan(0);
  }, 120_000);

  it('says the time that it was, in every range', async () => {
    const times = [
      Date.UTC(1900, 0, 1),
      -1,
      0,
      5000,
      1_764_454_681,
      START + 1,
      1e13 - 1,
      1e13,
      Date.UTC(2299, 11, 31),
    ];
    const sink = await sinkOf();
    const letters = times.map((eventTime, offset) => {
      const rejection = { reason: 'empty' as const, detail: '', patientId: null, eventTime, index: 0 };
      return deadLetter({ topic: 't', partition: 0, offset }, null, rejection);
    });
    await sink.write(outputsOf({ deadLetters: letters }));
    await sink.close();
    const rows = await select<{ time: number }>(
      client,
      'SELECT toUnixTimestamp64Milli(event_time) AS time FROM dead_letters FINAL ORDER BY offset',
    );
    expect(rows.map((row) => row.time)).toEqual(times);
  });
});
