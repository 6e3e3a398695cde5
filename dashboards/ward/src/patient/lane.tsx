import { momentText } from '../format.js';
import { Icon, type IconName } from '../icons.js';
import { clustersOf, type Mark } from './marks.js';
import type { Span } from './timeline.js';

/** Marks of one kind nearer than this are drawn as one, in CSS pixels. */
const LEAST_PX = 26;
const ICONS: Readonly<Record<Mark['kind'], IconName>> = {
  note: 'note',
  image: 'image',
  alert: 'bell',
  truth: 'flag',
};

const ROWS: readonly { readonly label: string; readonly kinds: readonly Mark['kind'][] }[] = [
  { label: 'What truly happened', kinds: ['truth'] },
  { label: 'Alerts raised', kinds: ['alert'] },
  { label: 'Notes', kinds: ['note'] },
  { label: 'Imaging', kinds: ['image'] },
];

interface LaneProps {
  readonly marks: readonly Mark[];
  readonly span: Span;
  /** Width of the time axis in CSS pixels. */
  readonly plotPx: number;
  readonly onMark: (mark: Mark) => void;
}

/** Notes, images and alerts on the time axis, a row a kind; each opens what it stands for. */
export function Lane({ marks, span, plotPx, onMark }: LaneProps) {
  const rows = ROWS.filter(({ kinds }) => marks.some(({ kind }) => kinds.includes(kind)));
  return (
    <div class="track lane">
      <div class="readout">
        {rows.map(({ label }) => (
          <h3 key={label}>{label}</h3>
        ))}
      </div>
      <div>
        {rows.map(({ label, kinds }) => (
          <ul key={label} class="marks" aria-label={label}>
            {clustersOf(
              marks.filter(({ kind }) => kinds.includes(kind)),
              span,
              LEAST_PX / Math.max(1, plotPx),
            ).map(({ at, marks: these }) => {
              const last = these[these.length - 1];
              const many = these.length > 1 ? `${these.length} close together, the last: ` : '';
              const text = `${many}${momentText(last.time)} ${last.text}`;
              return (
                <li
                  key={these[0].id}
                  class={last.kind === 'truth' ? 'truth' : ''}
                  style={{ left: `${(100 * at).toFixed(2)}%` }}
                >
                  <button type="button" aria-label={text} title={text} onClick={() => onMark(last)}>
                    <Icon name={ICONS[last.kind]} />
                    {these.length > 1 && <span>{these.length}</span>}
                  </button>
                </li>
              );
            })}
          </ul>
        ))}
      </div>
    </div>
  );
}
