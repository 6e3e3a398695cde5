import { concatMap, type Observable, type OperatorFunction } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { Position, RecordBatch, TopicProgress } from '../../src/bus/bus.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { ReplayClock } from '../../src/clock.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { NO_OUTCOMES } from '../../src/contract/outcomes.js';
import { type InputTopic, TOPICS } from '../../src/contract/topics.js';
import { decide } from '../../src/engine/decide.js';
import { EventDecoder } from '../../src/engine/decode.js';
import { deliver } from '../../src/engine/deliver.js';
import { Engine } from '../../src/engine/engine.js';
import { mergeByEventTime } from '../../src/engine/merging.js';
import type { Outputs, Sink } from '../../src/engine/outputs.js';
import {
  AlignAndScore,
  type AlignedBatch,
  applyAlertPolicy,
  type DecodedBatch,
  decodeRecords,
  type EngineInput,
  type OrderedBatch,
} from '../../src/engine/stages.js';
import { MessageCodec } from '../../src/events/codec.js';
import type { ClinicalEvent } from '../../src/events/event.js';
import { RawRecord } from '../../src/events/record.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import { loadModel } from '../../src/inference/model.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import { type AlertRule, parseConfig } from '../../src/settings/config.js';
import { ack, adt, eventOf, LIMITS, labs, outputsOf, START, vitals } from '../helpers.js';

const FRAME = TestScheduler.frameTimeFactor;

/** Virtual time in which stages that await promises can be tested: between two frames all promises settle. */
class Marbles {
  readonly scheduler = new TestScheduler(() => undefined);

  /** The frame it is now. */
  get frame(): number {
    return this.scheduler.frame / FRAME;
  }

  /** Resolves that many frames later. */
  after(frames: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.schedule(() => resolve(), frames * FRAME);
    });
  }

  /** Sends the diagram through an operator; what comes out, as messages with their frames. */
  async play<In, Out>(diagram: string, values: Record<string, In>, operator: OperatorFunction<In, Out>) {
    const { scheduler } = this;
    const out: ReturnType<typeof TestScheduler.parseMarbles> = [];
    const note = (notification: (typeof out)[number]['notification']) =>
      out.push({ frame: scheduler.frame, notification });
    const source: Observable<In> = scheduler.createColdObservable(diagram, values);
    source.pipe(operator).subscribe({
      next: (value) => note({ kind: 'N', value }),
      error: (error: unknown) => note({ kind: 'E', error }),
      complete: () => note({ kind: 'C' }),
    });
    for (let frame = 0; frame < 60; frame++) {
      scheduler.frame = frame * FRAME;
      scheduler.maxFrames = frame * FRAME;
      // Settled promises may ask for more at the same frame.
      for (let round = 0; round < 3; round++) {
        scheduler.flush();
        scheduler.frame = frame * FRAME;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return out;
  }
}

/** The messages of a diagram. */
function diagram<T>(marbles: string, values: Record<string, T>, error?: unknown) {
  return TestScheduler.parseMarbles(marbles, values, error);
}

const NO_LIMITS = { ...LIMITS, maxFutureSkewMs: Number.MAX_SAFE_INTEGER };
const STOPPED = { now: () => START, live: false };
const codec = new MessageCodec();

const record = (topic: InputTopic, offset: number, value: Buffer, partition = 0) =>
  new RawRecord(topic, partition, offset, value);
const heartRate = (messageId: string, more: Parameters<typeof vitals>[1] = {}) =>
  codec.encode('VitalSigns', vitals({ heartRate: 80 }, { messageId, ...more }));
const batch = (...records: RawRecord[]) => ({
  topic: 'all',
  partition: 0,
  records,
  positions: records.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 })),
});
/** What the bus tells of its reading. */
const progress = (through: number, ...more: Partial<TopicProgress>[]): { progress: TopicProgress[] } => ({
  progress: (more.length === 0 ? [{}] : more).map((each) => ({
    partition: 0,
    topic: 'all',
    readThrough: through,
    completeThrough: through,
    silentMs: 0,
    ...each,
  })),
});
const ids = (events: readonly ClinicalEvent[]) => events.map(({ messageId }) => messageId);

describe('decodeRecords', () => {
  it('turns each batch into events and dead letters at once, in order, and lets control pass between them', async () => {
    const values: Record<string, EngineInput> = {
      a: batch(
        record(TOPICS.vitals, 4, heartRate('m1')),
        record(TOPICS.vitals, 5, Buffer.from('rubbish')),
        record(TOPICS.labs, 9, codec.encode('LabResult', labs({ ph: 7.4 }, { messageId: 'm2' }))),
      ),
      t: progress(START),
      b: batch(record(TOPICS.vitals, 6, heartRate('m3'))),
      r: { revoked: [1] },
      e: 'end',
    };
    const operator = decodeRecords(new EventDecoder(codec, NO_LIMITS), STOPPED);
    const out = await new Marbles().play('a-t(br)-e|', values, operator);
    expect(out.map(({ frame, notification }) => [frame / FRAME, notification.kind])).toEqual([
      [0, 'N'],
      [2, 'N'],
      [3, 'N'],
      [3, 'N'],
      [8, 'N'],
      [9, 'C'],
    ]);
    const [a, t, b, r, e] = out.map(({ notification }) =>
      notification.kind === 'N' ? notification.value : notification.kind,
    ) as [DecodedBatch, object, DecodedBatch, object, string];
    expect([ids(a.events), ids(b.events)]).toEqual([['m1', 'm2'], ['m3']]);
    expect(a.deadLetters).toMatchObject([{ reason: 'undecodable', topic: TOPICS.vitals, offset: 5 }]);
    expect(b.deadLetters).toEqual([]);
    expect(a.positions).toEqual((values.a as RecordBatch).positions);
    expect([t, r, e]).toEqual([progress(START), { revoked: [1] }, 'end']);
  });
});

/** A decoded batch of vitals at frames after START, with offsets from `first`; from all topics in one log, or from the one named. */
function decoded(times: number[], first: number, more: Partial<DecodedBatch> = {}): DecodedBatch {
  const { partition = 0, topic: from = 'all' } = more;
  const topic = from === 'all' ? TOPICS.vitals : from;
  const events = times.map((time, index) => {
    const where = { messageId: `${first + index}`, eventTime: START + time };
    return eventOf('vitals', vitals({ heartRate: 80 }, where), { topic, partition, offset: first + index });
  });
  const positions = [{ topic, partition, offset: first + times.length }];
  return { topic: from, partition, events, deadLetters: [], positions, ...more };
}

/** What a merged batch says: event ids, dead letters, and how far each partition may be committed. */
function summary({ events, deadLetters, positions, revoked }: OrderedBatch): string {
  const committed = positions.map(({ partition, offset }) => `${partition}@${offset}`).sort();
  return [
    ids(events).join(' '),
    ...deadLetters.map(({ reason }) => reason),
    ...committed,
    ...revoked.map((partition) => `-${partition}`),
  ].join(', ');
}

async function play(
  marbles: Marbles,
  live: boolean,
  input: string,
  values: Record<string, DecodedBatch | Exclude<EngineInput, { records: unknown }>>,
) {
  const now = live ? () => START + marbles.frame : () => Number.POSITIVE_INFINITY;
  const options = { reorderWindowMs: 3, maxWaiting: 1000, silentTopicMs: 100, live };
  return marbles.play(input, values, mergeByEventTime(options, { now, live }));
}

async function merged(...options: Parameters<typeof play>) {
  return (await play(...options)).map(({ frame, notification }) => [
    frame / FRAME,
    notification.kind === 'N' ? summary(notification.value as OrderedBatch) : notification.kind,
  ]);
}

describe('mergeByEventTime', () => {
  it('holds what may still be overtaken, commits up to it and no further, and lets all go at the end', async () => {
    const values = { a: decoded([0, 5, 4], 0), b: decoded([3, 9], 3), e: 'end' as const };
    expect(await merged(new Marbles(), false, 'a-b-e|', values)).toEqual([
      [0, '0, 0@1'],
      [2, '3 2 1, 0@4'],
      [4, '4, 0@5'],
      [5, 'C'],
    ]);
  });

  it('passes dead letters on at once, whatever is held', async () => {
    const deadLetters = [{ reason: 'undecodable' }] as DecodedBatch['deadLetters'];
    const values = { a: decoded([5], 0, { deadLetters }) };
    expect(await merged(new Marbles(), false, '-a', values)).toEqual([[1, ', undecodable, 0@0']]);
  });

  it('live, lets events go when their time has come though nothing new arrives', async () => {
    const read = (frame: number) => progress(START + frame);
    const values = { a: decoded([0, 2], 0), t: read(2), u: read(3), v: read(4), w: read(5) };
    expect(await merged(new Marbles(), true, 'a-tuvw', values)).toEqual([
      [0, ', 0@0'],
      [2, ', 0@0'],
      [3, '0, 0@1'],
      [4, ', 0@1'],
      [5, '1, 0@2'],
    ]);
  });

  it('live, does not pass by a topic that has unread records', async () => {
    const values = {
      a: decoded([0], 0),
      t: progress(Number.NEGATIVE_INFINITY),
      b: decoded([1], 1),
      u: progress(START + 6),
    };
    expect(await merged(new Marbles(), true, 'a---t-(bu)', values)).toEqual([
      [0, ', 0@0'],
      [4, ', 0@0'],
      [6, ', 0@0'],
      [6, '0 1, 0@2'],
    ]);
  });

  it('live, waits for every topic of a partition that was assigned, and commits what is no record too', async () => {
    const topics = [TOPICS.adt, TOPICS.vitals, TOPICS.acks];
    const taken = { assigned: [0], topics, restored: [], discharged: [], silent: [] };
    const empty = { ...decoded([], 8, { topic: TOPICS.adt }) };
    const far = START + 60_000;
    const of = (...names: string[]) => progress(far, ...names.map((topic) => ({ topic })));
    const values = {
      t: taken,
      a: of(TOPICS.adt),
      b: decoded([1], 0, { topic: TOPICS.vitals }),
      c: of(TOPICS.adt, TOPICS.vitals),
      e: empty,
      d: of(...topics),
    };
    const out = await play(new Marbles(), true, 't-a-b-c-(ed)', values);
    const batches = out.map(({ notification }) => (notification as { value: OrderedBatch }).value);
    expect(batches.map(summary)).toEqual(['', '', ', 0@0', ', 0@0', ', 0@0, 0@8', '0, 0@1, 0@8']);
    const complete = batches.map(({ watermarks }) => watermarks.get(0)?.complete);
    expect(complete).toEqual([undefined, -Infinity, -Infinity, -Infinity, -Infinity, START + 8 - 3]);
  });

  it('live, goes on without a topic for which nobody answers, but lets nothing be due meanwhile', async () => {
    const topics = [TOPICS.vitals, TOPICS.notes];
    const read = (silentMs: number) =>
      progress(
        START + 7,
        { topic: TOPICS.vitals },
        { topic: TOPICS.notes, readThrough: 0, completeThrough: 0, silentMs },
      );
    const values = {
      t: { assigned: [0], topics, restored: [], discharged: [], silent: [] },
      a: decoded([1], 0, { topic: TOPICS.vitals }),
      b: read(100),
      c: read(101),
    };
    const out = await play(new Marbles(), true, 'ta-----bc', values);
    const batches = out.map(({ notification }) => (notification as { value: OrderedBatch }).value);
    expect(batches.map(summary)).toEqual(['', ', 0@0', ', 0@0', '0, 0@1']);
    expect(batches.map(({ watermarks }) => watermarks.get(0))).toEqual([
      undefined,
      { ordered: Infinity, complete: -Infinity },
      { ordered: Infinity, complete: -3 },
      { ordered: -3, complete: -3 },
    ]);
  });

  it('lets the slowest topic of a partition set the pace, and each partition go by itself', async () => {
    const values = {
      a: decoded([0, 10], 0, { topic: TOPICS.vitals }),
      b: decoded([20], 50, { topic: TOPICS.vitals, partition: 1 }),
      c: decoded([6], 90, { topic: TOPICS.labs }),
      d: decoded([20], 91, { topic: TOPICS.labs }),
    };
    expect(await merged(new Marbles(), false, 'abcd', values)).toEqual([
      [0, '0, 0@1'],
      [1, ', 1@50'],
      [2, ', 0@1, 0@90'],
      [3, '90, 0@1, 0@91'],
    ]);
  });

  it('forgets a partition that is another process’s now, and commits nothing more of it', async () => {
    const values = {
      a: decoded([5], 0),
      b: decoded([5], 7, { partition: 1 }),
      r: { revoked: [1] },
      e: 'end' as const,
    };
    expect(await merged(new Marbles(), false, 'abre', values)).toEqual([
      [0, ', 0@0'],
      [1, ', 1@7'],
      [2, ', -1'],
      [3, '0, 0@1'],
    ]);
  });
});

const MODEL = loadModel('latest');
/** The virtual runtime predicts mortality only. */
const SHAPE = { ...MODEL.shape, outputs: ['mortality'] as const };
const ALIGN = {
  stepMs: MODEL.config.stepMs,
  steps: MODEL.config.steps,
  minScoreIntervalMs: 0,
  dedupeWindow: 64,
};

/** A runtime of known latency in virtual time: the logit of a row is its first feature's place in a count. */
function slowRuntime(marbles: Marbles, frames: number): InferenceRuntime {
  const { layers, width } = SHAPE;
  let count = 0;
  return {
    name: 'virtual',
    async run({ rows }) {
      await marbles.after(frames);
      if (count < 0) throw new Error('the runtime broke');
      const logit = Float32Array.from({ length: rows }, () => count++);
      const cells = rows * layers * width;
      return { logit, newK: new Float32Array(cells), newV: new Float32Array(cells) };
    },
    async close() {
      count = Number.NEGATIVE_INFINITY;
    },
  };
}

function ordered(...events: ClinicalEvent[]): OrderedBatch {
  return {
    events,
    watermarks: new Map(),
    deadLetters: [],
    positions: [],
    revoked: [],
    restored: [],
    discharged: [],
    recalled: [],
    silent: [],
  };
}
const at = (minute: number, patientId = 'p1') => ({
  messageId: `${patientId} ${minute}`,
  patientId,
  eventTime: START + minute * 60_000,
});
const rate = (minute: number, patientId?: string) =>
  eventOf('vitals', vitals({ heartRate: 80 }, at(minute, patientId)));

const admission = () => eventOf('adt', adt('ADMIT', { wardId: 'W' }));

describe('AlignAndScore', () => {
  const kinds = ({ actions }: AlignedBatch) =>
    actions.map((action) =>
      action.kind === 'score' ? `${action.score.patientId} ${action.score.risk.toFixed(3)}` : action.kind,
    );

  it('passes a batch on when its scores are there, in order, and aligns the next one meanwhile', async () => {
    const marbles = new Marbles();
    const runtime = slowRuntime(marbles, 3);
    const stage = new AlignAndScore(ALIGN, new MicroBatcher(MODEL.encoder, runtime, SHAPE, 4));
    let known = Number.NaN;
    void marbles.after(2).then(() => {
      known = stage.aligner.patients.size;
    });
    const values = { a: ordered(rate(0), rate(1)), b: ordered(rate(2, 'p2')) };
    const out = await marbles.play('ab', values, stage.operator());
    expect(out.map(({ frame }) => frame / FRAME)).toEqual([3, 6]);
    const [a, b] = out.map(({ notification }) => (notification as { value: AlignedBatch }).value);
    // Logits 0, 1, 2.
    expect(kinds(a)).toEqual(['admitted', 'p1 0.500', 'p1 0.731']);
    expect(kinds(b)).toEqual(['admitted', 'p2 0.881']);
    expect(known, 'patients known while the first batch is on the runtime').toBe(2);
  });

  it('adds what alignment refuses to the dead letters of the same batch', async () => {
    const marbles = new Marbles();
    const stage = new AlignAndScore(
      ALIGN,
      new MicroBatcher(MODEL.encoder, slowRuntime(marbles, 0), SHAPE, 4),
    );
    const deadLetters = [{ reason: 'undecodable' }] as OrderedBatch['deadLetters'];
    const out = await marbles.play(
      'a-b',
      { a: ordered(eventOf('adt', adt('ADMIT', at(5)))), b: { ...ordered(rate(1)), deadLetters } },
      stage.operator(),
    );
    const reasons = out.map(({ notification }) =>
      (notification as { value: AlignedBatch }).value.deadLetters.map(({ reason }) => reason),
    );
    expect(reasons).toEqual([[], ['undecodable', 'before-admission']]);
  });

  it('fails with the runtime', async () => {
    const marbles = new Marbles();
    const runtime = slowRuntime(marbles, 2);
    const stage = new AlignAndScore(ALIGN, new MicroBatcher(MODEL.encoder, runtime, SHAPE, 4));
    void marbles.after(4).then(() => runtime.close());
    const values = { a: ordered(rate(0)), b: ordered(rate(1)) };
    const out = await marbles.play('a---b', values, stage.operator());
    expect(out.map(({ frame, notification }) => [frame / FRAME, notification.kind])).toEqual([
      [2, 'N'],
      [6, 'E'],
    ]);
  });
});

const RULE: AlertRule = {
  id: 'any',
  signal: 'risk',
  priority: 'HIGH',
  raiseAt: 0.5,
  resolveBelow: 0.4,
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs: 3_600_000,
};

describe('applyAlertPolicy', () => {
  it('decides in the order of the actions, without delay, and sets an unknown alert aside', async () => {
    const marbles = new Marbles();
    const stage = new AlignAndScore(
      ALIGN,
      new MicroBatcher(MODEL.encoder, slowRuntime(marbles, 0), SHAPE, 4),
    );
    const policy = new AlertPolicy([RULE], 'v');
    const discharge = eventOf('adt', adt('DISCHARGE', at(9)));
    const out = await marbles.play(
      'a-b',
      {
        a: ordered(admission(), rate(0)),
        b: ordered(rate(1), eventOf('acks', ack('no such alert', { ...at(2), messageId: 'k' })), discharge),
      },
      (input$: Observable<OrderedBatch>) =>
        applyAlertPolicy(policy, () => undefined)(stage.operator()(input$)),
    );
    const [a, b] = out.map(({ notification }) => (notification as { value: Outputs }).value);
    expect(a.alerts.map(({ state, risk }) => [state, risk])).toEqual([['RAISED', 0.5]]);
    expect(b.alerts.map(({ state, reason }) => [state, reason])).toEqual([['RESOLVED', 'discharged']]);
    expect(b.deadLetters).toMatchObject([
      { reason: 'unknown-alert', detail: expect.stringContaining('no such alert') },
    ]);
    expect([a.observations.length, b.observations.length]).toEqual([1, 1]);
    expect([a.admitted.length, a.discharged.length, b.discharged.length]).toEqual([1, 0, 1]);
  });

  it('escalates for a patient of whom nothing more comes, when the time of the partition has passed', async () => {
    const marbles = new Marbles();
    const stage = new AlignAndScore(
      ALIGN,
      new MicroBatcher(MODEL.encoder, slowRuntime(marbles, 0), SHAPE, 4),
    );
    const later = (partition: number, hours: number) => ({
      ...ordered(),
      watermarks: new Map([[partition, { ordered: Infinity, complete: START + hours * 3_600_000 }]]),
    });
    const partitionOf = (patientId: string) => stage.aligner.patients.get(patientId)?.partition;
    const out = await marbles.play(
      'a-b-c',
      { a: ordered(admission(), rate(0)), b: later(1, 9), c: later(0, 2) },
      (input$: Observable<OrderedBatch>) =>
        applyAlertPolicy(new AlertPolicy([RULE], 'v'), partitionOf)(stage.operator()(input$)),
    );
    const states = out.map(({ notification }) =>
      (notification as { value: Outputs }).value.alerts.map(({ state, eventTime }) => [
        state,
        eventTime - START,
      ]),
    );
    expect(states).toEqual([[['RAISED', 0]], [], [['ESCALATED', 3_600_000]]]);
  });
});

describe('time alone', () => {
  it('changes nothing past a topic that is silent: neither at a score, nor at an action, nor at a discharge', () => {
    const raised = () => {
      const policy = new AlertPolicy([RULE], 'v');
      const [alert] = policy.score(moment(0, 0.9));
      return { policy, alertId: alert.alertId };
    };
    const moment = (hours: number, risk: number) => ({
      ...at(60 * hours),
      stayId: 's',
      admittedAt: START,
      wardId: null,
      bedId: null,
      ...NO_OUTCOMES,
      risk,
      news2: null,
      episodes: [],
      reopened: 0,
      values: new Float32Array(),
      ages: new Float32Array(),
    });
    const states = (alerts: readonly AlertMessage[] | null) => alerts?.map(({ state }) => state);
    const act = (hours: number, alertId: string) =>
      ack(alertId, { ...at(60 * hours), action: 'ACKNOWLEDGE' });
    // Due after one hour; what the topic has until then is known, or not.
    const known = START + 3_600_000;
    const [a, b, c, d] = [raised(), raised(), raised(), raised()];
    expect(states(a.policy.score(moment(2, 0.1), known))).toEqual(['ESCALATED', 'RESOLVED']);
    expect(states(b.policy.score(moment(2, 0.1), known - 1))).toEqual(['RESOLVED']);
    const acted = outputsOf();
    const message = act(2, c.alertId);
    decide(c.policy, { kind: 'act', message, event: eventOf('acks', message) }, acted, () => known - 1);
    expect(states(acted.alerts)).toEqual(['ACKNOWLEDGED']);
    expect(states(d.policy.discharge('p1', START + 7_200_000, known - 1))).toEqual(['RESOLVED']);
  });
});

describe('deliver', () => {
  const outputs = (offset: number) => outputsOf({ positions: [{ topic: 't', partition: 0, offset }] });
  const [A, B, C] = [outputs(1), outputs(2), outputs(3)];
  const name = (written: Outputs) => 'ABC'[[A, B, C].indexOf(written)];

  /** A sink that takes some frames for a write, and the log of its writes. */
  function sink(marbles: Marbles, called: string, frames: number, log: string[], failsOn?: Outputs): Sink {
    return {
      async write(written) {
        log.push(`${marbles.frame} ${called} begins ${name(written)}`);
        await marbles.after(frames);
        if (written === failsOn) throw new Error('the disk is full');
        log.push(`${marbles.frame} ${called} has ${name(written)}`);
      },
    };
  }
  const commit = (marbles: Marbles, log: string[]) =>
    concatMap(async (delivered: Outputs) => {
      log.push(`${marbles.frame} commit ${delivered.positions[0].offset}`);
      return delivered;
    });
  const run = (marbles: Marbles, sinks: Sink[], log: string[], input: string) =>
    marbles.play(input, { a: A, b: B, c: C }, (input$: Observable<Outputs>) =>
      commit(marbles, log)(deliver(sinks)(input$)),
    );

  it('hands each batch to all sinks at once, and passes it on, in order, when every sink has it', async () => {
    const marbles = new Marbles();
    const log: string[] = [];
    const sinks = [
      sink(marbles, 'view', 0, log),
      sink(marbles, 'store', 3, log),
      sink(marbles, 'bus', 1, log),
    ];
    const out = await run(marbles, sinks, log, 'ab---------c|');
    expect(out).toEqual(diagram('---a--b-------(c|)', { a: A, b: B, c: C }));
    expect(log).toEqual([
      '0 view begins A',
      '0 store begins A',
      '0 bus begins A',
      '0 view has A',
      // The view does not wait for the store, nor the bus: each has its own queue.
      '1 view begins B',
      '1 bus has A',
      '1 bus begins B',
      '1 view has B',
      '2 bus has B',
      '3 store has A',
      '3 store begins B',
      '3 commit 1',
      '6 store has B',
      '6 commit 2',
      '11 view begins C',
      '11 store begins C',
      '11 bus begins C',
      '11 view has C',
      '12 bus has C',
      '14 store has C',
      '14 commit 3',
    ]);
  });

  it('fails where a sink fails: it is not written to after it, nothing is committed, and others are not held up', async () => {
    const marbles = new Marbles();
    const log: string[] = [];
    const sinks = [sink(marbles, 'view', 0, log), sink(marbles, 'store', 1, log, B)];
    const out = await run(marbles, sinks, log, 'abc');
    expect(out).toEqual(diagram('-a#', { a: A }, new Error('the disk is full')));
    expect(log.filter((line) => line.includes('store') || line.includes('commit'))).toEqual([
      '0 store begins A',
      '1 store has A',
      '1 store begins B',
      '1 commit 1',
    ]);
    expect(log).toContain('1 view has B');
  });
});

/** The embedded bus, with what is committed. */
class WatchedBus extends MemoryBus {
  readonly committed: Position[] = [];

  override async consume(...options: Parameters<MemoryBus['consume']>) {
    const consumer = await super.consume(...options);
    return {
      ...consumer,
      commit: async (positions: readonly Position[]) => {
        this.committed.push(...positions);
        return consumer.commit(positions);
      },
    };
  }
}

/** A sink whose writes wait until it is opened. */
class GatedSink implements Sink {
  begun = 0;
  done = 0;
  open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });

  async write(): Promise<void> {
    this.begun++;
    await this.#opened;
    this.done++;
  }
}

describe('the stages in the engine', () => {
  const VITALS = { topic: TOPICS.vitals, partition: 0 };

  async function start(capacity: number, sinks: readonly Sink[]) {
    const bus = new WatchedBus({ partitions: 1, capacity });
    const clock = new ReplayClock();
    const engine = await Engine.open({ config: parseConfig({}), bus, clock, sinks });
    await engine.start();
    const produce = async (minute: number) => {
      const { eventTime, messageId } = at(minute);
      clock.advanceTo(eventTime);
      await bus.produce(TOPICS.vitals, [{ key: 'p1', value: heartRate(messageId, { eventTime }) }]);
    };
    const stop = async () => {
      await bus.close();
      await engine.close();
    };
    return { bus, engine, produce, stop };
  }
  /** Lets everything that can go on go on. */
  const settle = async () => {
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  it('hand a technical notice to the sinks while the pipeline stands still', async () => {
    const told: string[] = [];
    const stuck: Sink = {
      write: async ({ alerts, scores }) => {
        told.push(...alerts.map(({ rule, state }) => `${rule} ${state}`));
        if (scores.length > 0) await new Promise(() => undefined);
      },
    };
    const { engine, produce } = await start(100, [stuck]);
    await produce(0);
    await produce(1);
    engine.notices.raise({ kind: 'store-away', priority: 'HIGH', detail: 'it does not answer' });
    engine.notices.clear('store-away');
    expect(told).toEqual(['store-away RAISED', 'store-away RESOLVED']);
  });

  it('commit when all sinks are done, and not before', async () => {
    const [first, second] = [new GatedSink(), new GatedSink()];
    const { bus, engine, produce, stop } = await start(100, [first, second]);
    await produce(0);
    await expect.poll(() => [first.begun, second.begun]).toEqual([1, 1]);
    first.open();
    await settle();
    expect([first.done, second.done, bus.committed]).toEqual([1, 0, []]);
    second.open();
    // The event is held until the end of the stream: its offset is not yet passed.
    await expect.poll(() => bus.committed).toEqual([{ ...VITALS, offset: 0 }]);
    await engine.finish();
    expect(bus.committed.at(-1)).toEqual({ ...VITALS, offset: 1 });
    await stop();
  });

  it('hold the producer back while a sink is slow, and lose nothing', async () => {
    const sink = new GatedSink();
    const { bus, engine, produce, stop } = await start(8, [sink]);
    let produced = 0;
    const producing = (async () => {
      for (; produced < 200; produced++) await produce(produced);
    })();
    await expect.poll(() => sink.begun).toBe(1);
    await settle();
    const held = produced;
    expect(held).toBeLessThan(50);
    await settle();
    expect([produced, sink.done]).toEqual([held, 0]);
    sink.open();
    await producing;
    await expect.poll(() => bus.unread).toBe(0);
    await engine.finish();
    expect(engine.counts).toMatchObject({ messages: 200, observations: 200, scores: 200 });
    expect(bus.committed.at(-1)).toEqual({ ...VITALS, offset: 200 });
    await stop();
  });

  it('stop at a sink that fails: the engine says why and commits nothing more', async () => {
    let writes = 0;
    const failing: Sink = {
      write: async () => {
        if (++writes > 1) throw new Error('the disk is full');
      },
    };
    const { bus, engine, produce, stop } = await start(100, [failing]);
    await produce(0);
    await expect.poll(() => bus.committed).toEqual([{ ...VITALS, offset: 0 }]);
    await produce(1);
    expect((await engine.failed()).message).toBe('the disk is full');
    await produce(2);
    await settle();
    await expect(engine.finish()).rejects.toThrow('the disk is full');
    expect([writes, bus.committed]).toEqual([2, [{ ...VITALS, offset: 0 }]]);
    await stop();
  });
});
