import type { Consumer, EventBus, RecordBatch, RecordHandler, StateLog } from '../../src/bus/bus.js';
import { ReplayClock } from '../../src/clock.js';
import type {
  AdtMessage,
  AdtType,
  LabResultMessage,
  PatientSnapshotMessage,
} from '../../src/contract/messages.js';
import { type InputTopic, TOPICS } from '../../src/contract/topics.js';
import { Engine } from '../../src/engine/engine.js';
import type { Outputs, Sink } from '../../src/engine/outputs.js';
import { DecodeFailure, MessageCodec } from '../../src/events/codec.js';
import { RawRecord } from '../../src/events/record.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { bytesOf } from '../../src/sources/source.js';
import { adt, HOUR_MS, LOUD_RULES, START } from '../helpers.js';
import { positionsOf } from './state-log.js';

/** A log of stays, and a bus and results that outlive the process. */

export const codec = new MessageCodec();

export const told: SourceMessage[] = [
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
export const corrections = told
  .filter(({ topic }) => topic === TOPICS.labs)
  .filter((_, index) => index % 3 === 0)
  .map((message): SourceMessage => {
    const { record } = message as { record: LabResultMessage };
    const eventTime = message.eventTime + 100 * 60_000;
    const observations = record.observations.map((each) => ({ ...each, value: each.value * 1.1 }));
    const corrected = { ...record, messageId: `${record.messageId}-c`, eventTime, observations };
    return { ...message, eventTime, record: corrected } as SourceMessage;
  });

export const end = told.at(-1)!.eventTime;

/** What happens to the stays, as messages with the hours at which they come: moves, one of them told late, and more. */
export const [moved, late, twice] = ['SIM-3-001', 'SIM-3-002', 'SIM-3-003'];

export const story: readonly (readonly [
  arrival: number,
  type: AdtType,
  hour: number,
  what: Partial<AdtMessage>,
])[] = [
  [0.5, 'ADMIT', 0, { patientId: late, wardId: 'W', bedId: 'Bed 02', ageYears: 81, sex: 'FEMALE' }],
  [5, 'TRANSFER', 5, { patientId: moved, wardId: 'V', bedId: '9' }],
  [10, 'DISCHARGE', 10, { patientId: moved }],
  [10.05, 'UPDATE', 10.05, { patientId: moved }],
  [20, 'TRANSFER', 18, { patientId: moved, wardId: 'U', bedId: '3' }],
  [30, 'ADMIT', 30, { patientId: twice, wardId: 'V', bedId: '7' }],
  [30, 'DISCHARGE', 30, { patientId: twice }],
];

/** In the order in which they come. */
export const messages: readonly (SourceMessage & { readonly arrival: number })[] = [
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
export const through = (type: AdtType, arrival: number) =>
  messages.findIndex(
    ({ record }) => 'messageId' in record && record.messageId === `story-${type}-${arrival}`,
  ) + 1;

/** What outlives a process. */
export interface World {
  entries: Map<string, Buffer>;
  committed: Map<string, number>;
}

export function newWorld(): World {
  return { entries: new Map(), committed: new Map() };
}

/** A bus that a process can die over: one partition, its state, and how far it is committed. */
export class SurvivingBus implements EventBus {
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
      epochOf: () => 1,
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

export function snapshotsOf({ entries }: World): PatientSnapshotMessage[] {
  return [...entries.values()].map((value) => {
    const snapshot = codec.decode('PatientSnapshot', value);
    if (snapshot instanceof DecodeFailure) throw new Error(snapshot.detail);
    return snapshot;
  });
}

export function changeSnapshots(world: World, change: Partial<PatientSnapshotMessage>): void {
  for (const snapshot of snapshotsOf(world)) keepSnapshot(world, { ...snapshot, ...change });
}

export function keepSnapshot({ entries }: World, snapshot: PatientSnapshotMessage): void {
  entries.set(snapshot.patientId, codec.encode('PatientSnapshot', snapshot));
}

/** The log: every message with its offset in its topic. */
export const log = (() => {
  const next = new Map<string, number>();
  return messages.map((message) => {
    const offset = next.get(message.topic) ?? 0;
    next.set(message.topic, offset + 1);
    const record = new RawRecord(message.topic as InputTopic, 0, offset, bytesOf(message, codec));
    return Object.assign(record, { time: message.arrival });
  });
})();

export class Results implements Sink {
  /** Risk, states and SOFA. */
  readonly scores = new Map<string, string>();
  readonly alerts = new Map<string, string>();

  async write({ scores, alerts }: Outputs): Promise<void> {
    for (const { patientId, eventTime, mortality, states, sofa } of scores)
      this.scores.set(`${patientId} ${eventTime}`, `${mortality} ${JSON.stringify([states, sofa])}`);
    for (const alert of alerts)
      this.alerts.set(`${alert.alertId} ${alert.sequence}`, JSON.stringify({ ...alert, evidence: [] }));
  }
}

/** What one of two has, or has otherwise. */
export function differences<Value>(
  found: ReadonlyMap<string, Value>,
  wanted: ReadonlyMap<string, Value>,
): string[] {
  const keys = [...new Set([...found.keys(), ...wanted.keys()])].sort();
  return keys
    .filter((key) => found.get(key) !== wanted.get(key))
    .map((key) => `${key}: ${found.get(key)}, not ${wanted.get(key)}`);
}

/** Reads the log from what is committed up to `until`; `stop` ends as asked, else the process dies with its memory. */
export async function live(world: World, results: Sink, until: number, stop: boolean): Promise<void> {
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
export class Gate {
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
export async function withPartitionsTakenAway(world: World, gate: Gate, sink: Sink): Promise<void> {
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
