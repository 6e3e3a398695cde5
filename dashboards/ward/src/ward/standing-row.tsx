import { ageText, minuteText, shortAgeText } from '../format.js';
import { Icon } from '../icons.js';
import type { PatientView } from '../protocol.js';
import {
  type Doubt,
  doubtsOf,
  mayBeArrest,
  ORGANS,
  reasonText,
  sinceMoment,
  sortStates,
  stateValue,
  type UnclearState,
  unclearStates,
} from '../standing.js';

interface StandingRowProps {
  readonly patient: PatientView;
  readonly now: number;
  /** Nothing has come of the patient for long: what is shown is of then. */
  readonly isOld: boolean;
  /** What is shown may not be so any more. */
  readonly isAsOf: boolean;
}

/** The state now, and beside it what is not used: two places, so that neither is taken for the other. */
export function StandingRow({ patient, now, isOld, isAsOf }: StandingRowProps) {
  const doubts = doubtsOf(patient);
  return (
    <div class="standing">
      <StateNow patient={patient} now={now} isOld={isOld} isAsOf={isAsOf} />
      {doubts.length > 0 && <NotUsed doubts={doubts} now={now} />}
    </div>
  );
}

function StateNow({ patient, now, isOld, isAsOf }: StandingRowProps) {
  const [leading, ...others] = sortStates(patient.states);
  const asOf = (isOld || isAsOf) && <span class="word"> as of {minuteText(patient.lastEventAt)}</span>;
  if (leading === undefined) {
    const unclear = unclearStates(patient, now);
    const isUnknown = isOld || (unclear.every(({ ageMs }) => ageMs === null) && unclear.length === ORGANS);
    return (
      <p class={isUnknown ? 'now unknown' : 'now none'} data-testid="state">
        <span class="line">
          <span class="unseen">State now: </span>
          {isUnknown ? <b>State unknown</b> : 'No critical state'}
          {!isOld && asOf}
        </span>
        <span class="note">
          {isOld ? `no data ${ageText(now - patient.lastEventAt)}` : unclear.map(unclearText).join(', ')}
        </span>
      </p>
    );
  }
  const { grade, label, since, at } = leading;
  return (
    <p
      class={`now ${grade}${isOld ? ' old' : ''}`}
      data-testid="state"
      title={others.map((each) => each.label).join(', ')}
    >
      <Icon name={grade} />
      <span class="line">
        <span class="unseen">State now, {grade}: </span>
        <b>{label}</b>
        {others.length > 0 && ` +${others.length}`}
      </span>
      <span class="note">
        <b>{stateValue(leading)}</b> {shortAgeText(Math.max(0, now - at))} · {sinceMoment(since, now)}
        {asOf}
      </span>
    </p>
  );
}

function unclearText({ organ, ageMs }: UnclearState): string {
  return ageMs === null ? `${organ} unknown` : `${organ} ${shortAgeText(ageMs)} old`;
}

function NotUsed({ doubts, now }: { readonly doubts: readonly Doubt[]; readonly now: number }) {
  const [leading, ...others] = doubts;
  const title = doubts.map(({ probe, words }) => `${probe} not used: ${words}`).join('. ');
  return (
    <p class={mayBeArrest(leading) ? 'doubt arrest' : 'doubt'} data-testid="doubt" title={title}>
      <Icon name="doubt" />
      <span class="line">
        <b>{leading.probe}</b>
        {others.length > 0 && ` +${others.length}`}{' '}
      </span>
      <span class="note">
        not used: {reasonText(leading.reason)} {shortAgeText(Math.max(0, now - leading.at))}
      </span>
    </p>
  );
}
