import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aligner } from '../../src/align/aligner.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import { Engine } from '../../src/engine/engine.js';
import type { Outputs, Score } from '../../src/engine/outputs.js';
import { restorePatient, snapshotOf } from '../../src/engine/snapshot.js';
import type { ObservationEvent } from '../../src/events/event.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import { loadModel } from '../../src/inference/model.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import { produceAll, replay } from '../../src/replay/replay.js';
import { DEFAULT_CONFIG, parseConfig } from '../../src/settings/config.js';
import { LINE, WELL } from '../align/trust-helpers.js';
import { adt, eventOf, HOUR_MS, START, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;
const ILL = {
  heartRate: 138,
  respRate: 32,
  spo2: 84,
  temperature: 38.2,
  sbpInvasive: 74,
  dbpInvasive: 40,
  mapInvasive: 51,
};
const OFF = { heartRate: 0, respRate: 0, spo2: 0, sbpInvasive: 0, dbpInvasive: 0, mapInvasive: 0 };
const EMERGENCY = {
  id: 'emergency',
  signal: 'news2',
  priority: 'HIGH',
  raiseAt: 7,
  resolveBelow: 5,
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs: HOUR_MS,
};

type Told = readonly [minute: number, values: Record<string, number>];

/** What a monitor tells of one patient, as a history. */
function messagesOf(told: readonly Told[]): SourceMessage[] {
  const who = { patientId: 'p1', messageId: 'adt', eventTime: START };
  const admitted = adt('ADMIT', { ...who, wardId: 'ICU', bedId: '1' });
  return [
    { topic: TOPICS.adt, key: 'p1', eventTime: START, record: admitted },
    ...told.map(([minute, values], index) => {
      const eventTime = START + Math.round(minute * MINUTE_MS);
      const record = vitals(values, { patientId: 'p1', messageId: `v${index}`, eventTime });
      return { topic: TOPICS.vitals, key: 'p1', eventTime, record };
    }),
  ];
}

async function run(told: readonly Told[]) {
  const messages = messagesOf(told);
  const counts = { patients: 1, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const alerts: AlertMessage[] = [];
  const scores: Score[] = [];
  const observations: ObservationEvent[] = [];
  const write = async (outputs: Outputs) => {
    alerts.push(...outputs.alerts);
    scores.push(...outputs.scores);
    observations.push(...outputs.observations);
  };
  const config = parseConfig({ alerts: { rules: [EMERGENCY] }, align: { minScoreIntervalMs: 0 } });
  const source = { counts, total: 1, messages: () => messages };
  const result = await replay(source, { config, speed: 'max', sinks: [{ write }], asksModel: false });
  return { result, alerts, scores, observations };
}

const everyMinute = (from: number, to: number, values: Record<string, number>): Told[] =>
  Array.from({ length: to - from }, (_, index) => [from + index, values]);

describe('what is not used', () => {
  it.each<[string, Record<string, number>]>([
    ['a flush', { sbpInvasive: 212, dbpInvasive: 206, mapInvasive: 209 }],
    ['zeros', OFF],
    ['another patient', WELL],
    ['a probe that is off', { heartRate: -100, respRate: -100, spo2: 127, sbpInvasive: -100 }],
  ])('never resolves an alert: %s', async (_, artefact) => {
    const { alerts } = await run([...everyMinute(1, 12, ILL), ...everyMinute(12, 20, artefact)]);
    expect(alerts.map(({ rule }) => rule)).toContain('emergency');
    // Those of states are about the same values.
    expect(alerts.filter(({ state }) => state !== 'RAISED')).toEqual([]);
  });

  it.each<[string, Record<string, number>]>([
    ['zeros', OFF],
    ['a lead that is off', { ...WELL, heartRate: 0 }],
    ['a closed tap', { ...WELL, sbpInvasive: 244, dbpInvasive: 240, mapInvasive: 241 }],
    ['a probe that is off', { ...WELL, spo2: 127, respRate: -100 }],
    ['fractions, and temperatures in °F', { ...WELL, spo2: 0.97, temperature: 98.2 }],
  ])('raises no clinical alert: %s', async (_, artefact) => {
    const { alerts } = await run([...everyMinute(1, 12, WELL), ...everyMinute(12, 75, artefact)]);
    expect(alerts).toEqual([]);
  });

  it('raises no clinical alert: two signs that have changed places; what stays for long is believed', async () => {
    const swapped = { ...WELL, heartRate: 97, spo2: 80 };
    const short = await run([
      ...everyMinute(1, 12, WELL),
      ...everyMinute(12, 17, swapped),
      ...everyMinute(17, 40, WELL),
    ]);
    expect(short.alerts).toEqual([]);
    // A patient whose saturation falls and whose heart beats faster looks just the same.
    const long = await run([...everyMinute(1, 12, WELL), ...everyMinute(12, 40, swapped)]);
    expect(long.alerts.map(({ rule }) => rule)).toEqual(['desaturation-severe']);
  });

  it('is no heart that beats twelve times a minute: with a pulse on the line it is a critical state', async () => {
    const slow = { ...WELL, heartRate: 12, sbpInvasive: 104, dbpInvasive: 44, mapInvasive: 64 };
    const { alerts } = await run([...everyMinute(1, 12, WELL), ...everyMinute(12, 25, slow)]);
    expect(alerts.map(({ rule, eventTime }) => [rule, (eventTime - START) / MINUTE_MS])).toContainEqual([
      'bradycardia-extreme',
      13,
    ]);
  });

  it('is in no score, and is told with its reason', async () => {
    const flush = { sbpInvasive: 232, dbpInvasive: 226, mapInvasive: 229 };
    const { result, scores, observations } = await run([
      [1, { ...WELL, temperature: 36.6 }],
      [2, { ...flush, heartRate: 91 }],
      [3, { spo2: -100 }],
    ]);
    const last = scores.at(-1)!;
    const lastOf = (id: string) => last.values[variableIndex(id)];
    expect([lastOf('mapInvasive'), lastOf('heartRate'), lastOf('spo2')]).toEqual([80, 91, 97]);
    expect(last.ages[variableIndex('mapInvasive')]).toBe(2 * MINUTE_MS);
    expect(observations.map(({ verdicts }) => (verdicts === null ? null : [...verdicts]))).toEqual([
      null,
      [6, 6, 6, 0],
      [2],
    ]);
    expect(result).toMatchObject({
      observations: Object.keys(WELL).length + 1,
      untrusted: 4,
      untrustedByReason: { flush: 3, 'probe-off': 1 },
      deadLetters: 0,
    });
  });

  it('opens no stay: a monitor without a patient sends zeros for ever', async () => {
    const zeros = messagesOf([[1, { ...OFF, heartRate: -1 }]]).slice(1);
    const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
    const source = { counts, total: 0, messages: () => zeros };
    const result = await replay(source, { config: parseConfig({}), speed: 'max', asksModel: false });
    expect(result).toMatchObject({ scores: 0, observations: 0, deadLettersByReason: { 'no-reading': 1 } });
  });
});

describe('technical notices of it', () => {
  it('come live: HIGH at the first heart rate of 0, LOW of a probe, and never a clinical alert', async () => {
    const clock = { time: START, now: () => clock.time, live: true };
    const bus = new MemoryBus({ partitions: 1, capacity: 100 });
    const alerts: AlertMessage[] = [];
    const write = async (outputs: Outputs) => {
      alerts.push(...outputs.alerts);
    };
    const config = parseConfig({ alerts: { rules: [EMERGENCY] }, align: { minScoreIntervalMs: 0 } });
    const engine = await Engine.open({ config, bus, clock, sinks: [{ write }], asksModel: false });
    await engine.start();
    const tell = async (minute: number, values: Record<string, number>) => {
      const [, message] = messagesOf([[minute, values]]);
      (message.record as { messageId: string }).messageId = `live${minute}`;
      clock.time = message.eventTime + 500;
      await produceAll([message], bus, engine.codec);
    };
    await produceAll(messagesOf([]), bus, engine.codec);
    const said = () => alerts.map(({ rule, priority, state }) => `${rule} ${priority} ${state}`);
    await tell(0, WELL);
    await tell(1, { ...WELL, heartRate: 0, sbpInvasive: 0, dbpInvasive: 0, mapInvasive: 0 });
    await expect
      .poll(said)
      .toEqual(['possible-arrest HIGH RAISED', 'value-not-used LOW RAISED', 'value-not-used LOW RAISED']);
    // Told as soon as the event is applied: far within 15 seconds of it.
    expect(alerts[0].eventTime - (START + MINUTE_MS)).toBeLessThanOrEqual(1000);
    // They end once nothing has asked for them for a minute.
    let minute = 1;
    const tellMore = async () => {
      minute += 0.5;
      await tell(minute, { ...WELL, ...LINE });
      return said();
    };
    await expect.poll(tellMore).toHaveLength(6);
    expect(alerts.every(({ class: kind }) => kind === 'technical')).toBe(true);
    expect(engine.notices.open()).toEqual([]);
    await engine.close();
  });
});

describe('verdicts', () => {
  const sign = (id: string, ...values: number[]) => fc.record({ [id]: fc.constantFrom(...values) });
  const values = fc
    .tuple(
      fc.oneof(fc.constant({}), sign('heartRate', 0, 14, 78, 80, 97, 240, 300)),
      fc.oneof(fc.constant({}), sign('spo2', -100, 0, 45, 80, 96, 97)),
      fc.oneof(fc.constant({}), sign('respRate', 0, 12, 16, 90)),
      fc.oneof(fc.constant({}), sign('temperature', 33, 36.8, 38.9, 41)),
      fc.oneof(
        fc.constant({}),
        sign('mapInvasive', 12, 28, 66, 80, 121, 123, 215),
        fc.constantFrom<Record<string, number>>(
          LINE,
          { sbpInvasive: 84, dbpInvasive: 76, mapInvasive: 79 },
          { sbpInvasive: 24, dbpInvasive: 20, mapInvasive: 22 },
          { sbpInvasive: 230, dbpInvasive: 226, mapInvasive: 228 },
        ),
      ),
      fc.oneof(fc.constant({}), sign('mapCuff', 75, 128), sign('glucose', 5.5, 90)),
    )
    .map((parts) => Object.assign({}, ...parts) as Record<string, number>)
    .filter((each) => Object.keys(each).length > 0);
  const step = fc.record({
    values,
    seconds: fc.constantFrom(5, 30, 60, 60, 60, 300, 900, 3600),
    isLate: fc.boolean(),
    restarts: fc.boolean(),
  });

  it('are the same after restarts at any place, with late values among them (property test)', () => {
    const model = loadModel(DEFAULT_CONFIG.model.version, undefined);
    const options = { ...model.config, minScoreIntervalMs: 0, dedupeWindow: 64 };
    const runtime = {} as InferenceRuntime;
    const batcher = new MicroBatcher(model.encoder, runtime, model.shape, 4);
    const judge = (
      steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
      isCut: boolean,
    ) => {
      let aligner = new Aligner(options, SILENT);
      let time = START;
      return steps.map(({ values: told, seconds, isLate, restarts }, index) => {
        if (!isLate) time += seconds * 1000;
        const eventTime = isLate ? time - seconds * 1000 : time;
        const event = eventOf('vitals', vitals(told, { eventTime, messageId: `m${index}` }));
        aligner.apply([event]);
        const patient = aligner.patients.get('p1');
        if (isCut && restarts && patient !== undefined) {
          const snapshot = snapshotOf(patient, batcher.cacheOf(patient), '', model.config, {});
          aligner = new Aligner(options, SILENT);
          const restored = restorePatient(snapshot, { partition: 0, dedupeWindow: 64, model: model.config })!;
          aligner.restore(restored.patient);
        }
        const after = aligner.patients.get('p1');
        const { verdicts } = event;
        return {
          verdicts: verdicts === null ? null : [...verdicts],
          doubts: after?.trust.doubts,
          arrest: after?.trust.mayBeArrestedSince,
          apnoea: after?.trust.mayBeApnoeicSince,
          known: after === undefined ? null : lastKnownOf(after, time),
        };
      });
    };
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 40 }), (steps) => {
        expect(judge(steps, true)).toEqual(judge(steps, false));
      }),
      { numRuns: 200 },
    );
  });
});

function lastKnownOf(patient: Parameters<typeof snapshotOf>[0], time: number): number[] {
  const values = new Float32Array(VARIABLE_COUNT);
  patient.timeline.lastKnown(time, values, new Float32Array(VARIABLE_COUNT));
  return [...values];
}

const nothing = (): void => undefined;
const SILENT = {
  stepClosed: nothing,
  scoreDue: nothing,
  admitted: nothing,
  updated: nothing,
  reopened: nothing,
  discharged: nothing,
  released: nothing,
  acknowledged: nothing,
  measured: () => undefined,
  judged: nothing,
  rejected: nothing,
};
