import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Aligner } from '../../src/align/aligner.js';
import { features } from '../../src/commands/features.js';
import { EventDecoder } from '../../src/engine/decode.js';
import { MessageCodec } from '../../src/events/codec.js';
import { RawRecord } from '../../src/events/record.js';
import { FeatureEncoder } from '../../src/features/encoder.js';
import { DEFAULT_LIMITS } from '../../src/settings/config.js';
import { Physionet2012Source } from '../../src/sources/physionet2012.js';
import { bytesOf } from '../../src/sources/source.js';
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

/** The rows at the ends of the steps of each stay, as the aligner closes them, by id. */
async function stepsOf(encoder: FeatureEncoder, source: Physionet2012Source) {
  const rows = new Map<string, Float32Array[]>();
  const nothing = (): void => undefined;
  const aligner = new Aligner(
    { ...GRID, minScoreIntervalMs: Number.POSITIVE_INFINITY, dedupeWindow: 1024 },
    {
      admitted: ({ patientId }) => rows.set(patientId, []),
      stepClosed: (patient, step, summary) => {
        const row = new Float32Array(encoder.size);
        encoder.encode(patient, step, patient.timeline.endOf(step), summary, row, 0);
        rows.get(patient.patientId)!.push(row);
      },
      ...{
        discharged: nothing,
        scoreDue: nothing,
        measured: nothing,
        acknowledged: nothing,
        judged: nothing,
      },
      ...{ updated: nothing, reopened: nothing, released: nothing, rejected: nothing },
    },
  );
  const codec = new MessageCodec();
  const decoder = new EventDecoder(codec, DEFAULT_LIMITS);
  for await (const message of source.messages()) {
    const record = new RawRecord(message.topic, 0, 0, bytesOf(message, codec));
    const event = decoder.decode(record, message.eventTime);
    if (event !== null) aligner.apply([event]);
  }
  return rows;
}

describe('wardstream features', () => {
  it('names a line that links nothing', async () => {
    const out = temporaryDirectory();
    const links = join(out, 'links.csv');
    writeFileSync(links, 'one,other\na,b\nc\n');
    await expect(features({ from: ['physionet2012:a'], out, moments: 0, links })).rejects.toMatchObject({
      code: 'WS_SOURCE',
      message: /line 3/,
    });
  });

  it.skipIf(!HAS_SET_A)(
    'gives at the end of each hour what the step has when it closes (needs ../shared/data)',
    async () => {
      const out = temporaryDirectory();
      await features({ from: [`physionet2012:${SET_A}`], out, moments: 0.2, patients: 70 });
      const { about, rows } = read(out);
      const encoder = new FeatureEncoder(about.encoder);
      const steps = await stepsOf(encoder, new Physionet2012Source(SET_A, undefined, 70));
      expect([about.features, about.featureNames]).toEqual([encoder.size, encoder.featureNames]);
      let compared = 0;
      for (const row of rows) {
        if (row.isMoment === 1) continue;
        const step = steps.get(about.stays[row.stay].id)![row.hours - 1];
        expect(Buffer.from(step.buffer).equals(Buffer.from(row.values.slice().buffer))).toBe(true);
        compared++;
      }
      expect(compared).toBe(70 * 48);
      expect(rows.length).toBeGreaterThan(compared);
    },
  );
});
