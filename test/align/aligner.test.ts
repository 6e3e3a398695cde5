import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aligner, type AlignmentSink, type AlignOptions } from '../../src/align/aligner.js';
import type { PatientState } from '../../src/align/patient.js';
import { Carry } from '../../src/align/timeline.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';
import { FeatureEncoder } from '../../src/features/encoder.js';
import { ack, adt, eventOf, HOUR_MS, imaging, labs, note, START, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;
const OPTIONS: AlignOptions = { stepMs: HOUR_MS, steps: 6, minScoreIntervalMs: 10_000, dedupeWindow: 64 };
const HEART_RATE = variableIndex('heartRate');

/** An aligner and all it says, as lines: what, and when in minutes since START. */
class Recorder implements AlignmentSink {
  readonly aligner: Aligner;
  said: string[] = [];

  constructor(options: Partial<AlignOptions> = {}) {
    this.aligner = new Aligner({ ...OPTIONS, ...options }, this);
  }

  /** What it says to these events. */
  apply(...events: ClinicalEvent[]): string[] {
    this.said = [];
    this.aligner.apply(events);
    return this.said;
  }

  stepClosed({ patientId }: PatientState, step: number, _carry: Carry): void {
    this.said.push(`${patientId} step ${step}`);
  }
  scoreDue({ patientId }: PatientState, time: number): void {
    this.said.push(`${patientId} score ${minutes(time)}`);
  }
  measured(_patient: PatientState, _time: number): void {}
  admitted({ patientId, admittedAt }: PatientState): void {
    this.said.push(`${patientId} admitted ${minutes(admittedAt)}`);
  }
  updated({ patientId, wardId, bedId }: PatientState): void {
    this.said.push(`${patientId} lies in ${wardId}/${bedId}`);
  }
  reopened({ patientId }: PatientState): void {
    this.said.push(`${patientId} here again`);
  }
  discharged({ patientId }: PatientState, time: number): void {
    this.said.push(`${patientId} discharged ${minutes(time)}`);
  }
  released({ patientId }: PatientState): void {
    this.said.push(`${patientId} released`);
  }
  judged(): void {}

  acknowledged(event: ClinicalEvent): void {
    this.said.push(`${event.patientId} acknowledged ${minutes(event.eventTime)}`);
  }
  rejected(event: ClinicalEvent, { reason, detail }: { reason: string; detail: string }): void {
    this.said.push(`${event.patientId} ${reason} ${minutes(event.eventTime)}: ${detail}`);
  }

  /** Last known heart rate and its age in minutes, `minute` minutes since START. */
  heartRate(minute: number, patientId = 'p1'): [number, number] {
    const values = new Float32Array(64);
    const ages = new Float32Array(64);
    this.aligner.patients.get(patientId)!.timeline.lastKnown(START + minute * MINUTE_MS, values, ages);
    return [values[HEART_RATE], ages[HEART_RATE] / MINUTE_MS];
  }
}

const minutes = (time: number) => (time - START) / MINUTE_MS;

let made = 0;
/** Where and when an event is: a fresh message id unless one is given. */
function at(minute: number, patientId = 'p1', messageId = `m${made++}`) {
  return { eventTime: START + minute * MINUTE_MS, patientId, messageId };
}
const rate = (minute: number, heartRate = 80, ...rest: string[]) =>
  eventOf('vitals', vitals({ heartRate }, at(minute, ...rest)));
const lab = (minute: number, lactate = 2) => eventOf('labs', labs({ lactate }, at(minute)));
const admit = (minute: number, more = {}) => eventOf('adt', adt('ADMIT', { ...at(minute), ...more }));
const discharge = (minute: number) => eventOf('adt', adt('DISCHARGE', at(minute)));

describe('a stay', () => {
  it('begins at its first event, admission or not', () => {
    expect(new Recorder().apply(admit(0), rate(1))).toEqual(['p1 admitted 0', 'p1 score 1']);
    expect(new Recorder().apply(rate(5), admit(7))).toEqual(['p1 admitted 5', 'p1 score 5']);
  });

  it('refuses what is before admission, with the start of the stay in the detail', () => {
    const recorder = new Recorder();
    recorder.apply(admit(10), rate(11));
    expect(recorder.apply(rate(9))).toEqual([
      'p1 before-admission 9: the stay begins 2026-01-01T00:10:00.000Z',
    ]);
    expect(recorder.heartRate(11)).toEqual([80, 0]);
    expect(recorder.aligner.counts).toMatchObject({ rejectedObservations: 1, late: 0 });
  });

  it('ends at discharge: what follows is refused, at whatever time it says it happened', () => {
    const recorder = new Recorder();
    expect(recorder.apply(admit(0), rate(1), discharge(30))).toEqual([
      'p1 admitted 0',
      'p1 score 1',
      'p1 discharged 30',
    ]);
    const reason = 'the stay ended 2026-01-01T00:30:00.000Z';
    expect(recorder.apply(rate(20), lab(31))).toEqual([
      `p1 after-discharge 20: ${reason}`,
      `p1 after-discharge 31: ${reason}`,
    ]);
    expect(recorder.aligner.patients.size).toBe(0);
    expect(recorder.aligner.counts.rejectedObservations).toBe(2);
  });

  it('scores what was due before the discharge of the same moment', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(1));
    // At one moment, ADT comes before values: these are after the stay.
    expect(recorder.apply(lab(29), discharge(30), rate(30))).toEqual([
      'p1 score 29',
      'p1 discharged 30',
      'p1 after-discharge 30: the stay ended 2026-01-01T00:30:00.000Z',
    ]);
  });

  it('begins anew with an admission after the discharge, and knows nothing of the one before', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0, { ageYears: 70, wardId: 'W' }), rate(1, 140), discharge(30));
    const before = recorder.apply(rate(31));
    expect(before).toEqual([expect.stringContaining('after-discharge')]);
    expect(recorder.apply(admit(60), rate(61, 80))).toEqual(['p1 admitted 60', 'p1 score 61']);
    const patient = recorder.aligner.patients.get('p1')!;
    expect(patient.stayId).toBe('p1@2026-01-01T01:00:00.000Z');
    expect([patient.wardId, patient.demographics.ageYears, patient.timeline.openStep]).toEqual([
      null,
      null,
      0,
    ]);
    expect(recorder.heartRate(61)).toEqual([80, 0]);
    expect(recorder.apply(rate(29))).toEqual([
      'p1 before-admission 29: the stay begins 2026-01-01T01:00:00.000Z',
    ]);
  });

  it('is not begun anew by the admission of the stay that has ended, come late', () => {
    const recorder = new Recorder();
    recorder.apply(rate(1), discharge(30));
    expect(recorder.apply(admit(0), admit(29))).toEqual([
      expect.stringContaining('p1 after-discharge 0'),
      expect.stringContaining('p1 after-discharge 29'),
    ]);
    expect(recorder.aligner.patients.size).toBe(0);
  });

  it('takes over ward, bed and demographics as they become known, and keeps what a message leaves out', () => {
    const recorder = new Recorder();
    recorder.apply(
      admit(0, { wardId: 'W', bedId: '1', ageYears: 70 }),
      eventOf('adt', adt('UPDATE', { ...at(5), sex: 'FEMALE', heightCm: 160 })),
      eventOf('adt', adt('TRANSFER', { ...at(6), bedId: '2' })),
    );
    expect(recorder.aligner.patients.get('p1')).toMatchObject({
      wardId: 'W',
      bedId: '2',
      demographics: { ageYears: 70, sex: 'FEMALE', heightCm: 160, weightKg: null },
    });
  });

  it('is forgotten with its partition, and only with its own', () => {
    const recorder = new Recorder();
    const elsewhere = { topic: 'ward.vitals', partition: 3, offset: 0 };
    recorder.apply(rate(0), eventOf('vitals', vitals({ heartRate: 90 }, at(0, 'p2')), elsewhere));
    recorder.said = [];
    recorder.aligner.release(new Set([3, 4]));
    expect(recorder.said).toEqual(['p2 released']);
    expect([...recorder.aligner.patients.keys()]).toEqual(['p1']);
    // It may come back: the partition's log is read on from its start by whoever has it.
    expect(recorder.apply(rate(1, 80, 'p2'))).toContain('p2 admitted 1');
  });
});

describe('duplicates', () => {
  it('have no effect but are counted, with the observations in them', () => {
    const recorder = new Recorder();
    const twice = eventOf('vitals', vitals({ heartRate: 80, respRate: 20 }, at(1)));
    recorder.apply(admit(0), twice);
    const { timeline } = recorder.aligner.patients.get('p1')!;
    const before = timeline.count.slice();
    expect(recorder.apply(twice, twice)).toEqual([]);
    expect(timeline.count).toEqual(before);
    expect(recorder.aligner.counts).toEqual({
      duplicates: 2,
      duplicateObservations: 4,
      late: 0,
      rejectedObservations: 0,
    });
  });

  it('are told by patient: two patients may use one message id', () => {
    const recorder = new Recorder();
    expect(recorder.apply(rate(0, 80, 'p1', 'same'), rate(0, 80, 'p2', 'same'))).toEqual([
      'p1 admitted 0',
      'p2 admitted 0',
      'p1 score 0',
      'p2 score 0',
    ]);
    expect(recorder.aligner.counts.duplicates).toBe(0);
  });

  it('of an admission begin no second stay', () => {
    const recorder = new Recorder();
    const first = admit(0);
    expect(recorder.apply(first, first)).toEqual(['p1 admitted 0']);
    expect(recorder.aligner.counts.duplicates).toBe(1);
  });
});

describe('what is read again after a restart', () => {
  const placed = (event: ClinicalEvent, offset: number): ClinicalEvent => ({ ...event, offset });

  it('is known by its offset, also where its id has been forgotten', () => {
    const recorder = new Recorder({ dedupeWindow: 2 });
    const events = [0, 1, 2, 3, 4].map((minute) => placed(rate(minute), minute));
    recorder.apply(...events);
    const patient = recorder.aligner.patients.get('p1')!;
    patient.appliedTo = { 'ward.vitals': 5 };
    expect(recorder.apply(...events, placed(rate(5), 5))).toEqual(['p1 score 5']);
    expect(recorder.aligner.counts).toMatchObject({ duplicates: 5, late: 0 });
  });

  it('of a stay that is over neither begins a new one nor is set aside', () => {
    const recorder = new Recorder();
    recorder.aligner.restoreDischarged({
      patientId: 'p1',
      partition: 0,
      at: START + 10 * MINUTE_MS,
      appliedTo: { 'ward.vitals': 5 },
      state: null,
      update: null,
    });
    expect(recorder.apply(placed(rate(9), 4))).toEqual([]);
    expect(recorder.aligner.counts).toMatchObject({ duplicates: 1, duplicateObservations: 1 });
    expect(recorder.apply(placed(rate(9), 5))).toEqual([expect.stringContaining('p1 after-discharge 9')]);
    expect(recorder.apply(placed(admit(11), 5))).toEqual(['p1 admitted 11']);
  });

  it('is no matter any more once the stay is forgotten, or its partition another process has', () => {
    const recorder = new Recorder();
    const stay = { patientId: 'p1', partition: 3, at: START, appliedTo: null, state: null, update: null };
    recorder.aligner.restoreDischarged(stay);
    expect(recorder.aligner.forgetDischarged(() => START)).toEqual([]);
    expect(recorder.aligner.forgetDischarged(() => START + 1)).toEqual([stay]);
    recorder.aligner.restoreDischarged(stay);
    recorder.aligner.release(new Set([3]));
    expect(recorder.aligner.dischargedStay('p1')).toBeUndefined();
  });
});

describe('steps', () => {
  it('close when the first event behind them comes, all that have passed, before that event is scored', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(59));
    expect(recorder.apply(rate(60))).toEqual(['p1 step 0', 'p1 score 60']);
    expect(recorder.apply(rate(245))).toEqual(['p1 step 1', 'p1 step 2', 'p1 step 3', 'p1 score 245']);
    expect(recorder.aligner.patients.get('p1')?.timeline.openStep).toBe(4);
  });

  it('count from admission, not from the full hour', () => {
    const recorder = new Recorder();
    recorder.apply(admit(30));
    expect(recorder.apply(rate(89.8))).toEqual(['p1 score 89.8']);
    expect(recorder.apply(rate(90))).toEqual(['p1 step 0', 'p1 score 90']);
  });

  it('are closed by discharges and notes too, not by acknowledgements', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0));
    expect(recorder.apply(eventOf('acks', ack('a', at(61))))).toEqual(['p1 acknowledged 61']);
    expect(recorder.apply(eventOf('notes', note('calm', at(121))))).toEqual([
      'p1 step 0',
      'p1 step 1',
      'p1 score 121',
    ]);
    expect(recorder.apply(discharge(181))).toEqual(['p1 step 2', 'p1 discharged 181']);
  });
});

describe('a long silence', () => {
  it('closes a bounded number of steps, those up to the next event among them', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(1));
    const said = recorder.apply(rate(60 * 24 * 365 * 50));
    const steps = said.flatMap((line) => /step (\d+)/.exec(line)?.[1] ?? []).map(Number);
    const last = 24 * 365 * 50 - 1;
    expect(steps.length).toBeLessThanOrEqual(5 * OPTIONS.steps);
    expect(steps.slice(-4 * OPTIONS.steps)).toEqual(
      Array.from({ length: 4 * OPTIONS.steps }, (_, n) => last + 1 - 4 * OPTIONS.steps + n),
    );
    expect(said.at(-1)).toBe(`p1 score ${60 * (last + 1)}`);
  });

  it('leaves nothing known of before, as a shorter one does', () => {
    for (const hours of [2 * OPTIONS.steps, 1000]) {
      const recorder = new Recorder();
      recorder.apply(admit(0), rate(1), lab(60 * hours));
      expect(recorder.heartRate(60 * hours)).toEqual([Number.NaN, Number.NaN]);
      expect(recorder.apply(rate(60 * hours + 1, 90))).toEqual([`p1 score ${60 * hours + 1}`]);
      expect(recorder.heartRate(60 * hours + 3)).toEqual([90, 2]);
      expect(recorder.aligner.patients.get('p1')?.timeline.openStep).toBe(hours);
    }
  });
});

describe('late events', () => {
  it('are applied to their own step, which closes anew with all closed steps behind it', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(10), rate(70), rate(130), rate(190));
    expect(recorder.apply(rate(75, 150))).toEqual(['p1 step 1', 'p1 step 2']);
    expect(recorder.aligner.counts.late).toBe(1);
    const { timeline } = recorder.aligner.patients.get('p1')!;
    const values = new Float32Array(64);
    timeline.lastKnown(START + 190 * MINUTE_MS, values, new Float32Array(64));
    expect(values[HEART_RATE]).toBe(80);
  });

  it('of the open step close nothing', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(70));
    expect(recorder.apply(rate(65))).toEqual([]);
    expect(recorder.aligner.counts.late).toBe(1);
  });

  it('do not cause a score themselves; the next event does, whatever the interval', () => {
    const recorder = new Recorder({ minScoreIntervalMs: HOUR_MS });
    recorder.apply(admit(0), rate(1));
    expect(recorder.apply(rate(2))).toEqual([]);
    expect(recorder.apply(lab(1.5))).toEqual([]);
    expect(recorder.aligner.patients.get('p1')?.revised).toBe(true);
    expect(recorder.apply(rate(3))).toEqual(['p1 score 3']);
    expect(recorder.aligner.patients.get('p1')?.revised).toBe(false);
    expect(recorder.apply(rate(4))).toEqual([]);
  });

  it('do not displace a newer value, but are known where there is none', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(10, 80), lab(100));
    recorder.apply(rate(5, 150));
    expect(recorder.heartRate(100)).toEqual([80, 90]);
    recorder.apply(rate(50, 110));
    expect(recorder.heartRate(100)).toEqual([110, 50]);
  });

  it('of a specimen weeks old do not look fresh', () => {
    const recorder = new Recorder();
    const weeksOld = { ...at(2), observedAt: START - 40 * 24 * HOUR_MS };
    recorder.apply(admit(0), eventOf('vitals', vitals({ heartRate: 80 }, weeksOld)));
    expect(recorder.heartRate(2)[1]).toBe(24 * 24 * 60);
  });

  it('older than the ring change nothing', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(8 * 60));
    const { timeline } = recorder.aligner.patients.get('p1')!;
    const before = [timeline.count.slice(), timeline.mean.slice()];
    expect(recorder.apply(rate(30, 150))).toEqual([]);
    expect([timeline.count, timeline.mean]).toEqual(before);
    expect(recorder.aligner.counts.late).toBe(1);
  });

  it('are judged by patient: another patient who is ahead makes nothing late', () => {
    const recorder = new Recorder();
    recorder.apply(rate(100, 80, 'p2'));
    recorder.apply(rate(1, 80, 'p1'), rate(2, 80, 'p1'));
    expect(recorder.aligner.counts.late).toBe(0);
  });
});

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

/** What the model would be given of a patient, for one variable in each scale. */
const ENCODER = new FeatureEncoder({
  variables: [
    { id: 'heartRate', transform: 'linear', center: 80, scale: 100 },
    { id: 'temperature', transform: 'linear', center: 37, scale: 100 },
    { id: 'lactate', transform: 'log', center: 1, scale: 2 },
  ],
});

/** Keeps, for every step, the row with which it was closed last. */
class RowKeeper extends Recorder {
  readonly rows = new Map<number, Float32Array>();

  override stepClosed(patient: PatientState, step: number, carry: Carry): void {
    const row = new Float32Array(ENCODER.size);
    ENCODER.encode(patient, step, patient.timeline.endOf(step), carry, row, 0);
    this.rows.set(step, row);
  }
}

interface Arrival {
  readonly event: ClinicalEvent;
  /** How many events later than in order it arrives. */
  readonly delay: number;
  readonly isRepeated: boolean;
}

/**
 * Events of one stay, from half an hour before it to `hours` into it. Nothing jumps: whether a jump is believed depends on the order of
 * arrival (docs/trust.md).
 */
const arrivals = (hours: number): fc.Arbitrary<Arrival[]> =>
  fc
    .uniqueArray(
      fc.record({
        second: fc.integer({ min: -1800, max: hours * 3600 - 1 }),
        variable: fc.constantFrom('heartRate', 'temperature', 'lactate'),
        value: fc.integer({ min: 30, max: 44 }),
        delay: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(30) }),
        isRepeated: fc.boolean(),
      }),
      // Two values of one variable at one moment have no order of their own: the last is what arrived last.
      { selector: ({ second }) => second, minLength: 1, maxLength: 60 },
    )
    .map((drawn) => drawn.sort((a, b) => a.second - b.second).map(arrival));

interface Drawn extends Omit<Arrival, 'event'> {
  readonly second: number;
  readonly variable: string;
  readonly value: number;
}

function arrival({ second, variable, value, delay, isRepeated }: Drawn, index: number): Arrival {
  const where = { eventTime: START + second * 1000, messageId: `drawn-${index}`, patientId: 'p1' };
  const event =
    variable === 'lactate'
      ? eventOf('labs', labs({ lactate: value / 4 }, where))
      : eventOf(
          'vitals',
          vitals({ [variable]: variable === 'temperature' ? 33 + value / 10 : value }, where),
        );
  return { event, delay, isRepeated };
}

/** Sorted runs, as the merge releases them, in which delayed events come later and some events come twice. */
function released(drawn: readonly Arrival[], size: number): ClinicalEvent[][] {
  const arrived = drawn
    .flatMap(({ event, delay, isRepeated }, index) => [
      { event, place: index + delay },
      ...(isRepeated ? [{ event, place: index + delay + 3 }] : []),
    ])
    .sort((a, b) => a.place - b.place)
    .map(({ event }) => event);
  const runs: ClinicalEvent[][] = [];
  while (arrived.length > 0) runs.push(arrived.splice(0, size).sort(compareEvents));
  return runs;
}

describe('any order of arrival', () => {
  it.each([
    [5, 'of a stay that fits the ring'],
    [14, 'of a stay longer than the ring'],
  ])('%d h: leaves the timeline that the same events in order leave, %s', (hours) => {
    fc.assert(
      fc.property(arrivals(hours), fc.integer({ min: 1, max: 8 }), (drawn, size) => {
        const incremental = new RowKeeper();
        const full = new RowKeeper();
        for (const each of [incremental, full]) each.apply(admit(0));
        for (const run of released(drawn, size)) incremental.aligner.apply(run);
        full.aligner.apply(drawn.map(({ event }) => event).sort(compareEvents));
        expectSameTimeline(incremental, full);
        // Once steps have left the ring, what they added to the rows closed before is not to be had again.
        if (hours < OPTIONS.steps) expectSameRows(incremental, full);
        const { counts } = incremental.aligner;
        expect(counts.duplicates).toBe(drawn.filter(({ isRepeated }) => isRepeated).length);
        expect(counts.rejectedObservations).toBe(drawn.filter(({ event }) => event.eventTime < START).length);
        expect(full.aligner.counts).toMatchObject({ late: 0, duplicates: 0 });
      }),
      { numRuns: 150 },
    );
  });
});

/** Running means take up rounding in the order of arrival: equal to 1e-4; all else is exact. */
function expectSameTimeline(incremental: RowKeeper, full: RowKeeper): void {
  const [a, b] = [incremental, full].map(({ aligner }) => aligner.patients.get('p1')!);
  const [left, right] = [a.timeline, b.timeline];
  expect([left.openStep, a.lastEventAt]).toEqual([right.openStep, b.lastEventAt]);
  expect(left.count).toEqual(right.count);
  const differs = left.count.findIndex(
    (count, cell) =>
      count > 0 &&
      !(
        left.last[cell] === right.last[cell] &&
        left.lastOffset[cell] === right.lastOffset[cell] &&
        Math.abs(left.mean[cell] - right.mean[cell]) < 1e-4
      ),
  );
  expect(differs, 'a cell that differs').toBe(-1);
  const known = [a, b].map(({ timeline, lastEventAt }) => {
    const [values, ages] = [new Float32Array(64), new Float32Array(64)];
    timeline.lastKnown(lastEventAt, values, ages);
    return { values, ages };
  });
  expect(known[0]).toEqual(known[1]);
  expectClose(openRow(a), openRow(b), 'the open step');
}

function expectSameRows(incremental: RowKeeper, full: RowKeeper): void {
  expect([...incremental.rows.keys()].sort()).toEqual([...full.rows.keys()].sort());
  for (const [step, row] of full.rows) expectClose(incremental.rows.get(step)!, row, `step ${step}`);
}

/** The open step's row, with the carry that is kept and with one folded from the start. */
function openRow(patient: PatientState): Float32Array {
  const { timeline, lastEventAt } = patient;
  const kept = new Float32Array(ENCODER.size);
  ENCODER.encode(patient, timeline.openStep, lastEventAt, timeline.carry, kept, 0);
  const carry = new Carry();
  timeline.foldBefore(carry, timeline.openStep);
  const folded = new Float32Array(ENCODER.size);
  ENCODER.encode(patient, timeline.openStep, lastEventAt, carry, folded, 0);
  expect(kept).toEqual(folded);
  return kept;
}

function expectClose(a: Float32Array, b: Float32Array, what: string): void {
  const differs = a.findIndex((value, index) => !(Math.abs(value - b[index]) < 1e-4));
  expect(differs, `${what}: ${ENCODER.featureNames[differs]} is ${a[differs]}, not ${b[differs]}`).toBe(-1);
}

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
