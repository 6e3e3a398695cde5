import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { VARIABLES, variableIndex } from '../../src/clinical/variables.js';
import { NO_FORECASTS } from '../../src/contract/outcomes.js';
import { FeatureEncoder } from '../../src/features/encoder.js';
import { type KeptToken, MicroBatcher, type Scored } from '../../src/inference/batcher.js';
import { baseOutcomes, Explainer } from '../../src/inference/explain.js';
import { loadModel } from '../../src/inference/model.js';
import {
  contributionsOf,
  modalityBlocks,
  unknownRow,
  variableBlocks,
} from '../../src/inference/occlusion.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import { openRuntime } from '../../src/inference/runtimes.js';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';
import { Random } from '../../src/simulate/random.js';
import { HOUR_MS, START } from '../helpers.js';

const MODEL = loadModel('latest');
const { stepMs, steps } = MODEL.config;
const GRID = { stepMs, steps };
const HOURS = 6;
const NOW = START + HOURS * HOUR_MS + 60_000;

let runtime: InferenceRuntime;
let explainer: Explainer;
beforeAll(async () => {
  runtime = await openRuntime(MODEL, DEFAULT_CONFIG.model);
  const run = runtime.run.bind(runtime);
  explainer = new Explainer(MODEL, run, await baseOutcomes(MODEL, run));
});
afterAll(() => runtime.close());

/** Observations of some hours, drawn within plausible ranges; the same for the same seed, less those left out. */
function drawPatient(seed: number, leaveOut = -1): PatientState {
  const patient = new PatientState({ patientId: 'p', partition: 0, eventTime: START }, GRID, 8);
  patient.demographics.ageYears = 70;
  const random = new Random(seed, 0);
  for (let hour = 0; hour <= HOURS; hour++) {
    VARIABLES.forEach(({ plausible: [low, high] }, variable) => {
      const value = low + (0.2 + 0.6 * random.uniform()) * (high - low);
      const isSeen = random.uniform() < 0.4;
      if (isSeen && variable !== leaveOut)
        patient.timeline.record(hour, variable, value, START + hour * HOUR_MS + variable);
    });
    if (hour < HOURS) patient.timeline.advance();
  }
  return patient;
}

/** Scores a patient after the hours before have joined the cache. */
async function score(
  patient: PatientState,
  others: readonly PatientState[] = [],
): Promise<Scored & { kept: KeptToken }> {
  const batcher = new MicroBatcher(MODEL.encoder, runtime, MODEL.shape, 8);
  let scored: Scored | null = null;
  for (const each of [...others, patient]) {
    for (let hour = 0; hour < HOURS; hour++) batcher.close(each, hour, each.timeline.summary);
    batcher.score(
      each,
      NOW,
      (result) => {
        scored = result;
      },
      () => true,
    );
  }
  await batcher.flush();
  return scored! as Scored & { kept: KeptToken };
}

function encode(encoder: FeatureEncoder, patient: PatientState): Float32Array {
  const row = new Float32Array(encoder.size);
  encoder.encode(patient, HOURS, NOW, patient.timeline.summary, row, 0);
  return row;
}

describe('the columns of a variable', () => {
  const config = { ...MODEL.config, encoder: { ...MODEL.config.encoder, derived: true } };
  const encoder = new FeatureEncoder(config.encoder);
  const blocks = variableBlocks({ config, encoder });
  const namesOf = (id: string) => {
    const block = blocks.find(({ variable }) => variable === variableIndex(id))!;
    return [...block.columns].map((column) => encoder.featureNames[column]);
  };

  it('are its own and those of what is derived from it', () => {
    expect(blocks).toHaveLength(config.encoder.variables.length);
    for (const { id } of config.encoder.variables) {
      const own = encoder.featureNames.filter((name) => name.startsWith(`${id}.`));
      expect(namesOf(id)).toEqual(expect.arrayContaining(own));
    }
    const derived = (id: string) => namesOf(id).filter((name) => !name.startsWith(`${id}.`));
    expect(derived('temperature')).toEqual([]);
    expect(derived('fio2')).toEqual(expect.arrayContaining(['derived.pfRatio.last', 'derived.sfRatio.last']));
    for (const id of ['sbpInvasive', 'sbpCuff', 'heartRate'])
      expect(derived(id)).toContain('derived.shockIndex.last');
    expect(derived('heartRate').every((name) => name.startsWith('derived.shockIndex.'))).toBe(true);
  });

  it('set to those of an unknown patient make the row of a patient without it', () => {
    const unknown = unknownRow(encoder, config);
    // Of a line and a cuff, the other one would take its place.
    const isSingle = (id: string) => !/Invasive$|Cuff$/.test(id);
    for (const { variable, columns } of blocks) {
      if (!isSingle(VARIABLES[variable].id)) continue;
      const row = encode(encoder, drawPatient(variable));
      for (const column of columns) row[column] = unknown[column];
      expect(row).toEqual(encode(encoder, drawPatient(variable, variable)));
    }
  });
});

describe('Explainer', () => {
  it('says of the leading variable what leaving it out of the present does to the risk', async () => {
    let largest = 0;
    for (let seed = 0; seed < 8; seed++) {
      const { kept } = await score(drawPatient(seed));
      const { outcomes, variables } = await explainer.explain(kept, 'mortality');
      const [{ variable, effect }] = variables;
      const x = encode(MODEL.encoder, drawPatient(seed, variable));
      const { logit } = await runtime.run({ ...kept, rows: 1, x });
      const without = 1 / (1 + Math.exp(-logit[MODEL.config.outputs.indexOf('mortality')]));
      expect(Math.sign(outcomes.mortality - without)).toBe(Math.sign(effect));
      expect(outcomes.mortality - without).toBeCloseTo(effect, 1);
      largest = Math.max(largest, Math.abs(effect));
    }
    expect(largest).toBeGreaterThan(0.02);
  });

  it('names every variable that was seen and no other, the most moving first', async () => {
    const { kept } = await score(drawPatient(3));
    const { variables } = await explainer.explain(kept, 'mortality');
    const seen = variableBlocks(MODEL).filter((block) => kept.x[block.seen] === 1);
    expect(variables.map(({ variable }) => variable).sort()).toEqual(
      seen.map(({ variable }) => variable).sort(),
    );
    const sizes = variables.map(({ effect }) => Math.abs(effect));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  it('gives the same to the bit again, and whoever else was scored beside', async () => {
    const alone = await explainer.explain((await score(drawPatient(5))).kept, 'mortality');
    const others = [1, 2, 3, 4].map((seed) => drawPatient(seed));
    expect(await explainer.explain((await score(drawPatient(5), others)).kept, 'mortality')).toEqual(alone);
  });

  it('is of the score, not of what has come since', async () => {
    const patient = drawPatient(6);
    const { outcomes, kept } = await score(patient);
    patient.timeline.record(HOURS, variableIndex('lactate'), 15, NOW);
    expect((await explainer.explain(kept, 'mortality')).outcomes).toEqual(outcomes);
  });

  it('has no effects of an outcome that the model does not predict', async () => {
    const mortalityOnly = { ...MODEL, shape: { ...MODEL.shape, outputs: ['mortality'] as const } };
    const inOne: InferenceRuntime['run'] = async (input) => {
      const { logit, ...rest } = await runtime.run(input);
      const width = logit.length / input.rows;
      return { ...rest, logit: logit.filter((_, at) => at % width === 0) };
    };
    const other = new Explainer(mortalityOnly, inOne, await baseOutcomes(mortalityOnly, inOne));
    const { outcomes, variables } = await other.explain((await score(drawPatient(1))).kept, 'circulatory');
    expect([outcomes.circulatory, variables]).toEqual([null, []]);
  });
});

describe('contributions', () => {
  const outcomes = (mortality: number) => ({
    mortality,
    ...NO_FORECASTS,
  });

  it('add up to the risk, null where a modality is absent', () => {
    const none = contributionsOf(0.4, new Map(), 0.1);
    expect(none).toEqual({ base: 0.1, structured: 0.4 - 0.1, text: null, image: null });
    const both = contributionsOf(
      0.4,
      new Map([
        ['text', outcomes(0.25)],
        ['image', outcomes(0.5)],
      ]),
      0.1,
    );
    expect(both.text).toBeCloseTo(0.15, 12);
    expect(both.image).toBeCloseTo(-0.1, 12);
    expect(both.base + both.structured + both.text! + both.image!).toBeCloseTo(0.4, 12);
  });

  it('find a model’s modalities by the names of its features', () => {
    const names = ['a.last', 'text.0', 'text.1', 'text.age', 'text.seen', 'image.0', 'image.seen', 'b'];
    expect(modalityBlocks(names)).toEqual([
      { modality: 'text', from: 1, to: 5, seen: 4 },
      { modality: 'image', from: 5, to: 7, seen: 6 },
    ]);
    expect(modalityBlocks(['a.last', 'textile.0'])).toEqual([]);
  });

  it('are what the model loses without the note and without the image, in any batch', async () => {
    const { size } = MODEL.encoder;
    const notes = new Map([
      ['n', [2, 0]],
      ['i', [0, -1]],
      ['both', [1, 3]],
      ['none', [0, 0]],
    ]);
    // A model that takes a note and an image beside what it takes, and adds them to its logit.
    const encoder = Object.assign(Object.create(MODEL.encoder) as FeatureEncoder, {
      size: size + 4,
      featureNames: [
        ...MODEL.encoder.featureNames.map((name) => `own.${name}`),
        'text.0',
        'text.seen',
        'image.0',
        'image.seen',
      ],
      encode: (...[patient, step, asOf, summary, out, at]: Parameters<FeatureEncoder['encode']>) => {
        MODEL.encoder.encode(patient, step, asOf, summary, out, at);
        const [text, image] = notes.get(patient.patientId)!;
        out.set([text, Number(text !== 0), image, Number(image !== 0)], at + size);
      },
    });
    const fused: InferenceRuntime = {
      ...runtime,
      run: async (input) => {
        const x = new Float32Array(input.rows * size);
        for (let row = 0; row < input.rows; row++)
          x.set(input.x.subarray(row * (size + 4), row * (size + 4) + size), row * size);
        const { logit, ...rest } = await runtime.run({ ...input, x });
        const width = logit.length / input.rows;
        const at = (index: number) => Math.floor(index / width) * (size + 4) + size;
        return {
          ...rest,
          logit: logit.map((each, index) => each + input.x[at(index)] + input.x[at(index) + 2]),
        };
      },
    };
    const shape = { ...MODEL.shape, features: size + 4 };
    const scoreAll = async (maxBatch: number) => {
      const batcher = new MicroBatcher(encoder, fused, shape, maxBatch);
      const results = new Map<string, Scored>();
      for (const patientId of notes.keys()) {
        const patient = new PatientState({ patientId, partition: 0, eventTime: START }, GRID, 8);
        batcher.score(patient, START, (scored) => results.set(patientId, scored));
        batcher.close(patient, 0, patient.timeline.summary);
      }
      await batcher.flush();
      return results;
    };
    const results = await scoreAll(64);
    for (const maxBatch of [1, 2, 3]) expect(await scoreAll(maxBatch)).toEqual(results);
    const logitOf = (mortality: number) => Math.log(mortality / (1 - mortality));
    const plain = logitOf(results.get('none')!.outcomes.mortality);
    const found = [...results].map(
      ([
        id,
        {
          outcomes: { mortality },
          without,
        },
      ]) => [
        id,
        logitOf(mortality) - plain,
        ...[...without].flatMap(([modality, hidden]) => [modality, logitOf(hidden.mortality) - plain]),
      ],
    );
    const rounded = found.map((row) =>
      row.map((each) => (typeof each === 'number' ? Number(each.toFixed(4)) : each)),
    );
    expect(rounded).toEqual([
      ['n', 2, 'text', 0],
      ['i', -1, 'image', 0],
      ['both', 4, 'text', 3, 'image', 1],
      ['none', 0],
    ]);
  });
});
