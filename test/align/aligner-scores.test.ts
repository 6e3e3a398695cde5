import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { variableIndex } from '../../src/clinical/variables.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';
import { ack, adt, eventOf, HOUR_MS, imaging, labs, note, vitals } from '../helpers.js';
import { admit, at, HEART_RATE, lab, MINUTE_MS, minutes, Recorder, rate } from './recorder.js';

describe('what was measured', () => {
  /** A recorder that also says when values have come of which states are told. */
  const telling = () => {
    const recorder = new Recorder({ minScoreIntervalMs: 10 * MINUTE_MS });
    recorder.measured = ({ patientId }, time) => {
      recorder.said.push(`${patientId} measured ${minutes(time)}`);
    };
    return recorder;
  };

  it('is told at the end of each moment, whether or not it is scored', () => {
    const said = telling().apply(admit(0), rate(1), rate(5), rate(5, 90), rate(10.9), rate(11));
    expect(said).toEqual(['p1 admitted 0', 'p1 score 1', 'p1 measured 5', 'p1 measured 10.9', 'p1 score 11']);
  });

  it('is told at once of a late value, as of the newest moment', () => {
    const recorder = telling();
    recorder.apply(admit(0), rate(1), rate(12));
    expect(recorder.apply(rate(6), rate(7))).toEqual(['p1 measured 12', 'p1 measured 12']);
    expect(recorder.apply(rate(13))).toEqual(['p1 score 13']);
  });

  it('is not told of values that no state is told from', () => {
    const urine = eventOf(
      'vitals',
      vitals(
        { heartRate: 80, Urine: 30 },
        { ...at(5), observations: [{ code: 'Urine', value: 30, unit: 'mL' }] },
      ),
    );
    const recorder = telling();
    recorder.apply(admit(0), rate(1));
    expect(recorder.apply(urine)).toEqual([]);
  });
});

describe('scores', () => {
  it('of vitals come at most once an interval', () => {
    const recorder = new Recorder({ minScoreIntervalMs: 10 * MINUTE_MS });
    const said = recorder.apply(admit(0), ...[1, 5, 10.9, 11, 20, 21, 22].map((minute) => rate(minute)));
    expect(said).toEqual(['p1 admitted 0', 'p1 score 1', 'p1 score 11', 'p1 score 21']);
  });

  it.each([
    ['a laboratory result', lab(2)],
    ['a note', eventOf('notes', note('calm', at(2)))],
    ['an image', eventOf('imaging', imaging(at(2)))],
  ])('are forced by %s', (_, event) => {
    const recorder = new Recorder({ minScoreIntervalMs: HOUR_MS });
    recorder.apply(admit(0), rate(1));
    expect(recorder.apply(event)).toEqual(['p1 score 2']);
    // The interval counts from the forced score.
    expect(recorder.apply(rate(61.9))).toEqual(['p1 step 0']);
    expect(recorder.apply(rate(62))).toEqual(['p1 score 62']);
  });

  it('are not caused by admission, transfer or acknowledgement', () => {
    const recorder = new Recorder();
    expect(
      recorder.apply(admit(0), eventOf('adt', adt('TRANSFER', at(1))), eventOf('acks', ack('alert', at(2)))),
    ).toEqual(['p1 admitted 0', 'p1 acknowledged 2']);
  });

  it('come once a moment, with all of its values', () => {
    const recorder = new Recorder();
    const seen: number[] = [];
    recorder.scoreDue = (patient) => {
      const values = new Float32Array(64);
      patient.timeline.lastKnown(patient.lastEventAt, values, new Float32Array(64));
      seen.push(values[HEART_RATE], values[variableIndex('lactate')]);
    };
    recorder.apply(...[admit(0), rate(1, 90), lab(1, 4)].sort(compareEvents), rate(30));
    expect(seen).toEqual([90, 4, 90, 4].map((value, index) => (index === 2 ? 80 : value)));
  });

  it('come in the order of each patient, before the step they belong to closes', () => {
    const recorder = new Recorder();
    expect(recorder.apply(admit(0), rate(59), rate(61), rate(119), rate(121))).toEqual([
      'p1 admitted 0',
      'p1 score 59',
      'p1 step 0',
      'p1 score 61',
      'p1 score 119',
      'p1 step 1',
      'p1 score 121',
    ]);
  });
});

describe('what a person does', () => {
  it('costs a patient whose feed is behind no score, and makes nothing late', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(1));
    // The feed is 40 s behind the clock by which somebody comments.
    expect(recorder.apply(eventOf('acks', ack('a', at(2.75))))).toEqual(['p1 acknowledged 2.75']);
    expect(recorder.apply(rate(2))).toEqual(['p1 score 2']);
    expect(recorder.apply(rate(2.5))).toEqual(['p1 score 2.5']);
    expect(recorder.aligner.counts.late).toBe(0);
  });

  it('told late has nothing scored anew', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(5));
    expect(recorder.apply(eventOf('acks', ack('a', at(3))))).toEqual(['p1 acknowledged 3']);
    expect(recorder.apply(rate(5.1))).toEqual([]);
  });

  it('begins no stay', () => {
    const recorder = new Recorder();
    expect(recorder.apply(eventOf('acks', ack('a', at(1))))).toEqual(['p1 acknowledged 1']);
    expect(recorder.aligner.patients.size).toBe(0);
    expect(recorder.apply(rate(0))).toEqual(['p1 admitted 0', 'p1 score 0']);
  });

  it('changes nothing else, whenever it comes', () => {
    class WithoutActs extends Recorder {
      override acknowledged(): void {}
      override rejected(event: ClinicalEvent, why: { reason: string; detail: string }): void {
        if (event.kind !== 'acks') super.rejected(event, why);
      }
    }
    const kinds = ['vitals', 'labs', 'acks', 'acks', 'UPDATE', 'DISCHARGE'] as const;
    const course = fc.array(fc.record({ second: fc.nat(9000), kind: fc.constantFrom(...kinds) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(course, (drawn) => {
        const events = drawn.map(({ second, kind }) => {
          const where = at(second / 60);
          if (kind === 'vitals') return eventOf('vitals', vitals({ heartRate: 80 }, where));
          if (kind === 'labs') return eventOf('labs', labs({ lactate: 2 }, where));
          if (kind === 'acks') return eventOf('acks', ack('a', where));
          return eventOf('adt', adt(kind, where));
        });
        const [all, without] = [events, events.filter(({ kind }) => kind !== 'acks')].map((each) => {
          const recorder = new WithoutActs();
          const said = each.flatMap((event) => recorder.apply(event));
          return [said, recorder.aligner.counts.late];
        });
        expect(all).toEqual(without);
      }),
      { numRuns: 300 },
    );
  });
});
