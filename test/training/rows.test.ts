import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { features } from '../../src/commands/features.js';
import { exportRows, type RowSource } from '../../src/training/rows.js';
import {
  adt,
  eventOf,
  HAS_SET_A,
  HOUR_MS,
  labs,
  SET_A,
  START,
  temporaryDirectory,
  vitals,
} from '../helpers.js';

const GRID = { stepMs: HOUR_MS, steps: 48 };
const MINUTE = 60_000;

function read(directory: string) {
  const about = JSON.parse(readFileSync(join(directory, 'rows.json'), 'utf8'));
  const floats = (name: string) =>
    new Float32Array(new Uint8Array(readFileSync(join(directory, name))).buffer);
  const [at, values] = [floats('at.f32'), floats('rows.f32')];
  const rows = Array.from({ length: about.rows }, (_, row) => ({
    stay: at[3 * row],
    hours: at[3 * row + 1],
    isMoment: at[3 * row + 2],
    values: values.subarray(row * about.features, (row + 1) * about.features),
  }));
  return { about, rows };
}

/** A stay of an hour and a half with a heart rate every ten minutes. */
function source(name: string, patientId: string): RowSource {
  return {
    name,
    async *pass() {
      const events = [eventOf('adt', adt('ADMIT', { patientId }))];
      for (let minute = 5; minute < 90; minute += 10) {
        const at = { patientId, messageId: `${minute}`, eventTime: START + minute * MINUTE };
        for (let twin = 0; twin < 20; twin++)
          events.push(
            eventOf('vitals', vitals({ heartRate: 60 + minute }, { ...at, messageId: `${minute}-${twin}` })),
          );
      }
      events.push(
        eventOf('labs', labs({ lactate: 3 }, { patientId, messageId: 'l', eventTime: START + 50 * MINUTE })),
      );
      events.push(
        eventOf('adt', adt('DISCHARGE', { patientId, messageId: 'd', eventTime: START + 100 * MINUTE })),
      );
      yield events;
    },
    labels: async () => ({
      outcome: 'death',
      file: '',
      byPatient: new Map([[patientId, { happened: true, onsetMs: 2 * HOUR_MS }]]),
    }),
  };
}

describe('exportRows', () => {
  it('writes a row at the end of each step and at the moments at which values arrive', async () => {
    const directory = temporaryDirectory();
    await exportRows([source('one', 'a')], GRID, directory, { moments: 1, links: [] });
    const { about, rows } = read(directory);
    expect(rows.map(({ hours, isMoment }) => [Math.round(hours * 60), isMoment])).toEqual([
      ...[5, 15, 25, 35, 45, 50, 55].map((minute) => [minute, 1]),
      [60, 0],
      ...[65, 75, 85].map((minute) => [minute, 1]),
    ]);
    const { center, scale } = about.encoder.variables[0];
    const last = about.featureNames.indexOf('heartRate.last');
    for (const { hours, isMoment, values } of rows) {
      const minute = Math.round(hours * 60);
      // Only what has arrived by then: at 50 and at 60 minutes the newest is that of 45 and of 55.
      const newest = isMoment === 1 && minute !== 50 ? minute : minute === 50 ? 45 : 55;
      expect(values[last] * scale + center).toBeCloseTo(60 + newest, 3);
    }
    // What training needs to tell limits of the table of directions on the scale of the rows.
    const derived = about.featureNames.filter((name: string) => name.startsWith('derived.'));
    expect(about.derived.map(({ id }: { id: string }) => id)).toEqual(derived);
    expect(about.monotone).toContainEqual(expect.objectContaining({ id: 'spo2', low: 95, high: null }));
    expect(about.stays).toEqual([
      {
        id: 'a',
        source: 'one',
        group: 'a',
        outcome: { of: 'death', happened: true, onsetHours: 2 },
        hours: 1.4167,
        onsets: { circulatory: [], hypotension: [], respiratory: [] },
      },
    ]);
  });

  it('joins sources: linked stays are of one group, a stay there twice is refused', async () => {
    const directory = temporaryDirectory();
    const both = [source('one', 'b'), source('two', 'a')];
    await exportRows(both, GRID, directory, { moments: 0, links: [['b', 'a']] });
    const { about } = read(directory);
    expect(about.stays.map(({ id, source: of, group }: Record<string, string>) => [id, of, group])).toEqual([
      ['b', 'one', 'a'],
      ['a', 'two', 'a'],
    ]);
    const twice = exportRows([source('one', 'a'), source('two', 'a')], GRID, temporaryDirectory(), {
      moments: 0,
      links: [],
    });
    await expect(twice).rejects.toMatchObject({ code: 'WS_SOURCE', message: /stay a is there twice/ });
  });

  it('draws the same moments every time, about the share asked for', async () => {
    const drawn = async (moments: number) => {
      const directory = temporaryDirectory();
      const sources = Array.from({ length: 60 }, (_, stay) => source(`${stay}`, `p${stay}`));
      await exportRows(sources, GRID, directory, { moments, links: [] });
      return read(directory)
        .rows.filter(({ isMoment }) => isMoment === 1)
        .map(({ stay, hours }) => [stay, hours]);
    };
    const [once, again, all] = [await drawn(0.3), await drawn(0.3), await drawn(1)];
    expect(again).toEqual(once);
    expect(once.length / all.length).toBeGreaterThan(0.2);
    expect(once.length / all.length).toBeLessThan(0.4);
  });
});

describe('wardstream features --rows', () => {
  it('asks for --rows where there are several sources, and names a line that links nothing', async () => {
    const out = temporaryDirectory();
    await expect(
      features({ from: ['physionet2012:a', 'physionet2012:b'], out, moments: 0, seed: 1 }),
    ).rejects.toMatchObject({ code: 'WS_USAGE' });
    const links = join(out, 'links.csv');
    writeFileSync(links, 'one,other\na,b\nc\n');
    await expect(
      features({ from: ['physionet2012:a'], out, moments: 0, seed: 1, rows: true, links }),
    ).rejects.toMatchObject({ code: 'WS_SOURCE', message: /line 3/ });
  });

  it.skipIf(!HAS_SET_A)(
    'gives at the end of each hour what the steps have (needs ../shared/data)',
    async () => {
      const [steps, joined] = [temporaryDirectory(), temporaryDirectory()];
      const of = { from: [`physionet2012:${SET_A}`], moments: 0.2, seed: 1, patients: 70 };
      await features({ ...of, out: steps });
      await features({ ...of, out: joined, rows: true });
      const { about, rows } = read(joined);
      const stays = JSON.parse(readFileSync(join(steps, 'stays.json'), 'utf8'));
      const values = new Float32Array(new Uint8Array(readFileSync(join(steps, 'features.f32'))).buffer);
      const placeOf = new Map(stays.ids.map((id: string, place: number) => [id, place]));
      // Rows go on with what a model of many cohorts takes.
      expect(about.featureNames.slice(0, stays.features)).toEqual(stays.featureNames);
      expect(about.features).toBeGreaterThan(stays.features);
      let compared = 0;
      for (const row of rows) {
        if (row.isMoment === 1) continue;
        const place = Number(placeOf.get(about.stays[row.stay].id));
        const start = (place * 48 + row.hours - 1) * stays.features;
        const step = values.slice(start, start + stays.features);
        expect(Buffer.from(step.buffer).equals(Buffer.from(row.values.slice(0, stays.features).buffer))).toBe(
          true,
        );
        compared++;
      }
      expect(compared).toBe(70 * 48);
      expect(rows.length).toBeGreaterThan(compared);
    },
  );
});
