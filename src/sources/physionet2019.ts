import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { VARIABLES } from '../clinical/variables.js';
import { HOUR_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import type { SourceMessage } from '../events/source-message.js';
import { NO_NUMBER, numberInText, yesOrNo } from './cells.js';
import { type ChartedValue, type HistoricStay, wardsOf } from './historic-stay.js';
import type { Label, Labels } from './labels.js';
import { type CodeMapping, unitOf } from './mapping.js';
import { Ledger, noCounts, type ReplaySource } from './source.js';

const TWICE = 'there twice, in two folders: the first counts';
const NO_STAY = 'no stay: the file lacks the column ICULOS in line 1';
/** SepsisLabel turns 1 this long before the onset (Reyna et al., Crit Care Med 2020;48:210-217). */
const LABEL_LEADS_MS = 6 * HOUR_MS;
/** Beds are kept this long; the Challenge's longest stay is 336 h. */
const LONGEST_MS = 31 * 24 * HOUR_MS;
/** Columns that are not charted values. */
const DESCRIPTORS = new Set(['Age', 'Gender', 'Unit1', 'Unit2', 'HospAdmTime', 'ICULOS', 'SepsisLabel']);

/**
 * Stays of the PhysioNet/CinC Challenge 2019: one file a stay, columns separated by `|`, one row an hour, `NaN` where nothing
 * was charted. A row tells of the hour that ends at ICULOS, so its values are handed on then. Memory holds one ward of stays.
 */
export class Physionet2019Source implements ReplaySource {
  readonly counts = noCounts();
  readonly ledger = new Ledger();
  readonly hasClock = false;
  readonly total: number;
  readonly #directory: string;
  readonly #files: readonly string[];
  readonly #mapping: CodeMapping;
  readonly #keep: (patientId: string) => boolean;

  /** @throws WardstreamError `WS_SOURCE` where neither the folder nor one in it holds .psv files. */
  constructor(
    directory: string,
    mapping: CodeMapping,
    limit = Number.POSITIVE_INFINITY,
    keep: (patientId: string) => boolean = () => true,
  ) {
    const files = new Map<string, string>();
    for (const folder of foldersOf(directory)) {
      for (const name of readdirSync(folder).sort()) {
        if (!name.endsWith('.psv')) continue;
        if (!files.has(name)) files.set(name, join(folder, name));
        else if (keep(basename(name, '.psv'))) Ledger.add(this.ledger.stays, TWICE);
      }
    }
    if (files.size === 0) {
      const what = `${directory} holds no stays of the PhysioNet Challenge 2019 (files such as p000001.psv)`;
      throw new WardstreamError('WS_SOURCE', `${what}; give the folder they are in, or the one above`);
    }
    this.#directory = directory;
    this.#mapping = mapping;
    this.#keep = keep;
    this.#files = [...files.values()].slice(0, limit);
    this.total = this.#files.length;
  }

  async *messages(): AsyncGenerator<SourceMessage> {
    yield* wardsOf(this.#stays(), LONGEST_MS + 2 * HOUR_MS, 'physionet2019', (stays) => {
      this.counts.patients += stays;
    });
  }

  /** SepsisLabel of every stay. */
  async labels(): Promise<Labels | null> {
    const byPatient = new Map<string, Label>();
    for (const file of this.#files) {
      const [header, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
      const label = labelOf(header.trim().split('|'), lines);
      if (label !== null) byPatient.set(basename(file, '.psv'), label);
    }
    if (byPatient.size === 0) return null;
    return { outcome: 'sepsis', file: `${this.#directory} (SepsisLabel)`, byPatient };
  }

  /** @throws WardstreamError `WS_SOURCE` where no file is a stay; among stays, one that is none is set aside. */
  async *#stays(): AsyncGenerator<HistoricStay | null> {
    let others = 0;
    for (const file of this.#files) {
      if (!this.#keep(basename(file, '.psv'))) {
        yield null;
        continue;
      }
      const lines = (await readFile(file, 'utf8')).split('\n');
      if (!isStay(lines[0])) {
        others++;
        Ledger.add(this.ledger.stays, NO_STAY);
        continue;
      }
      const stay = this.#stay(file, lines);
      if (stay !== null) yield stay;
    }
    if (others < this.#files.length) return;
    const what = `${this.#files[0]} lacks the column ICULOS in line 1`;
    throw new WardstreamError('WS_SOURCE', `${what}; it is no stay of the PhysioNet Challenge 2019`);
  }

  #stay(file: string, [header, ...lines]: readonly string[]): HistoricStay | null {
    const columns = header.trim().split('|');
    const at = new Map(columns.map((name, index) => [name, index]));
    const hour = at.get('ICULOS')!;
    const charted = columns.flatMap((name, index) =>
      DESCRIPTORS.has(name) ? [] : [{ name, index, meaning: this.#mapping.meaningOf(name) }],
    );
    const patientId = basename(file, '.psv');
    const values: ChartedValue[] = [];
    let first: string[] | null = null;
    let endMs = 0;
    for (const line of lines) {
      if (line.trim() === '') continue;
      const cells = line.trimEnd().split('|');
      // The last moment of its hour, so that it belongs to that hour's step.
      const atMs = Math.round(numberInText(cells[hour] ?? '') * HOUR_MS) - 1;
      if (cells.length !== columns.length || !Number.isFinite(atMs)) {
        this.counts.rows++;
        this.counts.malformed++;
        continue;
      }
      first ??= cells;
      const outside = atMs < 0 ? 'charted before admission' : atMs > LONGEST_MS ? 'after 31 days' : null;
      if (outside === null) endMs = Math.max(endMs, atMs);
      for (const { name, index, meaning } of charted) {
        const cell = cells[index];
        const value = numberInText(cell);
        if (Number.isNaN(value)) continue;
        this.counts.rows++;
        if (value === NO_NUMBER) this.counts.malformed++;
        else if (meaning === null) this.ledger.leaveOut('unmapped', name);
        else if (meaning === 'ignore') this.ledger.leaveOut('values', 'ignored by the mapping');
        else if (outside !== null) this.ledger.leaveOut('values', outside);
        else {
          const { variable } = meaning;
          const { code } = VARIABLES[variable];
          values.push({ atMs, variable, code, unit: unitOf(meaning, value), value });
        }
      }
    }
    if (first === null) {
      Ledger.add(this.ledger.stays, 'no rows');
      return null;
    }
    return { patientId, admission: this.#admission(first, at), values, endMs: endMs + 1 };
  }

  #admission(cells: readonly string[], at: ReadonlyMap<string, number>): HistoricStay['admission'] {
    const numberAt = (name: string): number | null => {
      const value = numberInText(cells[at.get(name) ?? -1] ?? '');
      return Number.isFinite(value) ? value : null;
    };
    const [age, gender] = [numberAt('Age'), numberAt('Gender')];
    for (const value of [age, gender]) {
      if (value === null) continue;
      this.counts.rows++;
      this.counts.descriptors++;
    }
    const unitType = numberAt('Unit1') === 1 ? 'MEDICAL' : numberAt('Unit2') === 1 ? 'SURGICAL' : null;
    return { ageYears: age, sex: gender === null ? null : gender === 1 ? 'MALE' : 'FEMALE', unitType };
  }
}

function isStay(header: string): boolean {
  return header.trim().split('|').includes('ICULOS');
}

/** A folder and those in it. */
function foldersOf(directory: string): string[] {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) return [];
  const within = readdirSync(directory)
    .sort()
    .map((name) => join(directory, name));
  return [directory, ...within.filter((each) => statSync(each).isDirectory())];
}

/** The first hour that says so, and what the label leads by; null where there is no label. */
function labelOf(columns: readonly string[], lines: readonly string[]): Label | null {
  const [label, hour] = [columns.indexOf('SepsisLabel'), columns.indexOf('ICULOS')];
  if (label < 0 || hour < 0 || lines.every((line) => line.trim() === '')) return null;
  const isLast = label === columns.length - 1;
  for (const line of lines) {
    // As in the Challenge: most lines need not be taken apart.
    if (isLast && line.trimEnd().endsWith('|0')) continue;
    const cells = line.trimEnd().split('|');
    if (cells.length !== columns.length || yesOrNo(cells[label]) !== true) continue;
    return { happened: true, onsetMs: numberInText(cells[hour]) * HOUR_MS + LABEL_LEADS_MS };
  }
  return { happened: false, onsetMs: null };
}
