import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Consumer, EventBus, RecordBatch, RecordHandler, StateLog } from '../../src/bus/bus.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { VARIABLE_COUNT } from '../../src/clinical/variables.js';
import { ReplayClock } from '../../src/clock.js';
import type {
  AdtMessage,
  AdtType,
  AlertMessage,
  LabResultMessage,
  PatientSnapshotMessage,
} from '../../src/contract/messages.js';
import { INPUT_TOPICS, type InputTopic, TOPICS } from '../../src/contract/topics.js';
import { Engine } from '../../src/engine/engine.js';
import type { Outputs, Sink } from '../../src/engine/outputs.js';
import { restorePatient } from '../../src/engine/snapshot.js';
import { DecodeFailure, MessageCodec } from '../../src/events/codec.js';
import { RawRecord } from '../../src/events/record.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import type { ModelConfig } from '../../src/inference/model.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { bytesOf } from '../../src/sources/source.js';
import { adt, HOUR_MS, LOUD_RULES, START } from '../helpers.js';
import { positionsOf } from './state-log.js';

const codec = new MessageCodec();
const told: SourceMessage[] = [
  ...simulateWard({
    beds: 3,
    hours: 52,
    seed: 3,
    startTime: START,
    wardId: 'W',
    vitalsIntervalMs: 600_000,
    scenarios: ['septic-shock', 'haemorrhage', 'recovery'],
  }),
];
/** Each third laboratory message is corrected after 100 minutes, in a later step, whatever was restarted since. */
const corrections = told
  .filter(({ topic }) => topic === TOPICS.labs)
  .filter((_, index) => index % 3 === 0)
  .map((message): SourceMessage => {
    const { record } = message as { record: LabResultMessage };
    const eventTime = message.eventTime + 100 * 60_000;
    const observations = record.observations.map((each) => ({ ...each, value: each.value * 1.1 }));
    const corrected = { ...record, messageId: `${record.messageId}-c`, eventTime, observations };
    return { ...message, eventTime, record: corrected } as SourceMessage;
  });
const end = told.at(-1)!.eventTime;

/** What happens to the stays, as messages with the hours at which they come: moves, one of them told late, and more. */
const [moved, late, twice] = ['SIM-3-001', 'SIM-3-002', 'SIM-3-003'];
const story: readonly (readonly [arrival: number, type: AdtType, hour: number, what: Partial<AdtMessage>])[] =
  [
    [0.5, 'ADMIT', 0, { patientId: late, wardId: 'W', bedId: 'Bed 02', ageYears: 81, sex: 'FEMALE' }],
    [5, 'TRANSFER', 5, { patientId: moved, wardId: 'V', bedId: '9' }],
    [10, 'DISCHARGE', 10, { patientId: moved }],
    [10.05, 'UPDATE', 10.05, { patientId: moved }],
    [20, 'TRANSFER', 18, { patientId: moved, wardId: 'U', bedId: '3' }],
    [30, 'ADMIT', 30, { patientId: twice, wardId: 'V', bedId: '7' }],
    [30, 'DISCHARGE', 30, { patientId: twice }],
  ];
/** In the order in which they come. */
const messages: readonly (SourceMessage & { readonly arrival: number })[] = [
  ...[...told, ...corrections.filter(({ eventTime }) => eventTime < end)]
    .filter(({ topic, key }) => topic !== TOPICS.adt || key !== late)
    .map((message) => ({ ...message, arrival: message.eventTime })),
  ...story.map(([arrival, type, hour, what]) => {
    const eventTime = START + hour * HOUR_MS;
    const record = adt(type, { ...what, eventTime, messageId: `story-${type}-${arrival}` });
    return {
      topic: TOPICS.adt,
      key: record.patientId,
      eventTime,
      record,
      arrival: START + arrival * HOUR_MS,
    };
  }),
].sort((a, b) => a.arrival - b.arrival);
/** How much of the log there is once a message of the story has come. */
const through = (type: AdtType, arrival: number) =>
  messages.findIndex(
    ({ record }) => 'messageId' in record && record.messageId === `story-${type}-${arrival}`,
  ) + 1;

/** What outlives a process. */
interface World {
  entries: Map<string, Buffer>;
  committed: Map<string, number>;
}

function newWorld(): World {
  return { entries: new Map(), committed: new Map() };
}

/** A bus that a process can die over: one partition, its state, and how far it is committed. */
class SurvivingBus implements EventBus {
  readonly name = 'surviving';
  readonly state: StateLog;
  readonly #world: World;
  readonly #waiting: (() => void)[] = [];
  handler: RecordHandler | null = null;

  constructor(world: World) {
    this.#world = { ...world };
    const { entries } = this.#world;
    this.state = {
      restore: async (_, take) =>
        [...entries].map(([key, value]) => take({ key, partition: 0, offset: 0, value })),
      write: async (changes) => {
        for (const { key, value } of changes) {
          if (value === null) entries.delete(key);
          else entries.set(key, value);
        }
        return changes.map(({ key, partition }) => ({ key, partition, offset: 0 }));
      },
      read: async (places) => places.map((place) => ({ ...place, value: entries.get(place.key) as Buffer })),
      reread: async (stretches, handle) => {
        for (const { topic, partition } of stretches) {
          await handle({ topic, partition, records: [], positions: [] }, false);
        }
        for (const { topic, partition, since, until } of stretches) {
          const records = log.filter(
            (each) => each.topic === topic && each.offset < until && each.time >= since,
          );
          await handle({ topic, partition, records, positions: [] }, true);
        }
      },
    };
  }

  async consume(_: readonly string[], handler: RecordHandler): Promise<Consumer> {
    this.handler = handler;
    await handler.assigned([0], ['all']);
    return {
      commit: async (positions) => {
        for (const { topic, offset } of positions) this.#world.committed.set(topic, offset);
        for (const resolve of this.#waiting.splice(0)) resolve();
        return true;
      },
      recommit: async () => true,
      progress: () => [],
      pause: () => undefined,
      close: async () => undefined,
    };
  }

  /** Resolves at the next commit. */
  committed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  createTopics = async () => [];
  listTopics = async () => [];
  produce = async () => undefined;
  close = async () => undefined;
}

function snapshotsOf({ entries }: World): PatientSnapshotMessage[] {
  return [...entries.values()].map((value) => {
    const snapshot = codec.decode('PatientSnapshot', value);
    if (snapshot instanceof DecodeFailure) throw new Error(snapshot.detail);
    return snapshot;
  });
}

function changeSnapshots(world: World, change: Partial<PatientSnapshotMessage>): void {
  for (const snapshot of snapshotsOf(world)) {
    const value = codec.encode('PatientSnapshot', { ...snapshot, ...change });
    world.entries.set(snapshot.patientId, value);
  }
}

/** The log: every message with its offset in its topic. */
const log = (() => {
  const next = new Map<string, number>();
  return messages.map((message) => {
    const offset = next.get(message.topic) ?? 0;
    next.set(message.topic, offset + 1);
    const record = new RawRecord(message.topic as InputTopic, 0, offset, bytesOf(message, codec));
    return Object.assign(record, { time: message.arrival });
  });
})();

class Results implements Sink {
  /** Risk and states. */
  readonly scores = new Map<string, string>();
  readonly alerts = new Map<string, string>();

  async write({ scores, alerts }: Outputs): Promise<void> {
    for (const { patientId, eventTime, risk, states } of scores)
      this.scores.set(`${patientId} ${eventTime}`, `${risk} ${JSON.stringify(states)}`);
    for (const alert of alerts)
      this.alerts.set(`${alert.alertId} ${alert.sequence}`, JSON.stringify({ ...alert, evidence: [] }));
  }
}

/** What one of two has, or has otherwise. */
function differences<Value>(found: ReadonlyMap<string, Value>, wanted: ReadonlyMap<string, Value>): string[] {
  const keys = [...new Set([...found.keys(), ...wanted.keys()])].sort();
  return keys
    .filter((key) => found.get(key) !== wanted.get(key))
    .map((key) => `${key}: ${found.get(key)}, not ${wanted.get(key)}`);
}

/** Reads the log from what is committed up to `until`; `stop` ends as asked, else the process dies with its memory. */
async function live(world: World, results: Sink, until: number, stop: boolean): Promise<void> {
  const bus = new SurvivingBus(world);
  const clock = new ReplayClock();
  const config = parseConfig({ state: { checkpointIntervalMs: 20 }, alerts: { rules: LOUD_RULES } });
  const engine = await Engine.open({ config, bus, clock, sinks: [results] });
  await engine.start();
  const unread = log
    .slice(0, until)
    .filter(({ topic, offset }) => offset >= (world.committed.get(topic) ?? 0));
  for (let start = 0; start < unread.length; start += 40) {
    const records = unread.slice(start, start + 40);
    clock.advanceTo(records.at(-1)!.time);
    const batch: RecordBatch = { topic: 'all', partition: 0, records, positions: positionsOf(records) };
    await bus.handler!.batch(batch);
    if (start % 400 === 0) await bus.committed();
  }
  if (stop) await engine.finish();
  else {
    // What a dead process would have written after this is kept from the world.
    world.entries = new Map(world.entries);
    world.committed = new Map(world.committed);
  }
  await engine.close();
}

/** A place where a sink waits. */
class Gate {
  open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
  #arrive: () => void = () => undefined;
  readonly reached = new Promise<void>((resolve) => {
    this.#arrive = resolve;
  });

  passed(): Promise<void> {
    this.#arrive();
    return this.#opened;
  }
}

/** The first events are read, and while a sink waits at the gate the partition is lost; then it comes back. */
async function withPartitionsTakenAway(world: World, gate: Gate, sink: Sink): Promise<void> {
  const bus = new SurvivingBus(world);
  const clock = new ReplayClock();
  const config = parseConfig({ state: { checkpointIntervalMs: 5 } });
  const engine = await Engine.open({ config, bus, clock, sinks: [sink] });
  await engine.start();
  const records = log.slice(0, 60);
  clock.advanceTo(records.at(-1)!.time);
  await bus.handler!.batch({ topic: 'all', partition: 0, records, positions: positionsOf(records) });
  await gate.reached;
  const over = bus.handler!.revoked([0]).then(() => bus.handler!.assigned([0], ['all']));
  // Whoever does not wait for the sink is done by now.
  await new Promise((resolve) => setTimeout(resolve, 20));
  gate.open();
  await over;
  await new Promise((resolve) => setTimeout(resolve, 50));
  await engine.close();
}

async function modelConfig(): Promise<ModelConfig> {
  const bus = new MemoryBus({ partitions: 1, capacity: 1 });
  const engine = await Engine.open({ config: parseConfig({}), bus, clock: new ReplayClock(), sinks: [] });
  return engine.model.config;
}

/** As a program wrote it that did not know the field yet. */
function withoutInHeader(snapshot: PatientSnapshotMessage, field: string): PatientSnapshotMessage {
  const { [field]: _, ...header } = headerOf(snapshot);
  const bytes = inflateRawSync(snapshot.state);
  return withHeader(snapshot, header, bytes.subarray(4 + bytes.readUInt32LE(0)));
}

function headerOf({ state }: PatientSnapshotMessage): Record<string, unknown> {
  const bytes = inflateRawSync(state);
  return JSON.parse(bytes.toString('utf8', 4, 4 + bytes.readUInt32LE(0))) as Record<string, unknown>;
}

/** The snapshot with another header before these arrays. */
function withHeader(
  snapshot: PatientSnapshotMessage,
  header: object,
  arrays: Buffer,
): PatientSnapshotMessage {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return { ...snapshot, compression: 'NONE', state: Buffer.concat([length, text, arrays]) };
}

describe('state that outlives the process', () => {
  it('continues after a crash at any place as if nothing had happened: the same scores, the same alerts', async () => {
    const uninterrupted = new Results();
    await live(newWorld(), uninterrupted, log.length, true);
    expect(uninterrupted.alerts.size).toBeGreaterThan(2);
    const world = newWorld();
    const results = new Results();
    for (const share of [0.2, 0.45, 0.46, 0.9]) {
      await live(world, results, Math.floor(log.length * share), false);
      expect(world.entries.size).toBe(3);
    }
    await live(world, results, log.length, true);
    expect(new Map([...results.scores].sort())).toEqual(new Map([...uninterrupted.scores].sort()));
    expect(new Map([...results.alerts].sort())).toEqual(new Map([...uninterrupted.alerts].sort()));
  });

  it.each([
    [
      'between the discharge and the update that takes it back',
      [through('DISCHARGE', 10), through('UPDATE', 10.05)],
    ],
    ['before and after an admission that is told late', [through('ADMIT', 0.5) - 2, through('ADMIT', 0.5)]],
    ['around a move that is told late', [through('TRANSFER', 20) - 1, through('TRANSFER', 20)]],
    ['between an admission and the discharge of that moment', [through('ADMIT', 30)]],
  ])('knows stays as if nothing had happened, restarted %s', async (_, places) => {
    const uninterrupted = new Results();
    await live(newWorld(), uninterrupted, log.length, true);
    const alerts = [...uninterrupted.alerts.values()].map((text) => JSON.parse(text) as AlertMessage);
    expect(alerts.filter(({ patientId }) => patientId === moved).map(({ wardId }) => wardId)).toContain('U');
    expect(new Set(alerts.map(({ rule }) => rule))).toContain('place-unknown');
    const world = newWorld();
    const results = new Results();
    for (const place of places) await live(world, results, place, false);
    await live(world, results, log.length, true);
    expect(differences(results.scores, uninterrupted.scores)).toEqual([]);
    expect(differences(results.alerts, uninterrupted.alerts)).toEqual([]);
  });

  it('takes a discharge back that another process knows of from the log only', async () => {
    const uninterrupted = new Results();
    await live(newWorld(), uninterrupted, log.length, true);
    const world = newWorld();
    const results = new Results();
    for (const place of [through('DISCHARGE', 10), through('UPDATE', 10.05)]) {
      await live(world, results, place, true);
      const kept = snapshotsOf(world).find(({ patientId }) => patientId === moved);
      expect([kept?.stayId, kept?.eventTime]).toEqual(['', START + 10 * HOUR_MS]);
      expect(kept?.state.length).toBeGreaterThan(0);
    }
    await live(world, results, log.length, true);
    expect(differences(results.scores, uninterrupted.scores)).toEqual([]);
    expect(differences(results.alerts, uninterrupted.alerts)).toEqual([]);
  });

  it('commits all that was dealt with when it is told to stop', async () => {
    const world = newWorld();
    await live(world, new Results(), log.length, true);
    for (const topic of INPUT_TOPICS) {
      const last = log.findLast((each) => each.topic === topic);
      expect(world.committed.get(topic)).toBe(last && last.offset + 1);
    }
  });

  it('commits only what every sink has made safe', async () => {
    const world = newWorld();
    const order: string[] = [];
    const slow: Sink = {
      write: async () => undefined,
      flush: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        order.push(`safe, committed before: ${world.committed.size}`);
      },
    };
    await live(world, slow, 50, true);
    expect(order[0]).toBe('safe, committed before: 0');
    expect(world.committed.size).toBeGreaterThan(0);
  });

  it('commits nothing of what was under way when the partitions were taken away', async () => {
    const world = newWorld();
    const gate = new Gate();
    await withPartitionsTakenAway(world, gate, { write: () => gate.passed() });
    expect(world.committed.size).toBe(0);
  });

  it('writes nothing of what was copied before the partitions were taken away', async () => {
    const world = newWorld();
    const gate = new Gate();
    await withPartitionsTakenAway(world, gate, { write: async () => undefined, flush: () => gate.passed() });
    expect(world.entries.size).toBe(0);
  });

  it.each([
    ['of another layout: the past is read again', { formatVersion: 99 }],
    ['of another model that looks at the same: its cache is computed anew', { modelVersion: 'another' }],
  ])('continues the same from snapshots %s', async (_, change) => {
    const uninterrupted = new Results();
    await live(newWorld(), uninterrupted, log.length, true);
    const world = newWorld();
    const results = new Results();
    await live(world, results, Math.floor(log.length * 0.45), true);
    changeSnapshots(world, change);
    await live(world, results, log.length, true);
    expect(new Map([...results.scores].sort())).toEqual(new Map([...uninterrupted.scores].sort()));
    expect(new Map([...results.alerts].sort())).toEqual(new Map([...uninterrupted.alerts].sort()));
  });

  it('gives the same scores from snapshots that are damaged', async () => {
    const uninterrupted = new Results();
    await live(newWorld(), uninterrupted, log.length, true);
    const world = newWorld();
    const results = new Results();
    await live(world, results, Math.floor(log.length * 0.45), true);
    changeSnapshots(world, { state: Buffer.from('nonsense') });
    await live(world, results, log.length, true);
    expect(new Map([...results.scores].sort())).toEqual(new Map([...uninterrupted.scores].sort()));
  });

  it('does not score what is read again, and replaces the snapshots', async () => {
    const world = newWorld();
    const half = Math.floor(log.length * 0.45);
    await live(world, new Results(), half, true);
    const placesOf = () =>
      new Map(snapshotsOf(world).map(({ patientId, positions }) => [patientId, positions]));
    const places = placesOf();
    changeSnapshots(world, { formatVersion: 99 });
    const again = new Results();
    await live(world, again, half, true);
    expect([again.scores.size, again.alerts.size]).toEqual([0, 0]);
    expect(snapshotsOf(world).map(({ formatVersion }) => formatVersion)).toEqual([5, 5, 5]);
    expect(placesOf()).toEqual(places);
  });

  it('tells of each patient the last score, where the snapshot is of this model and not older than that', async () => {
    const world = newWorld();
    const last = new Map<string, number>();
    const keep: Sink = {
      write: async ({ scores }) => {
        for (const { patientId, risk } of scores) last.set(patientId, risk);
      },
    };
    await live(world, keep, 500, true);
    const snapshots = snapshotsOf(world);
    expect(last.size).toBe(snapshots.length);
    const options = { partition: 0, dedupeWindow: 1024, model: await modelConfig() };
    for (const snapshot of snapshots) {
      const { patient } = restorePatient(snapshot, options)!;
      expect(patient.lastScore).toMatchObject({
        risk: last.get(patient.patientId),
        eventTime: patient.lastScoreAt,
      });
      const another = { ...options, model: { ...options.model, version: 'another' } };
      expect(restorePatient(snapshot, another)?.patient.lastScore).toBeNull();
      const older = restorePatient(withoutInHeader(snapshot, 'lastScore'), options);
      expect(older?.patient.lastScore).toBeNull();
      expect(older?.patient.lastEventAt).toBe(patient.lastEventAt);
    }
  });

  it('has the signs as they were, and of an earlier version those of the last value of each hour', async () => {
    const world = newWorld();
    await live(world, new Results(), 500, true);
    const options = { partition: 0, dedupeWindow: 1024, model: await modelConfig() };
    let episodes = 0;
    for (const snapshot of snapshotsOf(world)) {
      const { signs: kept, ...rest } = headerOf(snapshot) as { signs: { numbers: number } };
      expect(restorePatient(snapshot, options)!.patient.timeline.signs.toArray()).toHaveLength(kept.numbers);
      const state = inflateRawSync(snapshot.state);
      const arrays = state.subarray(4 + state.readUInt32LE(0), state.length - 8 * kept.numbers);
      const older = { ...withHeader(snapshot, rest, arrays), formatVersion: 4 };
      const { timeline, lastEventAt } = restorePatient(older, options)!.patient;
      const [values, ages] = [new Float32Array(VARIABLE_COUNT), new Float32Array(VARIABLE_COUNT)];
      timeline.lastKnown(lastEventAt, values, ages);
      timeline.signs.update();
      for (const { criterion, value, variable } of timeline.signs.active()) {
        if (['oxygenation', 'gcsFall'].includes(criterion.sign)) continue;
        expect([criterion.id, value]).toEqual([criterion.id, values[variable]]);
        episodes++;
      }
    }
    expect(episodes).toBeGreaterThan(3);
  });

  it('is not restored from a snapshot of another layout or vocabulary, one that is damaged, or of a model with other inputs', async () => {
    const world = newWorld();
    await live(world, new Results(), 500, true);
    const [snapshot] = snapshotsOf(world);
    const model = await modelConfig();
    const options = { partition: 0, dedupeWindow: 1024, model };
    expect(restorePatient(snapshot, options)?.patient.patientId).toBe(snapshot.patientId);
    expect(restorePatient({ ...snapshot, formatVersion: 99 }, options)).toBeNull();
    expect(restorePatient({ ...snapshot, state: snapshot.state.subarray(0, 900) }, options)).toBeNull();
    expect(restorePatient({ ...snapshot, state: Buffer.from('nonsense') }, options)).toBeNull();
    const other = { ...model, version: 'another' };
    expect(restorePatient(snapshot, { ...options, model: other })?.fill).toBeNull();
    expect(restorePatient(snapshot, { ...options, model: { ...other, steps: 24 } })).toBeNull();
    const modalities = { text: { name: 'notes', size: 8 } };
    const reader = { ...other, encoder: { ...other.encoder, modalities } } as typeof other;
    expect(restorePatient(snapshot, { ...options, model: reader })).toBeNull();
  });
});
