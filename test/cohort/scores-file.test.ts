import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { pack } from '../../src/cohort/pack.js';
import { SCORES_FORMAT, ScoresFile, type ScoresOrigin } from '../../src/cohort/scores-file.js';
import { CHARTED, type ObservedStay, SIGNALS, unpacked } from '../../src/cohort/stays.js';
import { WardstreamError } from '../../src/errors.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-scores-file-'));
const ORIGIN: ScoresOrigin = {
  format: SCORES_FORMAT,
  from: 'somewhere',
  patients: null,
  mapping: null,
  model: 'm',
  modelSha256: 'abc',
  settings: '{}',
};
const STAY: ObservedStay = {
  patientId: '1',
  stayId: '1:0',
  wardId: 'W',
  admittedAt: 5,
  endAt: 9,
  isOver: true,
  demographics: { ageYears: 60, sex: 'FEMALE', heightCm: null, weightKg: 70, unitType: 'MEDICAL' },
  observations: 3,
  alarms: [{ kind: 'critical', id: 'hypotension-severe', time: 6, end: 8 }],
  ...unpacked(pack(Array.from({ length: 1 + SIGNALS.length + 2 * CHARTED.length }, (_, list) => [list, 2]))),
};
afterAll(() => rmSync(ROOT, { recursive: true }));

it('gives back what was written', async () => {
  const name = join(ROOT, 'whole.avro');
  const file = new ScoresFile<number>(name, ORIGIN);
  await file.begin([STAY]);
  await file.finish(true, 1);
  const found = [];
  for await (const stay of new ScoresFile(name, ORIGIN).read()) found.push(stay);
  expect(found).toEqual([STAY]);
});

it('is refused where it was written by a version that kept other things', async () => {
  const name = join(ROOT, 'older.avro');
  const before = new ScoresFile<number>(name, { ...ORIGIN, format: SCORES_FORMAT - 1 });
  await before.begin([STAY]);
  await before.finish(true, 1);
  await expect(async () => {
    for await (const _stay of new ScoresFile(name, ORIGIN).read());
  }).rejects.toMatchObject({
    code: 'WS_USAGE',
    message: expect.stringMatching(
      /made otherwise: format \(3 there, 4 here\); delete it or name another file/,
    ),
  });
});

it('is not blamed for what goes wrong with those who read it', async () => {
  const name = join(ROOT, 'read.avro');
  const file = new ScoresFile<number>(name, ORIGIN);
  await file.begin([STAY]);
  await file.finish(true, 1);
  const full = new WardstreamError('WS_SOURCE', 'the disk is full');
  const keep = (): never => {
    throw full;
  };
  await expect(async () => {
    for await (const _stay of file.read()) keep();
  }).rejects.toBe(full);
});
