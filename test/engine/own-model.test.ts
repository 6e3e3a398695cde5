import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { from, lastValueFrom, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Encoders, openEncoders } from '../../src/encoders/open-encoders.js';
import { EncodeStage } from '../../src/engine/encode.js';
import type { Score } from '../../src/engine/outputs.js';
import { AlignAndScore } from '../../src/engine/stages.js';
import { EMBEDDING_UNIT } from '../../src/events/encoding.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import { loadModel, type Model } from '../../src/inference/model.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import { openRuntime } from '../../src/inference/runtimes.js';
import { DEFAULT_CONFIG, parseConfig } from '../../src/settings/config.js';
import { adt, eventOf, HOUR_MS, labs, note, orderedOf, START, vitals } from '../helpers.js';
import { COPIED, copyReadingNotes } from '../model-copies.js';

const OWN = 'reads-notes';
/** No number and no status, which would be facts whatever the model. */
const TEXT = 'Family at bedside, worried about the pain.';

const at = (hours: number, messageId: string) => ({
  messageId,
  eventTime: START + Math.round(hours * HOUR_MS),
});
const noteAt = (hours: number, text: string) => eventOf('notes', note(text, at(hours, `n${hours}`)));
/** A laboratory value, which asks for a score. */
const labAt = (hours: number) => eventOf('labs', labs({ lactate: 1.4 }, at(hours, `l${hours}`)));

function charted(hours: number): ClinicalEvent[] {
  const admission = eventOf('adt', adt('ADMIT', { ...at(0, 'admit'), ageYears: 71, sex: 'MALE' }));
  const rows = Array.from({ length: hours }, (_, hour) =>
    eventOf('vitals', vitals({ heartRate: 88 + hour, mapInvasive: 71 }, at(hour + 0.1, `v${hour}`))),
  );
  return [admission, ...rows];
}

const ordered = (events: readonly ClinicalEvent[]) => orderedOf([...events].sort(compareEvents));

describe('a model of one’s own that reads notes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-own-model-'));
  let encoders: Encoders;
  const opened = new Map<string, { model: Model; runtime: InferenceRuntime }>();
  beforeAll(async () => {
    copyReadingNotes(directory, OWN, { size: 512, encoder: 'use-lite-en' });
    for (const model of [loadModel(OWN, directory), loadModel(COPIED)]) {
      const runtime = await openRuntime(model, DEFAULT_CONFIG.model);
      opened.set(model.config.version, { model, runtime });
    }
    const { modalities } = opened.get(OWN)!.model.config.encoder;
    encoders = await openEncoders(parseConfig({}).encoders, modalities);
  });
  afterAll(async () => {
    await encoders.text?.close();
    for (const { runtime } of opened.values()) await runtime.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The last score of batches that come one after the other. */
  async function last(version: string, ...batches: ClinicalEvent[][]): Promise<Score> {
    const { model, runtime } = opened.get(version)!;
    const align = { ...model.config, minScoreIntervalMs: 0, dedupeWindow: 64 };
    const stage = new AlignAndScore(align, new MicroBatcher(model.encoder, runtime, model.shape, 8));
    const encode = new EncodeStage(encoders);
    const out = await lastValueFrom(
      from(batches.map(ordered)).pipe(encode.operator(), stage.operator(), toArray()),
    );
    const scores = out.flatMap(({ actions }) =>
      actions.flatMap((each) => (each.kind === 'score' ? [each.score] : [])),
    );
    return scores.at(-1)!;
  }

  it('scores a stay by the embedding of its newest note, and says what that adds', async () => {
    const events = [...charted(6), noteAt(4.5, 'Stable.'), noteAt(5.2, TEXT), labAt(6)];
    const [own, plain] = await Promise.all([OWN, COPIED].map((version) => last(version, events)));
    const { embedding } = await encoders.text!.encode({ text: TEXT, language: 'en' });
    const logit = (risk: number) => Math.log(risk / (1 - risk));
    const told = embedding![0] / EMBEDDING_UNIT;
    expect(Math.abs(told)).toBeGreaterThan(0.001);
    expect(logit(own.mortality)).toBeCloseTo(logit(plain.mortality) + told, 4);
    expect(own.contributions.text).toBeCloseTo(own.mortality - plain.mortality, 5);
    expect(plain.contributions.text).toBe(null);
  });

  it('scores a stay without a usable note as if there were none', async () => {
    const without = await last(COPIED, [...charted(6), labAt(6)]);
    expect((await last(OWN, [...charted(6), labAt(6)])).mortality).toBe(without.mortality);
    expect((await last(OWN, [...charted(6), noteAt(5, '…'), labAt(6)])).mortality).toBe(without.mortality);
  });

  it('a late note leads to the score that it leads to in time', async () => {
    const inTime = await last(OWN, [...charted(6), noteAt(3.5, TEXT), labAt(6), labAt(7)]);
    const late = await last(OWN, [...charted(6), labAt(6)], [noteAt(3.5, TEXT)], [labAt(7)]);
    expect(late.mortality).toBeCloseTo(inTime.mortality, 5);
  });
});
