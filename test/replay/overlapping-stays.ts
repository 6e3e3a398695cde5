import { TOPICS } from '../../src/contract/topics.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { HOUR_MS } from '../helpers.js';

/** 40 patients whose stays overlap; every third comes twice, every tenth is not discharged. */
export function overlappingStays(start: number): SourceMessage[] {
  const messages: SourceMessage[] = [];
  const adt = (key: string, type: 'ADMIT' | 'DISCHARGE', eventTime: number) => {
    const where = {
      wardId: 'W',
      bedId: null,
      unitType: null,
      ageYears: 60,
      sex: null,
      heightCm: null,
      weightKg: null,
    };
    const record = {
      messageId: `${key} ${type} ${eventTime}`,
      patientId: key,
      eventTime,
      source: 'test',
      type,
      ...where,
    };
    messages.push({ topic: TOPICS.adt, key, eventTime, record });
  };
  for (let patient = 0; patient < 40; patient++) {
    const key = `r${patient}`;
    const stays = patient % 3 === 0 ? 2 : 1;
    for (let stay = 0; stay < stays; stay++) {
      const from = start + patient * HOUR_MS + stay * 30 * HOUR_MS;
      adt(key, 'ADMIT', from);
      for (let hour = 0; hour < 8; hour++) {
        const eventTime = from + hour * HOUR_MS + 60_000;
        const head = {
          messageId: `${key} ${eventTime}`,
          patientId: key,
          eventTime,
          observedAt: null,
          source: 'test',
        };
        const observations = [{ code: '8867-4', value: 80 + ((patient + hour) % 50), unit: '/min' }];
        messages.push({
          topic: TOPICS.vitals,
          key,
          eventTime,
          record: { ...head, observations, specimenId: null },
        });
      }
      if (patient % 10 !== 9) adt(key, 'DISCHARGE', from + 8 * HOUR_MS);
    }
  }
  return messages.sort((a, b) => a.eventTime - b.eventTime);
}
