import { lastValueFrom, of } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { VARIABLES, variableIndex } from '../../src/clinical/variables.js';
import { ReplayClock } from '../../src/clock.js';
import type { Contributions } from '../../src/contract/contributions.js';
import { layerOf } from '../../src/contract/layers.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { NO_FORECASTS } from '../../src/contract/outcomes.js';
import { TOPICS } from '../../src/contract/topics.js';
import { Engine } from '../../src/engine/engine.js';
import { Explanations } from '../../src/engine/explanations.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import { baseOutcomes, Explainer } from '../../src/inference/explain.js';
import { loadModel, type Model } from '../../src/inference/model.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import { openRuntime } from '../../src/inference/runtimes.js';
import { ScoresDigest } from '../../src/replay/digest.js';
import { produceAll } from '../../src/replay/replay.js';
import { type Config, DEFAULT_CONFIG, parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { alert, LOUD_RULES, outputsOf, START, score } from '../helpers.js';

const WARD = [
  ...simulateWard({
    beds: 4,
    hours: 20,
    seed: 3,
    startTime: START,
    wardId: 'W',
    vitalsIntervalMs: 300_000,
    scenarios: ['septic-shock', 'haemorrhage', 'recovery'],
  }),
].filter(({ topic }) => topic !== TOPICS.notes);

interface Settings {
  readonly config?: Config;
  /** Messages sent at once. */
  readonly chunk?: number;
  /** Called between two chunks. */
  readonly between?: (engine: Engine) => Promise<void>;
}

const sum = ({ base, structured, text, image }: Contributions) =>
  base + structured + (text ?? 0) + (image ?? 0);

const ALERTS = { rules: LOUD_RULES };

/** The ward through an engine: its alerts, by id and sequence, and the digest of all scores. */
async function run({ config = parseConfig({ alerts: ALERTS }), chunk = 200, between }: Settings = {}) {
  const bus = new MemoryBus({ partitions: 2, capacity: 8192 });
  const clock = new ReplayClock();
  const digest = new ScoresDigest();
  const alerts: AlertMessage[] = [];
  const contributions: number[] = [];
  const collect = {
    write: async (outputs: Parameters<ScoresDigest['write']>[0]) => {
      alerts.push(...structuredClone(outputs.alerts));
      for (const { mortality, contributions: each } of outputs.scores)
        contributions.push(mortality - sum(each));
    },
  };
  const engine = await Engine.open({ config, bus, clock, sinks: [digest, collect] });
  await engine.start();
  for (let start = 0; start < WARD.length; start += chunk) {
    const messages = WARD.slice(start, start + chunk);
    clock.advanceTo(messages[messages.length - 1].eventTime);
    await produceAll(messages, bus, engine.codec);
    await between?.(engine);
  }
  await expect.poll(() => bus.unread, { timeout: 30_000 }).toBe(0);
  await engine.finish();
  const { drift } = engine;
  await engine.close();
  const key = ({ alertId, sequence }: AlertMessage) => `${alertId} ${sequence}`;
  alerts.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return { alerts, digest: digest.digest(), contributions, drift };
}

describe('an alert', () => {
  it('carries the variables that move its signal, the most moving first, with value and direction', async () => {
    const { alerts, contributions, drift } = await run();
    const raised = alerts.filter((alert) => alert.sequence === 0 && layerOf(alert) === 'risk');
    expect(raised.length).toBeGreaterThan(1);
    const effects: number[] = [];
    for (const { evidence, mortality, contributions: each } of raised) {
      expect(evidence.length).toBeGreaterThan(3);
      const sizes = evidence.map(({ effect }) => Math.abs(effect ?? 0));
      const leading = sizes.slice(0, 5).filter((size) => size >= 0.005);
      expect(leading).toEqual([...leading].sort((a, b) => b - a));
      if (leading.length > 0) expect(Math.max(...sizes)).toBe(leading[0]);
      expect(new Set(evidence.map(({ variable }) => variable)).size).toBe(evidence.length);
      for (const { variable, value, unit } of evidence) {
        expect(VARIABLES.find(({ id }) => id === variable)?.unit).toBe(unit);
        expect(Number.isFinite(value)).toBe(true);
      }
      expect(sum(each!)).toBeCloseTo(mortality!, 12);
      effects.push(sizes[0]);
    }
    expect(Math.max(...effects)).toBeGreaterThan(0.001);
    // Everybody has a heart rate at every score.
    expect(drift.find(({ variable }) => variable === 'heartRate')?.scores).toBe(contributions.length);
    for (const rest of contributions) expect(Math.abs(rest)).toBeLessThan(1e-12);
  });

  it('of a state has its values and no effects: no model has a part in it', async () => {
    const { alerts } = await run();
    const ofStates = alerts.filter((alert) => layerOf(alert) === 'state');
    expect(ofStates.length).toBeGreaterThan(1);
    for (const { evidence, contributions, mortality } of ofStates) {
      expect([evidence.length > 3, contributions, mortality]).toEqual([true, null, null]);
      expect(evidence.every(({ effect }) => effect === null)).toBe(true);
    }
  });

  it('keeps its evidence through all that follows', async () => {
    const { alerts } = await run();
    const first = new Map(
      alerts.filter(({ sequence }) => sequence === 0).map((alert) => [alert.alertId, alert]),
    );
    const later = alerts.filter(({ sequence }) => sequence > 0);
    expect(later.length).toBeGreaterThan(0);
    for (const { alertId, evidence } of later) expect(evidence).toEqual(first.get(alertId)!.evidence);
  });

  it('is the same to the bit in whatever batches its ward arrives and is scored', async () => {
    const whole = await run();
    const inBits = await run({ chunk: 7, config: parseConfig({ alerts: ALERTS, model: { maxBatch: 3 } }) });
    expect(inBits.alerts).toEqual(whole.alerts);
    expect(inBits.digest).toBe(whole.digest);
  });
});

describe('Explanations', () => {
  const model = loadModel('latest');
  const four: Model = {
    ...model,
    shape: { ...model.shape, outputs: ['mortality', 'circulatory', 'respiratory', 'deterioration'] },
  };
  const RULE = LOUD_RULES.find(({ signal }) => signal === 'mortality')!;
  const HEART_RATE = { variable: 'heartRate', value: 140, unit: '/min', ageMs: 0 };

  it('explain what the rule watches, and the risk of death where it watches NEWS2', async () => {
    const runtime = await openRuntime(model, DEFAULT_CONFIG.model);
    onTestFinished(() => runtime.close());
    const width = model.config.outputs.length;
    // Circulatory failure goes the other way than death here.
    const run: InferenceRuntime['run'] = async (input) => {
      const output = await runtime.run(input);
      const logit = Array.from({ length: input.rows }, (_, row) => output.logit[row * width]);
      return { ...output, logit: Float32Array.from(logit.flatMap((each) => [each, -each, 0, 0])) };
    };
    const rules = (['mortality', 'circulatory', 'news2'] as const).map((signal) => ({
      ...RULE,
      id: signal,
      signal,
      raiseAt: 0,
    }));
    const explanations = new Explanations(
      new Explainer(four, run, await baseOutcomes(four, run)),
      rules,
      'v',
    );
    const patient = new PatientState({ patientId: 'p1', partition: 0, eventTime: START }, model.config, 8);
    patient.timeline.record(0, variableIndex('heartRate'), 140, START);
    const batcher = new MicroBatcher(four.encoder, { ...runtime, run }, four.shape, 4);
    const moment = score(0, 0.5);
    expect(explanations.mayRaise(moment, { news2: null })).toBe(true);
    batcher.score(
      patient,
      START,
      ({ kept }) => explanations.keep(moment, kept!),
      () => true,
    );
    await batcher.flush();
    const alerts = rules.map(({ id }) =>
      alert(id, 0, { rule: id, eventTime: moment.eventTime, evidence: [HEART_RATE] }),
    );
    await lastValueFrom(of(outputsOf({ scores: [moment], alerts })).pipe(explanations.operator()));
    const [mortality, circulatory, news2] = alerts.map(({ evidence }) => evidence[0].effect!);
    expect(Math.abs(mortality)).toBeGreaterThan(0);
    expect(Math.sign(circulatory)).toBe(-Math.sign(mortality));
    expect(news2).toBe(mortality);
  });

  it('are kept only for scores on which a rule may raise', async () => {
    const run: InferenceRuntime['run'] = () => Promise.reject(new Error('not run'));
    const base = { mortality: 0.1, ...NO_FORECASTS };
    const rules = [
      RULE,
      { ...RULE, id: 'n', signal: 'news2' as const, raiseAt: 7 },
      { ...RULE, id: 'c', signal: 'circulatory' as const },
      { ...RULE, id: 's', signal: 'criticalStates' as const, raiseAt: 1 },
    ];
    const explanations = new Explanations(new Explainer(model, run, base), rules, 'v');
    const { raiseAt } = RULE;
    expect(explanations.mayRaise({ ...base, mortality: raiseAt - 0.01 }, { news2: null })).toBe(false);
    expect(explanations.mayRaise({ ...base, mortality: raiseAt }, { news2: 6 })).toBe(true);
    expect(explanations.mayRaise(base, { news2: 7 })).toBe(true);
    expect(explanations.mayRaise({ ...base, circulatory: raiseAt }, { news2: 0 })).toBe(true);
    expect(explanations.mayRaise({ ...base, circulatory: 0 }, { news2: 6 })).toBe(false);
    const states = [{ criterion: 'bradycardia' }];
    expect(explanations.mayRaise(base, { news2: 0, states })).toBe(true);
    expect(explanations.mayRaise(base, { news2: 0, states: [] })).toBe(false);
  });
});

describe('engine.explain', () => {
  it('tells why, at any time, without touching a score or an alert', async () => {
    const plain = await run();
    let asked = 0;
    let agreed = 0;
    const asking = await run({
      between: async (engine) => {
        const known = WARD.map(({ key }) => key);
        const explanation = await engine.explain(known[asked++ % known.length]);
        if (explanation === null) return;
        const { value, contributions, variables } = explanation;
        expect(sum(contributions)).toBeCloseTo(value!, 12);
        expect(variables.length).toBeGreaterThan(0);
        agreed++;
      },
    });
    expect(agreed).toBeGreaterThan(3);
    expect(asking.digest).toBe(plain.digest);
    expect(asking.alerts).toEqual(plain.alerts);
  });

  it('knows nothing of a patient who is not here', async () => {
    const bus = new MemoryBus({ partitions: 1, capacity: 8 });
    const engine = await Engine.open({ config: parseConfig({}), bus, clock: new ReplayClock(), sinks: [] });
    expect(await engine.explain('nobody')).toBeNull();
    await engine.close();
  });
});
