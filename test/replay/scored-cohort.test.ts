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
import { parseConfig } from '../../src/config.js';
import { openSource } from '../../src/replay/open.js';
import { type ReplayResult, replay } from '../../src/replay/replay.js';
import { scoreCohort } from '../../src/replay/scored-cohort.js';
import { hourly, PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from '../validate/cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-scores-'));
/** Low thresholds, so that there are alerts. */
const RULES = parseConfig({}).alerts.rules.map((rule) =>
  rule.signal === 'risk' ? { ...rule, raiseAt: 0.05, resolveBelow: 0.03 } : rule,
);
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

let from: string;
let plain: ReplayResult;
beforeAll(async () => {
  from = `physionet2012:${writeCohort(ROOT, COHORT)}`;
  plain = await replay(openSource(from), { config: CONFIG, speed: 'max' });
});
afterAll(() => rmSync(ROOT, { recursive: true }));

const score = (file?: string, signal?: AbortSignal, onProgress?: (patients: number) => void) =>
  scoreCohort({ job: { from, config: CONFIG }, workers: 1, file, signal, onProgress });

describe('scores on file', () => {
  it('are those of a replay, digest for digest, and so are the alerts', async () => {
    const file = join(ROOT, 'whole.avro');
    const { seconds: _, ...first } = (await score(file)).result;
    expect(first).toMatchObject({ scoresDigest: plain.scoresDigest, alertsDigest: plain.alertsDigest });
    expect(first.alerts).toBeGreaterThan(20);
    const again = await score(file);
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
  });

  it('of a process that was killed are used as far as they are whole', async () => {
    const whole = join(ROOT, 'killed-whole.avro');
    await score(whole);
    const file = join(ROOT, 'killed.avro');
    copyFileSync(whole, `${file}.part`);
    const bytes = readFileSync(`${file}.part`);
    writeFileSync(`${file}.part`, bytes.subarray(0, Math.floor(bytes.length * 0.7)));
    const resumed = await score(file);
    expect(resumed.result.scoresDigest).toBe(plain.scoresDigest);
    expect(existsSync(`${file}.part`)).toBe(false);
    expect(statSync(file).size).toBeGreaterThan(0);
  });

  it('of something else are refused, and say what differs', async () => {
    const file = join(ROOT, 'whole.avro');
    const job = { from, patients: 3, config: CONFIG };
    await expect(scoreCohort({ job, workers: 1, file })).rejects.toThrow(
      `the scores in ${file} were made otherwise: patients (null there, 3 here)`,
    );
    const foreign = join(ROOT, 'foreign.avro');
    writeFileSync(foreign, 'no Avro');
    await expect(score(foreign)).rejects.toThrow('holds no scores of Wardstream');
    await expect(score(join(ROOT, 'nowhere', 'x.avro'))).rejects.toThrow('scores cannot be written to');
  });
});
