import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLES } from '../clinical/variables.js';
import type { UnitType } from '../contract/messages.js';
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import type { SourceMessage } from '../events/source-message.js';
import { numberInText } from './cells.js';
import {
  BEDS,
  type ChartedValue,
  FIRST_ADMISSION,
  type HistoricStay,
  wardMessages,
} from './historic-stay.js';
import type { Labels } from './labels.js';
import { CodeMapping, unitOf } from './mapping.js';
import { findOutcomes, readOutcomes } from './outcomes.js';
import { Ledger, noCounts, type ReplaySource } from './source.js';

/** The files end at 48 h, with values charted at 48:00 included. */
const OBSERVED_MS = 48 * HOUR_MS + MINUTE_MS;
const TURNOVER_MS = 49 * HOUR_MS;

const UNIT_TYPES: readonly UnitType[] = ['CORONARY_CARE', 'CARDIAC_SURGERY', 'MEDICAL', 'SURGICAL'];
const DESCRIPTORS = new Set(['RecordID', 'Age', 'Gender', 'Height', 'ICUType']);
const NOT_RECORDED = -1;
const ROW = /^(\d{2,3}):(\d{2}),([^,]*),([^,]+)$/;

interface Row {
  readonly minute: number;
  readonly parameter: string;
  readonly value: number;
}

/**
 * Stays of the PhysioNet/CinC Challenge 2012 (one text file a stay: Time,Parameter,Value). Replayed as a ward of 64
 * beds: 64 stays side by side, then the next 64. Values charted at one minute become one message a topic.
 */
export class Physionet2012Source implements ReplaySource {
  readonly counts = noCounts();
  readonly ledger = new Ledger();
  readonly hasClock = false;
  readonly total: number;
  readonly #directory: string;
  readonly #files: readonly string[];
  readonly #mapping: CodeMapping;
  readonly #keep: (patientId: string) => boolean;

  /** @throws WardstreamError `WS_SOURCE` where the directory holds no stays. */
  constructor(
    directory: string,
    mapping = CodeMapping.load('physionet2012'),
    limit = Number.POSITIVE_INFINITY,
    keep: (patientId: string) => boolean = () => true,
  ) {
    const files = existsSync(directory)
      ? readdirSync(directory).filter((name) => /^\d+\.txt$/.test(name))
      : [];
    if (files.length === 0) {
      const what = `${directory} holds no stays of the PhysioNet Challenge 2012 (files such as 132539.txt)`;
      throw new WardstreamError('WS_SOURCE', `${what}; give its folder set-a`);
    }
    this.#directory = directory;
    this.#mapping = mapping;
    this.#keep = keep;
    this.#files = files.sort().slice(0, limit);
    this.total = this.#files.length;
  }

  *messages(): Generator<SourceMessage> {
    for (let start = 0; start < this.#files.length; start += BEDS) {
      const admittedAt = FIRST_ADMISSION + (start / BEDS) * TURNOVER_MS;
      const files = this.#files.slice(start, start + BEDS);
      const stays = files.map((file) =>
        this.#keep(file.slice(0, -'.txt'.length)) ? this.#stay(file) : null,
      );
      yield* wardMessages(stays, admittedAt, 'physionet2012');
      this.counts.patients += stays.filter((stay) => stay !== null).length;
    }
  }

  async labels(): Promise<Labels> {
    const file = findOutcomes(this.#directory);
    return { outcome: 'death in hospital', file, byPatient: readOutcomes(file) };
  }

  #stay(file: string): HistoricStay {
    const patientId = file.slice(0, -'.txt'.length);
    const rows = this.#readRows(file);
    const charted = rows.filter(({ minute, parameter }) => !(minute === 0 && DESCRIPTORS.has(parameter)));
    const admission = this.#admission(rows);
    return { patientId, admission, values: this.#values(charted), endMs: OBSERVED_MS };
  }

  #readRows(file: string): Row[] {
    const rows: Row[] = [];
    const lines = readFileSync(join(this.#directory, file), 'utf8').split('\n');
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index].trim();
      // The first line names the columns, unless it is a row.
      if (line === '' || (index === 0 && !ROW.test(line))) continue;
      this.counts.rows++;
      const match = ROW.exec(line);
      const value = match === null ? Number.NaN : numberInText(match[4]);
      if (match === null || !Number.isFinite(value)) {
        this.counts.malformed++;
        continue;
      }
      rows.push({ minute: Number(match[1]) * 60 + Number(match[2]), parameter: match[3], value });
    }
    return rows;
  }

  #admission(rows: readonly Row[]): HistoricStay['admission'] {
    const message: {
      -readonly [field in keyof HistoricStay['admission']]: HistoricStay['admission'][field];
    } = { wardId: 'set-a' };
    for (const { minute, parameter, value } of rows) {
      if (minute !== 0 || !DESCRIPTORS.has(parameter)) continue;
      if (value === NOT_RECORDED) {
        this.counts.notRecorded++;
        continue;
      }
      this.counts.descriptors++;
      if (parameter === 'Age') message.ageYears = value;
      else if (parameter === 'Gender') message.sex = value === 1 ? 'MALE' : 'FEMALE';
      else if (parameter === 'Height') message.heightCm = value;
      else if (parameter === 'ICUType') message.unitType = UNIT_TYPES[value - 1] ?? null;
    }
    return message;
  }

  #values(rows: readonly Row[]): ChartedValue[] {
    const values: ChartedValue[] = [];
    for (const { minute, parameter, value } of rows) {
      if (value === NOT_RECORDED) {
        this.counts.notRecorded++;
        continue;
      }
      const meaning = this.#mapping.meaningOf(parameter);
      if (meaning === null) {
        // Passed on: the pipeline makes a dead letter of it.
        Ledger.add(this.ledger.unmapped, parameter);
        values.push({ atMs: minute * MINUTE_MS, variable: -1, code: parameter, unit: '', value });
      } else if (meaning === 'ignore') this.ledger.leaveOut('values', 'ignored by the mapping');
      else {
        const { variable } = meaning;
        const { code } = VARIABLES[variable];
        values.push({ atMs: minute * MINUTE_MS, variable, code, unit: unitOf(meaning, value), value });
      }
    }
    return values;
  }
}
