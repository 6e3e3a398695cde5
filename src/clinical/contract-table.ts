import { DRUGS } from './drugs.js';
import { VARIABLES, type Variable } from './variables.js';

/** The tables of the vocabulary in the data contract, by the name that the document has for their place. */
const TABLES = { variables: variableTable, drugs: drugTable } as const;

/** The document with the tables of the vocabulary in their places. @throws Error where it has no place for one. */
export function withContractTables(document: string): string {
  return Object.entries(TABLES).reduce((text, [name, table]) => {
    const begins = `<!-- ${name}: npm run api writes this table -->\n`;
    const [begin, end] = [text.indexOf(begins), text.indexOf(`<!-- end of ${name} -->`)];
    if (begin < 0 || end < begin) throw new Error(`the document has no place for the table of ${name}`);
    return `${text.slice(0, begin + begins.length)}\n${table()}\n\n${text.slice(end)}`;
  }, document);
}

function variableTable(): string {
  const rows = VARIABLES.map((variable) => [
    variable.id,
    variable.kind === 'vital' ? 'vitals' : 'labs',
    [variable.code, ...variable.aliases].join(', '),
    `\`${variable.unit}\``,
    otherUnits(variable),
    `${variable.possible[0]} to ${variable.possible[1]}`,
  ]);
  return markdown(
    ['id (also a code)', 'topic', 'code, LOINC', 'canonical unit', 'also read', 'possible'],
    rows,
  );
}

function drugTable(): string {
  const rows = DRUGS.map(({ names, atc, rxnorm, unit, most }) => {
    return [names.join(', '), atc, rxnorm ?? '', `\`${unit}\``, `0 to ${most}`];
  });
  return markdown(['name', 'ATC', 'RXNORM', 'unit of its dose', 'possible'], rows);
}

/** As the formatter has it. */
function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => ''), ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row: readonly string[], filler: string) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column], filler)).join(' | ')} |`;
  return [line(head, ' '), line(all[1], '-'), ...rows.map((row) => line(row, ' '))].join('\n');
}

/** Every spelling but the canonical one. */
function otherUnits({ unit, units }: Variable): string {
  const others = [...units.keys()].filter((each) => each !== unit);
  return others.map((each) => (each === '' ? 'none' : `\`${each}\``)).join(' ');
}
