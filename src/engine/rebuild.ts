import { Aligner, type AlignmentSink, type AlignOptions } from '../align/aligner.js';
import { PartitionMerge } from '../align/merge.js';
import { PatientState } from '../align/patient.js';
import type { RecordBatch, StateLog, Stretch } from '../bus/bus.js';
import { WALL_CLOCK } from '../clock.js';
import { INPUT_TOPICS } from '../contract/topics.js';
import type { MessageCodec } from '../events/codec.js';
import type { ClinicalEvent } from '../events/event.js';
import type { ValidationLimits } from '../events/validate.js';
import { EventDecoder } from './decode.js';
import type { EncodeStage } from './encode.js';
import type { SchemaLoader } from './schema-loader.js';
import type { LostPatient, RestoredPatient } from './snapshot.js';
import { decodeBatch } from './stages.js';

export interface RebuildOptions {
  readonly log: StateLog;
  readonly codec: MessageCodec;
  readonly schemas: SchemaLoader;
  readonly limits: ValidationLimits;
  readonly align: AlignOptions & { readonly reorderWindowMs: number };
  readonly encoding: EncodeStage;
}

/** What happened then has been scored, produced and alarmed before. */
const SILENT: AlignmentSink = {
  stepClosed: () => undefined,
  scoreDue: () => undefined,
  measured: () => undefined,
  admitted: () => undefined,
  updated: () => undefined,
  reopened: () => undefined,
  discharged: () => undefined,
  released: () => undefined,
  acknowledged: () => undefined,
  judged: () => undefined,
  rejected: () => undefined,
};

const END_OF_TIME = Number.POSITIVE_INFINITY;
/** Of such a topic nothing more comes, whatever the time. */
const READ_TO_ITS_END = { readThrough: END_OF_TIME, completeThrough: END_OF_TIME, isSilent: false };

/**
 * Patients whose snapshots cannot be used, as they were: their timelines are read again from the input, the model's window
 * or what the topics still hold of it, up to where the snapshot was. Nothing is scored or produced; the attention cache is for the
 * caller to compute. Alerts are those of the snapshot.
 */
export async function rebuild(
  lost: readonly LostPatient[],
  { log, codec, schemas, limits, align, encoding }: RebuildOptions,
): Promise<RestoredPatient[]> {
  const wanted = new Map(lost.map((patient) => [patient.patientId, patient]));
  const aligner = new Aligner(align, SILENT);
  for (const patient of lost) aligner.restore(begin(patient, align));
  const decoder = new EventDecoder(codec, limits);
  const { reorderWindowMs } = align;
  const merges = new Map<number, PartitionMerge>();
  const apply = async (events: readonly ClinicalEvent[]) => {
    await encoding.encodeAll({ events, deadLetters: [] });
    aligner.apply(events);
  };
  const handle = async (batch: RecordBatch, isDone: boolean) => {
    await schemas.load(batch.records);
    const { topic, partition, events } = decodeBatch(batch, decoder, WALL_CLOCK);
    const merge =
      merges.get(partition) ?? new PartitionMerge({ reorderWindowMs, live: true, maxWaiting: END_OF_TIME });
    merges.set(partition, merge);
    const before = events.filter(({ patientId, topic, offset }) => {
      return offset < (wanted.get(patientId)?.appliedTo[topic] ?? 0);
    });
    merge.add(topic, before, END_OF_TIME);
    if (isDone) merge.note(topic, READ_TO_ITS_END);
    await apply(merge.release(END_OF_TIME));
  };
  await log.reread(stretchesOf(lost, align, limits.maxFutureSkewMs), handle);
  for (const merge of merges.values()) await apply(merge.flush());
  return lost.flatMap(({ patientId, alerts, appliedTo, place, demographics, facts }) => {
    const patient = aligner.patients.get(patientId);
    if (patient === undefined) return [];
    patient.appliedTo = appliedTo;
    // What the snapshot knows was told up to then, also by messages that the topics hold no more.
    if (facts !== undefined) patient.restoreFacts(place, demographics, facts);
    return [{ patient, alerts, fill: null }];
  });
}

function begin(lost: LostPatient, align: AlignOptions): PatientState {
  const { patientId, partition, openedAt: eventTime, place, demographics, facts } = lost;
  const patient = new PatientState({ patientId, partition, eventTime }, align, align.dedupeWindow);
  patient.restoreFacts(place, demographics, facts);
  // A discharge that a transfer took back later ends the stay for as long as it did then.
  patient.newestTransfer = Number.NEGATIVE_INFINITY;
  return patient;
}

/** What must be read: of each partition and topic, from the oldest event that a patient needs to the newest that one had. */
function stretchesOf(
  lost: readonly LostPatient[],
  { steps, stepMs }: AlignOptions,
  maxFutureSkewMs: number,
): Stretch[] {
  return [...new Set(lost.map(({ partition }) => partition))].flatMap((partition) => {
    const there = lost.filter((patient) => patient.partition === partition);
    const needed = there.map(({ openedAt, lastEventAt }) => Math.max(openedAt, lastEventAt - steps * stepMs));
    // A record is appended after its event, but for a clock that runs ahead.
    const since = Math.min(...needed) - maxFutureSkewMs;
    return INPUT_TOPICS.map((topic) => {
      const until = Math.max(...there.map(({ appliedTo }) => appliedTo[topic] ?? 0));
      return { topic, partition, since, until };
    });
  });
}
