import { describe, expect, it } from 'vitest';
import { columnsOf, tracksOf } from '../../../../dashboards/ward/src/patient/tracks.js';
import { VARIABLES } from '../../../../src/clinical/variables.js';
import { timelineOf } from '../views.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const doubt = (variable: string, value: number) => ({
  ...{ variable, at: MINUTE, value, verdict: 'artefact' as const, reason: 'jump' },
});
const line = (id: string, times: readonly number[], values: readonly number[]) => ({
  id,
  name: '',
  times,
  values,
});

describe('tracksOf', () => {
  it('has risk first, then vitals that were measured, then labs in the order an intensivist reads them', () => {
    const at = (value: number) => [[MINUTE, value] as const];
    const timeline = timelineOf(
      {
        sodium: at(140),
        lactate: at(2),
        mapInvasive: at(70),
        sbpInvasive: at(110),
        heartRate: at(80),
        albumin: at(3),
      },
      [[MINUTE, 0.25]],
    );
    const tracks = tracksOf(timeline);
    expect(tracks.map(({ id }) => id)).toEqual([
      'risk',
      'heartRate',
      'arterial',
      'lactate',
      'albumin',
      'sodium',
    ]);
    expect(tracks[0].lines[0].values).toEqual([25]);
    expect(tracks[2].lines.map(({ name }) => name)).toEqual(['sys', 'mean']);
    expect(tracks[2].unit).toBe('mmHg');
  });

  it('has a chart of every variable there is, and of one that the page has never heard of', () => {
    const every = Object.fromEntries(
      VARIABLES.map(({ id, plausible }) => [id, [[MINUTE, plausible[0]] as const]]),
    );
    const timeline = timelineOf(every, []);
    const lines = tracksOf(timeline).flatMap((track) => track.lines.map(({ id }) => id));
    expect(lines.toSorted()).toEqual(['mortality', ...VARIABLES.map(({ id }) => id)].toSorted());
    const etco2 = { label: 'End-tidal CO2', unit: 'mm[Hg]', kind: 'vital', decimals: 0 } as const;
    const variables = { ...timeline.variables, etco2: { ...etco2, times: [0, 6 * HOUR], values: [35, 41] } };
    expect(tracksOf({ ...timeline, variables }).find(({ id }) => id === 'etco2')).toMatchObject({
      label: 'End-tidal CO2',
      unit: 'mmHg',
      kind: 'vital',
      lines: [{ times: [0, 6 * HOUR], values: [35, 41] }],
      // A silence of over five hours breaks the line, as of all that is charted.
      gapMs: 5 * HOUR,
      range: [expect.closeTo(30.9), expect.closeTo(45.1)],
    });
  });

  it('has plain vital signs between those with a look of their own and the laboratory, by label', () => {
    const at = (value: number) => [[MINUTE, value] as const];
    const timeline = timelineOf({ lactate: at(2), urine: at(40), gcs: at(15), cvp: at(8) }, []);
    const marked = { ...timeline, doubted: [doubt('weight', 900), doubt('potassium', 9)] };
    const tracks = tracksOf(marked);
    expect(tracks.map(({ id }) => id)).toEqual([
      'risk',
      'gcs',
      'weight',
      'cvp',
      'urine',
      'lactate',
      'potassium',
    ]);
    // Of a sign of which nothing is used, what is not used is shown.
    expect(tracks[2]).toMatchObject({
      lines: [{ values: [] }],
      doubted: [{ value: 900 }],
      range: [810, 990],
    });
  });

  it('shows the model’s other outputs beside the risk where it has them', () => {
    const timeline = timelineOf({}, [
      [1, 0.1],
      [2, 0.2],
    ]);
    const scores = { ...timeline.scores, circulatory: [null, 0.4] };
    const [risk] = tracksOf({ ...timeline, scores });
    expect(risk.lines.map(({ id, times, values }) => [id, times, values])).toEqual([
      ['mortality', [1, 2], [10, 20]],
      ['circulatory', [2], [40]],
    ]);
    expect(tracksOf(timeline)[0].lines).toHaveLength(1);
  });

  it('shows risk even before the first score, and no empty track', () => {
    const tracks = tracksOf(timelineOf({ heartRate: [] }, []));
    expect(tracks.map(({ id, lines }) => [id, lines.map((each) => each.id)])).toEqual([
      ['risk', ['mortality']],
    ]);
  });
});

describe('columnsOf', () => {
  const values = (each: { readonly values: readonly number[] }) => each.values;

  it('puts lines of different times on one axis, in seconds', () => {
    const columns = columnsOf([line('a', [1000, 3000], [1, 3]), line('b', [2000], [2])], MINUTE, values);
    expect(columns).toEqual([
      [1, 2, 3],
      [1, undefined, 3],
      [undefined, 2, undefined],
    ]);
  });

  it('breaks a line within a silence, and nowhere else', () => {
    const columns = columnsOf([line('a', [0, MINUTE, 4 * MINUTE], [1, 2, 3])], MINUTE, values);
    expect(columns).toEqual([
      [0, 60, 150, 240],
      [1, 2, null, 3],
    ]);
  });
});
