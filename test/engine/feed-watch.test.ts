import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { type FeedState, FeedWatch } from '../../src/engine/feed-watch.js';
import { emptyOutputs } from '../../src/engine/outputs.js';
import type { ObservationEvent } from '../../src/events/event.js';

const HR = variableIndex('heartRate');
const SPO2 = variableIndex('spo2');
const TEMP = variableIndex('temperature');
const GRID = { steps: 12, stepMs: 300_000 };
const SECOND = 1000;
const MINUTE = 60_000;
/** The monitors are at 1 Hz for so long. */
const LEARNED = 60 * SECOND;

interface Options {
  readonly beds?: number;
  readonly usualMs?: ReadonlyMap<number, number>;
}

/** Beds of one ward and partition, watched. */
function ward({ beds = 1, usualMs = new Map() }: Options = {}) {
  const patients = new Map<string, PatientState>();
  const watermarks = new Map<number, number>();
  const told: string[] = [];
  const said: string[] = [];
  const feeds: FeedState[] = [];
  const watch = new FeedWatch({
    limits: { multiple: 3, floorMs: 7000, usualMs },
    patients,
    watermarks,
    board: {
      raise: ({ kind, subject, priority }) => void told.push(`+${kind} ${subject} ${priority}`),
      clear: (kind, subject) => void told.push(`-${kind} ${subject}`),
    },
    onWarning: (message) => void said.push(message),
  });
  const note = (observations: ObservationEvent[], more = {}) => {
    const outputs = { ...emptyOutputs(), observations, ...more };
    watch.note(outputs);
    feeds.push(...outputs.feeds);
  };
  const names = Array.from({ length: beds }, (_, bed) => `p${bed + 1}`);
  for (const patientId of names) {
    const patient = new PatientState({ patientId, partition: 0, eventTime: 0 }, GRID, 16);
    patient.wardId = 'ICU';
    patient.bedId = `Bed ${patientId.slice(1)}`;
    patients.set(patientId, patient);
  }
  return {
    told,
    said,
    feeds,
    /** Values of the patient come, observed at `eventTime`. */
    come(patientId: string, eventTime: number, ...variables: number[]) {
      const event = { kind: 'vitals', patientId, partition: 0, eventTime, variables, isRepeated: false };
      patients.get(patientId)!.feed.note(event as unknown as ObservationEvent);
      note([event as unknown as ObservationEvent]);
    },
    /** All that came by `time` is processed. */
    through(time: number, more = {}) {
      watermarks.set(0, time);
      note([], more);
    },
    names,
  };
}
type Ward = ReturnType<typeof ward>;

/** Of those named, a value of both signs comes every second up to `end`; time passes for all. */
function run(each: Ward, begin: number, end: number, names: readonly string[] = each.names): void {
  for (let time = begin; time <= end; time += SECOND) {
    for (const name of names) each.come(name, time, HR, SPO2);
    each.through(time);
  }
}

describe('a bed of which nothing comes any more', () => {
  it('is told of within 10 s where values came every second, once, and is not when they come again', () => {
    const bed = ward();
    run(bed, 0, LEARNED);
    expect(bed.told).toEqual([]);
    run(bed, LEARNED + SECOND, LEARNED + 8 * SECOND, []);
    expect(bed.told).toEqual([]);
    run(bed, LEARNED + 9 * SECOND, LEARNED + 9 * SECOND, []);
    expect(bed.told).toEqual(['+feed-silent p1 MEDIUM']);
    expect(bed.said).toEqual(['Bed 1: no vital sign has come for 7 s; usually some come every 1 s']);
    expect(bed.feeds.at(-1)).toMatchObject({ patientId: 'p1', usualMs: SECOND, silentSince: LEARNED });
    expect([...bed.feeds.at(-1)!.silent].sort()).toEqual(['heartRate', 'spo2']);
    run(bed, LEARNED + 10 * SECOND, 5 * MINUTE, []);
    expect(bed.told).toHaveLength(1);
    run(bed, 5 * MINUTE + SECOND, 5 * MINUTE + 3 * SECOND);
    expect(bed.told).toEqual(['+feed-silent p1 MEDIUM', '-feed-silent p1']);
    expect(bed.feeds.at(-1)).toMatchObject({ silentSince: null, silent: [] });
    // Again as soon, though it was silent for minutes before.
    run(bed, 5 * MINUTE + 4 * SECOND, 5 * MINUTE + 12 * SECOND, []);
    expect(bed.told.slice(2)).toEqual(['+feed-silent p1 MEDIUM']);
  });

  it('stays told of while somebody goes on charting beside the monitor', () => {
    const bed = ward();
    bed.come('p1', 0, TEMP);
    run(bed, 0, LEARNED);
    for (let minute = 2; minute < 90; minute++) {
      if (minute % 10 === 0) bed.come('p1', minute * MINUTE, TEMP);
      bed.through(minute * MINUTE);
      bed.through(minute * MINUTE + SECOND);
    }
    expect(bed.told).toEqual(['+feed-silent p1 MEDIUM']);
  });

  it('is waited for as long as it usually takes, or as it is told to', () => {
    for (const [usualMs, silentAfter] of [
      [new Map(), 15 * MINUTE],
      [new Map([[HR, MINUTE]]), 3 * MINUTE],
    ] as const) {
      const bed = ward({ usualMs });
      for (let time = 0; time <= 40 * MINUTE; time += 5 * MINUTE) {
        bed.come('p1', time, HR);
        bed.through(time);
      }
      bed.through(40 * MINUTE + silentAfter);
      bed.through(40 * MINUTE + silentAfter + SECOND);
      expect(bed.told).toEqual([]);
      bed.through(40 * MINUTE + silentAfter + 2 * SECOND);
      expect(bed.told).toEqual(['+feed-silent p1 MEDIUM']);
    }
  });

  it('is waited for twice as long as it last took where people chart', () => {
    const bed = ward();
    const times = [0, 60, 110, 180, 230, 290, 390, 440].map((minute) => minute * MINUTE);
    for (const time of times) {
      bed.come('p1', time, HR);
      bed.through(time);
    }
    bed.through(640 * MINUTE);
    bed.through(640 * MINUTE + SECOND);
    expect(bed.told).toEqual([]);
    bed.through(640 * MINUTE + 2 * SECOND);
    expect(bed.told).toEqual(['+feed-silent p1 MEDIUM']);
  });

  it('is not told of a probe that is off alone: its variable is', () => {
    const bed = ward();
    run(bed, 0, LEARNED);
    for (let time = LEARNED + SECOND; time <= 2 * LEARNED; time += SECOND) {
      bed.come('p1', time, HR);
      bed.through(time);
    }
    expect(bed.told).toEqual([]);
    expect(bed.feeds.at(-1)).toMatchObject({ silentSince: null, silent: ['spo2'] });
  });

  it('is not told while the input is not read up to now, nor of a monitor whose clock is behind', () => {
    const bed = ward();
    run(bed, 0, LEARNED);
    for (let time = LEARNED; time < 10 * LEARNED; time += SECOND) bed.through(LEARNED);
    // Its values come twenty minutes late.
    for (let time = 30 * MINUTE; time <= 32 * MINUTE; time += SECOND) {
      bed.come('p1', time - 20 * MINUTE, HR, SPO2);
      bed.through(time);
    }
    const late = bed.told.length;
    for (let time = 32 * MINUTE + SECOND; time <= 34 * MINUTE; time += SECOND) {
      bed.come('p1', time - 20 * MINUTE, HR, SPO2);
      bed.through(time);
    }
    expect(bed.told).toHaveLength(late);
    run(bed, 34 * MINUTE + SECOND, 34 * MINUTE + 20 * SECOND, []);
    expect(bed.told.at(-1)).toBe('+feed-silent p1 MEDIUM');
  });

  it('is forgotten with its patient', () => {
    const bed = ward();
    run(bed, 0, LEARNED);
    run(bed, LEARNED + SECOND, LEARNED + 20 * SECOND, []);
    bed.through(LEARNED + 21 * SECOND, { discharged: [{ patientId: 'p1' }] });
    expect(bed.told).toEqual(['+feed-silent p1 MEDIUM', '-feed-silent p1']);
  });
});

describe('a ward of which most beds fall silent together', () => {
  it('is one notice, of the highest priority, and a bed that stays silent is one of its own', () => {
    const icu = ward({ beds: 6 });
    run(icu, 0, LEARNED);
    run(icu, LEARNED + SECOND, LEARNED + 30 * SECOND, ['p1']);
    expect(icu.told).toEqual(['+feeds-silent ICU HIGH']);
    expect(icu.said).toEqual(['nothing comes any more of the monitors of 5 of 6 beds of ICU']);
    const back = LEARNED + 31 * SECOND;
    run(icu, back, back + 10 * SECOND, ['p1', 'p2', 'p3', 'p4', 'p5']);
    expect(icu.told.slice(1)).toEqual(['-feeds-silent ICU', '+feed-silent p6 MEDIUM']);
    run(icu, back + 11 * SECOND, back + 13 * SECOND);
    expect(icu.told.slice(3)).toEqual(['-feed-silent p6']);
  });

  it('is none where beds are taken off their monitors one by one', () => {
    const icu = ward({ beds: 4 });
    run(icu, 0, LEARNED);
    let begin = LEARNED;
    for (const left of [['p2', 'p3', 'p4'], ['p3', 'p4'], ['p4']]) {
      run(icu, begin + SECOND, begin + 2 * MINUTE, left);
      begin += 2 * MINUTE;
    }
    expect(icu.told).toEqual(['+feed-silent p1 MEDIUM', '+feed-silent p2 MEDIUM', '+feed-silent p3 MEDIUM']);
  });
});
