import { SIGNS } from '../../../../src/clinical/signs.js';
import { ageText, labelOf, valueText } from '../format.js';
import { Icon } from '../icons.js';
import type { PatientView } from '../protocol.js';
import {
  criterionText,
  doubtsOf,
  mayBeArrest,
  ORGANS,
  sinceMoment,
  sortStates,
  stateValue,
  type UnclearState,
  unclearStates,
} from '../standing.js';

interface CardProps {
  readonly patient: PatientView;
  readonly now: number;
}

/** What the patient is in now, by which criterion, since when and by which value. */
export function StateCard({ patient, now }: CardProps) {
  const states = sortStates(patient.states);
  const unclear = unclearStates(patient, now);
  const isKnown = unclear.filter(({ ageMs }) => ageMs === null).length < ORGANS;
  return (
    <section class="card standing-card" aria-labelledby="state-title" data-testid="state-card">
      <h3 id="state-title">
        State now <small>fact, by published criteria</small>
      </h3>
      {patient.stale && (
        <p class="note">
          <b>Old:</b> no data {ageText(Math.max(0, now - patient.lastEventAt))}
        </p>
      )}
      {states.length === 0 && isKnown && <p class="note">No criterion is met.</p>}
      <ul>
        {states.map((state) => (
          <li key={state.criterion} class={state.grade}>
            <Icon name={state.grade} />
            <p>
              <b>{state.label}</b> <span class="note">{state.grade}</span>
              <b class="number">{stateValue(state)}</b>
            </p>
            <p class="note">
              {sinceMoment(state.since, now)} · by {labelOf(state.variable)}
              {patient.told?.values[state.variable] === undefined ? '' : ' of a note'},{' '}
              {ageText(Math.max(0, now - state.at))} old · {signText(state.sign)}{' '}
              {criterionText(state.criterion)}
            </p>
          </li>
        ))}
        {unclear.map(({ organ, ageMs }) => (
          <li key={organ} class="unknown">
            <Icon name="doubt" />
            <p>
              <b>
                {organ === 'P/F' ? 'PaO₂/FiO₂' : 'Circulation'} {ageMs === null ? 'unknown' : 'old'}
              </b>
            </p>
            <p class="note">
              {ageMs === null ? UNKNOWN_TEXT[organ] : `told by values ${ageText(ageMs)} old`}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

const UNKNOWN_TEXT: Readonly<Record<UnclearState['organ'], string>> = {
  circulation: 'no mean pressure of the last 4 h',
  'P/F': 'needs FiO₂, and PaO₂ or SpO₂ of at most 97 %, of the last 4 h',
};

function signText(sign: string): string {
  return Object.hasOwn(SIGNS, sign) ? SIGNS[sign as keyof typeof SIGNS].label : sign;
}

/** What is told of the patient now and not used, with the reason. Nothing where all is used. */
export function DoubtCard({ patient, now }: CardProps) {
  const doubts = doubtsOf(patient);
  if (doubts.length === 0) return null;
  return (
    <section class="card standing-card" aria-labelledby="doubt-title" data-testid="doubt-card">
      <h3 id="doubt-title">
        Not used now <small>no state, score or alert rests on it</small>
      </h3>
      <ul>
        {doubts.map((doubt) => (
          <li key={`${doubt.probe} ${doubt.reason}`} class={mayBeArrest(doubt) ? 'arrest' : 'doubted'}>
            <Icon name="doubt" />
            <p>
              <b>{doubt.probe}</b> <span class="note">{doubt.verdict}</span>
            </p>
            <p class="note">
              {doubt.values.map(({ variable, value, unit, at }) => (
                <span key={variable}>
                  {labelOf(variable)} {valueText(variable, value, unit)}, {ageText(Math.max(0, now - at))}{' '}
                  old.{' '}
                </span>
              ))}
              {doubt.words}.
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
