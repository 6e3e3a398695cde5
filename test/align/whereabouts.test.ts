import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import type { AdtType } from '../../src/contract/messages.js';
import { adt, START } from '../helpers.js';
import { MINUTE_MS, OPTIONS, say, shuffled, ward } from './stay-events.js';

describe('where a patient lies', () => {
  it('is what the newest message says: a move told late undoes nothing', () => {
    const here = ward();
    here.apply(
      say('ADMIT', 0, { wardId: 'W', bedId: '1' }),
      say('TRANSFER', 20, { wardId: 'V', bedId: '7' }),
    );
    expect(here.apply(say('TRANSFER', 10, { wardId: 'U', bedId: '3' }))).toEqual([]);
    expect(here.patient).toMatchObject({ wardId: 'V', bedId: '7' });
  });

  it('is no bed of the ward that was left', () => {
    const here = ward();
    here.apply(say('ADMIT', 0, { wardId: 'W', bedId: '1' }));
    expect(here.apply(say('TRANSFER', 10, { wardId: 'V' }))).toEqual(['in V/null since 0, age null']);
  });

  it('is not told by a name that is empty', () => {
    const here = ward();
    here.apply(say('ADMIT', 0, { wardId: ' ', bedId: '' }));
    expect(here.patient).toMatchObject({ wardId: null, bedId: null });
  });

  const told = fc.array(
    fc.record({
      type: fc.constantFrom<AdtType>('ADMIT', 'TRANSFER', 'UPDATE'),
      minute: fc.integer({ min: 0, max: 20 }),
      wardId: fc.constantFrom(null, 'W', 'V', 'U'),
      bedId: fc.constantFrom(null, '1', '2', '3'),
    }),
    { minLength: 1, maxLength: 12 },
  );

  it('does not depend on the order in which messages come', () => {
    fc.assert(
      fc.property(told, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (drawn, random) => {
        const messages = drawn.map(({ type, minute, ...place }, index) =>
          adt(type, { ...place, eventTime: START + minute * MINUTE_MS, messageId: `t${index}` }),
        );
        const places = [messages, shuffled(messages, random)].map((each) => {
          const patient = new PatientState({ patientId: 'p1', partition: 0, eventTime: START }, OPTIONS, 8);
          for (const message of each) patient.updateFrom(message);
          return [patient.wardId, patient.bedId, patient.newestAdmission];
        });
        expect(places[0]).toEqual(places[1]);
      }),
      { numRuns: 300 },
    );
  });

  it('continues from what was kept of it, wherever it was kept', () => {
    fc.assert(
      fc.property(told, fc.nat(12), (drawn, cut) => {
        const first = { patientId: 'p1', partition: 0, eventTime: START };
        const messages = drawn.map(({ type, minute, ...place }, index) =>
          adt(type, {
            ...place,
            ageYears: minute,
            eventTime: START + minute * MINUTE_MS,
            messageId: `t${index}`,
          }),
        );
        const whole = new PatientState(first, OPTIONS, 8);
        for (const message of messages) whole.updateFrom(message);
        let patient = new PatientState(first, OPTIONS, 8);
        messages.forEach((message, index) => {
          if (index === cut) {
            const kept = JSON.parse(JSON.stringify([patient, patient.facts])) as [
              PatientState,
              typeof patient.facts,
            ];
            patient = new PatientState(first, OPTIONS, 8);
            patient.restoreFacts(kept[0], kept[0].demographics, kept[1]);
          }
          patient.updateFrom(message);
        });
        expect(patient.facts).toEqual(whole.facts);
        expect([patient.wardId, patient.bedId, patient.demographics]).toEqual([
          whole.wardId,
          whole.bedId,
          whole.demographics,
        ]);
      }),
      { numRuns: 200 },
    );
  });
});
