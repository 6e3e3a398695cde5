import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLES } from '../clinical/variables.js';
import { DAY_MS, HOUR_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import type { SourceMessage } from '../events/source-message.js';
import { idIn, NO_NUMBER } from './cells.js';
import { type ChartedValue, type HistoricStay, wardsOf } from './historic-stay.js';
import type { Label, Labels } from './labels.js';
import { type CodeMapping, unitOf } from './mapping.js';
import { numberOf, ParquetTable } from './parquet.js';
import { Ledger, noCounts, type ReplaySource } from './source.js';

/** Beds are kept this long. */
const LONGEST_MS = 31 * DAY_MS;
const YEAR_MS = 365.25 * DAY_MS;
const COLUMNS = ['subject_id', 'time', 'code', 'numeric_value'] as const;

/** One row of a subject: `time` in ms since the epoch, NaN where it has none; `value` NaN where it is no number. */
interface Row {
  readonly time: number;
  readonly code: string;
  readonly value: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * A data set in the Medical Event Data Standard: Parquet files with subject_id, time, code and numeric_value, each subject's rows
 * together and in order of time (github.com/Medical-Event-Data-Standard). A stay is what lies between ICU_ADMISSION and
 * ICU_DISCHARGE; without those, between HOSPITAL_ADMISSION and HOSPITAL_DISCHARGE; without those, all of a subject's values. Died:
 * MEDS_DEATH within that hospital stay or the day after, since deaths often have a date only.
 */
export class MedsSource implements ReplaySource {
  readonly counts = noCounts();
  readonly ledger = new Ledger();
  readonly hasClock = false;
  readonly #directory: string;
  readonly #files: readonly string[];
  readonly #mapping: CodeMapping;
  readonly #limit: number;
  readonly #keep: (patientId: string) => boolean;
  readonly #labels = new Map<string, Label>();

  /** @throws WardstreamError `WS_SOURCE` where the folder holds no Parquet files. */
  constructor(
    directory: string,
    mapping: CodeMapping,
    limit = Number.POSITIVE_INFINITY,
    keep: (patientId: string) => boolean = () => true,
  ) {
    const data = existsSync(join(directory, 'data')) ? join(directory, 'data') : directory;
    this.#files = parquetIn(data);
    if (this.#files.length === 0) {
      const what = `${directory} holds no MEDS data (data/**/*.parquet)`;
      throw new WardstreamError('WS_SOURCE', `${what}; give the folder that has data and metadata in it`);
    }
    this.#directory = directory;
    this.#mapping = mapping;
    this.#limit = limit;
    this.#keep = keep;
  }

  /** Not known before all is read. */
  get total(): number {
    return Number.isFinite(this.#limit) ? this.#limit : 0;
  }

  async *messages(): AsyncGenerator<SourceMessage> {
    yield* wardsOf(this.#stays(), LONGEST_MS + 2 * HOUR_MS, 'meds', (stays) => {
      this.counts.patients += stays;
    });
  }

  async labels(): Promise<Labels> {
    if (this.#labels.size === 0) for await (const _ of this.#stays());
    return {
      outcome: 'death in hospital',
      file: `${this.#directory} (MEDS_DEATH)`,
      byPatient: this.#labels,
    };
  }

  async *#stays(): AsyncGenerator<HistoricStay | null> {
    let stays = 0;
    for await (const [subject, rows] of this.#subjects()) {
      for (const stay of this.#staysOf(subject, rows)) {
        if (stays++ >= this.#limit) return;
        yield stay;
      }
    }
  }

  /** Each subject with its rows. @throws WardstreamError `WS_SOURCE` where they do not follow each other. */
  async *#subjects(): AsyncGenerator<[subject: string, rows: Row[]]> {
    const seen = new Set<string>();
    for (const file of this.#files) {
      let subject: string | null = null;
      let rows: Row[] = [];
      const table = await ParquetTable.open(file, COLUMNS);
      for await (const { rows: count, columns } of table.windows(COLUMNS)) {
        for (let row = 0; row < count; row++) {
          const id = idIn(columns.subject_id[row]);
          if (id === null) {
            if (!Number.isNaN(numberOf(columns.numeric_value[row]))) this.#leaveOut('without a subject');
            continue;
          }
          if (id !== subject) {
            if (subject !== null) yield [subject, rows];
            if (seen.has(id)) {
              const what = `${file}: the rows of subject ${id} do not follow each other`;
              throw new WardstreamError(
                'WS_SOURCE',
                `${what}; MEDS asks that they do: sort by subject_id and time`,
              );
            }
            seen.add(id);
            subject = id;
            rows = [];
          }
          rows.push({
            time: numberOf(columns.time[row]),
            code: String(columns.code[row]),
            value: numberOf(columns.numeric_value[row]),
          });
        }
      }
      if (subject !== null) yield [subject, rows];
    }
  }

  *#staysOf(subject: string, rows: readonly Row[]): Generator<HistoricStay | null> {
    const hospital = spans(rows, /^HOSPITAL_ADMISSION/, /^HOSPITAL_DISCHARGE/);
    const unit = spans(rows, /^ICU_ADMISSION/, /^ICU_DISCHARGE/);
    const stays = unit.length > 0 ? unit : hospital.length > 0 ? hospital : allOf(rows, this.#mapping);
    if (stays.length === 0) Ledger.add(this.ledger.stays, 'no value that is mapped');
    const death = rows.find(({ code }) => code.startsWith('MEDS_DEATH'))?.time ?? Number.NaN;
    // A date only: some time of that day.
    const diedBy = death % DAY_MS === 0 ? death + DAY_MS - 1 : death;
    const within = new Set<Row>();
    for (let index = 0; index < stays.length; index++) {
      const stay = stays[index];
      const patientId = index === 0 ? subject : `${subject}-${index + 1}`;
      // A stay may begin before the hospital stay that it is part of is entered.
      const around = hospital.find(({ from, to }) => from <= stay.to && stay.from <= to) ?? stay;
      const happened = diedBy >= stay.from && death <= around.to + DAY_MS;
      this.#labels.set(patientId, { happened, onsetMs: null });
      if (!this.#keep(patientId)) {
        yield null;
        continue;
      }
      const values: ChartedValue[] = [];
      // What is charted at the moment of an admission that ends the stay before is of the new one.
      const isFollowed = stays[index + 1]?.from === stay.to;
      for (const row of rows) {
        if (!(row.time >= stay.from && row.time <= Math.min(stay.to, stay.from + LONGEST_MS))) continue;
        if (isFollowed && row.time === stay.to) continue;
        within.add(row);
        this.#chart(row, stay.from, values);
      }
      const endMs = Math.min(stay.to - stay.from, LONGEST_MS) + 1;
      yield { patientId, admission: this.#admission(rows, stay.from), values, endMs };
    }
    if (!this.#keep(subject)) return;
    for (const row of rows) {
      if (Number.isNaN(row.value) || within.has(row) || this.#mapping.meaningOf(row.code) === null) continue;
      this.#leaveOut('outside a stay, or after 31 days of it');
    }
  }

  #leaveOut(why: string): void {
    this.counts.rows++;
    this.ledger.leaveOut('values', why);
  }

  #chart({ time, code, value }: Row, from: number, values: ChartedValue[]): void {
    if (Number.isNaN(value)) return;
    this.counts.rows++;
    if (value === NO_NUMBER) {
      this.counts.malformed++;
      return;
    }
    const meaning = this.#mapping.meaningOf(code);
    if (meaning === null) this.ledger.leaveOut('unmapped', code);
    else if (meaning === 'ignore') this.ledger.leaveOut('values', 'ignored by the mapping');
    else {
      const { variable } = meaning;
      const unit = unitOf(meaning, value);
      values.push({ atMs: Math.round(time - from), variable, code: VARIABLES[variable].code, unit, value });
    }
  }

  #admission(rows: readonly Row[], from: number): HistoricStay['admission'] {
    const birth = rows.find(({ code }) => code.startsWith('MEDS_BIRTH'))?.time ?? Number.NaN;
    const sex = rows.find(({ code }) => /^(GENDER|SEX)\/\//i.test(code))?.code.split('//')[1] ?? '';
    const letter = sex.charAt(0).toUpperCase();
    const age = (from - birth) / YEAR_MS;
    const admission = {
      ageYears: Number.isNaN(age) ? null : age,
      sex: letter === 'M' ? ('MALE' as const) : letter === 'F' ? ('FEMALE' as const) : null,
    };
    const known = Object.values(admission).filter((value) => value !== null).length;
    this.counts.rows += known;
    this.counts.descriptors += known;
    return admission;
  }
}

/**
 * What lies between codes that begin and codes that end; one that is not ended ends with the subject's last row. Of one moment rows
 * have no order: a beginning at the very time of an end is the next one's, whichever stands first.
 */
function spans(rows: readonly Row[], begins: RegExp, ends: RegExp): Span[] {
  const found: Span[] = [];
  const times = rows.flatMap(({ time }) => (Number.isNaN(time) ? [] : [time]));
  let from = Number.NaN;
  let next = Number.NaN;
  for (const { time, code } of rows) {
    if (begins.test(code)) {
      if (Number.isNaN(from)) from = time;
      else next = time;
    } else if (ends.test(code) && !Number.isNaN(from)) {
      found.push({ from, to: time });
      from = next === time && next > from ? next : Number.NaN;
      next = Number.NaN;
    }
  }
  if (!Number.isNaN(from)) found.push({ from, to: times.reduce((last, time) => Math.max(last, time), from) });
  return found;
}

/** From the first to the last value that is mapped. */
function allOf(rows: readonly Row[], mapping: CodeMapping): Span[] {
  const times = rows.flatMap(({ time, code, value }) => {
    const meaning = mapping.meaningOf(code);
    return Number.isNaN(time) || !Number.isFinite(value) || meaning === null || meaning === 'ignore'
      ? []
      : [time];
  });
  const [first] = times;
  const bound = (of: (a: number, b: number) => number) =>
    times.reduce((found, time) => of(found, time), first);
  return times.length === 0 ? [] : [{ from: bound(Math.min), to: bound(Math.max) }];
}

/** Every .parquet below a folder, in order; not what systems hide there, such as ._part.parquet. */
function parquetIn(directory: string): string[] {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) return [];
  return readdirSync(directory)
    .filter((name) => !name.startsWith('.'))
    .sort()
    .flatMap((name) => {
      const path = join(directory, name);
      if (statSync(path).isDirectory()) return parquetIn(path);
      return name.endsWith('.parquet') ? [path] : [];
    });
}
