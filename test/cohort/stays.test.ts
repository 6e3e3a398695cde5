import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { StayCollector } from '../../src/cohort/stays.js';
import type { Outputs } from '../../src/engine/outputs.js';
import { HOUR_MS } from '../helpers.js';

const LACTATE = variableIndex('lactate');
const GRID = { stepMs: HOUR_MS, steps: 48 };

type Part = Partial<Record<'admitted' | 'observations' | 'alerts' | 'discharged', unknown[]>>;

function patientFrom(hour: number, lastHour: number): PatientState {
  const first = { patientId: 'p', partition: 0, eventTime: hour * HOUR_MS };
  const patient = new PatientState(first, GRID, 64);
  patient.lastEventAt = lastHour * HOUR_MS;
  return patient;
}

function lactateAt(hour: number): Part {
  const eventTime = hour * HOUR_MS;
  const values = [hour];
  return {
    observations: [
      { patientId: 'p', eventTime, observedAt: eventTime, variables: [LACTATE], values, verdicts: null },
    ],
  };
}

/** Two stays of one patient, from 0 to 3 h and from 5 h on, event by event. */
function comesAgain(): Part[] {
  const [first, second] = [patientFrom(0, 3), patientFrom(5, 7)];
  return [
    { admitted: [first] },
    lactateAt(1),
    lactateAt(3),
    { discharged: [first] },
    { admitted: [second] },
    lactateAt(5),
    lactateAt(7),
  ];
}

/** The batch in which these happen. */
function batchOf(parts: readonly Part[]): Outputs {
  const all = (name: keyof Part) => parts.flatMap((part) => part[name] ?? []);
  return {
    admitted: all('admitted'),
    observations: all('observations'),
    alerts: all('alerts'),
    discharged: all('discharged'),
    scores: [],
  } as unknown as Outputs;
}

describe('stays of a patient who comes again', () => {
  it('have their own values, however the stream is cut into batches', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), async (cuts) => {
        const collector = new StayCollector();
        const batches: Part[][] = [[]];
        comesAgain().forEach((part, index) => {
          if (cuts[index - 1]) batches.push([]);
          batches.at(-1)?.push(part);
        });
        for (const batch of batches) await collector.write(batchOf(batch));
        const [first, second] = collector.stays();
        expect(Array.from(first.charted.lactate.values)).toEqual([1, 3]);
        expect(Array.from(second.charted.lactate.values)).toEqual([5, 7]);
        expect([first.endAt, second.endAt]).toEqual([3 * HOUR_MS, 7 * HOUR_MS]);
        expect([first.isOver, second.isOver]).toEqual([true, false]);
      }),
    );
  });
});

describe('alarms that no rule raised', () => {
  it('are kept with what they are about and how long they lasted, at most as long as the stay', async () => {
    const patient = patientFrom(0, 9);
    const { stayId } = patient;
    const told = (alertId: string, rule: string, hour: number, more: object = {}) => ({
      alerts: [
        {
          alertId,
          stayId,
          rule,
          class: 'clinical',
          sequence: 0,
          state: 'RAISED',
          eventTime: hour * HOUR_MS,
          ...more,
        },
      ],
    });
    const collector = new StayCollector();
    const parts: Part[] = [
      { admitted: [patient] },
      told('a', 'hypotension-severe', 1),
      told('b', 'deterioration', 1),
      told('c', 'hypotension', 2),
      told('a', 'hypotension-severe', 3, { sequence: 1, state: 'ESCALATED' }),
      told('a', 'hypotension-severe', 4, { sequence: 2, state: 'RESOLVED' }),
      told('d', 'place-unknown', 5, { class: 'technical' }),
      { discharged: [patient] },
    ];
    for (const part of parts) await collector.write(batchOf([part]));
    const [{ alarms }] = collector.stays();
    expect(alarms.map(({ kind, id, time, end }) => [kind, id, time / HOUR_MS, end / HOUR_MS])).toEqual([
      ['critical', 'hypotension-severe', 1, 4],
      ['failing', 'hypotension', 2, 9],
      ['technical', 'place-unknown', 5, 9],
    ]);
  });
});
