import { describe, expect, it } from 'vitest';
import {
  alertSpansOf,
  clustersOf,
  type Mark,
  marksOf,
  whyNotScored,
} from '../../../../dashboards/ward/src/patient/marks.js';
import { alert } from '../../../helpers.js';
import { timelineOf } from '../views.js';

const mark = (time: number, kind: Mark['kind'] = 'note'): Mark => ({
  kind,
  id: `${kind}${time}`,
  time,
  text: '',
});

describe('marksOf', () => {
  it('marks each note, image and alert once, oldest first', () => {
    const timeline = {
      ...timelineOf({}, []),
      notes: [{ noteId: 'n', eventTime: 30, noteType: 'progress', authorRole: 'nurse' }],
      alerts: [alert('x', 0, { eventTime: 20 }), alert('x', 1, { eventTime: 25, state: 'ACKNOWLEDGED' })],
    };
    expect(marksOf(timeline).map(({ kind, id, time }) => [kind, id, time])).toEqual([
      ['alert', 'x', 20],
      ['note', 'n', 30],
    ]);
  });
});

describe('whyNotScored', () => {
  it('says why there is no finding, on the mark as well', () => {
    const finding = { label: 'pneumonia', probability: 0.2, encoder: 'x' };
    const problem = 'not a frontal chest radiograph: the header says description LOWER LEG';
    expect(whyNotScored({ finding, problem: null })).toBe('');
    expect(whyNotScored({ finding: null, problem: null })).toBe('no encoder has looked at it');
    expect(whyNotScored({ finding: null, problem })).toBe(`not scored: ${problem}`);
    const image = {
      imageId: 'i',
      eventTime: 5,
      observedAt: 5,
      modality: 'CR',
      bodySite: 'CHEST',
      mediaType: 'application/dicom',
      hasBytes: true,
      uri: null,
    };
    const images = [
      { ...image, finding: null, problem },
      { ...image, finding, problem: null },
    ];
    expect(marksOf({ ...timelineOf({}, []), images }).map(({ text }) => text)).toEqual([
      `CR chest: not scored: ${problem}`,
      'CR chest',
    ]);
  });
});

describe('clustersOf', () => {
  it('draws marks that would overlap as one, and leaves out what is not in the span', () => {
    const marks = [mark(-1), mark(0), mark(4), mark(50), mark(52, 'image'), mark(101)];
    const clusters = clustersOf(marks, { from: 0, to: 100 }, 0.05);
    expect(clusters.map(({ at, marks: these }) => [at, these.length])).toEqual([
      [0, 2],
      [0.5, 1],
      [0.52, 1],
    ]);
  });
});

describe('alertSpansOf', () => {
  it('says from when to when each alert was open, newest first', () => {
    const resolved = [
      alert('a', 0, { onsetTime: 1 }),
      alert('a', 1, { onsetTime: 1, state: 'RESOLVED', eventTime: 9 }),
    ];
    const open = alert('b', 0, { onsetTime: 5 });
    expect(
      alertSpansOf([...resolved, open], [open]).map(({ alert: { alertId }, from, to }) => [
        alertId,
        from,
        to,
      ]),
    ).toEqual([
      ['b', 5, null],
      ['a', 1, 9],
    ]);
  });

  it('goes by the newest record, whether it was read or pushed', () => {
    const read = alert('a', 2, { state: 'RESOLVED', eventTime: 9 });
    expect(alertSpansOf([read], [alert('a', 1)])[0].to).toBe(9);
    expect(alertSpansOf([alert('a', 0)], [alert('a', 1, { state: 'ACKNOWLEDGED' })])[0].alert.sequence).toBe(
      1,
    );
  });
});
