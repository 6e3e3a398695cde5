import { describe, expect, it } from 'vitest';
import {
  applyFrame,
  EMPTY_WARD,
  isActive,
  leadingAlert,
  sortByUrgency,
  sortPatients,
  wardName,
  withBeds,
} from '../../../dashboards/ward/src/state.js';
import { absenceText, emptyText, noAlertText } from '../../../dashboards/ward/src/ward/empty.js';
import { catchingUpText, elsewhereText } from '../../../dashboards/ward/src/ward-text.js';
import { alert } from '../../helpers.js';
import { patientView } from './views.js';

const snapshot = {
  type: 'snapshot' as const,
  cursor: 'e.7',
  clock: 1000,
  patients: [patientView({ patientId: 'a' })],
  alerts: [alert('x')],
};

describe('applyFrame', () => {
  it('replaces all by a snapshot, so that what was missed cannot linger', () => {
    const before = applyFrame(EMPTY_WARD, { ...snapshot, alerts: [alert('gone')] });
    const after = applyFrame(before, snapshot);
    expect([...after.alerts.keys()]).toEqual(['x']);
    expect([after.clock, [...after.patients.keys()]]).toEqual([1000, ['a']]);
  });

  it('shows an alert once however often its records come, and drops it when it is resolved', () => {
    let ward = applyFrame(EMPTY_WARD, snapshot);
    for (const each of [alert('x', 1), alert('x', 1), alert('y', 0)]) {
      ward = applyFrame(ward, { type: 'alert', cursor: 'e.8', alert: each });
    }
    expect([...ward.alerts.values()].map(({ alertId, sequence }) => [alertId, sequence])).toEqual([
      ['x', 1],
      ['y', 0],
    ]);
    ward = applyFrame(ward, { type: 'alert', cursor: 'e.9', alert: alert('x', 2, { state: 'RESOLVED' }) });
    expect([...ward.alerts.keys()]).toEqual(['y']);
  });

  it('changes patients, lets them go, and keeps what a frame of an unknown type does not touch', () => {
    let ward = applyFrame(EMPTY_WARD, snapshot);
    const changed = [patientView({ patientId: 'a', mortality: 0.5 }), patientView({ patientId: 'b' })];
    ward = applyFrame(ward, { type: 'patients', clock: 2000, patients: changed });
    expect([ward.clock, ward.patients.get('a')?.mortality, ward.patients.size]).toEqual([2000, 0.5, 2]);
    ward = applyFrame(ward, { type: 'discharged', patientId: 'a' });
    expect([...ward.patients.keys()]).toEqual(['b']);
    const unknown = { type: 'of the future' } as unknown as Parameters<typeof applyFrame>[1];
    expect(applyFrame(ward, unknown)).toBe(ward);
  });
});

describe('a ward that is not whole', () => {
  it('says how far the server has got, until it has', () => {
    const catchingUp = { partitions: 3, of: 12 };
    let ward = applyFrame(EMPTY_WARD, { ...snapshot, patients: [], catchingUp });
    expect(catchingUpText(ward)).toMatch(/^Catching up: 3 of 12 parts read, no bed is known yet\. Patients/);
    expect([emptyText(true, ward), noAlertText(ward)].filter((text) => !/^Catching up\./.test(text))).toEqual(
      [],
    );
    ward = applyFrame(ward, { type: 'heartbeat', clock: 1000, catchingUp: { partitions: 0, of: 0 } });
    expect(catchingUpText(ward)).toContain('the server has not been given its patients yet');
    ward = applyFrame(ward, { type: 'heartbeat', clock: 1000, catchingUp: null });
    expect([catchingUpText(ward), noAlertText(ward)]).toEqual(['', 'No open alert.']);
    expect(emptyText(true, ward)).toBe('No patient on this ward.');
    expect(emptyText(false, ward)).toBe('Waiting for the first data.');
    expect(emptyText(true, EMPTY_WARD)).toBe('Waiting for the first data.');
  });

  it('says of how many beds it knows the present, and whether there may be more', () => {
    const [behind, unread] = (['behind', 'unread'] as const).map((cause) => ({
      notLive: { cause, since: 0 },
    }));
    const of = (catchingUp: object, ...more: object[]) => {
      const patients = more.map((each, bed) => patientView({ patientId: `p${bed}`, ...each }));
      const frame = { ...snapshot, patients, catchingUp } as Parameters<typeof applyFrame>[1];
      return catchingUpText(applyFrame(EMPTY_WARD, frame));
    };
    const whole = { partitions: 1, of: 4, restored: 4 };
    expect(of(whole, {}, behind, behind)).toMatch(/^Catching up: 1 of 3 beds\./);
    expect(of({ ...whole, restored: 2 }, {}, behind)).toMatch(/^Catching up: 1 of at least 2 beds\./);
    expect(of({ partitions: 0, of: 4 }, unread, unread)).toBe('');
  });

  it('forgets an alert that has left with its patient', () => {
    const alerts = [alert('stays'), alert('leaves')];
    let ward = applyFrame(EMPTY_WARD, { ...snapshot, patients: [], alerts });
    ward = applyFrame(ward, { type: 'withdrawn', cursor: 'c', alertId: 'leaves', patientId: 'p1' });
    expect([...ward.alerts.keys()]).toEqual(['stays']);
  });

  it('says that another server has patients, until they come back; not of those who were discharged', () => {
    const patients = ['a', 'b', 'c'].map((patientId) => patientView({ patientId }));
    let ward = applyFrame(EMPTY_WARD, { ...snapshot, patients });
    ward = applyFrame(ward, { type: 'discharged', patientId: 'a', reason: 'discharged' });
    ward = applyFrame(ward, { type: 'discharged', patientId: 'b', reason: 'elsewhere' });
    expect(elsewhereText(ward.elsewhere)).toBe(
      'One patient is not shown here any more: another server has them now.',
    );
    ward = applyFrame(ward, { type: 'discharged', patientId: 'c', reason: 'elsewhere' });
    ward = applyFrame(ward, { ...snapshot, patients: [], alerts: [] });
    expect(['a', 'b'].map((patientId) => absenceText(ward, patientId))).toEqual([
      'No longer on the ward',
      'With another server now',
    ]);
    expect(elsewhereText(ward.elsewhere)).toMatch(/^2 patients are not shown here/);
    expect(emptyText(true, ward)).toBe('Another server has the patients of this ward now.');
    ward = applyFrame(ward, { type: 'patients', clock: 2000, patients });
    expect(elsewhereText(ward.elsewhere)).toBe('');
  });
});

describe('sorting', () => {
  it('goes by whole per cent of risk, then by bed, and puts those without a score last', () => {
    const patients = [
      patientView({ patientId: 'none', bedId: 'Bed 1' }),
      patientView({ patientId: 'low', bedId: 'Bed 10', mortality: 0.101 }),
      patientView({ patientId: 'same', bedId: 'Bed 9', mortality: 0.099 }),
      patientView({ patientId: 'high', bedId: 'Bed 11', mortality: 0.6 }),
    ];
    const ids = (order: 'urgency' | 'bed') => sortPatients(patients, order).map(({ patientId }) => patientId);
    expect(ids('urgency')).toEqual(['high', 'same', 'low', 'none']);
    expect(ids('bed')).toEqual(['none', 'same', 'low', 'high']);
  });

  it('puts alerts that wait before those taken, then by priority, then the newest', () => {
    const alerts = [
      alert('taken', 1, { state: 'ACKNOWLEDGED' }),
      alert('medium', 0, { priority: 'MEDIUM' }),
      alert('older', 0, { onsetTime: 1 }),
      alert('newer', 0, { onsetTime: 2 }),
      alert('escalated', 2, { state: 'ESCALATED', priority: 'LOW' }),
    ];
    const ids = sortByUrgency(alerts).map(({ alertId }) => alertId);
    expect(ids).toEqual(['newer', 'older', 'medium', 'escalated', 'taken']);
    expect(alerts.filter(isActive)).toHaveLength(4);
  });

  it('lets the highest priority stand for a bed, even when it is taken', () => {
    const taken = alert('taken', 1, { state: 'ACKNOWLEDGED' });
    const medium = alert('medium', 0, { priority: 'MEDIUM' });
    expect(leadingAlert([medium, taken])).toBe(taken);
    expect(leadingAlert([])).toBeUndefined();
  });

  it('names the wards shown', () => {
    expect(wardName([])).toBe('Ward');
    expect(wardName([patientView({ wardId: 'W 10' }), patientView({ wardId: 'W 9' })])).toBe('W 9, W 10');
  });
});

describe('technical notices', () => {
  it('about a patient name the bed that the patient is in', () => {
    const notice = { ...alert('n'), class: 'technical' as const, patientId: 'p1', bedId: null };
    const patients = new Map([['p1', patientView({ patientId: 'p1', bedId: 'Bed 7' })]]);
    expect(withBeds([notice, alert('c')], patients).map(({ bedId }) => bedId)).toEqual([
      'Bed 7',
      alert('c').bedId,
    ]);
    expect(withBeds([notice], new Map())[0].bedId).toBeNull();
  });
});
