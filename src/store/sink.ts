import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { PatientState } from '../align/patient.js';
import { hashOfId } from '../align/results.js';
import { VARIABLES } from '../clinical/variables.js';
import { problemOf } from '../encoders/encoding.js';
import type { Outputs, Sink } from '../engine/outputs.js';
import type { EpochMs } from '../events/event.js';
import { isPassing, refusal } from './fault.js';
import { type Spool, type SpooledRows, SpoolFullError } from './spool.js';

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

/** In the order of a row's values. New ones go to the end: a spool may hold rows of a version that did not have them yet. */
const COLUMNS: Record<Table, [string, ...string[]]> = {
  observations: ['patient_id', 'event_time', 'variable', 'value', 'delay_ms', 'message_id', 'result'],
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
    'out_of_range',
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
    'problem',
    'bytes',
  ],
};
const TABLES = Object.keys(COLUMNS) as Table[];

export interface StoreSinkOptions {
  /** How long observations and scores are collected, in milliseconds. */
  readonly maxAgeMs?: number;
  /** Called at each attempt that finds the store away. */
  readonly onAway?: (error: unknown) => void;
  /** Where rows wait while the store is away. */
  readonly spool?: Spool | undefined;
  /** Called when the spool has no room: the caller waits from now on. */
  readonly onFull?: (error: SpoolFullError) => void;
}

/** The column holds 32 bits: 49 days. */
const MAX_DELAY_MS = 0xff_ff_ff_ff;

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/**
 * Writes results to ClickHouse. Alerts and dead letters are inserted before `write` resolves; observations and scores
 * are collected for `maxAgeMs` first, since small inserts are costly, and everything is inserted on `flush` and `close`.
 * While the store cannot be reached, rows go to the spool, from which they are inserted in order when it is back; without
 * one, or when it is full, inserts are tried again and the caller waits. What the store refuses is an error.
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
  readonly #onFull: (error: SpoolFullError) => void;
  readonly #spool: Spool | null;
  #draining: Promise<void> | null = null;
  readonly #closing = new AbortController();
  #inserting: Promise<void> = Promise.resolve();
  #failure: unknown = null;

  constructor(client: ClickHouseClient, modelVersion: string, options: StoreSinkOptions = {}) {
    const { maxAgeMs = 500, onAway = () => undefined, onFull = () => undefined, spool = null } = options;
    this.#client = client;
    this.#modelVersion = modelVersion;
    this.#onAway = onAway;
    this.#onFull = onFull;
    this.#spool = spool;
    if (spool?.isEmpty === false) this.#drain();
    this.#timer = setInterval(() => {
      this.#insertAll().catch((error: unknown) => {
        this.#failure = error;
      });
    }, maxAgeMs);
    this.#timer.unref();
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
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
    this.#closing.abort();
    await this.#insertAll();
    await this.#draining;
    await this.#spool?.close();
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
      const problem = problemOf(encoding) ?? '';
      const finding = encoding?.finding ? JSON.stringify(encoding.finding) : '';
      rows.images.push([
        patientId,
        messageId,
        ...times,
        modality,
        bodySite,
        mediaType,
        uri,
        finding,
        problem,
        bytes,
      ]);
    }
    for (const event of observations) {
      const { patientId, eventTime, observedAt, messageId, variables, values } = event;
      const result = event.kind === 'labs' ? hashOfId(event.specimenId) || observedAt : 0;
      const time = seconds(eventTime);
      const delay = Math.min(eventTime - observedAt, MAX_DELAY_MS);
      for (let index = 0; index < variables.length; index++) {
        const { id } = VARIABLES[variables[index]];
        rows.observations.push([patientId, time, id, values[index], delay, messageId, result]);
      }
    }
    for (const patient of admitted) rows.stays.push(stayRow(patient, null));
    for (const patient of discharged) rows.stays.push(stayRow(patient, patient.lastEventAt));
    for (const score of scores) {
      const { patientId, stayId, wardId, bedId, eventTime, news2, qsofa, late } = score;
      const where = [patientId, stayId, wardId ?? '', bedId ?? '', seconds(eventTime), this.#modelVersion];
      const { risk, circulatory, respiratory, deterioration, outOfRange } = score;
      const { text, image } = score.contributions;
      const outcomes = [risk, circulatory, respiratory, deterioration];
      rows.scores.push([...where, ...outcomes, news2, qsofa, late, text, image, outOfRange]);
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
      const inserts = tables.map((table) => {
        const values = this.#rows[table];
        if (values.length === 0) return null;
        this.#rows[table] = [];
        return this.#insertRows(table, values);
      });
      await Promise.all(inserts);
    });
    return this.#inserting;
  }

  async #insertRows(table: Table, values: Row[]): Promise<void> {
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(LONGEST_RETRY_MS, 2 * wait)) {
      try {
        if (this.#draining === null) return await this.#insertOnce(table, values);
      } catch (error) {
        if (!isPassing(error) || (this.#isClosing && this.#spool === null)) throw error;
        this.#onAway(error);
      }
      if (await this.#isSpooled(table, values)) return;
      await this.#pause(wait);
    }
  }

  /** Ends early when the sink is closed. */
  async #pause(waitMs: number): Promise<void> {
    await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  async #insertOnce(table: string, values: SpooledRows['rows']): Promise<void> {
    const columns = COLUMNS[table as Table].slice(0, values[0].length) as [string, ...string[]];
    try {
      await this.#client.insert({ table, columns, values: [...values], format: 'JSONCompactEachRow' });
    } catch (error) {
      throw isPassing(error) ? error : refusal(table, error);
    }
  }

  /** False where the spool has no room for the rows. */
  async #isSpooled(table: Table, values: readonly Row[]): Promise<boolean> {
    if (this.#spool === null) return false;
    try {
      await this.#spool.append(table, values);
      this.#drain();
      return true;
    } catch (error) {
      if (!(error instanceof SpoolFullError) || this.#isClosing) throw error;
      this.#onFull(error);
      this.#drain();
      return false;
    }
  }

  /** Begins to insert what is in the spool; new rows go behind it until it is empty. */
  #drain(): void {
    this.#draining ??= this.#drainAll()
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#draining = null;
        const isLeft = this.#spool?.isEmpty === false && this.#failure === null;
        if (isLeft && !this.#isClosing) this.#drain();
      });
  }

  async #drainAll(): Promise<void> {
    const spool = this.#spool as Spool;
    for (let wait = FIRST_RETRY_MS; !spool.isEmpty && !this.#isClosing; ) {
      try {
        for (const { table, rows } of byTable(await spool.oldest())) await this.#insertOnce(table, rows);
        await spool.drop();
        wait = FIRST_RETRY_MS;
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.#onAway(error);
        await this.#pause(wait);
        wait = Math.min(LONGEST_RETRY_MS, 2 * wait);
      }
    }
  }
}

/** One insert a table: small ones are costly. */
function byTable(spooled: readonly SpooledRows[]): SpooledRows[] {
  const rows = new Map<string, SpooledRows['rows'][number][]>();
  for (const { table, rows: more } of spooled) rows.set(table, [...(rows.get(table) ?? []), ...more]);
  return [...rows].map(([table, all]) => ({ table, rows: all }));
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
