import { numberInText } from '../../sources/cells.js';
import { addObservations, type ObservationsItem } from '../json/items.js';
import { Outcome, type Reading } from '../json/outcome.js';
import type { Layout, TimeForm } from './mapping.js';

/** Reads the rows of a file by its first line. */
export class RowReader {
  readonly #layout: Layout;
  readonly #places: ReadonlyMap<string, number>;
  readonly #width: number;

  private constructor(layout: Layout, header: readonly string[]) {
    this.#layout = layout;
    this.#places = new Map(header.map((name, place) => [name, place]));
    this.#width = header.length;
  }

  /** The reader of a file with this first line; else why that is none: a file without header, or another sender's. */
  static of(layout: Layout, firstLine: readonly string[]): RowReader | string {
    const header = firstLine.map((name) => name.trim());
    const needed = columnsOf(layout);
    const missing = needed.filter((name) => !header.includes(name));
    if (missing.length > 0) return `its first line lacks the columns ${missing.join(', ')}`;
    const twice = needed.find((name) => header.indexOf(name) !== header.lastIndexOf(name));
    return twice === undefined ? new RowReader(layout, header) : `its first line names ${twice} twice`;
  }

  /** What comes out of a row. Never throws. */
  read(cells: readonly string[] | null, reading: Reading): Outcome {
    const out = new Outcome(reading);
    if (cells === null) out.reject('undecodable', 'the row has quotes that do not match');
    else if (cells.length !== this.#width)
      out.reject('undecodable', `the row has ${cells.length} cells, and the first line ${this.#width}`);
    else addObservations(this.#itemOf(cells), reading, out);
    return out;
  }

  #itemOf(cells: readonly string[]): ObservationsItem {
    const { columns, values, times } = this.#layout;
    const cell = (name: string | undefined) =>
      name === undefined ? '' : cells[this.#places.get(name) as number].trim();
    const time = (names: string | readonly string[]) =>
      isoOf([names].flat().map(cell).join(' ').trim(), times);
    const observed = columns.observedAt === undefined ? '' : time(columns.observedAt);
    const value = (text: string) => (Number.isNaN(numberInText(text)) ? null : text);
    const { code, system, unit } = columns;
    const observations =
      values === undefined
        ? [
            {
              code: cell(code),
              system: cell(system) || null,
              value: value(cell(columns.value)),
              unit: cell(unit),
            },
          ]
        : [...values].map(([name, of]) => ({ ...of, value: value(cell(name)) }));
    return {
      patientId: cell(columns.patient),
      time: time(columns.time),
      observedAt: observed === '' ? null : observed,
      specimenId: cell(columns.specimen) || null,
      observations,
    };
  }
}

function columnsOf({ columns, values }: Layout): string[] {
  const named = Object.values(columns).flat();
  return [...named.filter((name) => name !== undefined), ...(values?.keys() ?? [])];
}

const DATE_FIRST = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})\s+(\d{1,2}):(\d{2}.*)$/;

/** A time in the form that the mapping states, as ISO 8601 writes it; what is none stays as it is, and is refused. */
function isoOf(text: string, form: TimeForm): string {
  if (form === 'iso') return text;
  if (form === 'epoch-s' || form === 'epoch-ms') {
    if (!/^\d+(\.\d+)?$/.test(text)) return text === '' ? text : `${text} (no ${form})`;
    const time = new Date(Math.floor(Number(text) * (form === 'epoch-s' ? 1000 : 1)));
    return Number.isNaN(time.getTime()) ? text : time.toISOString();
  }
  const match = DATE_FIRST.exec(text);
  if (match === null) return `${text} (no ${form})`;
  const [, first, second, year, hour, rest] = match;
  const [day, month] = form === 'day-month-year' ? [first, second] : [second, first];
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')} ${hour.padStart(2, '0')}:${rest}`;
}
