import { ageText, labelOf, momentText } from '../format.js';
import { Icon } from '../icons.js';
import type { StateSpan } from '../protocol.js';
import { criterionText, sortStates, stateValue } from '../standing.js';
import type { Span } from './timeline.js';

interface StateLaneProps {
  readonly states: readonly StateSpan[];
  readonly span: Span;
  readonly now: number;
}

/** The states as bars over time, a row a criterion. */
export function StateLane({ states, span, now }: StateLaneProps) {
  const shown = states.filter(({ since, to }) => since <= span.to && (to ?? now) >= span.from);
  if (shown.length === 0) return null;
  const rows = sortStates([...new Map(shown.map((each) => [each.criterion, each])).values()]);
  const part = (time: number) => 100 * Math.min(1, Math.max(0, (time - span.from) / (span.to - span.from)));
  return (
    <div class="track states">
      <div class="readout">
        {rows.map(({ criterion, label, grade }) => (
          <h3 key={criterion}>
            <Icon name={grade} /> {label}
          </h3>
        ))}
      </div>
      <div>
        {rows.map(({ criterion, label, grade }) => (
          <ul key={criterion} class={`spans ${grade}`} aria-label={`State: ${label}`}>
            {shown
              .filter((each) => each.criterion === criterion)
              .map((each) => {
                const text = spanText(each, now);
                const [from, to] = [part(each.since), part(each.to ?? now)];
                return (
                  <li
                    key={each.since}
                    class={each.to === null ? 'goes-on' : ''}
                    title={text}
                    style={{ left: `${from.toFixed(2)}%`, width: `${(to - from).toFixed(2)}%` }}
                  >
                    <span class="unseen">{text}</span>
                  </li>
                );
              })}
          </ul>
        ))}
      </div>
    </div>
  );
}

/** `Low mean pressure, failing, since Mon 02:10 for 45 min, 61 mmHg (worst 52 mmHg), by Mean BP (cuff); criterion: …` */
export function spanText(span: StateSpan, now: number): string {
  const { label, grade, since, to, worst, unit, variable, criterion } = span;
  const length = ageText(Math.max(0, (to ?? now) - since));
  const goesOn = to === null ? ', goes on' : '';
  const rule = criterionText(criterion);
  return (
    `${label}, ${grade}, since ${momentText(since)} for ${length}${goesOn}, ${stateValue(span)} ` +
    `(worst ${stateValue({ value: worst, unit })}), by ${labelOf(variable)}${rule === '' ? '' : `; criterion: ${rule}`}`
  );
}
