import { expect, it } from 'vitest';
import { variableIndex } from '../../src/clinical/variables.js';
import type { ClinicalEvent } from '../../src/events/event.js';
import { LabelCollector } from '../../src/study/endpoint-labels.js';
import { HOUR_MS, START } from '../helpers.js';

function vitals(hour: number, values: Readonly<Record<string, number>>): ClinicalEvent {
  const time = START + hour * HOUR_MS;
  return {
    kind: 'vitals',
    rank: 0,
    messageId: `m${hour}`,
    patientId: 'p',
    eventTime: time,
    observedAt: time,
    topic: 'ward.vitals',
    partition: 0,
    offset: 0,
    variables: Object.keys(values).map(variableIndex),
    values: Object.values(values),
    body: null,
    encoding: null,
    facts: null,
    verdicts: null,
    places: null,
    isRepeated: false,
    fate: null,
    specimenId: null,
    bedId: null,
    withdrawn: [],
  };
}

it('tells events in hours since admission', () => {
  const labels = new LabelCollector();
  labels.add(vitals(0, { mapCuff: 80 }));
  labels.add(vitals(3, { mapCuff: 60, lactate: 4 }));
  labels.add(vitals(4, { mapCuff: 60 }));
  labels.add(vitals(5, { mapCuff: 80 }));
  expect(labels.labels('circulatoryFailure', ['p', 'unknown'])).toEqual([[[3, 5]], []]);
  expect(labels.labels('respiratoryFailure', ['p'])).toEqual([[]]);
  expect(labels.labels('deterioration', ['p'])).toEqual([[[3, 5]]]);
  expect(labels.hours(['p', 'unknown'])).toEqual([5, 0]);
});

it('makes no label of a pressure that cannot be', () => {
  const labels = new LabelCollector();
  labels.add(vitals(0, { mapCuff: 80 }));
  for (const hour of [3, 4]) labels.add(vitals(hour, { mapCuff: 0, lactate: 4 }));
  expect(labels.labels('circulatoryFailure', ['p'])).toEqual([[]]);
});
