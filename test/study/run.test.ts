import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { openSource } from '../../src/sources/open-source.js';
import { headline } from '../../src/study/headline.js';
import { shellWord } from '../../src/study/report/cases.js';
import { renderReport } from '../../src/study/report/report.js';
import { type Validation, validate } from '../../src/study/run.js';
import { PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from './cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-validate-'));
const CONFIG = parseConfig({});
const MADE = {
  command: 'wardstream validate --from "<b>"',
  watch: 'wardstream replay --from physionet2012:x --serve 8080',
  version: '9.9.9',
  node: 'v20',
  platform: 'linux',
  madeAt: '2026-01-01T00:00:00.000Z',
};
/** Four stays with circulatory failure planted at 10:00, ill from 06:00; three of them died. Eight are well all along. */
const COHORT = [
  ...Array.from({ length: 4 }, (_, index) => ({
    id: `90000${index}`,
    rows: PLANTED_FAILURE,
    died: index < 3,
    age: 80,
  })),
  ...Array.from({ length: 8 }, (_, index) => ({ id: `91000${index}`, rows: WELL_ALL_ALONG, died: false })),
  { id: '920000', rows: WELL_ALL_ALONG, died: null },
  { id: '930000', rows: [], died: true },
];
const run = (directory: string, seed = 1) =>
  validate({ config: CONFIG, from: `physionet2012:${directory}`, seed, resamples: 50 });

let directory: string;
let result: Validation;
beforeAll(async () => {
  directory = writeCohort(ROOT, COHORT);
  result = await run(directory);
});
afterAll(() => rmSync(ROOT, { recursive: true }));

describe('validation of planted stays', () => {
  it('accounts for every stay', () => {
    expect(result.flow).toEqual({
      source: 14,
      excluded: [],
      notes: [],
      values: [],
      unmapped: [],
      withoutOutcome: 1,
      withoutScore: 1,
      evaluated: 12,
      outcomesWithoutStay: 0,
    });
    expect(result.deaths).toBe(3);
    expect(result.trainedOn).toBe(0);
    expect(result.outOfFold).toBeNull();
  });

  it('finds the planted events, and NEWS2 foretells them by the planted time', () => {
    const failure = result.endpoints.find(({ id }) => id === 'circulatoryFailure')!;
    expect(failure).toMatchObject({ events: 4, allEvents: 4, staysWithEvents: 4 });
    const { figures } = failure.comparisons.find(
      ({ signal, baseline }) => signal === 'news2' && baseline.threshold === 7,
    )!.baseline;
    // NEWS2 reaches 7 at 06:00, four hours before; it alarms hourly until 09:00, and never in the stays that are well.
    expect(figures).toMatchObject({
      events: 4,
      caught: 4,
      alarms: 16,
      trueAlarms: 16,
      recall: 1,
      precision: 1,
      medianLeadHours: 4,
    });
    expect(result.endpoints.find(({ id }) => id === 'respiratoryFailure')?.events).toBe(0);
  });

  it('judges death by the last score at or before the hour', () => {
    const news2 = (hour: number) =>
      result.hours.find((each) => each.hour === hour)!.baselines.news2.auroc.value;
    // At 12 h the four that are ill rank first, one of whom lived: 3 × (8 + ½) of 27 pairs. At 24 h all are alike.
    expect(news2(12)).toBeCloseTo((3 * 8.5) / 27, 12);
    expect(news2(24)).toBe(0.5);
    expect(result.hours.map(({ hour, patients }) => [hour, patients])).toEqual([
      [6, 12],
      [12, 12],
      [24, 12],
      [48, 12],
    ]);
  });

  it('says of groups too small that they are', () => {
    const old = result.subgroups.find(({ group }) => group === '80 and over')!;
    expect(old).toMatchObject({ patients: 4, deaths: 3, verdict: 'too few' });
  });

  it('says of each group what its alarms do', () => {
    const groups = result.subgroupAlarms.filter(({ by }) => by === 'age');
    // The four with an event are 80, the others 60.
    expect(groups.map(({ group, patients, events, verdict }) => [group, patients, events, verdict])).toEqual([
      ['50 to 64', 8, 0, 'too few'],
      ['80 and over', 4, 4, 'too few'],
    ]);
    const { figures } = result.endpoints[0].model;
    expect(groups[1].recall.value).toBe(figures.recall);
    expect(groups[0].recall.value).toBeNaN();
    const days = result.cohort.hoursObserved / 24;
    const alarms = groups.reduce(
      (sum, { alarmsPerPatientDay, patients }) =>
        sum + (alarmsPerPatientDay.value || 0) * (patients / 12) * days,
      0,
    );
    expect(alarms).toBeCloseTo(figures.alarms, 6);
  });

  it('has the keys of --json, and the digest of a plain replay', async () => {
    const json = headline(result);
    expect(Object.keys(json)).toEqual(
      expect.arrayContaining(
        'patients deaths auroc auprc score1 ece alarmsPerPatientDay events recall precision medianLeadHours baselines seconds scoresDigest'.split(
          ' ',
        ),
      ),
    );
    expect(Object.keys(json.auroc)).toEqual(['6', '12', '24', '48']);
    expect(Object.keys(json.baselines)).toEqual(['news2', 'qsofa', 'map', 'spo2']);
    const plain = await replay(openSource(`physionet2012:${directory}`), { config: CONFIG, speed: 'max' });
    expect(json.scoresDigest).toBe(plain.scoresDigest);
  });

  it('gives the same figures again, and other intervals for another seed', async () => {
    const figures = ({ replay: _, seconds: __, peakRssMb: ___, ...rest }: Validation) => JSON.stringify(rest);
    expect(figures(await run(directory))).toBe(figures(result));
    const other = await run(directory, 2);
    expect(other.hours[1].baselines.news2.auroc.value).toBe(result.hours[1].baselines.news2.auroc.value);
    expect(figures(other)).not.toBe(figures(result));
  });

  it('judges the configured rules as a ward would hear them, whatever they watch', async () => {
    const rule = { id: 'n', priority: 'HIGH', raiseAt: 7, resolveBelow: 5, holdMs: 0, refractoryMs: 0 };
    const rules = [{ ...rule, signal: 'news2', escalateAfterMs: 3_600_000 }];
    const config = parseConfig({ alerts: { rules } });
    const found = await validate({ config, from: `physionet2012:${directory}`, seed: 1, resamples: 50 });
    // NEWS2 is 7 or more from 06:00 to 13:00 in four stays: one alert each, four hours before the onset at 10:00.
    expect(found.configured).toMatchObject({
      alerts: 4,
      byRule: { n: 4 },
      recall: 1,
      precision: 1,
      medianLeadHours: 4,
      intervals: { recall: [1, 1], precision: [1, 1], medianLeadHours: [4, 4] },
    });
    expect(found.configured.alertsPerPatientDay).toBeCloseTo(4 / (found.cohort.hoursObserved / 24), 12);
    expect(found.burden.byHour.find(({ label }) => label === '6 to 8')?.alarms).toBe(4);
    expect(found.endpoints[0].isConfigured).toBe(false);
    expect(headline(found)).toMatchObject({ isConfigured: false, configured: { alerts: 4, recall: 1 } });
    expect(renderReport(found, MADE)).toContain('No rule is on the model’s own risk of these events');
  });

  it('leaves figures undefined where nobody died', async () => {
    const root = join(ROOT, 'one-class');
    const stays = [1, 2, 3].map((each) => ({ id: `94000${each}`, rows: WELL_ALL_ALONG, died: false }));
    const survivors = await run(writeCohort(root, stays));
    expect(headline(survivors)).toMatchObject({ deaths: 0, events: 0, score1: NaN });
    expect(survivors.hours[3].model.auroc).toEqual({ value: NaN, interval: [NaN, NaN] });
    expect(renderReport(survivors, MADE)).toContain('<td>–</td>');
  });

  it('says what is wrong where there is nothing to evaluate', async () => {
    const root = join(ROOT, 'strangers');
    const folder = writeCohort(root, [{ id: '950001', rows: [], died: true }]);
    await expect(run(folder)).rejects.toThrow('none of the 1 stays has both a score and an outcome');
    await expect(run(join(ROOT, 'nowhere'))).rejects.toThrow('holds no stays');
  });
});

describe('what else is found in planted stays', () => {
  it('follows the outcome hour by hour', () => {
    expect(result.curve.map(({ hour }) => hour)).toEqual(
      Array.from({ length: 24 }, (_, index) => 2 * index + 2),
    );
    expect(result.curve[5].auroc.value).toBe(result.hours[1].model.auroc.value);
    expect(result.curve[5].patients).toBe(12);
  });

  it('judges every hour against an onset within the next eight', () => {
    const failure = result.moments.find(({ id }) => id === 'circulatoryFailure')!;
    // Hours 1 to 48 of 12 stays, less those within the four events (10:00 to 13:00); onsets at 10:00 follow hours 2 to 9.
    expect(failure.positive).toBe(4 * 8);
    expect(failure.moments).toBeGreaterThan(12 * 44);
    const news2 = failure.signals.find(({ id }) => id === 'news2')!;
    expect(news2.auroc.value).toBeGreaterThan(0.7);
  });

  it('shows cases that fit their list', () => {
    const { earliestCatches, worstMisses, costliestFalseAlarms } = result.cases;
    for (const each of [...earliestCatches, ...worstMisses]) {
      expect(each.events.length).toBeGreaterThan(0);
      expect(each.risk.every(([, risk]) => risk >= 0 && risk <= 1)).toBe(true);
    }
    expect(earliestCatches.length + worstMisses.length).toBe(4);
    expect(costliestFalseAlarms.every(({ alarms }) => alarms.length > 0)).toBe(true);
  });

  it('counts the burden over the stays that were there', () => {
    const { byHour, byWard, hasClock, byNurse } = result.burden;
    expect(byWard[0].alarms).toBe(result.replay.alerts);
    expect(hasClock).toBe(false);
    const days = byHour.reduce((sum, { patientDays }) => sum + patientDays, 0);
    expect(days).toBeCloseTo(byWard[0].patientDays, 6);
    expect(byNurse.map(({ beds }) => beds)).toEqual([1, 2, 3, 4]);
    expect(byNurse[3].alarmsPerShift).toBeCloseTo(4 * byNurse[0].alarmsPerShift, 12);
  });

  it('scores again with data late, missing and lost, compares models, and tries policies', async () => {
    const strict = CONFIG.alerts.rules.map((rule) => ({
      ...rule,
      raiseAt: 2,
      resolveBelow: 2,
      signal: 'mortality' as const,
    }));
    const all = await validate({
      config: CONFIG,
      from: `physionet2012:${directory}`,
      seed: 1,
      resamples: 20,
      sensitivity: 10,
      against: 'latest',
      policies: [
        { name: 'as configured', rules: CONFIG.alerts.rules },
        { name: 'never', rules: strict },
      ],
    });
    expect(all.sensitivity).toMatchObject({ patients: 10, hour: 48 });
    const byId = Object.fromEntries(all.sensitivity!.figures.map((each) => [each.id, each]));
    expect(Object.keys(byId)).toEqual(['as-is', 'labs-3h', 'no-labs', 'no-vitals', 'lost-10']);
    expect(byId['as-is'].aurocChange.value).toBe(0);
    // Nothing but vital signs is charted in most of them.
    expect(byId['no-vitals'].scored).toBeLessThan(10);
    expect(byId['lost-10'].scored).toBe(10);
    // A model against itself: no difference.
    expect(all.comparison?.hours.map(({ auroc }) => auroc.difference.difference)).toEqual([0, 0, 0, 0]);
    expect(all.comparison?.disagreements).toEqual([]);
    expect(all.policies.map(({ name, alerts }) => [name, alerts])).toEqual([
      ['as configured', all.replay.alerts],
      ['never', 0],
    ]);
    const text = renderReport(all, MADE);
    for (const heading of ['Late and missing data', 'Other alert rules', 'against', 'TRIPOD+AI checklist']) {
      expect(text).toContain(heading);
    }
    expect(text).not.toMatch(/undefined|NaN/);
  });
});

describe('the report', () => {
  it('stands by itself: nothing fetched, no script, and what is printed is escaped', () => {
    const text = renderReport(result, MADE);
    expect(text).toMatch(/^<!doctype html>/);
    expect(text).not.toMatch(/https?:|<script|<link|<img|url\(|@import/);
    expect(text).toContain('wardstream validate --from &quot;&lt;b&gt;&quot;');
    expect(text).not.toContain('undefined');
    expect(text).not.toContain('NaN');
    const cases = Object.values(result.cases).reduce((sum, { length }) => sum + length, 0);
    // Flow, AUROC, hour by hour, calibration and use, alarms, burden, subgroups, cases.
    expect(text.match(/<svg/g)!.length).toBe(1 + 1 + 1 + 2 + 4 * 3 + 1 + 1 + cases);
  });

  it('links each case to its place and to the ward page at the hour to look at', () => {
    const text = renderReport(result, MADE);
    expect(text).toContain(`<code>${MADE.watch}</code>`);
    const { earliestCatches, worstMisses, costliestFalseAlarms } = result.cases;
    const lists = [
      ['catch', earliestCatches],
      ['miss', worstMisses],
      ['false', costliestFalseAlarms],
    ] as const;
    for (const [kind, cases] of lists) {
      cases.forEach(({ patientId, at, hours }, index) => {
        expect(text).toContain(
          `<figure id="${kind}-${index + 1}"><figcaption><a href="#${kind}-${index + 1}">`,
        );
        expect(text).toContain(`<code>--stay ${patientId} --at ${at}</code>`);
        expect(at).toBeLessThanOrEqual(hours + 0.1);
      });
    }
    // Missed or caught, the planted onset at 10:00 is at hand.
    for (const { at } of worstMisses) expect(at).toBe(10.1);
    for (const { at } of earliestCatches) expect(at).toBeLessThan(10);
  });

  it('quotes what a shell would not take as it is', () => {
    expect(shellWord('yaib:/data/x-1')).toBe('yaib:/data/x-1');
    expect(shellWord("o'brien 1")).toBe("'o'\\''brien 1'");
    expect(shellWord('simulate:a;b')).toBe("'simulate:a;b'");
  });

  it('warns where the patients are those the model was trained on, and only there', () => {
    const warning = 'These figures are optimistic';
    expect(renderReport(result, MADE)).not.toContain(warning);
    const outOfFold = Object.fromEntries(
      ['6', '12', '24', '48'].map((hour) => {
        const estimate = [0.111, 0.1, 0.2] as const;
        return [hour, { auroc: estimate, auprc: estimate, score1: estimate }];
      }),
    );
    const inSample = renderReport({ ...result, trainedOn: 12, outOfFold }, MADE);
    expect(inSample).toContain(warning);
    expect(inSample).toContain('0.111 [0.100, 0.200]');
    expect(inSample).toContain('In-sample: 12 of 12 patients');
  });
});
