import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Notice } from '../../src/alerts/notices.js';
import type { PatientState } from '../../src/align/patient.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { WALL_CLOCK } from '../../src/clock.js';
import { BusSink } from '../../src/engine/bus-sink.js';
import type { Outputs, ShadowScore } from '../../src/engine/outputs.js';
import { MessageCodec } from '../../src/events/codec.js';
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
import { StoreWriter, type StoreWriterOptions } from '../../src/store/writer/store-writer.js';
import {
  alert,
  eventOf,
  imaging,
  LIMITS,
  note,
  outputsOf,
  START,
  score,
  treatment,
  vitals,
} from '../helpers.js';
import { DirectSink } from './direct-sink.js';
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

/** The way of results to the store: onto a bus, and from there by a writer. */
class Way {
  readonly writer: StoreWriter;
  readonly #bus: MemoryBus;
  readonly #sink: BusSink;

  private constructor(bus: MemoryBus, writer: StoreWriter) {
    this.#bus = bus;
    this.writer = writer;
    this.#sink = new BusSink(bus, new MessageCodec(), 'm1', { isLive: false });
  }

  static async open(
    options: Partial<StoreWriterOptions> = {},
    bus = new MemoryBus({ partitions: 2, capacity: 100_000 }),
  ): Promise<Way> {
    const own = { bus, client, codec: new MessageCodec(), limits: LIMITS, clock: WALL_CLOCK };
    return new Way(bus, await StoreWriter.start({ ...own, maxAgeMs: 1, ...options }));
  }

  async write(outputs: Outputs): Promise<void> {
    await this.#sink.write(outputs);
    await this.#sink.flush();
  }

  /** Resolves when all that was written is in the store. */
  async settle(): Promise<void> {
    while (this.#bus.unreadBeside > 0) await sleep(1);
    await this.writer.flush();
  }

  /** Records that nobody has read, since the store takes nothing. */
  get unread(): number {
    return this.#bus.unreadBeside;
  }

  async close(): Promise<void> {
    await this.#sink.close();
    await this.writer.close();
  }
}

const count = async (table: string) =>
  (await select<{ rows: number }>(client, `SELECT count() AS rows FROM ${table} FINAL`))[0].rows;
const scores = (...minutes: number[]) =>
  outputsOf({ scores: minutes.map((minute) => score(minute, minute / 100)) });

describe('a store in trouble', () => {
  const codes = [236, 439, 425, 1000, 1001, 76, 60, 81, 497, 516, 241, 252].map((code) => `code:${code}`);
  it.each([...codes, 'http500', 'cut-before', 'cut-after'])(
    'is read for no more, and later gets everything once: %s',
    async (fault) => {
      const way = await Way.open({ maxRows: 2 });
      front.fault = fault;
      const before = front.requests;
      await way.write({ ...scores(1), alerts: [alert('a')] });
      await expect.poll(() => front.requests - before).toBeGreaterThanOrEqual(2);
      for (let minute = 2; minute < 9; minute++) await way.write(scores(minute));
      await sleep(20);
      // One batch is under way, one is full: no more is taken into memory.
      expect([way.writer.waiting <= 5, way.unread > 0]).toEqual([true, true]);
      front.fault = null;
      await way.settle();
      expect([await count('scores'), await count('alert_events'), way.writer.waiting]).toEqual([8, 1, 0]);
      await way.close();
    },
  );

  it('that takes rows is waited for up to what had come, however much comes meanwhile', async () => {
    const way = await Way.open({ maxAgeMs: 60_000 });
    await way.write(scores(0));
    await expect.poll(() => way.writer.waiting).toBe(1);
    let isFlushed = false;
    const flushed = way.writer.flush().then(() => {
      isFlushed = true;
    });
    let minute = 1;
    for (; !isFlushed && minute < 2000; minute++) {
      await way.write(scores(minute));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await flushed;
    expect([isFlushed, minute < 2000, (await count('scores')) > 0]).toEqual([true, true, true]);
    await way.close();
  });

  it('is not the reason where a commit is refused: reading has ended, with that', async () => {
    class RefusingBus extends MemoryBus {
      override async consume(...given: Parameters<MemoryBus['consume']>) {
        const commit = async () => {
          throw new Error('not authorised');
        };
        return { ...(await super.consume(...given)), commit };
      }
    }
    const way = await Way.open({}, new RefusingBus({ partitions: 2, capacity: 100_000 }));
    await way.write(scores(1));
    expect((await way.writer.failed()).message).toBe('not authorised');
    await way.close();
  });

  it('that hangs is told by a notice and in health, and gets everything', async () => {
    const open = new Set<string>();
    const said: string[] = [];
    const notices = {
      raise: ({ kind, priority }: Notice) => void open.add(`${kind} ${priority}`),
      clear: (kind: string) => void (kind === 'store-away' && open.clear()),
    };
    const onRelief = (message: string) => said.push(message);
    const way = await Way.open({ notices, awayAfterMs: 500, onRelief });
    front.fault = 'hang';
    for (let minute = 0; minute < 50; minute++) {
      await way.write({ ...scores(minute), alerts: [alert(`a${minute}`)] });
    }
    await expect.poll(() => [...open], { timeout: 5000 }).toEqual(['store-away MEDIUM']);
    expect(way.writer.isAway).toBe(true);
    await front.come();
    await way.settle();
    expect([await count('scores'), await count('alert_events')]).toEqual([50, 50]);
    await expect.poll(() => [...open], { timeout: 5000 }).toEqual([]);
    expect([way.writer.isAway, said]).toEqual([false, ['the store takes rows again']]);
    await way.close();
  });

  it('that has no tables yet is waited for', async () => {
    let come: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      come = resolve;
    });
    const way = await Way.open({ ready });
    await way.write(scores(1));
    await sleep(50);
    expect(await count('scores')).toBe(0);
    come();
    await way.settle();
    expect(await count('scores')).toBe(1);
    await way.close();
  });

  it('that does not come back keeps no process from its end', async () => {
    const way = await Way.open();
    front.fault = 'code:241';
    await way.write(scores(1));
    await expect.poll(() => way.writer.waiting).toBe(1);
    await way.close();
    await front.come();
    expect(await count('scores')).toBe(0);
  });
});

describe('a row that the store refuses', () => {
  it('is set aside by itself, counted, told, and leaves a dead letter without what it says', async () => {
    await client.command({ query: 'ALTER TABLE scores ADD CONSTRAINT sane CHECK mortality < 0.5' });
    const told: string[] = [];
    const way = await Way.open({ onTrouble: (message) => told.push(message) });
    const risks = Array.from({ length: 40 }, (_, minute) => (minute % 13 === 5 ? 0.9 : 0.1));
    await way.write(outputsOf({ scores: risks.map((mortality, minute) => score(minute, mortality)) }));
    await way.settle();
    expect([await count('scores'), way.writer.refused.get('scores')]).toEqual([37, 3]);
    expect(told).toHaveLength(3);
    expect(told[0]).toMatch(/^the store refuses a row of scores, which is left out: ClickHouse code 469/);
    const letters = await select(client, 'SELECT topic, reason, detail, raw FROM dead_letters FINAL');
    expect(letters).toHaveLength(3);
    expect(letters[0]).toMatchObject({ topic: 'store:scores', reason: 'refused-by-store', raw: '' });
    expect(JSON.stringify([told, letters])).not.toMatch(/p1|0\.9/);
    await client.command({ query: 'ALTER TABLE scores DROP CONSTRAINT sane' });
    await way.close();
  });

  it('with a code that nobody knows is doubted in time: if others of its table go in, it is the row', async () => {
    front.refuses = { text: 'secret', code: '7777' };
    const way = await Way.open();
    const alerts = ['plain', 'a secret', 'plain'].map((reason, at) => alert(`d${at}`, 0, { reason }));
    await way.write(outputsOf({ alerts }));
    await way.settle();
    expect([await count('alert_events'), way.writer.refused.get('alert_events')]).toEqual([2, 1]);
    await way.close();
  }, 60_000);
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
        const sink = new DirectSink(client, 'm1', (table, _, fault) => told.push(`${table}: ${fault}`));
        await sink.writeAll(all);
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
    const sink = new DirectSink(client, 'm1');
    const letters = times.map((eventTime, offset) => {
      const rejection = { reason: 'empty' as const, detail: '', patientId: null, eventTime, index: 0 };
      return deadLetter({ topic: 't', partition: 0, offset }, null, rejection);
    });
    await sink.write(outputsOf({ deadLetters: letters }));
    const rows = await select<{ time: number }>(
      client,
      'SELECT toUnixTimestamp64Milli(event_time) AS time FROM dead_letters FINAL ORDER BY offset',
    );
    expect(rows.map((row) => row.time)).toEqual(times);
  });
});
