import { ageText, labelOf, momentText, valueText } from '../format.js';
import type { PatientView } from '../protocol.js';

interface ToldCardProps {
  readonly patient: PatientView;
  readonly now: number;
}

/** What notes stated of the patient: values that are used, measurements they contradict, and all else. Nothing where they stated nothing. */
export function ToldCard({ patient, now }: ToldCardProps) {
  const { told, values } = patient;
  if (told === undefined) return null;
  return (
    <section class="card standing-card" aria-labelledby="told-title" data-testid="told-card">
      <h3 id="told-title">
        From notes <small>stated, not measured</small>
      </h3>
      <ul>
        {Object.entries(told.values).map(([variable, { at, sentence }]) => (
          <li key={variable}>
            <p>
              <b>{labelOf(variable)}</b>{' '}
              <b class="number">{valueText(variable, values[variable].value, values[variable].unit)}</b>{' '}
              <span class="note">used</span>
            </p>
            <p class="note">
              Note, {ageText(Math.max(0, now - at))} old: “{sentence}”
            </p>
          </li>
        ))}
        {told.contradicted.map(({ variable, value, measured, unit, at, noteId, sentence }) => (
          <li key={`${noteId} ${variable} ${at}`} class="doubted">
            <p>
              <b>{labelOf(variable)}</b> <span class="note">contradicted, not used</span>
            </p>
            <p class="note">
              A note says {valueText(variable, value, unit)}, {valueText(variable, measured, unit)} was
              measured and stands. Note, {ageText(Math.max(0, now - at))} old: “{sentence}”
            </p>
          </li>
        ))}
        {told.statuses.map(({ text, at, noteId, sentence }) => (
          <li key={`${noteId} ${text}`}>
            <p>
              <b>{text}</b>
            </p>
            <p class="note">
              Note {momentText(at)}: “{sentence}”
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
