import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import type { PatientState } from '../align/patient.js';
import { VARIABLES } from '../clinical/variables.js';
import type { Outputs, Sink } from '../engine/outputs.js';
import type { EpochMs } from '../events/event.js';

/** Rows a table may have waiting before `write` inserts them at once. */
const MAX_ROWS = 50_000;

type Row = readonly unknown[];
type Table =
  | 'observations'
  | 'scores'
  | 'shadow_scores'
  | 'stays'
  | 'alert_events'
  | 'dead_letters'
  | 'notes'
  | 'images';

const COLUMNS: Record<Table, [string, ...string[]]> = {
  observations: ['patient_id', 'event_time', 'variable', 'value', 'delay_ms', 'message_id'],
  scores: [
    'patient_id',
    'stay_id',
    'ward_id',
    'bed_id',
    'event_time',
    'model_version',
    'risk',
    'circulatory',
    'respiratory',
    'deterioration',
    'news2',
    'qsofa',
    'late',
    'effect_text',
    'effect_image',
  ],
  shadow_scores: [
    'patient_id',
    'stay_id',
    'event_time',
    'model_version',
    'risk',
    'circulatory',
    'respiratory',
    'deterioration',
  ],
  stays: ['stay_id', 'patient_id', 'ward_id', 'bed_id', 'admitted_at', 'discharged_at', 'version'],
  alert_events: [
    'alert_id',
    'sequence',
    'patient_id',
    'ward_id',
    'rule',
    'priority',
    'state',
    'onset_time',
    'event_time',
    'body',
  ],
  dead_letters: [
    'dead_letter_id',
    'topic',
    'partition',
    'offset',
    'reason',
    'detail',
    'patient_id',
    'event_time',
    'raw',
  ],
  notes: [
    'patient_id',
    'message_id',
    'event_time',
    'observed_at',
    'note_type',
    'author_role',
    'language',
    'source',
    'text',
  ],
  images: [
    'patient_id',
    'message_id',
    'event_time',
    'observed_at',
    'modality',
    'body_site',
    'media_type',
    'uri',
    'finding',
    'bytes',
  ],
};
const TABLES = Object.keys(COLUMNS) as Table[];

export interface StoreSinkOptions {
  /** How long observations and scores are collected, in milliseconds. */
  readonly maxAgeMs?: number;
  /** Called at each attempt that finds the store away. */
  readonly onAway?: (error: unknown) => void;
}

/** The column holds 32 bits: 49 days. */
const MAX_DELAY_MS = 0xff_ff_ff_ff;

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/**
 * Writes results to ClickHouse. Alerts and dead letters are inserted before `write` resolves; observations and scores
 * are collected for `maxAgeMs` first, since small inserts are costly, and everything is inserted on `flush` and `close`.
 * While the store cannot be reached, inserts are tried again, in order, and the caller waits; what it refuses is an error.
 */
export class StoreSink implements Sink {
  readonly #client: ClickHouseClient;
  readonly #modelVersion: string;
  readonly #rows: Record<Table, Row[]> = {
    observations: [],
    scores: [],
    shadow_scores: [],
    stays: [],
    alert_events: [],
    dead_letters: [],
    notes: [],
    images: [],
  };
  readonly #timer: NodeJS.Timeout;
  readonly #onAway: (error: unknown) => void;
  #isClosing = false;
  #inserting: Promise<void> = Promise.resolve();
  #failure: unknown = null;

  constructor(client: ClickHouseClient, modelVersion: string, options: StoreSinkOptions = {}) {
    const { maxAgeMs = 500, onAway = () => undefined } = options;
    this.#client = client;
    this.#modelVersion = modelVersion;
    this.#onAway = onAway;
    this.#timer = setInterval(() => {
      this.#insertAll().catch((error: unknown) => {
        this.#failure = error;
      });
    }, maxAgeMs);
    this.#timer.unref();
  }

  async write(outputs: Outputs): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    this.#collect(outputs);
    const isUrgent = outputs.alerts.length > 0 || outputs.deadLetters.length > 0;
    if (isUrgent) await this.#insert(['alert_events', 'dead_letters']);
    const { observations, scores } = this.#rows;
    if (observations.length >= MAX_ROWS || scores.length >= MAX_ROWS) await this.#insertAll();
  }

  /** Rows in memory that wait for the store. */
  get waiting(): number {
    return TABLES.reduce((sum, table) => sum + this.#rows[table].length, 0);
  }

  flush(): Promise<void> {
    return this.#insertAll();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isClosing = true;
    await this.#insertAll();
    await this.#client.close();
  }

  #collect({
    observations,
    notes,
    images,
    admitted,
    discharged,
    scores,
    shadowScores = [],
    alerts,
    deadLetters,
  }: Outputs): void {
    const rows = this.#rows;
    for (const { patientId, messageId, eventTime, observedAt, body } of notes) {
      const { noteType, authorRole, language, source, text } = body;
      const times = [seconds(eventTime), seconds(observedAt)];
      rows.notes.push([patientId, messageId, ...times, noteType, authorRole, language, source, text]);
    }
    for (const { patientId, messageId, eventTime, observedAt, body, encoding } of images) {
      const { modality, bodySite, mediaType, uri, image } = body;
      const times = [seconds(eventTime), seconds(observedAt)];
      const bytes = image?.toString('base64') ?? '';
      const finding = encoding?.finding ? JSON.stringify(encoding.finding) : '';
      rows.images.push([patientId, messageId, ...times, modality, bodySite, mediaType, uri, finding, bytes]);
    }
    for (const { patientId, eventTime, observedAt, messageId, variables, values } of observations) {
      const time = seconds(eventTime);
      const delay = Math.min(eventTime - observedAt, MAX_DELAY_MS);
      for (let index = 0; index < variables.length; index++) {
        const { id } = VARIABLES[variables[index]];
        rows.observations.push([patientId, time, id, values[index], delay, messageId]);
      }
    }
    for (const patient of admitted) rows.stays.push(stayRow(patient, null));
    for (const patient of discharged) rows.stays.push(stayRow(patient, patient.lastEventAt));
    for (const score of scores) {
      const { patientId, stayId, wardId, bedId, eventTime, news2, qsofa, late } = score;
      const where = [patientId, stayId, wardId ?? '', bedId ?? '', seconds(eventTime), this.#modelVersion];
      const { risk, circulatory, respiratory, deterioration } = score;
      const { text, image } = score.contributions;
      const outcomes = [risk, circulatory, respiratory, deterioration];
      rows.scores.push([...where, ...outcomes, news2, qsofa, late, text, image]);
    }
    for (const { patientId, stayId, eventTime, modelVersion, ...score } of shadowScores) {
      const { risk, circulatory, respiratory, deterioration } = score;
      const where = [patientId, stayId, seconds(eventTime), modelVersion];
      rows.shadow_scores.push([...where, risk, circulatory, respiratory, deterioration]);
    }
    for (const alert of alerts) {
      const { alertId, sequence, patientId, wardId, rule, priority, state, onsetTime, eventTime } = alert;
      const times = [seconds(onsetTime), seconds(eventTime)];
      const what = [alertId, sequence, patientId, wardId ?? '', rule, priority, state];
      rows.alert_events.push([...what, ...times, JSON.stringify(alert)]);
    }
    for (const {
      deadLetterId,
      topic,
      partition,
      offset,
      reason,
      detail,
      patientId,
      eventTime,
      raw,
    } of deadLetters) {
      const time = eventTime === null ? null : seconds(eventTime);
      const where = [deadLetterId, topic, partition, offset];
      rows.dead_letters.push([...where, reason, detail, patientId, time, raw.toString('base64')]);
    }
  }

  #insertAll(): Promise<void> {
    return this.#insert(TABLES);
  }

  #insert(tables: readonly Table[]): Promise<void> {
    this.#inserting = this.#inserting.then(async () => {
      for (const table of tables) {
        const values = this.#rows[table];
        if (values.length === 0) continue;
        this.#rows[table] = [];
        await this.#insertRows(table, values);
      }
    });
    return this.#inserting;
  }

  async #insertRows(table: Table, values: Row[]): Promise<void> {
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(LONGEST_RETRY_MS, 2 * wait)) {
      try {
        await this.#client.insert({ table, columns: COLUMNS[table], values, format: 'JSONCompactEachRow' });
        return;
      } catch (error) {
        if (error instanceof ClickHouseError || this.#isClosing) throw error;
        this.#onAway(error);
        await sleep(wait);
      }
    }
  }
}

/** Version 1, at discharge, replaces version 0. */
function stayRow(patient: PatientState, dischargedAt: EpochMs | null): Row {
  const { stayId, patientId, wardId, bedId, admittedAt } = patient;
  const where = [stayId, patientId, wardId ?? '', bedId ?? '', seconds(admittedAt)];
  return dischargedAt === null ? [...where, null, 0] : [...where, seconds(dischargedAt), 1];
}

/** ClickHouse reads a DateTime64 from a number of seconds with decimals. */
function seconds(time: number): string {
  return (time / 1000).toFixed(3);
}
