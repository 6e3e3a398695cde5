import { describe, expect, it } from 'vitest';
import { EVERYTHING_OPEN, passes, wardsOf } from '../../../../dashboards/ward/src/alerts/filter.js';
import { LAYERS } from '../../../../src/contract/layers.js';
import { alert } from '../../../helpers.js';

describe('passes', () => {
  it('tells the stages of an alert’s life apart', () => {
    const states = ['RAISED', 'ESCALATED', 'ACKNOWLEDGED', 'SNOOZED', 'RESOLVED'] as const;
    const shown = (stage: 'open' | 'waiting' | 'taken' | 'resolved') =>
      states.filter((state) => passes({ ...EVERYTHING_OPEN, stage }, alert('x', 0, { state })));
    expect(shown('open')).toEqual(['RAISED', 'ESCALATED', 'ACKNOWLEDGED', 'SNOOZED']);
    expect(shown('waiting')).toEqual(['RAISED', 'ESCALATED']);
    expect(shown('taken')).toEqual(['ACKNOWLEDGED', 'SNOOZED']);
    expect(shown('resolved')).toEqual(['RESOLVED']);
  });

  it('filters by priority, ward, and part of bed, patient or rule', () => {
    const one = alert('x', 0, { bedId: 'Bed 07', wardId: 'ICU 2', patientId: 'sim-7' });
    const shown = (more: Partial<typeof EVERYTHING_OPEN>) => passes({ ...EVERYTHING_OPEN, ...more }, one);
    expect([shown({ priority: 'HIGH' }), shown({ priority: 'LOW' })]).toEqual([true, false]);
    expect([shown({ ward: 'ICU 2' }), shown({ ward: 'ICU 1' })]).toEqual([true, false]);
    const unplaced = alert('x', 0, { wardId: null });
    expect(passes({ ...EVERYTHING_OPEN, ward: 'ICU 1' }, unplaced)).toBe(true);
    expect(['bed 07', ' SIM-7 ', 'risk-high', 'bed 8'].map((text) => shown({ text }))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('tells alerts of the state now, of a risk and technical notices apart', () => {
    const alerts = [
      alert('risk'),
      alert('state', 0, { signal: 'map', mortality: null, modelVersion: '' }),
      alert('technical', 0, { class: 'technical', mortality: null }),
    ];
    const shown = (layer: typeof EVERYTHING_OPEN.layer) =>
      alerts.filter((each) => passes({ ...EVERYTHING_OPEN, layer }, each)).map(({ alertId }) => alertId);
    expect(LAYERS.map(shown)).toEqual([['state'], ['risk'], ['technical']]);
    expect(shown(null)).toHaveLength(3);
  });

  it('names the wards there are', () => {
    expect(wardsOf([alert('a', 0, { wardId: 'B' }), alert('b'), alert('c', 0, { wardId: null })])).toEqual([
      'B',
      'W',
    ]);
  });
});
