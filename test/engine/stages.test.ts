import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { RecordBatch } from '../../src/bus/bus.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { NO_OUTCOMES } from '../../src/contract/outcomes.js';
import { type InputTopic, TOPICS } from '../../src/contract/topics.js';
import { decide } from '../../src/engine/decide.js';
import { EventDecoder } from '../../src/engine/decode.js';
import type { Outputs } from '../../src/engine/outputs.js';
import {
  AlignAndScore,
  type AlignedBatch,
  applyAlertPolicy,
  type DecodedBatch,
  decodeRecords,
  type EngineInput,
  type OrderedBatch,
} from '../../src/engine/stages.js';
import type { ClinicalEvent } from '../../src/events/event.js';
import { RawRecord } from '../../src/events/record.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import { loadModel } from '../../src/inference/model.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import type { AlertRule } from '../../src/settings/config.js';
import { ack, adt, eventOf, LIMITS, labs, orderedOf, outputsOf, START, vitals } from '../helpers.js';
import { at, codec, FRAME, heartRate, ids, Marbles, progress } from './marbles.js';

const NO_LIMITS = { ...LIMITS, maxFutureSkewMs: Number.MAX_SAFE_INTEGER };
const STOPPED = { now: () => START, live: false };

const record = (topic: InputTopic, offset: number, value: Buffer, partition = 0) =>
  new RawRecord(topic, partition, offset, value);

const batch = (...records: RawRecord[]) => ({
  topic: 'all',
  partition: 0,
  records,
  positions: records.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 })),
});

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
    expect(a.positions).toMatchObject((values.a as RecordBatch).positions);
    expect([t, r, e]).toEqual([progress(START), { revoked: [1] }, 'end']);
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

const ordered = (...events: ClinicalEvent[]) => orderedOf(events);

const rate = (minute: number, patientId?: string) =>
  eventOf('vitals', vitals({ heartRate: 80 }, at(minute, patientId)));

const admission = () => eventOf('adt', adt('ADMIT', { wardId: 'W' }));

describe('AlignAndScore', () => {
  const kinds = ({ actions }: AlignedBatch) =>
    actions.map((action) =>
      action.kind === 'score'
        ? `${action.score.patientId} ${action.score.mortality.toFixed(3)}`
        : action.kind,
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
  signal: 'mortality',
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
    expect(a.alerts.map(({ state, mortality }) => [state, mortality])).toEqual([['RAISED', 0.5]]);
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
    const moment = (hours: number, mortality: number) => ({
      ...at(60 * hours),
      stayId: 's',
      admittedAt: START,
      wardId: null,
      bedId: null,
      ...NO_OUTCOMES,
      mortality,
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
