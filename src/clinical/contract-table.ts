import { VARIABLES, type Variable } from './variables.js';

const BEGINS = '<!-- variables: npm run api writes this table -->\n';
const ENDS = '<!-- end of variables -->';

/** The vocabulary as a table of Markdown, for the data contract. */
export function contractTable(): string {
  const rows = VARIABLES.map((variable) => [
    variable.id,
    variable.kind === 'vital' ? 'vitals' : 'labs',
    [variable.code, ...variable.aliases].join(', '),
    `\`${variable.unit}\``,
    otherUnits(variable),
    `${variable.possible[0]} to ${variable.possible[1]}`,
  ]);
  const head = ['id (also a code)', 'topic', 'code, LOINC', 'canonical unit', 'also read', 'possible'];
  const all = [head, head.map(() => ''), ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row: readonly string[], filler: string) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column], filler)).join(' | ')} |`;
  return [line(head, ' '), line(all[1], '-'), ...rows.map((row) => line(row, ' '))].join('\n');
}

/** The document with the table in its place. @throws Error where it has no place for it. */
export function withContractTable(document: string, table: string): string {
  const begin = document.indexOf(BEGINS);
  const end = document.indexOf(ENDS);
  if (begin < 0 || end < begin) throw new Error('the document has no place for the table of variables');
  return `${document.slice(0, begin + BEGINS.length)}\n${table}\n\n${document.slice(end)}`;
}

/** Every spelling but the canonical one. */
function otherUnits({ unit, units }: Variable): string {
  const others = [...units.keys()].filter((each) => each !== unit);
  return others.map((each) => (each === '' ? 'none' : `\`${each}\``)).join(' ');
}
