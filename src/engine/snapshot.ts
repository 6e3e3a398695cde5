import { promisify } from 'node:util';
import { deflateRaw, inflateRawSync } from 'node:zlib';
import { AlertPolicy } from '../alerts/policy.js';
import type { DischargedStay } from '../align/discharged.js';
import type { NewestDocuments } from '../align/documents.js';
import type { Charted } from '../align/infusions.js';
import type { StoredNotes } from '../align/note-memory.js';
import { type AppliedTo, type LastScore, openingOf, PatientState, type ToldFacts } from '../align/patient.js';
import { EPISODE_NUMBERS } from '../align/sign-history.js';
import type { Place } from '../align/whereabouts.js';
import { SIGN_IDS, SIGNS } from '../clinical/signs.js';
import { VARIABLES } from '../clinical/variables.js';
import { MODALITIES } from '../contract/contributions.js';
import type { AdtMessage, PatientSnapshotMessage } from '../contract/messages.js';
import { withOldName, withPresentName } from '../contract/old-names.js';
import { byForecast, NO_FORECASTS } from '../contract/outcomes.js';
import type { EpochMs } from '../events/event.js';
import type { AttentionCache } from '../inference/attention-cache.js';
import type { ModelConfig } from '../inference/model.js';
import { ArrayReader, bytesOf, type NumberArray } from './number-arrays.js';

const deflate = promisify<Buffer, { level: number }, Buffer>(deflateRaw);

/**
 * Layout of `state`; raise it when the layout changes. Version 1 had no notes and images, version 2 no laboratory results, version
 * 3 no `told` and nothing of stays that are over, version 4 nothing of how far values can be trusted and no signs.
 */
const FORMAT_VERSION = 5;
const READABLE_VERSIONS = [1, 2, 3, 4, FORMAT_VERSION];
const VARIABLE_IDS = VARIABLES.map(({ id }) => id).join(' ');
/** What numbers of signs mean. */
const SIGN_NAMES = [EPISODE_NUMBERS, ...SIGN_IDS.map((id) => [id, ...SIGNS[id].variables].join(' '))].join();

/** What a state may become when it is inflated; that of the largest model here takes a hundredth. */
const MAX_STATE_BYTES = 64 * 1_048_576;

/** The part of a patient that is not in typed arrays. */
interface Header {
  /** Of the stay's first event, from which its steps count. */
  readonly admittedAt: number;
  readonly variables: string;
  readonly openStep: number;
  readonly lastEventAt: number;
  readonly lastScoreAt: number | null;
  /** Absent in older ones. */
  readonly lastScore?: LastScore | null;
  readonly revised: boolean;
  readonly wardId: string | null;
  readonly bedId: string | null;
  readonly demographics: PatientState['demographics'];
  /** What ADT messages told, and when; absent before version 4. */
  readonly told?: ToldFacts;
  /** Of a stay that is over: an update that may take the discharge back. */
  readonly update?: AdtMessage | null;
  readonly alerts: string;
  readonly recentIds: number;
  /** What the timeline holds and how; absent in older ones. */
  readonly inputs?: Inputs;
  /** Encoded notes and images; absent in version 1. */
  readonly notes?: readonly HeldDocument[];
  readonly images?: readonly HeldDocument[];
  /** Numbers of 64 bits that tell the laboratory results apart; absent in versions 1 and 2. */
  readonly results?: number;
  /** Numbers of 64 bits of what is known of trust in values; absent before version 5. */
  readonly trust?: number;
  /** Numbers of 64 bits of the signs, and what they mean; absent before version 5. */
  readonly signs?: { readonly names: string; readonly numbers: number };
  /** What is charted of infusions; absent in older ones, which know of none. */
  readonly infusions?: readonly Charted[];
  /** What notes stated; absent in older ones. */
  readonly stated?: StoredNotes | null;
  /** How often values come; absent in older ones, where it is learned anew. */
  readonly feed?: readonly number[];
}

/** What of a model decides how the past of a patient is kept. */
type Inputs = Pick<ModelConfig, 'steps' | 'stepMs'> & Pick<ModelConfig['encoder'], 'modalities'>;

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
  /** Fills an empty attention cache; null where it must be computed, from the steps. */
  readonly fill: ((cache: AttentionCache) => void) | null;
}

/** A stay that is over as of a snapshot, and what fills the attention cache of its state. */
export interface RestoredDischarge {
  readonly stay: DischargedStay;
  readonly fill: RestoredPatient['fill'];
}

/** What is known of a patient whose snapshot cannot be restored: enough to read their past again. */
export interface LostPatient {
  readonly patientId: string;
  readonly partition: number;
  readonly openedAt: EpochMs;
  readonly lastEventAt: EpochMs;
  readonly appliedTo: AppliedTo;
  readonly alerts: string;
  readonly place: Place;
  readonly demographics: Partial<PatientState['demographics']>;
  readonly facts: ToldFacts | undefined;
}

/**
 * All that is known of a patient, for `restorePatient`, copied and not compressed yet. `alerts` is the policy's `stateOf`; `positions` says how far the
 * patient's partition has been applied and delivered.
 */
export function snapshotOf(
  patient: PatientState,
  cache: AttentionCache,
  alerts: string,
  model: ModelConfig,
  positions: AppliedTo,
  update: AdtMessage | null = null,
): PatientSnapshotMessage {
  const { timeline, lastScoreAt } = patient;
  const recentIds = patient.recentIds.toArray();
  const results = timeline.results.toArray();
  const trust = patient.trust.toArray();
  const signs = timeline.signs.toArray();
  const header: Header = {
    admittedAt: patient.openedAt,
    variables: VARIABLE_IDS,
    inputs: inputsOf(model),
    openStep: timeline.openStep,
    lastEventAt: patient.lastEventAt,
    lastScoreAt: Number.isFinite(lastScoreAt) ? lastScoreAt : null,
    lastScore: patient.lastScore && withOldName(lastScoreOf(patient.lastScore)),
    revised: patient.revised,
    wardId: patient.wardId,
    bedId: patient.bedId,
    demographics: patient.demographics,
    told: patient.facts,
    update,
    alerts,
    recentIds: recentIds.length,
    notes: headsOf(timeline.notes),
    images: headsOf(timeline.images),
    results: results.length,
    trust: trust.length,
    signs: { names: SIGN_NAMES, numbers: signs.length },
    infusions: timeline.signs.infusions.chartings,
    stated: patient.notes.toStored(),
    feed: patient.feed.toArray(),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const documents = [...timeline.notes.held, ...timeline.images.held];
  const embeddings = documents.map(({ document }) => Int32Array.from(document.embedding));
  const arrays = [...arraysOf(patient, cache), recentIds, ...embeddings, results, trust, signs].map(bytesOf);
  return {
    formatVersion: FORMAT_VERSION,
    patientId: patient.patientId,
    stayId: patient.stayId,
    eventTime: patient.lastEventAt,
    modelVersion: model.version,
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

/**
 * A snapshot that says that the stay is over: it names none. Its `state` is empty where the discharge cannot be taken back any
 * more; else give the cache of the stay's state.
 */
export function dischargeOf(
  { patientId, at, state, update }: DischargedStay,
  cacheOf: (patient: PatientState) => AttentionCache,
  model: ModelConfig,
  positions: AppliedTo,
): PatientSnapshotMessage {
  const over = { patientId, stayId: '', eventTime: at, positions };
  if (state !== null) return { ...snapshotOf(state, cacheOf(state), '', model, positions, update), ...over };
  return {
    ...over,
    formatVersion: FORMAT_VERSION,
    modelVersion: '',
    compression: 'NONE',
    state: Buffer.alloc(0),
  };
}

/**
 * The stay that is over of a snapshot, with its state where that can be restored; null where it is of a patient who is still
 * there.
 */
export function restoreDischarge(
  snapshot: PatientSnapshotMessage,
  options: RestoreOptions,
): RestoredDischarge | null {
  const { patientId, stayId, eventTime: at, positions: appliedTo, state } = snapshot;
  if (stayId !== '') return null;
  const whole = state.length === 0 ? null : readPatient(snapshot, options);
  const { partition } = options;
  const update = whole?.update ?? null;
  const stay = { patientId, partition, at, appliedTo, state: whole?.patient ?? null, update };
  return { stay, fill: whole?.fill ?? null };
}

/**
 * The patient of a snapshot; null where it has another layout or vocabulary, is damaged, or is of a model that looks at the past in
 * other steps or at other notes and images: see `lostPatientOf`. Of another model that looks at the same, only the attention
 * cache is of no use.
 */
export function restorePatient(
  snapshot: PatientSnapshotMessage,
  options: RestoreOptions,
): RestoredPatient | null {
  const read = readPatient(snapshot, options);
  return read === null ? null : { patient: read.patient, alerts: read.alerts, fill: read.fill };
}

function readPatient(
  snapshot: PatientSnapshotMessage,
  options: RestoreOptions,
): (RestoredPatient & { readonly update: AdtMessage | null }) | null {
  const { partition, dedupeWindow, model } = options;
  const isOurs = snapshot.modelVersion === model.version;
  if (!READABLE_VERSIONS.includes(snapshot.formatVersion)) return null;
  try {
    const { header, bytes, start } = readHeader(snapshot);
    if (header.variables !== VARIABLE_IDS || !(isOurs || isMadeFor(header, model))) return null;
    const { patientId } = snapshot;
    const first = { patientId, partition, eventTime: header.admittedAt };
    const patient = new PatientState(first, model, dedupeWindow);
    const reader = new ArrayReader(bytes, start);
    readTimeline(patient, header, reader);
    patient.lastEventAt = header.lastEventAt;
    patient.lastScoreAt = header.lastScoreAt ?? Number.NEGATIVE_INFINITY;
    // What another model foretold is not what this one would.
    const { lastScore } = header;
    patient.lastScore =
      isOurs && lastScore
        ? { ...NO_FORECASTS, ...withPresentName(lastScore), sofa: lastScore.sofa ?? null }
        : null;
    patient.revised = header.revised;
    patient.appliedTo = snapshot.positions;
    patient.restoreFacts(header, header.demographics, header.told);
    const { results = 0, trust = 0, signs } = header;
    const wide = results + trust + (signs?.numbers ?? 0);
    const cache = reader.before(header.recentIds + embeddingsIn(header) + 2 * wide);
    patient.recentIds.restore(reader.integers(header.recentIds));
    readDocuments(patient.timeline.notes, header.notes, reader);
    readDocuments(patient.timeline.images, header.images, reader);
    patient.timeline.results.restore(reader.doubles(results));
    patient.trust.restore(reader.doubles(trust));
    if (signs?.names === SIGN_NAMES) patient.timeline.signs.restore(reader.doubles(signs.numbers));
    else patient.timeline.recallSigns();
    patient.timeline.signs.infusions.restore(header.infusions ?? []);
    patient.notes.restore(header.stated);
    patient.feed.restore(header.feed ?? []);
    const { alerts, update = null } = header;
    return { patient, alerts, update, fill: isOurs ? fillerFrom(cache, model) : null };
  } catch {
    return null;
  }
}

/** What can be told of the patient of a snapshot that cannot be restored; null where it does not even name the stay. */
export function lostPatientOf(snapshot: PatientSnapshotMessage, partition: number): LostPatient | null {
  const { patientId, stayId, eventTime: lastEventAt, positions: appliedTo } = snapshot;
  const openedAt = openingOf(stayId);
  if (Number.isNaN(openedAt)) return null;
  const known = { patientId, partition, openedAt, lastEventAt, appliedTo };
  try {
    const { alerts, wardId, bedId, demographics, told: facts } = readHeader(snapshot).header;
    if (AlertPolicy.isState(alerts))
      return { ...known, alerts, place: { wardId, bedId }, demographics, facts };
  } catch {
    // Of another layout, or damaged.
  }
  const place = { wardId: null, bedId: null };
  return { ...known, alerts: '', place, demographics: {}, facts: undefined };
}

/** Of the newest score only what is kept. */
function lastScoreOf(lastScore: LastScore): LastScore {
  const { eventTime, mortality, news2, news2Missing, qsofa, sofa } = lastScore;
  const forecasts = byForecast(({ id }) => lastScore[id]);
  return { eventTime, mortality, ...forecasts, news2, news2Missing, qsofa, sofa };
}

function readHeader({ compression, state }: PatientSnapshotMessage) {
  if (compression === 'ZSTD') throw new RangeError('a compression that is not known');
  const bytes = compression === 'NONE' ? state : inflateRawSync(state, { maxOutputLength: MAX_STATE_BYTES });
  const start = 4 + bytes.readUInt32LE(0);
  return { header: JSON.parse(bytes.toString('utf8', 4, start)) as Header, bytes, start };
}

function inputsOf({ steps, stepMs, encoder: { modalities } }: ModelConfig): Inputs {
  return { steps, stepMs, modalities };
}

/** Whether a timeline holds in the right steps all that the model looks at. */
function isMadeFor({ inputs }: Header, model: ModelConfig): boolean {
  if (inputs === undefined || inputs.steps !== model.steps || inputs.stepMs !== model.stepMs) return false;
  const { modalities = {} } = model.encoder;
  return MODALITIES.every((kind) => {
    const [held, wanted] = [inputs.modalities?.[kind], modalities[kind]];
    if (wanted === undefined || (held === undefined && wanted.optional === true)) return true;
    return JSON.stringify(held) === JSON.stringify(wanted);
  });
}

function embeddingsIn({ notes = [], images = [] }: Header): number {
  return [...notes, ...images].reduce((sum, { size }) => sum + size, 0);
}

/** @throws RangeError where the cache is not one of the model. */
function fillerFrom(
  reader: ArrayReader,
  { layers, steps: slots, width }: ModelConfig,
): RestoredPatient['fill'] {
  const cells = layers * slots * width;
  const k = reader.floats(cells);
  const v = reader.floats(cells);
  const steps = reader.integers(slots);
  return (cache) => {
    cache.k.set(k);
    cache.v.set(v);
    cache.steps.set(steps);
  };
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

/** In the order in which `restorePatient` reads them. */
function arraysOf({ timeline }: PatientState, cache: AttentionCache): NumberArray[] {
  const { last, mean, lastOffset, count } = timeline;
  return [last, mean, lastOffset, Int32Array.from(count), cache.k, cache.v, cache.steps];
}
