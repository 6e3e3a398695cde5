import { REASONS } from '../../../../src/clinical/trust.js';
import { VARIABLES } from '../../../../src/clinical/variables.js';
import { UNIT_TEXT } from '../../../../src/contract/amounts.js';
import { ageText, labelOf, momentText } from '../format.js';
import { Icon } from '../icons.js';
import type { StateSpan } from '../protocol.js';
import { criterionText, stateValue } from '../standing.js';
import type { DoubtRun } from './doubts.js';

const UNITS = new Map(
  VARIABLES.map(({ id, unit, decimals }) => [id, { unit: UNIT_TEXT[unit] ?? unit, decimals }]),
);
const WORDS = new Map(REASONS.map(({ id, words }) => [id, words]));

/** The states of the time shown, newest first, each with what it was told by. */
export function StateHistory({
  states,
  now,
}: {
  readonly states: readonly StateSpan[];
  readonly now: number;
}) {
  if (states.length === 0) return <p class="empty">No state in the time shown.</p>;
  return (
    <ul data-testid="state-history">
      {states.toReversed().map((span) => {
        const { criterion, grade, label, since, to, worst, unit, variable } = span;
        return (
          <li key={`${criterion} ${since}`} class="entry text">
            <p>
              <Icon name={grade} /> <b>{label}</b> <span class="note">{grade}</span>
            </p>
            <p class="note">
              {momentText(since)} for {ageText(Math.max(0, (to ?? now) - since))}
              {to === null && ', goes on'} · {stateValue(span)} (worst {stateValue({ value: worst, unit })})
              by {labelOf(variable)} · {criterionText(criterion)}
            </p>
          </li>
        );
      })}
    </ul>
  );
}

/** What was told in the time shown and not used, newest first, with the reason. */
export function DoubtHistory({ runs }: { readonly runs: readonly DoubtRun[] }) {
  if (runs.length === 0) return <p class="empty">All values of the time shown are used.</p>;
  return (
    <ul data-testid="doubt-history">
      {runs.map((run) => (
        <li key={`${run.probe} ${run.reason} ${run.from}`} class="entry text">
          <p>
            <Icon name="doubt" /> <b>{run.probe}</b> {rangeText(run)} <span class="note">{run.verdict}</span>
          </p>
          <p class="note">
            {momentText(run.from)}
            {run.count > 1 && `, ${run.count} values over ${ageText(run.to - run.from)}`} ·{' '}
            {WORDS.get(run.reason) ?? run.reason}
          </p>
        </li>
      ))}
    </ul>
  );
}

function rangeText({ variable, lowest, highest }: DoubtRun): string {
  const { unit, decimals } = UNITS.get(variable) ?? { unit: '', decimals: 1 };
  const [low, high] = [lowest.toFixed(decimals), highest.toFixed(decimals)];
  return `${low === high ? low : `${low} to ${high}`} ${unit}`.trim();
}
