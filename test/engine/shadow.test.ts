import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { ReplayClock, WALL_CLOCK } from '../../src/clock.js';
import type { AlertMessage, RiskScoreMessage } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import { BusSink } from '../../src/engine/bus-sink.js';
import { Engine } from '../../src/engine/engine.js';
import { openModels } from '../../src/engine/models.js';
import type { Outputs, Score, ShadowScore } from '../../src/engine/outputs.js';
import { ShadowModel } from '../../src/engine/shadow.js';
import { MessageCodec } from '../../src/events/codec.js';
import { FeatureEncoder } from '../../src/features/encoder.js';
import { loadModel } from '../../src/inference/model.js';
import { produceAll } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { openStore } from '../../src/store/open-store.js';
import { HOUR_MS, LOUD_RULES, outputsOf, START, score, temporaryDirectory } from '../helpers.js';
import { DirectSink } from '../store/direct-sink.js';

const SHIPPED = loadModel('latest');
const SERVED = SHIPPED.config.version;
const OTHER = '1999.01-x';

interface ConfigFile {
  stepMs: number;
  encoder: { variables: { id: string; center: number }[] };
}

/** A directory with the shipped model and another one, whose config.json is changed. */
function modelsWith(change: (config: ConfigFile) => void): string {
  const directory = temporaryDirectory();
  for (const version of [SERVED, OTHER])
    cpSync(SHIPPED.directory, join(directory, version), { recursive: true });
  const file = join(directory, OTHER, 'config.json');
  const config = { ...JSON.parse(readFileSync(file, 'utf8')), version: OTHER };
  change(config);
  writeFileSync(file, JSON.stringify(config));
  return directory;
}

/** A model that takes every heart rate for a higher one. */
const otherDirectory = () =>
  modelsWith(({ encoder }) => {
    for (const variable of encoder.variables) if (variable.id === 'heartRate') variable.center -= 30;
  });

const WARD = [
  ...simulateWard({
    beds: 3,
    hours: 14,
    seed: 3,
    startTime: START,
    wardId: 'W',
    vitalsIntervalMs: 600_000,
    scenarios: ['septic-shock', 'recovery'],
  }),
].filter(({ topic }) => topic !== TOPICS.notes);

async function run(model: object) {
  const bus = new MemoryBus({ partitions: 2, capacity: 8192 });
  const clock = new ReplayClock();
  const scores: Score[] = [];
  const shadows: ShadowScore[] = [];
  const alerts: AlertMessage[] = [];
  const collect = {
    write: async (outputs: Outputs) => {
      scores.push(...outputs.scores);
      shadows.push(...(outputs.shadowScores ?? []));
      alerts.push(...outputs.alerts);
    },
  };
  const engine = await Engine.open({
    config: parseConfig({ model, alerts: { rules: LOUD_RULES } }),
    bus,
    clock,
    sinks: [collect],
  });
  await engine.start();
  clock.advanceTo(WARD[WARD.length - 1].eventTime);
  await produceAll(WARD, bus, engine.codec);
  await expect.poll(() => bus.unread, { timeout: 30_000 }).toBe(0);
  await engine.finish();
  await engine.close();
  const risks = (all: readonly Score[]) =>
    new Map(all.map((each) => [`${each.patientId} ${each.eventTime}`, each.mortality]));
  const order = (a: AlertMessage, b: AlertMessage) =>
    a.alertId + a.sequence < b.alertId + b.sequence ? -1 : 1;
  return { risks: risks(scores), shadows, shadowRisks: risks(shadows), alerts: alerts.sort(order) };
}

describe('a model in shadow', () => {
  it('gives the scores it would give if it were served, and changes nothing of the one that is', async () => {
    const directory = otherDirectory();
    const plain = await run({ directory, version: SERVED });
    const withShadow = await run({ directory, version: SERVED, shadow: OTHER });
    const otherServed = await run({ directory, version: OTHER });
    expect(plain.shadows).toEqual([]);
    expect(withShadow.risks).toEqual(plain.risks);
    expect(withShadow.alerts).toEqual(plain.alerts);
    expect(plain.alerts.length).toBeGreaterThan(0);
    expect(withShadow.shadowRisks).toEqual(otherServed.risks);
    expect(withShadow.shadowRisks).not.toEqual(plain.risks);
    expect(new Set(withShadow.shadows.map(({ modelVersion }) => modelVersion))).toEqual(new Set([OTHER]));
  });

  it('is published as such, and stored apart from the scores of the patients', async () => {
    const shadow: ShadowScore = { ...score(1, 0.9), modelVersion: OTHER };
    const outputs = outputsOf({ scores: [score(1, 0.2)], shadowScores: [shadow] });
    const codec = new MessageCodec();
    const bus = new MemoryBus({ partitions: 1, capacity: 8 });
    const published: RiskScoreMessage[] = [];
    await bus.createTopics([TOPICS.scores]);
    await bus.consume(
      [TOPICS.scores],
      {
        assigned: async () => undefined,
        batch: async ({ records }) => {
          for (const { value } of records)
            published.push(codec.decode('RiskScore', value) as RiskScoreMessage);
        },
        revoked: async () => undefined,
        failed: (error) => {
          throw error;
        },
      },
      WALL_CLOCK,
    );
    await new BusSink(bus, codec, SERVED).write(outputs);
    await expect.poll(() => published.length).toBe(2);
    expect(
      published.map(({ modelVersion, mortality, shadow: isShadow }) => [modelVersion, mortality, isShadow]),
    ).toEqual([
      [SERVED, 0.2, false],
      [OTHER, 0.9, true],
    ]);
    expect(published[0].scoreId).not.toBe(published[1].scoreId);
    await bus.close();

    const client = await openStore({ kind: 'embedded', directory: temporaryDirectory() });
    const sink = new DirectSink(client, SERVED);
    await sink.write(outputs);
    await sink.write(outputs);
    const rowsOf = async (table: string) => {
      const query = `SELECT model_version, mortality FROM ${table} FINAL`;
      return (await client.query({ query, format: 'JSONEachRow' })).json();
    };
    expect(await rowsOf('scores')).toEqual([{ model_version: SERVED, mortality: 0.2 }]);
    expect(await rowsOf('current_scores')).toEqual([{ model_version: SERVED, mortality: 0.2 }]);
    expect(await rowsOf('shadow_scores')).toEqual([{ model_version: OTHER, mortality: 0.9 }]);
    await sink.close();
  });

  it.each([
    [{ version: SERVED, shadow: SERVED }, `model.shadow: ${SERVED} is the model that is served`],
    [
      { version: SERVED, shadow: OTHER },
      `model.shadow: ${OTHER} sees 48 steps of 30 min, but ${SERVED} sees 48 steps of 60 min`,
    ],
    [{ version: SERVED, shadow: 'none' }, 'there is no model none'],
  ])('is refused where it does not fit: %j', async (model, fault) => {
    const directory = modelsWith((config) => {
      config.stepMs = 1_800_000;
    });
    await expect(openModels(parseConfig({ model: { ...model, directory } }), undefined)).rejects.toThrow(
      fault,
    );
  });
});

it('a model that reads notes of another encoder than the served one is refused in its shadow', async () => {
  const directory = modelsWith(() => undefined);
  for (const [version, size] of [
    [SERVED, 2],
    [OTHER, 3],
  ] as const) {
    const file = join(directory, version, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8'));
    const { encoder } = config;
    config.encoder = { ...encoder, modalities: { text: { size } } };
    config.featureNames = new FeatureEncoder(config.encoder).featureNames;
    writeFileSync(file, JSON.stringify(config));
  }
  const config = parseConfig({ model: { directory, version: SERVED, shadow: OTHER } });
  await expect(openModels(config, undefined)).rejects.toThrow(
    `model.shadow: ${OTHER} reads text of another encoder than ${SERVED}; they cannot run side by side`,
  );
});

describe('ShadowModel', () => {
  let directory: string;
  beforeAll(() => {
    directory = SHIPPED.directory.slice(0, -SERVED.length);
  });
  const open = async (failing = false) => {
    const { served } = await openModels(parseConfig({ model: { directory, version: SERVED } }), undefined);
    onTestFinished(() => served.runtime.close());
    const warnings: string[] = [];
    const runtime = failing
      ? { ...served.runtime, run: () => Promise.reject(new Error('out of memory')) }
      : served.runtime;
    const onWarning = (message: string) => warnings.push(message);
    return { shadow: new ShadowModel({ ...served, runtime }, { maxBatch: 4, onWarning }), warnings };
  };
  const newPatient = () =>
    new PatientState({ patientId: 'p', partition: 0, eventTime: START }, SHIPPED.config, 8);

  it('that fails is switched off with one warning, and nothing else stops', async () => {
    const { shadow, warnings } = await open(true);
    const patient = newPatient();
    shadow.score(patient, START, score(0, 0.5));
    expect(await shadow.settle(shadow.take())).toEqual([]);
    shadow.close(patient, 0, patient.timeline.summary);
    shadow.score(patient, START, score(1, 0.5));
    expect(await shadow.settle(shadow.take())).toEqual([]);
    expect(warnings).toEqual([`the shadow model ${SERVED} failed and is switched off: out of memory`]);
  });

  it('takes over a restored patient as if it had seen the stay', async () => {
    const [seen, restored] = [(await open()).shadow, (await open()).shadow];
    const patient = newPatient();
    for (let hour = 0; hour < 9; hour++) {
      patient.timeline.record(hour, 0, 70 + 12 * hour, START + hour * HOUR_MS);
      seen.close(patient, hour, patient.timeline.summary);
      patient.timeline.advance();
    }
    restored.restore(patient);
    const risks: number[] = [];
    for (const shadow of [seen, restored]) {
      shadow.score(patient, START + 9 * HOUR_MS, score(0, 0.5));
      const [scored] = await shadow.settle(shadow.take());
      risks.push(scored.mortality);
    }
    expect(risks[0]).toBe(risks[1]);
    expect(risks[0]).not.toBe(0.5);
  });
});
