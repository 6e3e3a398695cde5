import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { UnitConversion } from '../clinical/units.js';
import { INDEX_BY_CODE, VARIABLES } from '../clinical/variables.js';
import { WardstreamError } from '../errors.js';

/** Kinds of sources whose codes the table maps. */
export const MAPPED_SOURCES = ['physionet2012', 'physionet2019', 'yaib', 'meds'] as const;
export type MappedSource = (typeof MAPPED_SOURCES)[number];

const entrySchema = z.union([
  z.literal('ignore'),
  z.strictObject({ variable: z.string(), unit: z.union([z.string(), z.array(z.string()).min(1)]) }),
]);
const tableSchema = z.partialRecord(z.enum(MAPPED_SOURCES), z.record(z.string(), entrySchema));
type Table = z.infer<typeof tableSchema>;

const SHIPPED = new URL('../../schemas/mapping.yaml', import.meta.url);

/** What a code of a source means: a variable, and how a value charted under it reads. */
export interface CodeMeaning {
  readonly variable: number;
  /** Units the value may be in; the first in which it is plausible counts. */
  readonly units: readonly (readonly [unit: string, conversion: UnitConversion])[];
}

/** The meaning of a source's codes: one table (schemas/mapping.yaml), a user's file over it, then the vocabulary. */
export class CodeMapping {
  readonly #meanings = new Map<string, CodeMeaning | 'ignore' | null>();

  private constructor(entries: ReadonlyMap<string, CodeMeaning | 'ignore'>) {
    for (const [code, meaning] of entries) this.#meanings.set(code, meaning);
  }

  /** @throws WardstreamError `WS_CONFIG` naming what is wrong in the user's file. */
  static load(source: MappedSource, file?: string): CodeMapping {
    const shipped = tableOf(readFileSync(SHIPPED, 'utf8'), 'schemas/mapping.yaml');
    const entries = entriesOf(shipped, source, 'schemas/mapping.yaml');
    if (file === undefined) return new CodeMapping(entries);
    if (!existsSync(file)) throw new WardstreamError('WS_CONFIG', `there is no mapping file ${file}`);
    const own = entriesOf(tableOf(readFileSync(file, 'utf8'), file), source, file);
    return new CodeMapping(new Map([...entries, ...own]));
  }

  /** What a code means; `ignore` where the table says so, null where nothing is known of it. */
  meaningOf(code: string): CodeMeaning | 'ignore' | null {
    let meaning = this.#meanings.get(code);
    if (meaning === undefined) {
      const variable = INDEX_BY_CODE.get(code) ?? INDEX_BY_CODE.get(code.replace(/^LOINC(\/\/|\/|:)/, ''));
      meaning = variable === undefined ? null : meaningOf(variable, [VARIABLES[variable].unit]);
      this.#meanings.set(code, meaning);
    }
    return meaning;
  }
}

/** The unit in which a value charted under a code is to be read. */
export function unitOf({ variable, units }: CodeMeaning, value: number): string {
  if (units.length > 1) {
    const [low, high] = VARIABLES[variable].plausible;
    for (const [unit, { scale, offset }] of units) {
      const canonical = value * scale + offset;
      if (canonical >= low && canonical <= high) return unit;
    }
  }
  return units[0][0];
}

function meaningOf(variable: number, names: readonly string[]): CodeMeaning {
  const { units } = VARIABLES[variable];
  return { variable, units: names.map((unit) => [unit, units.get(unit)!] as const) };
}

function tableOf(text: string, file: string): Table {
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    throw new WardstreamError('WS_CONFIG', `${file} is not YAML: ${String(error)}`, { cause: error });
  }
  const result = tableSchema.safeParse(data ?? {});
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join(' → ') || '(top)'}: ${message}`);
  const form = 'it must say SOURCE: { CODE: { variable: ID, unit: UCUM } }';
  throw new WardstreamError('WS_CONFIG', `${file} is no mapping: ${faults.join('; ')}; ${form}`);
}

function entriesOf(table: Table, source: MappedSource, file: string): Map<string, CodeMeaning | 'ignore'> {
  const entries = new Map<string, CodeMeaning | 'ignore'>();
  for (const [code, entry] of Object.entries(table[source] ?? {})) {
    if (entry === 'ignore') {
      entries.set(code, entry);
      continue;
    }
    const variable = VARIABLES.findIndex(({ id }) => id === entry.variable);
    if (variable < 0) {
      const known = VARIABLES.map(({ id }) => id).join(', ');
      const what = `${file}: ${source} → ${code}: there is no variable ${entry.variable}; known: ${known}`;
      throw new WardstreamError('WS_CONFIG', what);
    }
    const units = typeof entry.unit === 'string' ? [entry.unit] : entry.unit;
    const wrong = units.find((unit) => !VARIABLES[variable].units.has(unit));
    if (wrong !== undefined) {
      const known = [...VARIABLES[variable].units.keys()].filter((unit) => unit !== '').join(', ');
      const what = `${file}: ${source} → ${code}: ${entry.variable} has no unit ${wrong}; known: ${known}`;
      throw new WardstreamError('WS_CONFIG', what);
    }
    entries.set(code, meaningOf(variable, units));
  }
  return entries;
}
