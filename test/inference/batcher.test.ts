import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Aligner, type AlignmentSink } from '../../src/align/aligner.js';
import { PatientState } from '../../src/align/patient.js';
import { NO_FORECASTS, type Outcomes } from '../../src/contract/outcomes.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';
import { AttentionCache } from '../../src/inference/attention-cache.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import { loadModel } from '../../src/inference/model.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import { openRuntime } from '../../src/inference/runtimes.js';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { adt, eventOf, HOUR_MS, labs, START, vitals } from '../helpers.js';

const MODEL = loadModel('latest');
const { stepMs, steps } = MODEL.config;
const ALIGN = { stepMs, steps, minScoreIntervalMs: 10_000, dedupeWindow: 1024 };

let runtime: InferenceRuntime;
beforeAll(async () => {
  runtime = await openRuntime(MODEL, DEFAULT_CONFIG.model);
});
afterAll(() => runtime.close());

/** Risk by patient and event time. */
type Risks = Map<string, number>;

const SILENT = {
  measured: () => undefined,
  admitted: () => undefined,
  updated: () => undefined,
  reopened: () => undefined,
  discharged: () => undefined,
  released: () => undefined,
  acknowledged: () => undefined,
  judged: () => undefined,
  rejected: () => undefined,
};

/** Aligns and scores runs of events, one flush a run. */
async function score(runs: readonly ClinicalEvent[][], maxBatch: number) {
  const batcher = new MicroBatcher(MODEL.encoder, runtime, MODEL.shape, maxBatch);
  const risks: Risks = new Map();
  const sink: AlignmentSink = {
    ...SILENT,
    stepClosed: (patient, step, summary) => batcher.close(patient, step, summary),
    scoreDue: (patient, time) =>
      batcher.score(patient, time, ({ outcomes: { mortality } }) =>
        risks.set(`${patient.patientId} ${time}`, mortality),
      ),
  };
  const aligner = new Aligner(ALIGN, sink);
  for (const run of runs) {
    aligner.apply(run);
    await batcher.flush();
  }
  return { risks, batcher };
}

/** The same, one row at a time in the order in which it is asked for: no batches to get wrong. Of these times only, if any are given. */
async function scoreOneByOne(events: readonly ClinicalEvent[], times?: ReadonlySet<number>): Promise<Risks> {
  interface Token {
    readonly patient: PatientState;
    readonly step: number;
    readonly x: Float32Array;
    /** Null for the closing of a step. */
    readonly time: number | null;
  }
  const tokens: Token[] = [];
  const sink: AlignmentSink = {
    ...SILENT,
    stepClosed: (patient, step, summary) => {
      const x = new Float32Array(MODEL.encoder.size);
      MODEL.encoder.encode(patient, step, patient.timeline.endOf(step), summary, x, 0);
      tokens.push({ patient, step, x, time: null });
    },
    scoreDue: (patient, time) => {
      if (times?.has(time) === false) return;
      const x = new Float32Array(MODEL.encoder.size);
      const { openStep, summary } = patient.timeline;
      MODEL.encoder.encode(patient, openStep, time, summary, x, 0);
      tokens.push({ patient, step: openStep, x, time });
    },
  };
  new Aligner(ALIGN, sink).apply(events);
  const caches = new Map<PatientState, AttentionCache>();
  const risks: Risks = new Map();
  const age = new Int32Array(MODEL.shape.slots);
  for (const { patient, step, x, time } of tokens) {
    const cache = caches.get(patient) ?? new AttentionCache(MODEL.shape);
    caches.set(patient, cache);
    cache.writeAges(step, age, 0);
    const { logit, newK, newV } = await runtime.run({ rows: 1, x, k: cache.k, v: cache.v, age });
    if (time === null) cache.append(step, newK, newV, 0);
    else risks.set(`${patient.patientId} ${time}`, 1 / (1 + Math.exp(-logit[0])));
  }
  return risks;
}

/** Five simulated hours of five beds, in order. */
const WARD = [
  ...simulateWard({ beds: 5, hours: 5, seed: 3, startTime: START, wardId: 'W', vitalsIntervalMs: 300_000 }),
]
  .flatMap(({ topic, record }) => {
    const kind = topic.replace('ward.', '');
    return kind === 'adt' || kind === 'vitals' || kind === 'labs'
      ? [eventOf(kind as 'adt', record as never)]
      : [];
  })
  .sort(compareEvents);

describe('MicroBatcher', () => {
  let reference: Risks;
  beforeAll(async () => {
    reference = await scoreOneByOne(WARD);
  });

  it.each([1, 2, 7, 128])(
    'in batches of %d gives bit by bit what one row at a time gives',
    async (maxBatch) => {
      expect(reference.size).toBeGreaterThan(200);
      expect((await score([WARD], maxBatch)).risks).toEqual(reference);
    },
  );

  it('gives the same however the events are cut into runs', async () => {
    const whole = await score([WARD], 16);
    const runs: ClinicalEvent[][] = [];
    // A run ends where a moment ends, as the merge releases them.
    for (const event of WARD) {
      const run = runs.at(-1);
      if (run === undefined || (run.length > 30 && run.at(-1)?.eventTime !== event.eventTime))
        runs.push([event]);
      else run.push(event);
    }
    const cut = await score(runs, 16);
    expect(runs.length).toBeGreaterThan(5);
    expect(cut.risks).toEqual(whole.risks);
    expect(cut.batcher.batches).toBeGreaterThan(whole.batcher.batches);
    expect(cut.batcher.tokens).toBe(whole.batcher.tokens);
  });

  it('puts what does not depend on each other into one batch, and what does into the next', async () => {
    const batcher = new MicroBatcher(MODEL.encoder, runtime, MODEL.shape, 8);
    const done: string[] = [];
    for (const id of ['a', 'b', 'c']) {
      const patient = new PatientState({ patientId: id, partition: 0, eventTime: START }, ALIGN, 8);
      batcher.score(patient, START + 1, () => done.push(`${id}1`));
      batcher.close(patient, 0, patient.timeline.summary);
      patient.timeline.advance();
      batcher.score(patient, START + HOUR_MS, () => done.push(`${id}2`));
    }
    await batcher.flush();
    expect([batcher.tokens, batcher.batches]).toEqual([9, 2]);
    expect(done).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  });

  it('begins a full batch without waiting for the flush, and keeps each row as it was when asked for', async () => {
    const batcher = new MicroBatcher(MODEL.encoder, runtime, MODEL.shape, 2);
    const patient = new PatientState({ patientId: 'p', partition: 0, eventTime: START }, ALIGN, 8);
    const risks: number[] = [];
    const ask = () =>
      batcher.score(patient, START + 1, ({ outcomes: { mortality } }) => risks.push(mortality));
    ask();
    patient.timeline.record(0, 0, 180, START);
    ask();
    ask();
    await expect.poll(() => risks.length).toBe(2);
    await batcher.flush();
    expect(risks).toHaveLength(3);
    expect(risks[1]).toBe(risks[2]);
    expect(risks[0]).not.toBe(risks[1]);
  });

  it('hands each score the outputs of its own row', async () => {
    const outputs = ['circulatory', 'mortality', 'deterioration'] as const;
    const inThree: InferenceRuntime = {
      ...runtime,
      run: async (input) => {
        const output = await runtime.run(input);
        return {
          ...output,
          // Of the model's own outputs only mortality.
          logit: Float32Array.from(
            Array.from({ length: input.rows }, (_, row) => [
              row,
              output.logit[row * MODEL.shape.outputs.length],
              -row,
            ]).flat(),
          ),
        };
      },
    };
    const single = new MicroBatcher(MODEL.encoder, runtime, MODEL.shape, 8);
    const batcher = new MicroBatcher(MODEL.encoder, inThree, { ...MODEL.shape, outputs }, 8);
    const risks: number[] = [];
    const all: Outcomes[] = [];
    for (const hours of [1, 2, 3]) {
      const patient = new PatientState({ patientId: 'p', partition: 0, eventTime: START }, ALIGN, 8);
      single.score(patient, START + hours, ({ outcomes: { mortality } }) => risks.push(mortality));
      batcher.score(patient, START + hours, ({ outcomes }) => all.push(outcomes));
    }
    await Promise.all([single.flush(), batcher.flush()]);
    const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));
    expect(all).toEqual(
      risks.map((mortality, row) => ({
        mortality,
        ...NO_FORECASTS,
        circulatory: sigmoid(row),
        deterioration: sigmoid(-row),
      })),
    );
  });

  it('says at the flush that the runtime failed', async () => {
    const broken = await openRuntime(MODEL, DEFAULT_CONFIG.model);
    const batcher = new MicroBatcher(MODEL.encoder, broken, MODEL.shape, 1);
    const patient = new PatientState({ patientId: 'p', partition: 0, eventTime: START }, ALIGN, 8);
    await broken.close();
    let isScored = false;
    batcher.score(patient, START, () => {
      isScored = true;
    });
    await expect(batcher.flush()).rejects.toThrow();
    expect(isScored).toBe(false);
  });

  it('has nothing to wait for where nothing was asked', async () => {
    const batcher = new MicroBatcher(MODEL.encoder, runtime, MODEL.shape, 4);
    await batcher.flush();
    expect([batcher.tokens, batcher.batches]).toEqual([0, 0]);
  });
});

describe('late data', () => {
  const observation = fc.record({
    // Up to 46 h of a stay: no step leaves the ring.
    second: fc.integer({ min: 1, max: 46 * 3600 }),
    patient: fc.constantFrom('p1', 'p2'),
    code: fc.constantFrom('heartRate', 'respRate', 'temperature', 'lactate', 'ph'),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    delay: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 25 }) },
    ),
    isRepeated: fc.boolean(),
  });
  const RANGES: Record<string, [number, number]> = {
    heartRate: [40, 180],
    respRate: [6, 45],
    // No jumps: whether one is believed depends on the order of arrival (docs/trust.md).
    temperature: [36, 37.4],
    lactate: [0.5, 12],
    ph: [7, 7.6],
  };

  it('leads to the scores that all of it in order leads to, to 1e-5', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(observation, { selector: ({ second }) => second, minLength: 5, maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 20 }),
        async (drawn, size, maxBatch) => {
          const events = drawn
            .sort((a, b) => a.second - b.second)
            .map(({ second, patient, code, share, delay, isRepeated }, index) => {
              const where = { eventTime: START + second * 1000, messageId: `m${index}`, patientId: patient };
              const [low, high] = RANGES[code];
              const values = { [code]: low + share * (high - low) };
              const isLab = code === 'lactate' || code === 'ph';
              const event = isLab
                ? eventOf('labs', labs(values, where))
                : eventOf('vitals', vitals(values, where));
              return { event, delay, isRepeated };
            });
          const admissions = ['p1', 'p2'].map((patientId) =>
            eventOf('adt', adt('ADMIT', { patientId, ageYears: 66, sex: 'MALE' })),
          );
          // What asks for the last scores, after everything else has arrived.
          const last = ['p1', 'p2'].map((patientId) =>
            eventOf(
              'labs',
              labs({ lactate: 2 }, { patientId, messageId: 'last', eventTime: START + 47 * HOUR_MS }),
            ),
          );
          const arrived = events
            .flatMap(({ event, delay, isRepeated }, index) => [
              { event, place: index + delay },
              ...(isRepeated ? [{ event, place: index + delay + 2 }] : []),
            ])
            .sort((a, b) => a.place - b.place)
            .map(({ event }) => event);
          const runs = [admissions];
          while (arrived.length > 0) runs.push(arrived.splice(0, size).sort(compareEvents));
          const incremental = await score([...runs, last], maxBatch);
          const inOrder = [...admissions, ...events.map(({ event }) => event), ...last];
          const full = await scoreOneByOne(inOrder, new Set(last.map(({ eventTime }) => eventTime)));
          for (const { patientId, eventTime } of last) {
            const key = `${patientId} ${eventTime}`;
            expect(Math.abs(incremental.risks.get(key)! - full.get(key)!)).toBeLessThan(1e-5);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('changes the score: what is compared above is not a constant', async () => {
    const admission = eventOf('adt', adt('ADMIT'));
    const late = eventOf(
      'labs',
      labs({ lactate: 12, ph: 7 }, { eventTime: START + HOUR_MS, messageId: 'late' }),
    );
    const last = eventOf(
      'vitals',
      vitals({ heartRate: 80 }, { eventTime: START + 9 * HOUR_MS, messageId: 'x' }),
    );
    const before = eventOf(
      'vitals',
      vitals({ heartRate: 80 }, { eventTime: START + 5 * HOUR_MS, messageId: 'y' }),
    );
    const [without, withLate] = await Promise.all([
      scoreOneByOne([admission, before, last]),
      score([[admission], [before], [late], [last]], 4),
    ]);
    const key = `p1 ${last.eventTime}`;
    expect(Math.abs(withLate.risks.get(key)! - without.get(key)!)).toBeGreaterThan(1e-3);
  });
});

describe('silence', () => {
  /** Scores of one patient whose every hour is walked through, one row at a time, with neither aligner nor batcher. */
  async function walk(events: readonly ClinicalEvent[]): Promise<number[]> {
    const patient = new PatientState(events[0], ALIGN, 8);
    const { timeline } = patient;
    const cache = new AttentionCache(MODEL.shape);
    const x = new Float32Array(MODEL.encoder.size);
    const age = new Int32Array(MODEL.shape.slots);
    const run = (step: number, asOf: number) => {
      MODEL.encoder.encode(patient, step, asOf, timeline.summary, x, 0);
      cache.writeAges(step, age, 0);
      return runtime.run({ rows: 1, x, k: cache.k, v: cache.v, age });
    };
    const risks: number[] = [];
    for (const { eventTime, variables, values } of events) {
      for (let step = timeline.openStep; step < timeline.stepOf(eventTime); step++) {
        const { newK, newV } = await run(step, timeline.endOf(step));
        cache.append(step, newK, newV, 0);
        timeline.advance();
      }
      timeline.record(timeline.openStep, variables![0], values![0], eventTime);
      const { logit } = await run(timeline.openStep, eventTime);
      risks.push(1 / (1 + Math.exp(-logit[0])));
    }
    return risks;
  }
  const lactate = (hour: number, value: number, index: number) =>
    eventOf('labs', labs({ lactate: value }, { messageId: `m${index}`, eventTime: START + hour * HOUR_MS }));

  it('of any length, anywhere, leads to the scores of walking through every hour of it, to 1e-5', async () => {
    const gap = fc.oneof(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 40, max: 60 }),
      fc.integer({ max: 500, min: 0 }),
    );
    const course = fc.array(fc.tuple(gap, fc.double({ min: 0.5, max: 12, noNaN: true })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(course, fc.integer({ min: 1, max: 9 }), async (drawn, maxBatch) => {
        let hour = 0;
        const events = drawn.map(([gapHours, value], index) => {
          hour += index === 0 ? 0 : gapHours + 0.01;
          return lactate(hour, value, index);
        });
        const { risks } = await score([events.flatMap((event) => [event, event])], maxBatch);
        const walked = await walk(events);
        events.forEach(({ eventTime }, index) => {
          expect(Math.abs(risks.get(`p1 ${eventTime}`)! - walked[index])).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 15 },
    );
  });

  it('costs no more tokens than reach over it', async () => {
    const { batcher } = await score([[lactate(0, 9, 0), lactate(400, 3, 1)]], 4);
    expect(batcher.tokens).toBeLessThan(400);
  });
});
