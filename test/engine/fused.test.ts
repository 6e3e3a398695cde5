import { from, lastValueFrom, tap, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Encoders, openEncoders } from '../../src/encoders/open-encoders.js';
import { EncodeStage } from '../../src/engine/encode.js';
import type { Score } from '../../src/engine/outputs.js';
import { AlignAndScore, type OrderedBatch } from '../../src/engine/stages.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import { loadModel, type Model } from '../../src/inference/model.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import { openRuntime } from '../../src/inference/runtimes.js';
import { listModels } from '../../src/inference/versions.js';
import { DEFAULT_CONFIG, parseConfig } from '../../src/settings/config.js';
import { adt, eventOf, HOUR_MS, labs, note, START, vitals } from '../helpers.js';

const FUSED = listModels().find((version) => version.startsWith('0-fusion-'))!;
const PLAIN = FUSED.replace(/^0-fusion-\w+-/, '');
const CHARTED = 10;
const SICK =
  'ATSP re hypotension and tachycardia. GCS 12. HR 126. MAP 52. T 37.4. Profoundly hypotensive, MAP 52. Very tachycardic, HR 126.';
const WELL = 'GCS 15. MAP 84. HR 76. T 36.9. A&O x3. Haemodynamically stable, MAP 84.';

const at = (hours: number, messageId: string) => ({
  messageId,
  eventTime: START + Math.round(hours * HOUR_MS),
});
const noteAt = (hours: number, text: string) => eventOf('notes', note(text, at(hours, `n${hours}`)));
/** A laboratory value, which asks for a score. */
const labAt = (hours: number) => eventOf('labs', labs({ lactate: 1.4 }, at(hours, `l${hours}`)));

/** A stay charted every hour, until `CHARTED` hours where nothing else is said. */
function charted(hours = CHARTED): ClinicalEvent[] {
  const admission = eventOf('adt', adt('ADMIT', { ...at(0, 'admit'), ageYears: 71, sex: 'MALE' }));
  const values = {
    heartRate: 92,
    mapInvasive: 71,
    temperature: 37.4,
    gcs: 12,
  };
  const rows = Array.from({ length: hours }, (_, hour) =>
    eventOf('vitals', vitals({ ...values, heartRate: 88 + (hour % 5) }, at(hour + 0.1, `v${hour}`))),
  );
  return [admission, ...rows];
}

function ordered(events: readonly ClinicalEvent[]): OrderedBatch {
  const none = {
    positions: [],
    revoked: [],
    restored: [],
    discharged: [],
    recalled: [],
    silent: [],
    watermarks: new Map(),
  };
  return { events: [...events].sort(compareEvents), deadLetters: [], ...none };
}

/** The reader of the model alone: what a note states as a number would be an observation. */
function forgetFacts({ events }: OrderedBatch): void {
  for (const event of events) event.facts = null;
}

describe('the shipped model with notes and images', () => {
  let encoders: Encoders;
  const opened = new Map<string, { model: Model; runtime: InferenceRuntime }>();
  beforeAll(async () => {
    for (const version of [FUSED, PLAIN]) {
      const model = loadModel(version);
      opened.set(version, { model, runtime: await openRuntime(model, DEFAULT_CONFIG.model) });
    }
    encoders = await openEncoders(
      parseConfig({}).encoders,
      opened.get(FUSED)!.model.config.encoder.modalities,
    );
  });
  afterAll(async () => {
    await encoders.text?.close();
    await encoders.image?.close();
    for (const { runtime } of opened.values()) await runtime.close();
  });

  /** All scores, in order, of batches that come one after the other. */
  async function scores(version: string, ...batches: ClinicalEvent[][]): Promise<Score[]> {
    const { model, runtime } = opened.get(version)!;
    const align = { ...model.config, minScoreIntervalMs: 0, dedupeWindow: 64 };
    const stage = new AlignAndScore(align, new MicroBatcher(model.encoder, runtime, model.shape, 8));
    const encode = new EncodeStage(encoders);
    const out = await lastValueFrom(
      from(batches.map(ordered)).pipe(encode.operator(), tap(forgetFacts), stage.operator(), toArray()),
    );
    return out.flatMap(({ actions }) =>
      actions.flatMap((each) => (each.kind === 'score' ? [each.score] : [])),
    );
  }
  const last = async (version: string, ...batches: ClinicalEvent[][]) =>
    (await scores(version, ...batches)).at(-1)!;

  it('scores as the model without them, to the bit, while vital signs are charted, whatever a note says', async () => {
    const events = [...charted(14), noteAt(3.5, WELL), noteAt(9.2, SICK), labAt(13.5)];
    const [fused, plain] = await Promise.all([FUSED, PLAIN].map((version) => scores(version, events)));
    expect(plain.length).toBeGreaterThan(14);
    expect(fused.map(({ mortality }) => mortality)).toEqual(plain.map(({ mortality }) => mortality));
    expect(fused.at(-1)!.contributions.text).toBe(0);
  });

  it('reads a note where vital signs are missing: one that tells of shock raises the risk', async () => {
    const lost = await last(FUSED, [...charted(), labAt(14.9)]);
    const [sick, well] = await Promise.all(
      [SICK, WELL].map((text) => last(FUSED, [...charted(), noteAt(14.5, text), labAt(14.9)])),
    );
    expect(lost.mortality).toBe((await last(PLAIN, [...charted(), labAt(14.9)])).mortality);
    expect(sick.mortality).toBeGreaterThan(lost.mortality + 0.005);
    expect(well.mortality).toBeLessThan(lost.mortality - 0.005);
    expect(sick.contributions.text).toBeCloseTo(sick.mortality - lost.mortality, 5);
  });

  it('forgets a note once there are newer vital signs, and one that cannot be used changes nothing', async () => {
    const [, ...chart] = charted(16);
    const back = [...charted(), ...chart.slice(15), noteAt(14.5, SICK), labAt(16)];
    const without = [...charted(), ...chart.slice(15), labAt(16)];
    const [noted, plain] = await Promise.all([last(FUSED, back), last(FUSED, without)]);
    // What was filled stays in the cache of the hour it was filled in.
    expect(Math.abs(noted.mortality - plain.mortality)).toBeLessThan(0.02);
    const empty = await last(FUSED, [...charted(), noteAt(14.5, '…'), labAt(15)]);
    expect(empty.mortality).toBe((await last(FUSED, [...charted(), labAt(15)])).mortality);
  });

  it('a late note leads to the score that it leads to in time', async () => {
    const events = [...charted(), labAt(15), labAt(18)];
    const inTime = await last(FUSED, [...events, noteAt(13.5, SICK)]);
    const late = await last(FUSED, events.slice(0, -1), [noteAt(13.5, SICK)], [labAt(18)]);
    expect(late.mortality).toBeCloseTo(inTime.mortality, 5);
    expect(Math.abs(inTime.mortality - (await last(FUSED, events)).mortality)).toBeGreaterThan(0.002);
  });
});
