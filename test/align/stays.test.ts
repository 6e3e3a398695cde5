import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartitionMerge } from '../../src/align/merge.js';
import { PatientState } from '../../src/align/patient.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';
import { adt, eventOf, labs, START, vitals } from '../helpers.js';
import { at, MINUTE_MS, OPTIONS, say, shuffled, ward } from './stay-events.js';

const rate = (minute: number, heartRate = 80) => eventOf('vitals', vitals({ heartRate }, at(minute)));

describe('an admission that is told late', () => {
  it('fills in the stay that its values opened: ward, bed, age, since when', () => {
    const { apply, aligner, patient } = (() => {
      const here = ward();
      expect(here.apply(rate(5), rate(6))).toEqual(['admitted 00:05 to null', 'score 5', 'score 6']);
      return here;
    })();
    expect(apply(say('ADMIT', 2, { wardId: 'W', bedId: '1', ageYears: 77 }))).toEqual([
      'in W/1 since 2, age 77',
    ]);
    expect(patient.stayId).toBe('p1@2026-01-01T00:05:00.000Z');
    expect(aligner.counts.rejectedObservations).toBe(0);
    expect(apply(rate(10))).toEqual(['score 10']);
  });

  it('says what is of an earlier stay: values from before it, and older admissions', () => {
    const here = ward();
    here.apply(rate(5));
    here.apply(say('ADMIT', 2, { wardId: 'W' }));
    expect(here.apply(rate(1), say('ADMIT', 0, { wardId: 'V' }))).toEqual([
      'before-admission 1',
      'before-admission 0',
    ]);
    expect(here.patient.wardId).toBe('W');
  });

  it('leaves values that came before the first one in the first step, with their age', () => {
    const here = ward();
    here.apply(rate(5), eventOf('labs', labs({ lactate: 2 }, at(6))));
    expect(here.apply(eventOf('labs', labs({ ph: 7.4 }, at(3))))).toEqual([]);
    here.apply(rate(4, 130));
    expect(here.heartRate(6)).toEqual([80, 1]);
    expect(here.patient.timeline.count[variableIndex('ph')]).toBe(1);
    expect(here.patient.timeline.lastOffset[variableIndex('ph')]).toBe(-2 * MINUTE_MS);
  });

  it('closes steps anew that were closed without the age', () => {
    const here = ward();
    here.apply(rate(5), rate(70), rate(130));
    expect(here.apply(say('ADMIT', 2, { ageYears: 77 }))).toEqual([
      'step 0 at age 77',
      'step 1 at age 77',
      'in null/null since 2, age 77',
    ]);
    expect(here.apply(say('UPDATE', 70, { ageYears: 78 }))).toEqual([
      'step 1 at age 78',
      'in null/null since 2, age 78',
    ]);
  });
});

describe('discharge and admission at one moment', () => {
  it.each([['in the order sent'], ['the other way round']])('are two stays, %s', (order) => {
    const here = ward();
    const merge = new PartitionMerge({ reorderWindowMs: 250, live: false, maxWaiting: 100 });
    const both = [say('DISCHARGE', 70), say('ADMIT', 70, { wardId: 'V' })];
    const events = [say('ADMIT', 0, { wardId: 'W' }), rate(5)];
    events.push(...(order === 'in the order sent' ? both : both.reverse()), rate(75));
    merge.add('all', events, Number.POSITIVE_INFINITY);
    expect(here.apply(...merge.flush())).toEqual([
      'admitted 00:00 to W',
      'score 5',
      'step 0 at age null',
      'discharged 70',
      'admitted 01:10 to V',
      'score 75',
    ]);
  });

  it('are two stays where the admission comes by itself', () => {
    const here = ward();
    here.apply(say('ADMIT', 0), rate(5), say('DISCHARGE', 70));
    expect(here.apply(say('ADMIT', 70), rate(75))).toEqual(['admitted 01:10 to null', 'score 75']);
  });

  it('leave the patient watched where the discharge comes by itself', () => {
    const here = ward();
    here.apply(say('ADMIT', 0), rate(5), say('ADMIT', 70));
    expect(here.apply(say('DISCHARGE', 70))).toEqual(['before-admission 70']);
    expect(here.apply(rate(75))).toEqual(['score 75']);
  });
});

describe('a discharge that is told late', () => {
  it('of the stay before the newest admission ends nothing', () => {
    const here = ward();
    here.apply(say('ADMIT', 0, { wardId: 'W' }), rate(5), say('ADMIT', 60, { wardId: 'V' }), rate(61));
    expect(here.apply(say('DISCHARGE', 40))).toEqual(['before-admission 40']);
    expect(here.apply(rate(62))).toEqual(['score 62']);
  });

  it('of a stay before the first value leaves a patient whose place is not known', () => {
    const here = ward();
    here.apply(rate(60));
    here.apply(say('ADMIT', 0, { wardId: 'W' }));
    expect(here.apply(say('DISCHARGE', 30))).toEqual([
      'in null/null since 60, age null',
      'before-admission 30',
    ]);
    expect(here.apply(say('ADMIT', 50, { wardId: 'V' }))).toEqual(['in V/null since 50, age null']);
  });

  it('of a patient who is not here begins no stay, and what follows is of none', () => {
    const here = ward();
    expect(here.apply(say('DISCHARGE', 30), rate(31))).toEqual(['after-discharge 31']);
    expect(here.apply(say('ADMIT', 30))).toEqual(['admitted 00:30 to null']);
  });
});

describe('a discharge that is taken back', () => {
  const gone = () => {
    const here = ward();
    here.apply(
      say('ADMIT', 0, { wardId: 'W', bedId: '1', ageYears: 77 }),
      rate(5, 140),
      say('DISCHARGE', 30),
    );
    return here;
  };

  it('by a transfer: the same stay goes on, knowing what it knew', () => {
    const here = gone();
    expect(here.apply(say('TRANSFER', 40, { wardId: 'V' }))).toEqual([
      'again 00:00',
      'in V/null since 0, age 77',
    ]);
    expect(here.heartRate(40)).toEqual([140, 35]);
    expect(here.apply(rate(70))).toEqual(['step 0 at age 77', 'score 70']);
    expect(here.apply(say('DISCHARGE', 80))).toEqual(['discharged 80']);
    expect(here.patient).toBeUndefined();
  });

  it('by an update and a value measured after it, not by the update of a closed record', () => {
    const here = gone();
    expect(here.apply(rate(31))).toEqual(['after-discharge 31']);
    expect(here.apply(say('UPDATE', 35, { wardId: 'V' }))).toEqual([]);
    const old = { ...at(36), observedAt: START + 20 * MINUTE_MS };
    expect(here.apply(eventOf('labs', labs({ lactate: 2 }, old)))).toEqual(['after-discharge 36']);
    expect(here.apply(rate(37))).toEqual(['again 00:00', 'score 37']);
    expect(here.patient.wardId).toBe('V');
  });

  it('not by what was sent before it, or again', () => {
    const here = gone();
    const transfer = say('TRANSFER', 40, { wardId: 'V' });
    expect(here.apply(say('TRANSFER', 29), say('UPDATE', 30), rate(32))).toEqual([
      'after-discharge 29',
      'after-discharge 30',
      'after-discharge 32',
    ]);
    here.apply(transfer, say('DISCHARGE', 50));
    expect(here.apply(transfer)).toEqual([]);
    expect(here.aligner.counts.duplicates).toBe(1);
  });

  it('after so long that the stay is forgotten begins a new one: nobody is left unwatched', () => {
    const here = gone();
    const late = 30 + 12 * 60 + 1;
    expect(here.apply(say('UPDATE', late, { wardId: 'V' }), rate(late + 1))).toEqual([
      'admitted 12:32 to null',
      'in V/null since 752, age null',
      'score 752',
    ]);
    const other = gone();
    other.apply(eventOf('vitals', vitals({ heartRate: 80 }, { ...at(2000), patientId: 'p2' })));
    expect(other.aligner.dischargedStay('p1')?.state).toBeNull();
    expect(other.apply(say('TRANSFER', 40, { wardId: 'V' }))).toEqual(['admitted 00:40 to V']);
  });
});

describe('a discharge and a message of the same moment or later, whichever comes first', () => {
  const here = () => {
    const opened = ward();
    opened.apply(say('ADMIT', 0, { wardId: 'W' }), rate(5));
    return opened;
  };

  it.each([30, 31])('do not end the stay where the message is a transfer, at minute %d', (minute) => {
    const before = here();
    before.apply(say('DISCHARGE', 30));
    before.apply(say('TRANSFER', minute, { wardId: 'V' }));
    const after = here();
    after.apply(say('TRANSFER', minute, { wardId: 'V' }));
    expect(after.apply(say('DISCHARGE', 30))).toEqual(['before-admission 30']);
    for (const each of [before, after]) {
      expect(each.apply(rate(40))).toEqual(['score 40']);
      expect(each.patient.wardId).toBe('V');
    }
    expect(after.apply(say('DISCHARGE', 50))).toEqual(['discharged 50']);
  });

  it('leave a patient watched whose first message was an admission of that moment', () => {
    const opened = ward();
    opened.apply(say('ADMIT', 30));
    expect(opened.apply(say('DISCHARGE', 30))).toEqual(['before-admission 30']);
    expect(opened.apply(rate(31))).toEqual(['score 31']);
  });

  it('end the stay where the message is an update: the record of who leaves is updated with the discharge', () => {
    const before = here();
    before.apply(say('DISCHARGE', 30));
    before.apply(say('UPDATE', 30));
    const after = here();
    after.apply(say('UPDATE', 30));
    after.apply(say('DISCHARGE', 30));
    for (const each of [before, after]) {
      expect(each.apply(rate(31))).toEqual(['after-discharge 31']);
    }
  });

  it('leave nobody unwatched who is here by the order of time', () => {
    const kinds = ['ADMIT', 'TRANSFER', 'DISCHARGE', 'DISCHARGE'] as const;
    const course = fc.array(fc.record({ minute: fc.nat(20), kind: fc.constantFrom(...kinds) }), {
      minLength: 1,
      maxLength: 12,
    });
    let watched = 0;
    fc.assert(
      fc.property(course, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (drawn, random) => {
        const events = drawn.map(({ minute, kind }) => say(kind, minute));
        const isHere = (each: readonly ClinicalEvent[]) => {
          const ward1 = ward();
          for (const event of each) ward1.apply(event);
          return ward1.aligner.patients.size > 0;
        };
        if (!isHere([...events].sort(compareEvents))) return;
        watched++;
        expect(isHere(shuffled(events, random))).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(watched).toBeGreaterThan(100);
  });

  it('are known after a restart, too', () => {
    const before = here();
    before.apply(say('TRANSFER', 30, { wardId: 'V' }));
    const patient = new PatientState({ patientId: 'p1', partition: 0, eventTime: START }, OPTIONS, 64);
    const { facts, demographics, wardId, bedId } = before.patient;
    patient.restoreFacts({ wardId, bedId }, demographics, JSON.parse(JSON.stringify(facts)));
    const restarted = ward();
    restarted.aligner.restore(patient);
    expect(restarted.apply(say('DISCHARGE', 30))).toEqual(['before-admission 30']);
  });
});

describe('events within the reorder window', () => {
  const kinds = ['ADMIT', 'TRANSFER', 'UPDATE', 'DISCHARGE', 'vitals', 'vitals'] as const;
  const course = fc.array(fc.record({ tick: fc.nat(400), kind: fc.constantFrom(...kinds) }), {
    minLength: 1,
    maxLength: 40,
  });

  it('give the same stays, whatever their order', () => {
    fc.assert(
      fc.property(course, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (drawn, random) => {
        const events = drawn
          .map(({ tick, kind }, index) => {
            const where = { patientId: 'p1', eventTime: START + tick * 10, messageId: `w${index}` };
            return kind === 'vitals'
              ? eventOf('vitals', vitals({ heartRate: 80 }, where))
              : eventOf('adt', adt(kind, { ...where, wardId: `W${index}` }));
          })
          .sort((a, b) => a.eventTime - b.eventTime);
        const runs = [events, jittered(events, random)].map((each) => {
          const merge = new PartitionMerge({ reorderWindowMs: 250, live: false, maxWaiting: 100 });
          const here = ward();
          const said = each.flatMap((event) => {
            merge.add('all', [event], Number.POSITIVE_INFINITY);
            return here.apply(...merge.release(Number.POSITIVE_INFINITY));
          });
          return said.concat(here.apply(...merge.flush())).filter((line) => !line.startsWith('score'));
        });
        expect(runs[0]).toEqual(runs[1]);
      }),
      { numRuns: 200 },
    );
  });
});

/** In another order, none more than the window late. */
function jittered(events: readonly ClinicalEvent[], random: Iterator<number>): ClinicalEvent[] {
  return events
    .map((event) => [event.eventTime + 240 * (random.next().value as number), event] as const)
    .sort(([a], [b]) => a - b)
    .map(([, event]) => event);
}
