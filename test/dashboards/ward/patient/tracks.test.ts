import { describe, expect, it } from 'vitest';
import { columnsOf, tracksOf } from '../../../../dashboards/ward/src/patient/tracks.js';
import { timelineOf } from '../views.js';

const MINUTE = 60_000;
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
