import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { INDEX_BY_CODE, VARIABLES } from '../clinical/variables.js';
import { WardstreamError } from '../errors.js';
import type { AdtMessage, Observation, UnitType } from '../events/messages.js';
import { TOPICS } from '../events/topics.js';
import type { ReplaySource, SourceCounts, SourceMessage } from './source.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The Challenge gives times since admission only; replay places the first admissions here. */
const FIRST_ADMISSION = Date.UTC(2012, 0, 1);
/** The files end at 48 h, with values charted at 48:00 included. */
const OBSERVED_MS = 48 * HOUR_MS + MINUTE_MS;
/** Beds of the ward a replay fills with one stay after the other. */
const BEDS = 64;
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
  readonly counts: SourceCounts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  readonly total: number;
  readonly #directory: string;
  readonly #files: readonly string[];

  /** @throws WardstreamError `WS_SOURCE` where the directory holds no stays. */
  constructor(directory: string, limit = Number.POSITIVE_INFINITY) {
    const files = existsSync(directory)
      ? readdirSync(directory).filter((name) => /^\d+\.txt$/.test(name))
      : [];
    if (files.length === 0) {
      const what = `${directory} holds no stays of the PhysioNet Challenge 2012 (files such as 132539.txt)`;
      throw new WardstreamError('WS_SOURCE', `${what}; give its folder set-a`);
    }
    this.#directory = directory;
    this.#files = files.sort().slice(0, limit);
    this.total = this.#files.length;
  }

  *messages(): Generator<SourceMessage> {
    for (let start = 0; start < this.#files.length; start += BEDS) {
      const admittedAt = FIRST_ADMISSION + (start / BEDS) * TURNOVER_MS;
      const ward = this.#files
        .slice(start, start + BEDS)
        .flatMap((file, bed) => this.#stay(file, bed, admittedAt));
      yield* ward.sort((a, b) => a.eventTime - b.eventTime);
      this.counts.patients += Math.min(BEDS, this.#files.length - start);
    }
  }

  #stay(file: string, bed: number, admittedAt: number): SourceMessage[] {
    const patientId = file.slice(0, -'.txt'.length);
    const rows = this.#readRows(file);
    const charted = rows.filter(({ minute, parameter }) => !(minute === 0 && DESCRIPTORS.has(parameter)));
    const admission = this.#admission(patientId, bed, admittedAt, rows);
    const discharge = adt(`${patientId}:discharge`, patientId, 'DISCHARGE', admittedAt + OBSERVED_MS);
    return [
      { topic: TOPICS.adt, key: patientId, eventTime: admittedAt, record: admission },
      ...this.#observations(patientId, admittedAt, charted),
      { topic: TOPICS.adt, key: patientId, eventTime: discharge.eventTime, record: discharge },
    ];
  }

  #readRows(file: string): Row[] {
    const rows: Row[] = [];
    const lines = readFileSync(join(this.#directory, file), 'utf8').split('\n');
    for (let index = 1; index < lines.length; index++) {
      const line = lines[index].trimEnd();
      if (line === '') continue;
      this.counts.rows++;
      const match = ROW.exec(line);
      const value = match === null ? Number.NaN : Number(match[4]);
      if (match === null || Number.isNaN(value)) {
        this.counts.malformed++;
        continue;
      }
      rows.push({ minute: Number(match[1]) * 60 + Number(match[2]), parameter: match[3], value });
    }
    return rows;
  }

  #admission(patientId: string, bed: number, admittedAt: number, rows: readonly Row[]): AdtMessage {
    const message = adt(`${patientId}:admit`, patientId, 'ADMIT', admittedAt);
    message.wardId = 'set-a';
    message.bedId = `Bed ${String(bed + 1).padStart(2, '0')}`;
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

  #observations(patientId: string, admittedAt: number, rows: readonly Row[]): SourceMessage[] {
    const groups = new Map<string, SourceMessage>();
    const messages: SourceMessage[] = [];
    for (const { minute, parameter, value } of rows) {
      if (value === NOT_RECORDED) {
        this.counts.notRecorded++;
        continue;
      }
      const variable = VARIABLES[INDEX_BY_CODE.get(parameter) ?? -1];
      const topic = variable?.kind === 'lab' ? TOPICS.labs : TOPICS.vitals;
      const messageId = `${patientId}:${topic}:${minute}`;
      const observation: Observation = {
        code: variable?.code ?? parameter,
        value,
        unit: variable?.unit ?? '',
      };
      const group = groups.get(messageId);
      if (group !== undefined) {
        (group.record as { observations: Observation[] }).observations.push(observation);
        continue;
      }
      const eventTime = admittedAt + minute * MINUTE_MS;
      const head = { messageId, patientId, eventTime, observedAt: null, source: 'physionet2012' };
      const record = { ...head, observations: [observation], specimenId: null };
      const message: SourceMessage = { topic, key: patientId, eventTime, record };
      groups.set(messageId, message);
      messages.push(message);
    }
    return messages;
  }
}

function adt(messageId: string, patientId: string, type: AdtMessage['type'], eventTime: number): AdtMessage {
  return {
    messageId,
    patientId,
    eventTime,
    source: 'physionet2012',
    type,
    wardId: null,
    bedId: null,
    unitType: null,
    ageYears: null,
    sex: null,
    heightCm: null,
    weightKg: null,
  };
}
