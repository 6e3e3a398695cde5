import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TechnicalNotices } from '../../src/alerts/notices.js';
import type { RecordBatch } from '../../src/bus/bus.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { WALL_CLOCK } from '../../src/clock.js';
import { INPUT_TOPICS, TOPICS } from '../../src/contract/topics.js';
import { Engine } from '../../src/engine/engine.js';
import type { Outputs } from '../../src/engine/outputs.js';
import { PausedTopics, SchemaGate } from '../../src/engine/schema-gate.js';
import { SchemaLoader } from '../../src/engine/schema-loader.js';
import { readSchema } from '../../src/events/avro.js';
import { MessageCodec } from '../../src/events/codec.js';
import { RawRecord } from '../../src/events/record.js';
import { parseConfig } from '../../src/settings/config.js';
import { vitals } from '../helpers.js';

const own = new MessageCodec();

/** A message framed as a registry's clients do. */
function framed(id: number, messageId: string, patientId = 'p1'): Buffer {
  const message = vitals({ heartRate: 80 }, { messageId, patientId, eventTime: WALL_CLOCK.now() - 60_000 });
  return Buffer.concat([Buffer.from([0, 0, 0, 0, id]), own.encode('VitalSigns', message).subarray(10)]);
}

function setUp() {
  const registry = {
    isAway: true,
    asked: [] as number[],
    fetchSchema: async (id: number) => {
      registry.asked.push(id);
      if (registry.isAway) throw new Error('connect ECONNREFUSED');
      return id === 8 ? null : readSchema('VitalSigns');
    },
  };
  const notices = new TechnicalNotices(WALL_CLOCK);
  const codec = new MessageCodec({ registry });
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const loader = new SchemaLoader(codec, { notices, onWarning, firstPauseMs: 5 });
  const accepted: RecordBatch[] = [];
  const pauses: [number, readonly string[]][] = [];
  const gate = new SchemaGate(
    loader,
    async (batch) => void accepted.push(batch),
    (partition, topics) => pauses.push([partition, topics]),
  );
  const batch = (
    partition: number,
    offset: number,
    value: Buffer,
    topic: string = TOPICS.vitals,
  ): RecordBatch => {
    const records = [new RawRecord(topic as typeof TOPICS.vitals, partition, offset, value)];
    return { topic, partition, records, positions: [{ topic, partition, offset: offset + 1 }] };
  };
  const seen = () => accepted.map(({ partition, records }) => `${partition}:${records[0].offset}`);
  return { registry, notices, warnings, loader, gate, batch, pauses, seen };
}

describe('a registry that cannot be asked', () => {
  it('holds the partitions that need it, in order, and no other; says so, and that it is back', async () => {
    const { registry, notices, warnings, gate, batch, seen } = setUp();
    await gate.pass(batch(0, 0, framed(7, 'a')));
    await gate.pass(batch(0, 3, own.encode('VitalSigns', vitals({ heartRate: 80 })), TOPICS.labs));
    await gate.pass(batch(1, 5, own.encode('VitalSigns', vitals({ heartRate: 80 }))));
    await gate.pass(batch(0, 1, framed(7, 'b')));
    await expect.poll(() => notices.open().map(({ rule }) => rule)).toEqual(['schema-registry-away']);
    await sleep(30);
    expect(seen()).toEqual(['1:5']);
    expect(gate.waiting).toEqual([0]);
    expect(registry.asked.length).toBeGreaterThan(1);
    registry.isAway = false;
    await gate.settled();
    expect(seen()).toEqual(['1:5', '0:0', '0:3', '0:1']);
    expect([gate.waiting, notices.open()]).toEqual([[], []]);
    expect(warnings).toEqual([
      'the schema registry cannot be asked, messages wait: connect ECONNREFUSED',
      'the schema registry is back',
    ]);
    await gate.pass(batch(0, 2, framed(7, 'c')));
    expect(seen().at(-1)).toBe('0:2');
  });

  it('does not hold what a registry says it does not have', async () => {
    const { registry, notices, gate, batch, seen } = setUp();
    registry.isAway = false;
    await gate.pass(batch(0, 0, framed(8, 'a')));
    await gate.settled();
    await gate.pass(batch(0, 1, framed(8, 'b')));
    expect(seen()).toEqual(['0:0', '0:1']);
    expect([registry.asked, notices.open()]).toEqual([[8], []]);
  });

  it('has a partition not read on when much of it waits, and read again after it', async () => {
    const { registry, gate, batch, pauses } = setUp();
    await gate.pass(batch(0, 0, framed(7, 'a')));
    for (let offset = 1; offset < 20; offset++) await gate.pass(batch(0, offset, Buffer.alloc(1_000_000, 1)));
    expect(pauses).toEqual([[0, INPUT_TOPICS]]);
    registry.isAway = false;
    await gate.settled();
    expect(pauses).toEqual([
      [0, INPUT_TOPICS],
      [0, []],
    ]);
  });

  it('lets no time pass in a partition while some of its input waits', async () => {
    const { registry, gate, batch } = setUp();
    const topic = (partition: number, through: number) => ({
      partition,
      topic: TOPICS.vitals,
      readThrough: through,
      completeThrough: through,
      silentMs: 0,
      unansweredMs: 0,
    });
    const through = (time: number) =>
      gate
        .inside([topic(0, time), topic(1, time)])
        .map(({ readThrough, completeThrough }) => [readThrough, completeThrough]);
    expect(through(100)).toEqual([
      [100, 100],
      [100, 100],
    ]);
    await gate.pass(batch(0, 0, framed(7, 'a')));
    expect(through(200)).toEqual([
      [100, 100],
      [200, 200],
    ]);
    registry.isAway = false;
    await gate.settled();
    expect(through(300)[0]).toEqual([300, 300]);
    // What was known of an earlier time here is void.
    gate.drop([0]);
    registry.isAway = true;
    await gate.pass(batch(0, 1, framed(9, 'b')));
    expect(through(400)[0]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    registry.isAway = false;
    await gate.settled();
  });

  it('lets go of partitions that are another process’s', async () => {
    const { registry, gate, loader, batch, seen } = setUp();
    await gate.pass(batch(0, 0, framed(7, 'a')));
    gate.drop([0]);
    registry.isAway = false;
    await gate.settled();
    expect(seen()).toEqual([]);
    registry.isAway = true;
    await gate.pass(batch(1, 0, framed(9, 'a')));
    loader.close();
    await gate.settled();
  });

  it('delays the engine’s messages and loses none', async () => {
    const { registry } = setUp();
    const bus = new MemoryBus({ partitions: 2, capacity: 1000 });
    const outputs: Outputs[] = [];
    const sinks = [{ write: async (each: Outputs) => void outputs.push(each) }];
    const engine = await Engine.open({ config: parseConfig({}), bus, clock: WALL_CLOCK, sinks, registry });
    await engine.start();
    await bus.produce(TOPICS.vitals, [{ key: 'p1', value: framed(7, 'a') }]);
    await expect.poll(() => engine.waitingForSchemas.length).toBe(1);
    expect(engine.notices.open().map(({ rule }) => rule)).toContain('schema-registry-away');
    registry.isAway = false;
    await engine.finish();
    expect(outputs.flatMap(({ observations }) => observations).map(({ messageId }) => messageId)).toEqual([
      'a',
    ]);
    expect(engine.counts.deadLetters).toBe(0);
    expect(engine.waitingForSchemas).toEqual([]);
    await engine.close();
  });
});

describe('PausedTopics', () => {
  it('pauses what either account asks for', () => {
    const pauses: unknown[] = [];
    const paused = new PausedTopics((partition, topics) => pauses.push([partition, ...topics]));
    paused.on('merge')(0, ['a']);
    paused.on('schemas')(0, ['a', 'b']);
    paused.on('merge')(0, []);
    paused.on('schemas')(0, []);
    paused.on('merge')(1, ['c']);
    paused.forget([1]);
    paused.on('schemas')(1, []);
    expect(pauses).toEqual([[0, 'a'], [0, 'a', 'b'], [0, 'a', 'b'], [0], [1, 'c'], [1]]);
  });
});
