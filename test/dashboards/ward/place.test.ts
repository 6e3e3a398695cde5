import { describe, expect, it } from 'vitest';
import { ALERTS, placeOf, WARD } from '../../../dashboards/ward/src/place.js';

describe('placeOf', () => {
  it('reads the places a history entry can hold', () => {
    const patient = { view: 'patient', patientId: 'p1' };
    expect(placeOf(patient)).toEqual(patient);
    expect(placeOf({ view: 'alerts', alertId: 'x' })).toEqual({ view: 'alerts', alertId: 'x' });
    expect(placeOf({ view: 'alerts', alertId: 3 })).toEqual(ALERTS);
  });

  it.each([null, undefined, 'patient', {}, { view: 'patient' }, { view: 'patient', patientId: 7 }])(
    'is the ward for %j',
    (state) => {
      expect(placeOf(state)).toEqual(WARD);
    },
  );
});
