import { describe, expect, it } from 'vitest';
import { eventText } from '../../../../dashboards/ward/src/alerts/event-text.js';
import { alert } from '../../../helpers.js';

describe('eventText', () => {
  it('says who did what', () => {
    const raised = alert('x');
    const taken = alert('x', 1, { state: 'ACKNOWLEDGED', actor: 'Dr Lee' });
    const comment = alert('x', 2, { state: 'ACKNOWLEDGED', actor: 'Nurse Ito', reason: 'fluids given' });
    const snoozed = alert('x', 3, { state: 'SNOOZED', actor: 'Dr Lee', reason: 'known' });
    expect(eventText(raised, undefined)).toBe('Raised');
    expect(eventText(taken, raised)).toBe('Acknowledged by Dr Lee');
    expect(eventText(comment, taken)).toBe('Comment by Nurse Ito');
    expect(eventText(snoozed, comment)).toBe('Snoozed by Dr Lee');
  });

  it('says what the engine did by itself', () => {
    const snoozed = alert('x', 1, { state: 'SNOOZED', actor: 'Dr Lee' });
    expect(eventText(alert('x', 2), snoozed)).toBe('Raised again: the snooze is over');
    expect(eventText(alert('x', 1, { state: 'ESCALATED' }), alert('x'))).toBe(
      'Escalated: nobody acknowledged it',
    );
    const moved = alert('x', 1, { wardId: 'V', bedId: '7', reason: 'the patient was moved' });
    expect(eventText(moved, alert('x'))).toBe('Moved with the patient to V, 7');
    expect(eventText({ ...moved, bedId: null }, alert('x'))).toBe('Moved with the patient to V');
    const resolved = alert('x', 3, { state: 'RESOLVED' });
    expect(eventText(resolved, snoozed)).toBe('Resolved: within its limit again');
    expect(eventText({ ...resolved, reason: 'discharged' }, snoozed)).toBe('Resolved: discharged');
  });
});
