import { news2Text, shortAgeText, valueText } from '../format.js';
import type { PatientView } from '../protocol.js';
import { type Basis, news2Inputs, sofaRows } from './bedside.js';

interface ScoresCardProps {
  readonly patient: PatientView;
  readonly now: number;
}

/** NEWS2 and SOFA of the last known values: what each rests on, and what is missing. */
export function ScoresCard({ patient, now }: ScoresCardProps) {
  const { sofa, qsofa } = patient;
  const { known, of, missing } = news2Inputs(patient);
  const rows = sofaRows(patient, now);
  const unknown = rows.filter(({ points }) => points === null).length;
  const total = sofa?.total ?? null;
  return (
    <section class="card scores-card" aria-labelledby="scores-title" data-testid="scores-card">
      <h3 id="scores-title">
        Scores <small>of the last values used, not of the worst of a day</small>
      </h3>
      <dl class="totals">
        <div>
          <dt>
            NEWS2 {known}/{of}
          </dt>
          <dd>{news2Text(patient) ?? '–'}</dd>
        </div>
        <div>
          <dt>
            SOFA {rows.length - unknown}/{rows.length}
          </dt>
          <dd>{total === null ? '–' : unknown > 0 ? `≥ ${total}` : total}</dd>
        </div>
        <div>
          <dt>qSOFA</dt>
          <dd>{qsofa ?? '–'}</dd>
        </div>
      </dl>
      {missing.length > 0 && <p class="note">NEWS2 is missing: {missing.join(', ')}.</p>}
      <table>
        <caption class="unseen">SOFA part by part</caption>
        <tbody>
          {rows.map(({ name, points, basis, drugs }) => (
            <tr key={name} class={points === null ? 'missing' : ''}>
              <th scope="row">{name}</th>
              <td class="note">{[...basis.map(basisText), ...drugs].join(', ')}</td>
              <td class="number">{points === null ? 'unknown' : `${points}/4`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function basisText({ label, variable, value, unit, ageMs, isOld }: Basis): string {
  if (value === null) return `${label} missing`;
  return `${label} ${valueText(variable, value, unit)} ${shortAgeText(ageMs)}${isOld ? ', too old' : ''}`;
}
