// Scores a second at 64 patients a batch, incremental against full recomputation of the window, alternating in one run. Incremental:
// one token against the cached keys and values of the window. Full: the same token where nothing is cached, so every step of the
// window is run first, through the same step graph; it is the only graph there is, and what late data and a restore cost.
// Both through the engine's own batcher, with rows encoded beforehand.
import { Aligner } from '../dist/align/aligner.js';
import { RECORD_OF_TOPIC, TOPICS } from '../dist/contract/topics.js';
import { EventDecoder, RawRecord } from '../dist/engine/decode.js';
import { MessageCodec } from '../dist/events/codec.js';
import { MicroBatcher } from '../dist/inference/batcher.js';
import { loadModel } from '../dist/inference/model.js';
import { openRuntime } from '../dist/inference/runtimes.js';
import { DEFAULT_CONFIG } from '../dist/settings/config.js';
import { simulateWard } from '../dist/simulate/ward.js';

const PATIENTS = 64;
const ROUNDS = 5;
/** Incremental scores of every patient in a round: about as long as one full recomputation takes. */
const REPEATS = 20;

/** The rows of each patient's steps, [patients][steps + 1]: the window's closed steps and then the open one. */
function rowsOf(model) {
  const { align, limits } = DEFAULT_CONFIG;
  const { stepMs, steps } = model.config;
  const rows = new Map();
  const nothing = () => undefined;
  const aligner = new Aligner(
    { ...align, stepMs, steps },
    {
      stepClosed: (patient, step, summary) => {
        const row = new Float32Array(model.encoder.size);
        model.encoder.encode(patient, step, patient.timeline.endOf(step), summary, row, 0);
        const list = rows.get(patient.patientId) ?? [];
        rows.set(patient.patientId, list);
        list[step] = row;
      },
      scoreDue: nothing,
      admitted: nothing,
      discharged: nothing,
      released: nothing,
      acknowledged: nothing,
      rejected: nothing,
    },
  );
  const codec = new MessageCodec();
  const decoder = new EventDecoder(codec, limits);
  const ward = { beds: PATIENTS, hours: steps + 2, seed: 1, startTime: Date.UTC(2026, 0, 5), wardId: 'W' };
  let offset = 0;
  for (const { topic, record, eventTime } of simulateWard({ ...ward, vitalsIntervalMs: 300_000 })) {
    if (topic === TOPICS.notes || topic === TOPICS.imaging) continue;
    const value = codec.encode(RECORD_OF_TOPIC[topic], record);
    const event = decoder.decode(new RawRecord(topic, 0, offset++, value), eventTime);
    if (event !== null) aligner.apply([event]);
  }
  return [...rows.values()].filter((list) => list.length >= steps + 1).slice(0, PATIENTS);
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

export async function measure() {
  const model = loadModel('latest');
  const { steps } = model.config;
  const runtime = await openRuntime(model, DEFAULT_CONFIG.model);
  const rows = rowsOf(model);
  const encoder = {
    size: model.encoder.size,
    featureNames: model.encoder.featureNames,
    encode: (patient, step, _asOf, _carry, out, at) => out.set(patient.rows[step], at),
  };
  const batcher = new MicroBatcher(encoder, runtime, model.shape, PATIENTS);
  const newPatients = () =>
    rows.map((list) => ({ rows: list, timeline: { openStep: steps, endOf: () => 0 } }));
  let patients = newPatients();
  let scored = 0;
  let sum = 0;
  const scoreAll = async () => {
    for (const patient of patients) {
      batcher.score(patient, 0, ({ outcomes }) => {
        scored++;
        sum += outcomes.mortality;
      });
    }
    await batcher.flush();
  };
  const full = async () => {
    patients = newPatients();
    for (let step = 0; step < steps; step++)
      for (const patient of patients) batcher.close(patient, step, null);
    await scoreAll();
  };
  const perSecond = async (run) => {
    scored = 0;
    sum = 0;
    const began = performance.now();
    await run();
    return { rate: (1000 * scored) / (performance.now() - began), mean: sum / scored };
  };
  const results = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const recomputed = await perSecond(full);
    const incremental = await perSecond(async () => {
      for (let repeat = 0; repeat < REPEATS; repeat++) await scoreAll();
    });
    if (Math.abs(recomputed.mean - incremental.mean) > 1e-9) throw new Error('the two do not agree');
    if (round > 0) results.push({ incremental: incremental.rate, full: recomputed.rate }); // round 0 warms up
  }
  await runtime.close();
  const cache = batcher.cacheOf(patients[0]);
  const cacheBytes = cache.k.byteLength + cache.v.byteLength + cache.steps.byteLength;
  return {
    incrementalPerSecond: Math.round(median(results.map(({ incremental }) => incremental))),
    fullPerSecond: Math.round(median(results.map((each) => each.full))),
    ratio: Number(median(results.map((each) => each.incremental / each.full)).toFixed(1)),
    full: `step graph over ${steps} steps`,
    patients: rows.length,
    runtime: runtime.name,
    model: model.config.version,
    cacheKbPerPatient: Number((cacheBytes / 1024).toFixed(1)),
  };
}
