import type { ClickHouseClient } from '@clickhouse/client';
import { MONITOR_ALARM, type NoteKind } from '../contract/note-kinds.js';
import type { Finding } from '../events/encoding.js';
import type { EpochMs } from '../events/event.js';
import { SCORE_COLUMNS, type StoredScore } from './queries.js';
import { Conditions, select, type Window } from './select.js';

export interface StoredNote {
  readonly noteId: string;
  readonly eventTime: EpochMs;
  readonly noteType: string;
  readonly authorRole: string;
  readonly language: string;
  readonly source: string;
  readonly text: string;
}

export interface StoredImage {
  readonly imageId: string;
  readonly eventTime: EpochMs;
  readonly observedAt: EpochMs;
  readonly modality: string;
  readonly bodySite: string;
  readonly mediaType: string;
  readonly uri: string | null;
  readonly hasBytes: boolean;
  /** Why no encoder could use it. */
  readonly problem: string | null;
  readonly finding: Finding | null;
}

function ofPatient(patientId: string, window: Window): Conditions {
  return new Conditions().add('patient_id = {patientId:String}', { patientId }).within('event_time', window);
}

/** Scores of a patient in a window, oldest first: of each stretch of `bucketMs` only the last, so about `points`. */
export function thinnedScoresOf(
  client: ClickHouseClient,
  patientId: string,
  window: Window,
  bucketMs: number,
): Promise<StoredScore[]> {
  const conditions = ofPatient(patientId, window);
  return select(
    client,
    `SELECT * FROM (
       SELECT ${SCORE_COLUMNS}
       FROM scores FINAL ${conditions.as('WHERE')}
       ORDER BY eventTime DESC LIMIT 1 BY intDiv(eventTime, {bucketMs:Int64}))
     ORDER BY eventTime`,
    { ...conditions.params, bucketMs },
  );
}

/** The newest notes of a patient of a kind in a window, newest first. */
export function notesOf(
  client: ClickHouseClient,
  patientId: string,
  window: Window,
  limit: number,
  kind: NoteKind = 'note',
): Promise<StoredNote[]> {
  const isOfKind = kind === 'note' ? 'note_type != {alarm:String}' : 'note_type = {alarm:String}';
  const conditions = ofPatient(patientId, window).add(isOfKind, { alarm: MONITOR_ALARM });
  return select(
    client,
    `SELECT message_id AS noteId, toUnixTimestamp64Milli(event_time) AS eventTime, note_type AS noteType,
            author_role AS authorRole, language, source, text
     FROM notes FINAL ${conditions.as('WHERE')} ORDER BY event_time DESC, message_id LIMIT {limit:UInt32}`,
    { ...conditions.params, limit },
  );
}

/** The newest images of a patient in a window, newest first, without their bytes. */
export async function imagesOf(
  client: ClickHouseClient,
  patientId: string,
  window: Window,
  limit: number,
): Promise<StoredImage[]> {
  const conditions = ofPatient(patientId, window);
  const rows = await select<
    Omit<StoredImage, 'finding' | 'hasBytes' | 'problem'> & {
      finding: string;
      problem: string;
      hasBytes: 0 | 1;
    }
  >(
    client,
    `SELECT message_id AS imageId, toUnixTimestamp64Milli(event_time) AS eventTime,
            toUnixTimestamp64Milli(observed_at) AS observedAt, modality, body_site AS bodySite,
            media_type AS mediaType, uri, finding, problem, notEmpty(bytes) AS hasBytes
     FROM images FINAL ${conditions.as('WHERE')} ORDER BY event_time DESC, message_id LIMIT {limit:UInt32}`,
    { ...conditions.params, limit },
  );
  return rows.map(({ finding, problem, hasBytes, ...row }) => ({
    ...row,
    hasBytes: hasBytes === 1,
    problem: problem === '' ? null : problem,
    finding: finding === '' ? null : (JSON.parse(finding) as StoredImage['finding']),
  }));
}

/** The bytes of an image as they came; null where there are none. */
export async function imageBytes(
  client: ClickHouseClient,
  patientId: string,
  imageId: string,
): Promise<Buffer | null> {
  const [row] = await select<{ bytes: string }>(
    client,
    'SELECT bytes FROM images WHERE patient_id = {patientId:String} AND message_id = {imageId:String} LIMIT 1',
    { patientId, imageId },
  );
  return row === undefined || row.bytes === '' ? null : Buffer.from(row.bytes, 'base64');
}

/** Where a patient was last known to be: stays follow each move, scores come after some; null where the store knows of no such patient. */
export async function lastPlaceOf(
  client: ClickHouseClient,
  patientId: string,
): Promise<{ readonly wardId: string | null } | null> {
  const [row] = await select<{ wardId: string }>(
    client,
    `SELECT ward_id AS wardId FROM (
       SELECT ward_id, event_time AS at, 0 AS isStay FROM current_scores FINAL WHERE patient_id = {patientId:String}
       UNION ALL
       SELECT ward_id, admitted_at AS at, 1 AS isStay FROM stays FINAL WHERE patient_id = {patientId:String})
     ORDER BY ward_id != '' DESC, isStay DESC, at DESC LIMIT 1`,
    { patientId },
  );
  return row === undefined ? null : { wardId: row.wardId === '' ? null : row.wardId };
}
