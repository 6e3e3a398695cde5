import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scoreCohort } from '../../src/cohort/scored-cohort.js';
import { inMemory } from '../../src/cohort/stays.js';
import { ScoringThreads } from '../../src/cohort/threads.js';
import { MessageCodec } from '../../src/events/codec.js';
import { type ReplayResult, replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { openSource } from '../../src/sources/open-source.js';
import { RecordingWriter } from '../../src/sources/recording.js';
import { bytesOf } from '../../src/sources/source.js';
import { START } from '../helpers.js';
import { overlappingStays } from '../replay/overlapping-stays.js';
import { hourly, PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from '../study/cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-scores-'));
/** The shipped rules with low thresholds, so that there are alerts, and one without guards. */
const SHIPPED = parseConfig({}).alerts.rules.map((rule) => ({ ...rule, raiseAt: 0.03, resolveBelow: 0.02 }));
const [{ startAfterMs: _start, endAfterMs: _end, quietDuringEvent: _quiet, ...PLAIN }] = SHIPPED;
const RULES = [
  ...SHIPPED,
  { ...PLAIN, id: 'risk', signal: 'mortality' as const, raiseAt: 0.05, resolveBelow: 0.03 },
];
const CONFIG = parseConfig({ alerts: { rules: RULES } });
/** More than one ward of 64, with stays that differ. */
const COHORT = Array.from({ length: 130 }, (_, index) => ({
  id: String(900_000 + index),
  // One stay is never scored.
  rows:
    index === 7
      ? []
      : index % 5 === 0
        ? PLANTED_FAILURE
        : index % 5 === 1
          ? hourly(0, 10 + (index % 37))
          : WELL_ALL_ALONG,
  died: index % 5 === 0,
  age: 30 + index,
}));

/** The scores of the whole cohort on file. */
const WHOLE = join(ROOT, 'whole.avro');
let from: string;
let plain: ReplayResult;
let whole: Awaited<ReturnType<typeof score>>;
beforeAll(async () => {
  from = `physionet2012:${writeCohort(ROOT, COHORT)}`;
  plain = await replay(openSource(from), { config: CONFIG, speed: 'max' });
  whole = await score(WHOLE);
});
afterAll(() => rmSync(ROOT, { recursive: true }));

const score = (file?: string, signal?: AbortSignal, onProgress?: (patients: number) => void) =>
  scoreCohort({ job: { from, config: CONFIG }, threads: new ScoringThreads(1), file, signal, onProgress });

/** How fast it was, and the memory it took. */
const pace = ({ seconds, observationsPerSecond, scoresPerSecond, peakRssMb }: ReplayResult) => ({
  seconds,
  observationsPerSecond,
  scoresPerSecond,
  peakRssMb,
});

describe('scores on file', () => {
  it('are those of a replay, digest for digest, and so are the alerts', async () => {
    const { seconds: _, ...first } = whole.result;
    expect(first).toMatchObject({ scoresDigest: plain.scoresDigest, alertsDigest: plain.alertsDigest });
    expect(first.alerts).toBeGreaterThan(20);
    const again = await score(WHOLE);
    // The stays themselves hold no lists.
    expect(again.stays.some((stay) => 'times' in { ...stay })).toBe(false);
    expect(again).toMatchObject({ stored: 130, total: 130, hasClock: false });
    expect(again.result).toMatchObject({ ...first, seconds: expect.any(Number) });
  });

  it('interrupted, keep what was over and say so; the next run goes on', async () => {
    const file = join(ROOT, 'interrupted.avro');
    const stop = new AbortController();
    // The first ward is over when its 64 stays are read.
    const partial = await score(file, stop.signal, (patients) => patients >= 64 && stop.abort());
    expect(partial.result.partial).toBe(true);
    expect(partial.stays.length).toBeGreaterThan(0);
    expect(partial.stays.length).toBeLessThan(130);
    const resumed = await score(file);
    expect(resumed.stored).toBe(partial.stays.length);
    expect(resumed.result.partial).toBeUndefined();
    expect(resumed.result).toMatchObject({
      patients: 130,
      scores: plain.scores,
      observations: plain.observations,
      alerts: plain.alerts,
      scoresDigest: plain.scoresDigest,
      alertsDigest: plain.alertsDigest,
    });
    // Rows and what became of them too are those of all stays, not of the last run.
    expect(resumed.result).toMatchObject({ ...whole.result, ...pace(resumed.result) });
    expect(whole.result).toMatchObject({ rows: plain.rows, deadLetters: plain.deadLetters });
    expect(resumed.aside).toEqual(whole.aside);
  });

  it('of a process that was killed are used as far as they are whole', async () => {
    const file = join(ROOT, 'killed.avro');
    copyFileSync(WHOLE, `${file}.part`);
    const bytes = readFileSync(`${file}.part`);
    writeFileSync(`${file}.part`, bytes.subarray(0, Math.floor(bytes.length * 0.7)));
    const resumed = await score(file);
    expect(resumed.result.scoresDigest).toBe(plain.scoresDigest);
    expect(existsSync(`${file}.part`)).toBe(false);
    expect(statSync(file).size).toBeGreaterThan(0);
  });

  it('of something else are refused, and say what differs', async () => {
    const job = { from, patients: 3, config: CONFIG };
    await expect(scoreCohort({ job, threads: new ScoringThreads(1), file: WHOLE })).rejects.toThrow(
      `the scores in ${WHOLE} were made otherwise: patients (null there, 3 here)`,
    );
    const foreign = join(ROOT, 'foreign.avro');
    writeFileSync(foreign, 'no Avro');
    await expect(score(foreign)).rejects.toThrow('holds no scores of Wardstream');
    await expect(score(join(ROOT, 'nowhere', 'x.avro'))).rejects.toThrow('scores cannot be written to');
  });
});

describe('scores of a recording, in which patients may come again', () => {
  const file = join(ROOT, 'ward.avro');
  const job = { from: `recording:${file}`, config: CONFIG };
  let whole: ReplayResult;
  beforeAll(async () => {
    const writer = new RecordingWriter(file);
    const codec = new MessageCodec();
    for (const message of overlappingStays(START)) {
      const { topic, key, eventTime } = message;
      await writer.write({ topic, key, eventTime, value: bytesOf(message, codec) });
    }
    await writer.close();
    whole = await replay(openSource(job.from), { config: CONFIG, speed: 'max' });
  });

  it('hold the stays that were not over too', async () => {
    const scores = join(ROOT, 'open.avro');
    const first = await scoreCohort({ job, threads: new ScoringThreads(1), file: scores });
    // Of those that come twice, two never left.
    expect(first.stays).toHaveLength(40 + 14 - 2);
    const again = await scoreCohort({ job, threads: new ScoringThreads(1), file: scores });
    expect(again.stored).toBe(52);
    expect(again.stays.map(inMemory)).toEqual(first.stays.map(inMemory));
    const { scoresDigest, alertsDigest } = whole;
    expect(again.result).toMatchObject({ scoresDigest, alertsDigest });
    expect(first.stays.filter(({ isOver }) => !isOver)).toHaveLength(4);
    // With other rules, its alerts are other ones.
    const none = { ...job, config: parseConfig({ alerts: { rules: [{ ...RULES[0], raiseAt: 1 }] } }) };
    const quiet = await scoreCohort({ job: none, threads: new ScoringThreads(1), file: scores });
    expect([quiet.stored, quiet.result.alerts]).toEqual([52, 0]);
  });

  it('go on after an interruption, without the patients of whom nothing more comes', async () => {
    const scores = join(ROOT, 'ward-interrupted.avro');
    const stop = new AbortController();
    const onProgress = (patients: number) => patients >= 38 && stop.abort();
    const partial = await scoreCohort({
      job,
      threads: new ScoringThreads(1),
      file: scores,
      onProgress,
      signal: stop.signal,
    });
    expect(partial.result.partial).toBe(true);
    const resumed = await scoreCohort({ job, threads: new ScoringThreads(1), file: scores });
    expect(resumed.stored).toBeGreaterThan(0);
    expect(resumed.stored).toBeLessThan(partial.stays.length);
    expect(resumed.stays.map(({ stayId }) => stayId)).toEqual([
      ...new Set(resumed.stays.map(({ stayId }) => stayId)),
    ]);
    const { scoresDigest, alertsDigest, scores: count, alerts, observations } = whole;
    expect(resumed.result).toMatchObject({ scoresDigest, alertsDigest, scores: count, alerts, observations });
    const { rows, descriptors, deadLetters, deadLettersByReason, duplicates, late } = whole;
    expect(resumed.result).toMatchObject({
      ...{ rows, descriptors, deadLetters, deadLettersByReason, duplicates, late },
    });
  });
});
