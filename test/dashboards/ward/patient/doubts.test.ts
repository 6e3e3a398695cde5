import { describe, expect, it } from 'vitest';
import { doubtRuns, doubtsNear } from '../../../../dashboards/ward/src/patient/doubts.js';
import { extend } from '../../../../dashboards/ward/src/patient/timeline.js';
import { tracksOf } from '../../../../dashboards/ward/src/patient/tracks.js';
import { patientView, timelineOf } from '../views.js';

const MINUTE = 60_000;
const mark = (variable: string, minute: number, value: number, reason = 'flush') => ({
  variable,
  at: minute * MINUTE,
  value,
  verdict: 'artefact' as const,
  reason,
});

describe('values that are not used', () => {
  it('are marks beside the lines of their tracks, not points of them', () => {
    const timeline = timelineOf({ mapInvasive: [[MINUTE, 70]], sbpInvasive: [[MINUTE, 110]] }, []);
    const doubted = [mark('mapInvasive', 2, 300), mark('heartRate', 3, 0), mark('potassium', 4, 60, 'unit')];
    const tracks = tracksOf({ ...timeline, doubted });
    expect(tracks.map(({ id }) => id)).toEqual(['risk', 'heartRate', 'arterial', 'potassium']);
    const [, heart, line, potassium] = tracks;
    expect(line.doubted).toEqual([
      { line: 1, time: 2 * MINUTE, value: 300, verdict: 'artefact', reason: 'flush' },
    ]);
    expect(line.lines.flatMap(({ values }) => values)).toEqual([110, 70]);
    // A sign of which nothing is used has its track all the same.
    expect([heart.lines[0].values, heart.unit, heart.doubted[0].value]).toEqual([[], '/min', 0]);
    expect([potassium.lines[0].values, potassium.range]).toEqual([[], [54, 66]]);
  });

  it('are read out near the reading line, one a line', () => {
    const marks = [10, 11, 50].map((time) => {
      return { line: 0, time, value: time, verdict: 'doubted' as const, reason: 'jump' };
    });
    const near = (time: number) => doubtsNear(marks, time, 1000).map(({ value }) => value);
    expect([near(11), near(4), near(30), near(57)]).toEqual([[11], [10], [], [50]]);
  });

  it('are listed as runs of one probe and reason, the newest first', () => {
    const doubted = [
      mark('sbpInvasive', 0, 300),
      mark('mapInvasive', 0, 290),
      mark('mapInvasive', 10, 310),
      mark('spo2', 12, 50, 'jump'),
      mark('mapInvasive', 40, 305),
    ];
    expect(
      doubtRuns({ doubted }).map(({ probe, from, to, count, lowest, highest }) => [
        probe,
        from / MINUTE,
        to / MINUTE,
        count,
        lowest,
        highest,
      ]),
    ).toEqual([
      ['BP art', 40, 40, 1, 305, 305],
      ['SpO₂', 12, 12, 1, 50, 50],
      ['BP art', 0, 10, 3, 290, 310],
    ]);
    expect(doubtRuns({})).toEqual([]);
  });

  it('and states are shown as the push tells them, each once', () => {
    const state = {
      criterion: 'hypotension',
      label: 'Low mean pressure',
      grade: 'failing' as const,
      sign: 'map',
      value: 60,
      unit: 'mm[Hg]',
      since: MINUTE,
      at: 2 * MINUTE,
      variable: 'mapInvasive',
    };
    const { reason, value, verdict, at } = mark('mapInvasive', 2, 300);
    const doubt = { reason, value, verdict, at, unit: 'mm[Hg]', words: 'flushed' };
    const patient = patientView({
      lastEventAt: 3 * MINUTE,
      states: [state],
      doubted: { mapInvasive: doubt },
    });
    let timeline = extend(timelineOf({}, []), patient);
    timeline = extend(timeline, patientView({ ...patient, states: [{ ...state, value: 55 }] }));
    expect(timeline.doubted).toEqual([mark('mapInvasive', 2, 300)]);
    expect(timeline.states).toMatchObject([{ since: MINUTE, to: null, value: 55, worst: 55 }]);
    timeline = extend(timeline, patientView({ lastEventAt: 9 * MINUTE }));
    expect(timeline.states).toMatchObject([{ since: MINUTE, to: 9 * MINUTE, worst: 55 }]);
  });
});
