import type { AlertView } from '../protocol.js';

const STATE_TEXT: Readonly<Record<AlertView['state'], string>> = {
  RAISED: 'Raised',
  ACKNOWLEDGED: 'Acknowledged',
  SNOOZED: 'Snoozed',
  ESCALATED: 'Escalated',
  RESOLVED: 'Resolved',
};

/** What a record of an alert says happened, given the record before it: `Acknowledged by Dr Lee`. */
export function eventText(alert: AlertView, before: AlertView | undefined): string {
  const { state, actor, reason } = alert;
  if (actor !== null) {
    const isComment = state === before?.state && reason !== null;
    return `${isComment ? 'Comment' : STATE_TEXT[state]} by ${actor}`;
  }
  if (before?.state === state && (before.wardId !== alert.wardId || before.bedId !== alert.bedId))
    return `Moved with the patient to ${[alert.wardId ?? 'an unknown ward', alert.bedId].filter(Boolean).join(', ')}`;
  if (state === 'RAISED' && before !== undefined) return 'Raised again: the snooze is over';
  if (state === 'ESCALATED') return 'Escalated: nobody acknowledged it';
  if (state === 'RESOLVED')
    return reason === null ? 'Resolved: within its limit again' : `Resolved: ${reason}`;
  return STATE_TEXT[state];
}
