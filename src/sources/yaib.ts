import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLES } from '../clinical/variables.js';
import { HOUR_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import type { SourceMessage } from '../events/source-message.js';
import { idIn, NO_NUMBER, yesOrNo } from './cells.js';
import { groupedRows } from './grouped-rows.js';
import { type ChartedValue, type HistoricStay, wardsOf } from './historic-stay.js';
import type { Label, Labels } from './labels.js';
import { type CodeMapping, unitOf } from './mapping.js';
import { numberOf, ParquetTable } from './parquet.js';
import { Ledger, noCounts, type ReplaySource } from './source.js';

/** Labels of YAIB's sepsis and AKI run from this long before the onset (van de Water et al., ICLR 2024). */
const LABEL_LEADS_MS = 6 * HOUR_MS;
/** What the label of a task, the name of its folder, means. */
const OUTCOMES: readonly (readonly [RegExp, string])[] = [
  [/mortality|death/i, 'death in hospital'],
  [/sepsis/i, 'sepsis'],
  [/aki|kidney/i, 'acute kidney injury'],
];
/** Milliseconds of one unit of `time`, by what its smallest step can be: hours, seconds, milli-, micro- or nanoseconds. */
const TIME_UNITS = [
  [60, HOUR_MS],
  [60_000, 1000],
  [60_000_000, 1],
  [60_000_000_000, 1e-3],
  [Number.POSITIVE_INFINITY, 1e-6],
] as const;

interface OpenStay {
  readonly patientId: string;
  readonly values: ChartedValue[];
  endMs: number;
}

/** What a first look at the ids and times of dyn.parquet tells. */
interface Layout {
  readonly stays: ReadonlySet<string>;
  /** The rows of each stay follow each other. */
  readonly isGrouped: boolean;
  readonly msPerUnit: number;
  /** Rows lie on full hours: each tells of the hour that begins then. */
  readonly isHourly: boolean;
  readonly longestMs: number;
}

/**
 * A cohort in the form of the YAIB benchmark: `dyn.parquet` (stay_id, time, one column a variable), `sta.parquet` (stay_id, age,
 * sex, height, weight) and `outc.parquet` (stay_id, label, and time where the label is hourly). A row of an hourly table
 * sums up the hour that begins at its time, so its values are handed on when that hour is over. Rows of a stay that lie apart are put
 * together on disk first.
 */
export class YaibSource implements ReplaySource {
  readonly counts = noCounts();
  readonly ledger = new Ledger();
  readonly hasClock = false;
  readonly #directory: string;
  readonly #mapping: CodeMapping;
  readonly #keep: (patientId: string) => boolean;
  readonly #limit: number;
  #total = 0;

  /** @throws WardstreamError `WS_SOURCE` where the folder has no dyn.parquet. */
  constructor(
    directory: string,
    mapping: CodeMapping,
    limit = Number.POSITIVE_INFINITY,
    keep: (patientId: string) => boolean = () => true,
  ) {
    if (!existsSync(join(directory, 'dyn.parquet'))) {
      const what = `${directory} holds no dyn.parquet`;
      throw new WardstreamError(
        'WS_SOURCE',
        `${what}; give the folder of one YAIB task, such as mortality24`,
      );
    }
    this.#directory = directory;
    this.#mapping = mapping;
    this.#keep = keep;
    this.#limit = limit;
  }

  get total(): number {
    return this.#total;
  }

  async *messages(): AsyncGenerator<SourceMessage> {
    const dyn = await ParquetTable.open(join(this.#directory, 'dyn.parquet'), ['stay_id', 'time']);
    const layout = await this.#lookAt(dyn);
    const admissions = await this.#admissions(layout.stays);
    this.#total = Math.min(this.#limit, layout.stays.size);
    const turnoverMs = layout.longestMs + 2 * HOUR_MS;
    yield* wardsOf(this.#stays(dyn, layout, admissions), turnoverMs, 'yaib', (stays) => {
      this.counts.patients += stays;
    });
  }

  async labels(): Promise<Labels | null> {
    const file = join(this.#directory, 'outc.parquet');
    if (!existsSync(file)) return null;
    const table = await ParquetTable.open(file, ['stay_id', 'label']);
    const isTimed = table.columns.includes('time');
    const byPatient = new Map<string, Label>();
    const unit = isTimed ? (await this.#lookAt(table)).msPerUnit : 0;
    for await (const { rows, columns } of table.windows(
      isTimed ? ['stay_id', 'time', 'label'] : ['stay_id', 'label'],
    )) {
      for (let row = 0; row < rows; row++) {
        const id = idIn(columns.stay_id[row]);
        if (id === null) continue;
        const happened = yesOrNo(columns.label[row]);
        if (happened === null) throw notBinary(file, columns.label[row]);
        const before = byPatient.get(id);
        if (isTimed) {
          const onsetMs = numberOf(columns.time[row]) * unit + LABEL_LEADS_MS;
          if (before === undefined || (happened && (before.onsetMs ?? Number.POSITIVE_INFINITY) > onsetMs)) {
            byPatient.set(id, { happened, onsetMs: happened ? onsetMs : null });
          }
        } else if (before !== undefined && before.happened !== happened) {
          const what = `${file} says both 0 and 1 of stay ${id}`;
          throw new WardstreamError('WS_SOURCE', `${what}; keep one row a stay`);
        } else byPatient.set(id, { happened, onsetMs: null });
      }
    }
    if (byPatient.size === 0) throw new WardstreamError('WS_SOURCE', `${file} holds no outcomes`);
    const outcome = OUTCOMES.find(([name]) => name.test(this.#directory))?.[1];
    return { outcome: outcome ?? (isTimed ? 'the labelled event' : 'death in hospital'), file, byPatient };
  }

  async #lookAt(table: ParquetTable): Promise<Layout> {
    const stays = new Set<string>();
    let isGrouped = true;
    let last: string | null = null;
    let smallest = Number.POSITIVE_INFINITY;
    let longest = 0;
    const steps = new Set<number>();
    for await (const { rows, columns } of table.windows(['stay_id', 'time'])) {
      for (let row = 0; row < rows; row++) {
        const id = idIn(columns.stay_id[row]);
        if (id === null) continue;
        if (id !== last) {
          if (stays.has(id)) isGrouped = false;
          stays.add(id);
          last = id;
        }
        const time = numberOf(columns.time[row]);
        if (!Number.isFinite(time)) continue;
        if (time > 0 && time < smallest) smallest = time;
        if (time > longest) longest = time;
        if (steps.size < 64) steps.add(time);
      }
    }
    const stated = table.durations.get('time');
    const guessed = Number.isFinite(smallest) ? TIME_UNITS.find(([most]) => smallest <= most)![1] : HOUR_MS;
    const msPerUnit = stated ?? guessed;
    const isHourly = [...steps].every((time) => Number.isInteger((time * msPerUnit) / HOUR_MS));
    return { stays, isGrouped, msPerUnit, isHourly, longestMs: longest * msPerUnit };
  }

  /** What sta.parquet says of each stay. */
  async #admissions(stays: ReadonlySet<string>): Promise<Map<string, HistoricStay['admission']>> {
    const file = join(this.#directory, 'sta.parquet');
    const admissions = new Map<string, HistoricStay['admission']>();
    if (!existsSync(file)) return admissions;
    for (const row of await (await ParquetTable.open(file, ['stay_id'])).objects()) {
      const id = idIn(row.stay_id);
      if (id === null) Ledger.add(this.ledger.notes, 'without an id in sta.parquet: not used');
      else if (admissions.has(id))
        Ledger.add(this.ledger.notes, 'named twice in sta.parquet: the first row counts');
      else if (stays.has(id)) admissions.set(id, this.#admissionOf(row));
      else if (this.#keep(id)) Ledger.add(this.ledger.stays, NO_ROWS);
    }
    for (const id of stays) {
      if (!admissions.has(id) && this.#keep(id))
        Ledger.add(this.ledger.notes, 'not in sta.parquet: used without age and sex');
    }
    return admissions;
  }

  async *#stays(
    dyn: ParquetTable,
    layout: Layout,
    admissions: ReadonlyMap<string, HistoricStay['admission']>,
  ): AsyncGenerator<HistoricStay | null> {
    const names = dyn.columns.filter((name) => name !== 'stay_id' && name !== 'time');
    const meanings = names.map((name) => this.#mapping.meaningOf(name));
    let stay = null as OpenStay | null;
    let stays = 0;
    let isKept = true;
    const finished = (open: OpenStay): HistoricStay | null =>
      !this.#keep(open.patientId)
        ? null
        : {
            ...open,
            admission: this.#described(admissions.get(open.patientId)),
          };
    const windows = layout.isGrouped ? dyn.windows(dyn.columns) : groupedRows(dyn, 'stay_id', layout.stays);
    for await (const { rows, columns } of windows) {
      const cells = names.map((name) => columns[name]);
      for (let row = 0; row < rows; row++) {
        const patientId = idIn(columns.stay_id[row]);
        if (patientId === null) {
          this.#leaveOut(cells, row);
          continue;
        }
        if (stay?.patientId !== patientId) {
          if (stay !== null) yield finished(stay);
          if (stays++ >= this.#limit) return;
          stay = { patientId, values: [], endMs: HOUR_MS };
          isKept = this.#keep(patientId);
        }
        if (!isKept) continue;
        const time = numberOf(columns.time[row]) * layout.msPerUnit;
        const atMs = Math.round(layout.isHourly ? time + HOUR_MS - 1 : time);
        const isUsable = time >= 0 && Number.isFinite(time);
        if (isUsable) stay.endMs = Math.max(stay.endMs, Math.round(time + HOUR_MS));
        for (let column = 0; column < names.length; column++) {
          const value = numberOf(cells[column][row]);
          if (Number.isNaN(value)) continue;
          this.counts.rows++;
          const meaning = meanings[column];
          if (value === NO_NUMBER) this.counts.malformed++;
          else if (meaning === null) this.ledger.leaveOut('unmapped', names[column]);
          else if (meaning === 'ignore') this.ledger.leaveOut('values', 'ignored by the mapping');
          else if (!isUsable)
            this.ledger.leaveOut('values', time < 0 ? 'charted before admission' : 'without a time');
          else {
            const { code } = VARIABLES[meaning.variable];
            stay.values.push({ atMs, variable: meaning.variable, code, unit: unitOf(meaning, value), value });
          }
        }
      }
    }
    if (stay !== null) yield finished(stay);
  }

  #leaveOut(cells: readonly (readonly unknown[])[], row: number): void {
    for (const column of cells) {
      if (Number.isNaN(numberOf(column[row]))) continue;
      this.counts.rows++;
      this.ledger.leaveOut('values', 'without a stay');
    }
  }

  #admissionOf({ age, sex, height, weight }: Record<string, unknown>): HistoricStay['admission'] {
    const known = (cell: unknown) => {
      const value = numberOf(cell);
      if (value === NO_NUMBER) {
        this.counts.rows++;
        this.counts.malformed++;
      }
      return Number.isFinite(value) ? value : null;
    };
    const letter = String(sex ?? '')
      .trim()
      .charAt(0)
      .toUpperCase();
    return {
      ageYears: known(age),
      sex: letter === 'M' ? 'MALE' : letter === 'F' ? 'FEMALE' : null,
      heightCm: known(height),
      weightKg: known(weight),
    };
  }

  #described(admission: HistoricStay['admission'] = {}): HistoricStay['admission'] {
    const known = Object.values(admission).filter((value) => value !== null).length;
    this.counts.rows += known;
    // The sex is no measurement: only numbers can be set aside by validation.
    this.counts.descriptors += known;
    return admission;
  }
}

const NO_ROWS = 'no row in dyn.parquet';

function notBinary(file: string, label: unknown): WardstreamError {
  const what = `${file}: the label ${String(label)} is neither 0 nor 1`;
  return new WardstreamError(
    'WS_SOURCE',
    `${what}; give a task with a binary outcome, or the outcomes with --outcomes`,
  );
}
