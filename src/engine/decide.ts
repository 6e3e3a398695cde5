import type { AlertPolicy } from '../alerts/policy.js';
import type { PatientPlace } from '../alerts/rule-state.js';
import type { AlertMessage } from '../contract/messages.js';
import { deadLetter } from '../events/dead-letter.js';
import type { EpochMs } from '../events/event.js';
import { type Action, factsOf, type Outputs, type StayFacts } from './outputs.js';

/** Event time up to which all of a partition is in: time alone changes nothing beyond it. */
type Ordered = (partition: number) => EpochMs;

/** What the alert policy makes of one action of alignment, added to the outputs of its batch. */
export function decide(policy: AlertPolicy, action: Action, outputs: Outputs, ordered: Ordered): void {
  switch (action.kind) {
    case 'admitted':
      outputs.admitted.push(action.facts.patient);
      outputs.alerts.push(...placed(policy, action.facts, ordered));
      return;
    case 'reopened':
      takeBack(action.facts, outputs);
      takeNote(policy, action.facts, outputs, ordered);
      return;
    case 'updated':
      takeNote(policy, action.facts, outputs, ordered);
      return;
    case 'score':
      outputs.scores.push(action.score);
      outputs.alerts.push(...policy.score(action.score, ordered(action.partition)));
      return;
    case 'measured':
      outputs.alerts.push(...policy.measure(action.moment, ordered(action.partition)));
      return;
    case 'act': {
      const { message, event } = action;
      const { patientId, eventTime, alertId } = message;
      const passed = Math.min(eventTime, ordered(event.partition));
      outputs.alerts.push(...policy.advanceTo(patientId, passed));
      const record = policy.act(message);
      if (record !== null) {
        outputs.alerts.push(record);
        return;
      }
      const detail = `the patient has no open alert ${alertId}`;
      event.fate = 'unknown-alert';
      const rejection = { reason: 'unknown-alert' as const, detail, patientId, eventTime, index: -1 };
      outputs.deadLetters.push(deadLetter(event, null, rejection));
      return;
    }
    case 'restored': {
      const { patient, alerts } = action;
      outputs.restored.push({ patient, alerts: policy.restore(patient.patientId, alerts) });
      outputs.alerts.push(...policy.settle(placeOf(factsOf(patient))));
      return;
    }
    case 'recalled': {
      const { patient, alerts } = action;
      policy.restore(patient.patientId, alerts);
      outputs.recalled.push({ patient });
      outputs.alerts.push(...policy.settle(placeOf(factsOf(patient))));
      return;
    }
    case 'released':
      outputs.released.push(action.patient);
      policy.release(action.patient.patientId);
      return;
    case 'discharged': {
      const { patient, time } = action;
      outputs.discharged.push(patient);
      outputs.alerts.push(...policy.discharge(patient.patientId, time, ordered(patient.partition)));
    }
  }
}

/** Who is discharged and here again within one batch never left. */
function takeBack({ patient }: StayFacts, { discharged, restored }: Outputs): void {
  const index = discharged.indexOf(patient);
  if (index >= 0) discharged.splice(index, 1);
  else restored.push({ patient, alerts: [] });
}

function takeNote(policy: AlertPolicy, facts: StayFacts, outputs: Outputs, ordered: Ordered): void {
  outputs.updated.push(facts);
  outputs.alerts.push(...placed(policy, facts, ordered));
}

function placed(policy: AlertPolicy, facts: StayFacts, ordered: Ordered): AlertMessage[] {
  return policy.place(placeOf(facts), ordered(facts.patient.partition));
}

function placeOf({ patient: { patientId, stayId }, wardId, bedId, time }: StayFacts): PatientPlace {
  return { patientId, stayId, wardId, bedId, time };
}
