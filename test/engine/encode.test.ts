import fc from 'fast-check';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MONITOR_ALARM } from '../../src/contract/note-kinds.js';
import type { ImageEncoder } from '../../src/encoders/image.js';
import type { Encoders } from '../../src/encoders/open-encoders.js';
import type { NoteEncoder } from '../../src/encoders/text.js';
import { EncodeStage } from '../../src/engine/encode.js';
import { restorePatient, snapshotOf } from '../../src/engine/snapshot.js';
import { AlignAndScore, type OrderedBatch } from '../../src/engine/stages.js';
import type { Encoding } from '../../src/events/encoding.js';
import { quantise, unusable } from '../../src/events/encoding.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';
import { FeatureEncoder } from '../../src/features/encoder.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import type { ModelConfig } from '../../src/inference/model.js';
import type { GraphShape, InferenceRuntime } from '../../src/inference/runtime.js';
import { adt, eventOf, HOUR_MS, imaging, note, orderedOf, START, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;
const SIZES = { text: 4, image: 3 };
const CONFIG = {
  variables: [{ id: 'heartRate', transform: 'linear' as const, center: 80, scale: 10 }],
  modalities: { text: { size: SIZES.text }, image: { size: SIZES.image } },
};
const encoder = new FeatureEncoder(CONFIG);
const SHAPE: GraphShape = { features: encoder.size, layers: 1, slots: 8, width: 1, outputs: ['mortality'] };
const ALIGN = { stepMs: HOUR_MS, steps: 8, minScoreIntervalMs: 0, dedupeWindow: 64 };

/** A small causal graph: a token's key is a weighted sum of its row, its logit adds those it attends to, by distance. */
const graph: InferenceRuntime = {
  name: 'small',
  async run({ rows, x, v, age }) {
    const { features, slots } = SHAPE;
    const newV = Float32Array.from({ length: rows }, (_, row) => {
      let sum = 0;
      for (let index = 0; index < features; index++) {
        sum += x[row * features + index] * Math.sin(index + 1);
      }
      return sum;
    });
    const logit = newV.map((own, row) => {
      let sum = own;
      for (let slot = 0; slot < slots; slot++) {
        const distance = age[row * slots + slot];
        if (distance < slots) sum += v[row * slots + slot] * 0.8 ** distance;
      }
      return sum / 4;
    });
    return { logit, newK: newV, newV };
  },
  close: async () => undefined,
};

/** Numbers that depend on the text alone. */
function vectorOf(text: string, size: number): Encoding {
  const values = Float32Array.from({ length: size }, (_, index) =>
    Math.sin([...text].reduce((hash, letter) => hash * 31 + letter.charCodeAt(0), index + 1)),
  );
  return { embedding: quantise(values), finding: null, flags: [], detail: '' };
}

/** Encoders that take their time, longer for what comes first, and keep count. */
function slowEncoders() {
  const log: string[] = [];
  let waiting = 10;
  const encode = async (content: string, size: number) => {
    log.push(`begin ${content}`);
    const turns = waiting--;
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    if (content === 'foreign') return unusable('other-language', 'German');
    if (content === 'bomb') return unusable('image-too-large', 'too many pixels');
    if (content === 'crash') throw new Error('out of memory');
    log.push(`end ${content}`);
    return vectorOf(content, size);
  };
  const text = { encode: ({ text: content }: { text: string }) => encode(content, SIZES.text) };
  const image = { encode: ({ uri }: { uri: string }) => encode(uri, SIZES.image) };
  const encoders = { text: text as unknown as NoteEncoder, image: image as unknown as ImageEncoder };
  return { encoders, log };
}

const ordered = (...events: ClinicalEvent[]) => orderedOf(events);

const at = (minute: number, messageId = `${minute}`) => ({
  messageId,
  eventTime: START + minute * MINUTE_MS,
});
const noteAt = (minute: number, text: string) => eventOf('notes', note(text, at(minute, `n${minute}`)));
const imageAt = (minute: number, uri: string) =>
  eventOf('imaging', imaging({ uri, ...at(minute, `i${minute}`) }));
const rateAt = (minute: number, value = 80) =>
  eventOf('vitals', vitals({ heartRate: value }, at(minute, `v${minute}`)));

describe('EncodeStage', () => {
  it('works on batches side by side and passes them on in order', async () => {
    const { encoders, log } = slowEncoders();
    const stage = new EncodeStage(encoders);
    const batches = [
      ordered(noteAt(1, 'first')),
      ordered(rateAt(2)),
      ordered(imageAt(3, 'second'), noteAt(3, 'third')),
    ];
    const out = await lastValueFrom(from(batches).pipe(stage.operator(), toArray()));
    expect(out).toEqual(batches);
    expect(log).toEqual([
      'begin first',
      'begin second',
      'begin third',
      'end third',
      'end second',
      'end first',
    ]);
    expect(out[2].events.map(({ encoding }) => encoding)).toEqual([
      vectorOf('second', SIZES.image),
      vectorOf('third', SIZES.text),
    ]);
    expect(out[1].events[0].encoding).toBeNull();
    expect(stage.counts).toEqual({ encoded: 3, flagged: {} });
  });

  it('lets what cannot be encoded go on without, flagged and counted; what nobody can see is a dead letter too', async () => {
    const stage = new EncodeStage(slowEncoders().encoders);
    const batch = ordered(noteAt(1, 'foreign'), imageAt(2, 'bomb'), noteAt(3, 'crash'));
    const [out] = await lastValueFrom(from([batch]).pipe(stage.operator(), toArray()));
    expect(out.events.map(({ encoding }) => encoding?.flags)).toEqual([
      ['other-language'],
      ['image-too-large'],
      ['encoder-failed'],
    ]);
    expect(out.deadLetters).toMatchObject([
      { reason: 'image-too-large', detail: 'too many pixels', patientId: 'p1' },
    ]);
    expect(stage.counts).toEqual({
      encoded: 0,
      flagged: { 'other-language': 1, 'image-too-large': 1, 'encoder-failed': 1 },
    });
  });

  it('reads facts of notes also without encoders, and leaves alone what has none', async () => {
    const none: Encoders = { text: null, image: null };
    const quiet = ordered(rateAt(2));
    const batches = from([ordered(noteAt(1, 'HR 130'), rateAt(1)), quiet]);
    const read = await lastValueFrom(batches.pipe(new EncodeStage(none).operator(), toArray()));
    expect(read[0].events.map(({ facts }) => facts?.facts.length)).toEqual([1, undefined]);
    expect(read[0].events[0].encoding).toBeNull();
    expect(read[1]).toBe(quiet);
    const { encoders } = slowEncoders();
    const [out] = await lastValueFrom(
      batches.pipe(new EncodeStage({ ...encoders, text: null }).operator(), toArray()),
    );
    expect(out.events[0].encoding).toBeNull();
  });

  it('reads nothing from an alarm of a monitor', async () => {
    const { encoders, log } = slowEncoders();
    const alarm = note('ASYSTOLE, HR 0', { noteType: MONITOR_ALARM });
    const batch = ordered(eventOf('notes', alarm));
    const [out] = await lastValueFrom(from([batch]).pipe(new EncodeStage(encoders).operator(), toArray()));
    expect([out.events[0].facts, out.events[0].encoding, log]).toEqual([null, null, []]);
  });
});

/** The score of the last moment after batches went through encoding, alignment and the small graph. */
async function scoresOf(batches: OrderedBatch[]): Promise<{ last: number; stage: AlignAndScore }> {
  const stage = new AlignAndScore(ALIGN, new MicroBatcher(encoder, graph, SHAPE, 4));
  const encode = new EncodeStage(slowEncoders().encoders);
  const aligned = await lastValueFrom(from(batches).pipe(encode.operator(), stage.operator(), toArray()));
  const scores = aligned.flatMap(({ actions }) =>
    actions.flatMap((each) => (each.kind === 'score' ? each : [])),
  );
  return { last: scores.at(-1)!.score.mortality, stage };
}

const ADMISSION = eventOf('adt', adt('ADMIT', at(0, 'admit')));
const LAST_MINUTE = 8 * 60 - 1;
const FINAL = () => rateAt(LAST_MINUTE, 100);

/** Values, notes and images of the first seven hours, one a minute at most. */
const course = fc.uniqueArray(
  fc.record({
    minute: fc.integer({ min: 1, max: 7 * 60 }),
    kind: fc.constantFrom('vitals', 'notes', 'imaging'),
    content: fc.integer({ min: 40, max: 180 }),
  }),
  { selector: ({ minute }) => minute, maxLength: 24 },
);
type Course = typeof course extends fc.Arbitrary<infer Each> ? Each : never;

function eventsOf(each: Course): ClinicalEvent[] {
  return each.map(({ minute, kind, content }) => {
    if (kind === 'vitals') return rateAt(minute, content);
    return kind === 'notes' ? noteAt(minute, `note ${content}`) : imageAt(minute, `image ${content}`);
  });
}

describe('notes and images in the score', () => {
  it('late ones, in any order and any batches, lead to the score that all in order lead to', async () => {
    await fc.assert(
      fc.asyncProperty(
        course.chain((each) =>
          fc.tuple(
            fc.constant(each),
            fc.shuffledSubarray(each, { minLength: each.length }),
            fc.integer({ min: 1, max: 5 }),
          ),
        ),
        async ([inOrder, shuffled, size]) => {
          const sorted = eventsOf(inOrder).sort(compareEvents);
          const { last: expected } = await scoresOf([ordered(ADMISSION, ...sorted, FINAL())]);
          const late = eventsOf(shuffled);
          const batches = [ordered(ADMISSION)];
          for (let start = 0; start < late.length; start += size) {
            batches.push(ordered(...late.slice(start, start + size).sort(compareEvents)));
          }
          const { last } = await scoresOf([...batches, ordered(FINAL())]);
          expect(last).toBeCloseTo(expected, 5);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('count from the moment they come, and a late one changes the steps it should have been known in', async () => {
    const quiet = [ADMISSION, rateAt(30), rateAt(90), rateAt(150)];
    const { last: without } = await scoresOf([ordered(...quiet, FINAL())]);
    const noted = [ADMISSION, rateAt(30), noteAt(60, 'septic'), rateAt(90), rateAt(150), FINAL()];
    const { last: told } = await scoresOf([ordered(...noted)]);
    expect(Math.abs(told - without)).toBeGreaterThan(0.001);
    const { last: late } = await scoresOf([
      ordered(...quiet),
      ordered(noteAt(60, 'septic')),
      ordered(FINAL()),
    ]);
    expect(late).toBeCloseTo(told, 6);
  });

  it('survive a snapshot; one from before them is read too', async () => {
    const events = [ADMISSION, rateAt(30), noteAt(60, 'septic'), imageAt(90, 'opacity'), rateAt(150)];
    const { stage } = await scoresOf([ordered(...events)]);
    const patient = stage.aligner.patients.get('p1')!;
    const model = { ...SHAPE, ...ALIGN, version: 'small', encoder: {} } as unknown as ModelConfig;
    const snapshot = snapshotOf(patient, stage.batcher.cacheOf(patient), '', model, {});
    const options = { partition: 0, dedupeWindow: 64, model };
    const restored = restorePatient(snapshot, options)!;
    const row = (of: typeof patient) => {
      const out = new Float32Array(encoder.size);
      const { timeline } = of;
      encoder.encode(of, timeline.openStep, START + 3 * HOUR_MS, timeline.summary, out, 0);
      return out;
    };
    expect(row(restored.patient)).toEqual(row(patient));
    expect(row(patient)[encoder.featureNames.indexOf('image.seen')]).toBe(1);
    // The arrays of notes and images come last, so an older reader's layout is the same bytes without them.
    const older = restorePatient({ ...snapshot, formatVersion: 1 }, options);
    expect(older?.patient.timeline.openStep).toBe(patient.timeline.openStep);
  });
});
