import { SIGNS } from '../clinical/signs.js';
import { CRITERIA, type Criterion } from '../clinical/state.js';
import { amountText } from '../contract/amounts.js';
import { signalOf } from '../contract/signals.js';
import { MINUTE_MS } from '../durations.js';
import { DEFAULT_CONFIG } from './config.js';

/** A table of docs/alarms.md, between the lines that name it. */
interface Table {
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** docs/alarms.md with its tables as criteria and default rules are. @throws Error where it has no place for one of them. */
export function withAlarmTables(page: string): string {
  return tables().reduce((text, table) => {
    const begins = `<!-- ${table.name}: npm run api writes this table -->\n`;
    const ends = `<!-- end of ${table.name} -->`;
    const [begin, end] = [text.indexOf(begins), text.indexOf(ends)];
    if (begin < 0 || end < begin) throw new Error(`the page has no place for the table of ${table.name}`);
    return `${text.slice(0, begin + begins.length)}\n${markdown(table)}\n\n${text.slice(end)}`;
  }, page);
}

function tables(): Table[] {
  const { state, rules } = DEFAULT_CONFIG.alerts;
  const alarmed = ({ id, grade }: Criterion) => state.grades.includes(grade) && !state.except.includes(id);
  return [
    {
      name: 'states',
      head: ['alert', 'id', 'priority', 'raised at', 'for', 'ends at', 'why'],
      rows: CRITERIA.map((criterion) => {
        const { id, label, sign, grade, direction, limit, endLimit, lastsMs, source } = criterion;
        const [beyond, within] = direction === 'low' ? ['≤', '≥'] : ['≥', '≤'];
        const { label: of, unit } = SIGNS[sign];
        const priority = grade === 'critical' ? 'HIGH' : 'MEDIUM';
        return [
          label,
          `\`${id}\``,
          alarmed(criterion) ? priority : 'none, shown only',
          `${of} ${beyond} ${amountText(limit, unit)}`,
          lasting(lastsMs),
          `${within} ${amountText(endLimit, unit)}`,
          source,
        ];
      }),
    },
    {
      name: 'rules',
      head: [
        ...['alert', 'id', 'priority', 'raised at', 'for', 'ends below', 'ends after', 'then silent for'],
        ...['from admission on not for', 'while what it foretells is there', 'and after it for'],
      ],
      rows: rules.map((rule) => {
        const { id, signal, priority, holdMs, refractoryMs, startAfterMs, endAfterMs, quietAfterEventMs } =
          rule;
        const { label, unit } = signalOf(signal);
        const [at, below] = [rule.raiseAt, rule.resolveBelow].map((value) => amountText(value, unit));
        return [
          ...[label, `\`${id}\``, priority, `≥ ${at}`, lasting(holdMs), below],
          endAfterMs === undefined ? 'never' : lasting(endAfterMs),
          lasting(refractoryMs),
          startAfterMs === undefined ? '–' : lasting(startAfterMs),
          rule.quietDuringEvent === true ? 'silent' : '–',
          quietAfterEventMs === undefined ? '–' : lasting(quietAfterEventMs),
        ];
      }),
    },
  ];
}

function lasting(ms: number): string {
  return ms === 0 ? 'at once' : `${ms / MINUTE_MS} min`;
}

/** As the formatter has it. */
function markdown({ head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row: readonly string[], filler: string) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column], filler)).join(' | ')} |`;
  const rule = head.map(() => '');
  return [line(head, ' '), line(rule, '-'), ...rows.map((row) => line(row, ' '))].join('\n');
}
