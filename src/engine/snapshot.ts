import { promisify } from 'node:util';
import { deflateRaw, inflateRawSync } from 'node:zlib';
import type { NewestDocuments } from '../align/documents.js';
import { type AppliedTo, type DischargedStay, PatientState } from '../align/patient.js';
import { VARIABLES } from '../clinical/variables.js';
import type { PatientSnapshotMessage } from '../events/messages.js';
import type { AttentionCache } from '../inference/fusion.js';
import type { ModelConfig } from '../inference/model.js';

const deflate = promisify<Buffer, { level: number }, Buffer>(deflateRaw);

/** Layout of `state`; raise it when the layout changes. Version 1 had no notes and images. */
const FORMAT_VERSION = 2;
const READABLE_VERSIONS = [1, FORMAT_VERSION];
const VARIABLE_IDS = VARIABLES.map(({ id }) => id).join(' ');

/** The part of a patient that is not in typed arrays. */
interface Header {
  readonly admittedAt: number;
  readonly variables: string;
  readonly openStep: number;
  readonly lastEventAt: number;
  readonly lastScoreAt: number | null;
  readonly revised: boolean;
  readonly wardId: string | null;
  readonly bedId: string | null;
  readonly demographics: PatientState['demographics'];
  readonly alerts: string;
  readonly recentIds: number;
  /** Encoded notes and images; absent in version 1. */
  readonly notes?: readonly HeldDocument[];
  readonly images?: readonly HeldDocument[];
}

/** A note or image without its embedding, which stands among the arrays with `size` numbers. */
interface HeldDocument {
  readonly step: number;
  readonly messageId: string;
  readonly eventTime: number;
  readonly size: number;
}

export interface RestoreOptions {
  readonly partition: number;
  readonly dedupeWindow: number;
  readonly model: ModelConfig;
}

/** A patient as of a snapshot: put `cache` in the batcher and `alerts` in the policy. */
export interface RestoredPatient {
  readonly patient: PatientState;
  readonly alerts: string;
  /** Fills an empty attention cache of the same model. */
  fill(cache: AttentionCache): void;
}

/**
 * All that is known of a patient, for `restorePatient`, copied and not compressed yet. `alerts` is the policy's `stateOf`; `positions` says how far the
 * patient's partition has been applied and delivered.
 */
export function snapshotOf(
  patient: PatientState,
  cache: AttentionCache,
  alerts: string,
  modelVersion: string,
  positions: AppliedTo,
): PatientSnapshotMessage {
  const { timeline, lastScoreAt } = patient;
  const recentIds = patient.recentIds.toArray();
  const header: Header = {
    admittedAt: patient.admittedAt,
    variables: VARIABLE_IDS,
    openStep: timeline.openStep,
    lastEventAt: patient.lastEventAt,
    lastScoreAt: Number.isFinite(lastScoreAt) ? lastScoreAt : null,
    revised: patient.revised,
    wardId: patient.wardId,
    bedId: patient.bedId,
    demographics: patient.demographics,
    alerts,
    recentIds: recentIds.length,
    notes: headsOf(timeline.notes),
    images: headsOf(timeline.images),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const documents = [...timeline.notes.held, ...timeline.images.held];
  const embeddings = documents.map(({ document }) => Int32Array.from(document.embedding));
  const arrays = [...arraysOf(patient, cache), recentIds, ...embeddings].map(bytesOf);
  return {
    formatVersion: FORMAT_VERSION,
    patientId: patient.patientId,
    stayId: patient.stayId,
    eventTime: patient.lastEventAt,
    modelVersion,
    positions,
    compression: 'NONE',
    state: Buffer.concat([length, text, ...arrays]),
  };
}

/** The snapshot as it is written: compressed, beside the main thread. */
export async function compressed(snapshot: PatientSnapshotMessage): Promise<PatientSnapshotMessage> {
  if (snapshot.state.length === 0) return snapshot;
  return { ...snapshot, compression: 'DEFLATE', state: await deflate(snapshot.state, { level: 1 }) };
}

/** A snapshot that says only that the stay is over: its `state` is empty. */
export function dischargeOf({ patientId, at }: DischargedStay, positions: AppliedTo): PatientSnapshotMessage {
  return {
    formatVersion: FORMAT_VERSION,
    patientId,
    stayId: '',
    eventTime: at,
    modelVersion: '',
    positions,
    compression: 'NONE',
    state: Buffer.alloc(0),
  };
}

/** The stay that is over of a snapshot; null where it is of a patient who is still there. */
export function restoreDischarge(
  { patientId, eventTime, positions, state }: PatientSnapshotMessage,
  partition: number,
): DischargedStay | null {
  return state.length > 0 ? null : { patientId, partition, at: eventTime, appliedTo: positions };
}

/**
 * The patient of a snapshot; null where it was written by another layout, vocabulary or model, or is damaged: the patient
 * then begins anew with the next event.
 */
export function restorePatient(
  snapshot: PatientSnapshotMessage,
  options: RestoreOptions,
): RestoredPatient | null {
  const { partition, dedupeWindow, model } = options;
  const isOurs =
    READABLE_VERSIONS.includes(snapshot.formatVersion) && snapshot.modelVersion === model.version;
  if (!isOurs || snapshot.compression === 'ZSTD') return null;
  try {
    const { compression, state } = snapshot;
    const bytes = compression === 'NONE' ? state : inflateRawSync(state);
    const start = 4 + bytes.readUInt32LE(0);
    const header = JSON.parse(bytes.toString('utf8', 4, start)) as Header;
    if (header.variables !== VARIABLE_IDS) return null;
    const { patientId } = snapshot;
    const first = { patientId, partition, eventTime: header.admittedAt };
    const patient = new PatientState(first, model, dedupeWindow);
    const reader = new ArrayReader(bytes, start);
    readTimeline(patient, header, reader);
    patient.lastEventAt = header.lastEventAt;
    patient.lastScoreAt = header.lastScoreAt ?? Number.NEGATIVE_INFINITY;
    patient.revised = header.revised;
    patient.appliedTo = snapshot.positions;
    patient.wardId = header.wardId;
    patient.bedId = header.bedId;
    Object.assign(patient.demographics, header.demographics);
    const cells = model.layers * model.steps * model.width;
    const k = reader.floats(cells);
    const v = reader.floats(cells);
    const steps = reader.integers(model.steps);
    patient.recentIds.restore(reader.integers(header.recentIds));
    readDocuments(patient.timeline.notes, header.notes, reader);
    readDocuments(patient.timeline.images, header.images, reader);
    const fill = (cache: AttentionCache) => {
      cache.k.set(k);
      cache.v.set(v);
      cache.steps.set(steps);
    };
    return { patient, alerts: header.alerts, fill };
  } catch {
    return null;
  }
}

function readTimeline({ timeline }: PatientState, { openStep }: Header, reader: ArrayReader): void {
  const cells = timeline.last.length;
  const last = reader.floats(cells);
  const mean = reader.floats(cells);
  const lastOffset = reader.integers(cells);
  const count = new Uint16Array(reader.integers(cells));
  timeline.restore(openStep, { last, mean, count, lastOffset });
}

function headsOf(documents: NewestDocuments): HeldDocument[] {
  return documents.held.map(({ step, document: { messageId, eventTime, embedding } }) => ({
    step,
    messageId,
    eventTime,
    size: embedding.length,
  }));
}

function readDocuments(
  documents: NewestDocuments,
  heads: readonly HeldDocument[] = [],
  reader: ArrayReader,
): void {
  for (const { step, messageId, eventTime, size } of heads) {
    documents.record(step, { messageId, eventTime, embedding: new Int16Array(reader.integers(size)) });
  }
}

type NumberArray = Float32Array | Int32Array;

/** In the order in which `restorePatient` reads them. */
function arraysOf({ timeline }: PatientState, cache: AttentionCache): NumberArray[] {
  const { last, mean, lastOffset, count } = timeline;
  return [last, mean, lastOffset, Int32Array.from(count), cache.k, cache.v, cache.steps];
}

function bytesOf({ buffer, byteOffset, byteLength }: NumberArray): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Reads arrays of 32-bit numbers one after the other. @throws RangeError beyond the end. */
class ArrayReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  floats(length: number): Float32Array {
    return new Float32Array(this.#take(length));
  }

  integers(length: number): Int32Array {
    return new Int32Array(this.#take(length));
  }

  #take(length: number): ArrayBuffer {
    const end = this.#at + 4 * length;
    if (end > this.#bytes.length) throw new RangeError('the snapshot ends early');
    const taken = new Uint8Array(this.#bytes.subarray(this.#at, end)).buffer;
    this.#at = end;
    return taken;
  }
}
