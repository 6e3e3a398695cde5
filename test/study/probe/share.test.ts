import { beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/settings/config.js';
import type { StaySeen } from '../../../src/study/probe/compare.js';
import { VARIANTS } from '../../../src/study/probe/courses.js';
import { probeShare } from '../../../src/study/probe/share.js';
import { RISKS } from '../../../src/study/probe/signs.js';
import { wellStay } from './stays.js';

let seen: StaySeen;
beforeAll(async () => {
  const told: StaySeen[] = [];
  await probeShare({ config: parseConfig({}), stays: [wellStay()] }, (stay) => told.push(stay));
  expect(told).toHaveLength(1);
  [seen] = told;
}, 600_000);

const moved = (sign: string, value: number, minutes = 60) =>
  seen.interventions[
    VARIANTS.findIndex(
      (each) =>
        each.kind === 'intervention' &&
        each.sign.id === sign &&
        each.value === value &&
        each.minutes === minutes,
    )
  ]!;
const artefact = (kind: string, isIll = false) =>
  seen.artefacts[
    VARIANTS.findIndex(
      (each) => each.kind === 'monitored' && each.isIll === isIll && each.artefact?.kind === kind,
    )
  ]!;

describe('a stay that is well, in the real pipeline', () => {
  it.each([
    // Royal College of Physicians, NEWS2, 2017, chart 1.
    ['heartRate', 140, 3],
    ['heartRate', 45, 1],
    ['respRate', 24, 2],
    ['respRate', 8, 3],
    ['spo2', 91, 3],
    ['temperature', 39.3, 2],
    ['temperature', 35, 3],
    ['gcs', 14, 3],
    // Systolic 70, 98 and 224 mmHg with a mean of 50, 70 and 160.
    ['map', 50, 3],
    ['map', 70, 2],
    ['map', 160, 3],
    // Oxygen is given.
    ['oxygenation', 420, 2],
    ['potassium', 8, 0],
  ])('with %s %d has %d points of NEWS2 more at the end of it, and none later', (sign, value, points) => {
    for (const minutes of [10, 60, 180]) expect(moved(sign, value, minutes).deltaNews2).toBe(points);
  });

  it('has every risk that the model gives, and hardly another where the sign has the value it had', () => {
    const { risks, deltas } = moved('heartRate', 80);
    const known = RISKS.filter((risk) => !Number.isNaN(risks[risk]));
    expect(known).toEqual(expect.arrayContaining(['mortality', 'circulatory', 'respiratory']));
    for (const risk of known) {
      expect(risks[risk]).toBeGreaterThan(0);
      expect(Math.abs(deltas[risk])).toBeLessThan(0.02);
    }
  });

  it('raises NEWS2’s alert, and the notices that a probe is off, where they are due', () => {
    expect(moved('heartRate', 80).alerts).toEqual({ state: 0, risk: 0, news2: 0, technical: 0 });
    expect(artefact('zero-spo2').alerts.technical).toBeGreaterThan(0);
    expect(artefact('zero-respiration').alerts.technical).toBeGreaterThan(0);
    // In shock NEWS2 is far beyond 7 for half an hour before anything false is sent.
    expect(artefact('zero-spo2', true).open).toBeGreaterThan(0);
  });

  it('has somebody at the bed within 15 seconds where the heart stops', () => {
    expect(seen.arrestAfter).toBeLessThanOrEqual(15);
  });

  it('is told with each variant in its place', () => {
    expect(seen).toMatchObject({ number: 0, patientId: 'well0', asCharted: 0 });
    VARIANTS.forEach(({ kind }, index) => {
      expect(seen.interventions[index] !== null).toBe(kind === 'intervention');
    });
  });
});

it('leaves the rest where it is told to stop', async () => {
  const stop = new AbortController();
  stop.abort();
  const told: StaySeen[] = [];
  await probeShare({ config: parseConfig({}), stays: [wellStay()] }, (stay) => told.push(stay), stop.signal);
  expect(told).toEqual([]);
});
