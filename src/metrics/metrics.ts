import { collectDefaultMetrics, Registry } from 'prom-client';
import type { PartitionDelay } from '../engine/behind.js';
import type { EngineCounts } from '../engine/counts.js';
import { DEAD_LETTER_REASONS } from '../events/dead-letter.js';
import { ENCODING_FLAGS } from '../events/encoding.js';
import type { Histogram } from '../histogram.js';
import type { VariableDrift } from '../inference/drift.js';
import { addDoors, type DoorSource } from './doors.js';
import { addCounter, addGauge, addHistogram, addLabelled } from './register.js';
import type { MetricsSink } from './sink.js';

/** What metrics are read from, when they are asked for. What is left out does not exist in this process. */
export interface MetricsSources extends ProcessSources {
  readonly counts: () => EngineCounts;
  readonly sink: MetricsSink;
  readonly modelVersion: string;
  /** Input batches under way. */
  readonly inFlight: () => number;
  /** Patients whose state is in memory. */
  readonly patients: () => number;
  /** Silent patients, whose state is in the log only. */
  readonly silent: () => number;
  /** Partitions that this process reads. */
  readonly partitions: () => number;
  /** Messages in another partition than their patient, by topic and cause. */
  readonly misplaced: () => readonly {
    readonly topic: string;
    readonly cause: string;
    readonly messages: number;
  }[];
  /** Tokens run by the model, in how many batches, and the seconds each took. */
  readonly scoring: () => { readonly tokens: number; readonly batches: number; readonly seconds: Histogram };
  /** How old the input is of which not all is read, by partition. */
  readonly delays: () => readonly PartitionDelay[];
  /** How the model's input compares with its training data, by variable. */
  readonly drift: () => readonly VariableDrift[];
}

/** The same of a process of any role. */
export interface ProcessSources {
  /** Messages of the group that are not committed yet, by topic and partition. */
  readonly lag?: () => Promise<readonly Lag[]>;
  readonly store?: () => StoreState;
  readonly snapshots?: () => Snapshots;
  readonly doors?: DoorSource;
  /** Of a process on live topics. */
  readonly live?: { readonly bus: KafkaSource; readonly clock: { readonly correctionMs: number } };
}

export interface StoreState {
  /** In memory, and what they take there. */
  readonly rowsWaiting: number;
  readonly bytesWaiting: number;
  readonly isAway: boolean;
  /** Since the start, by table. */
  readonly refused: ReadonlyMap<string, number>;
  /** Messages that wait for the engine to decide on them. */
  readonly undecided: number;
}

export interface Lag {
  readonly topic: string;
  readonly partition: number;
  readonly messages: number;
}

export interface Snapshots {
  readonly checkpoints: number;
  readonly written: number;
  /** How long the last checkpoint held the input back. */
  readonly lastSeconds: number;
}

/** What Kafka keeps from a process. */
export interface KafkaSource {
  /** What is wrong with it now, and how many of each kind. */
  readonly troubles: { readonly faults: readonly string[]; readonly counts: ReadonlyMap<string, number> };
  /** Messages of ours that are in no topic, by topic. */
  readonly dropped: ReadonlyMap<string, number>;
  /** Messages that were gone before they were read. */
  readonly lost: number;
}

/** The metrics of a process that has no engine. */
export function openProcessMetrics(sources: ProcessSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addOptional(registry, sources);
  if (sources.doors !== undefined) addDoors(registry, sources.doors);
  return registry;
}

/**
 * Every metric of a process with an engine, in Prometheus' format. Numbers are taken from the sources when they are asked for:
 * between two scrapes nothing is done.
 */
export function openMetrics(sources: MetricsSources): Registry {
  const registry = openProcessMetrics(sources);
  const { counts, sink } = sources;
  const counter = (name: string, help: string, value: () => number) =>
    addCounter(registry, name, help, value);
  const gauge = (name: string, help: string, value: () => number) => addGauge(registry, name, help, value);

  counter('messages_total', 'Messages read from the bus.', () => counts().messages);
  counter('observations_total', 'Observations used.', () => counts().observations);
  counter('implausible_total', 'Observations used although implausible.', () => counts().implausible);
  addLabelled(
    registry,
    'counter',
    'values_not_used_total',
    'Values that were doubted or taken for artefacts, by variable and reason.',
    ['variable', 'reason'],
    () =>
      counts().untrustedByVariable.map(({ variable, reason, values: value }) => ({
        labels: { variable, reason },
        value,
      })),
  );
  counter('duplicates_total', 'Messages that had been seen before.', () => counts().duplicates);
  counter(
    'late_total',
    'Events that came after a later one of their patient had been used.',
    () => counts().late,
  );
  counter('scores_total', 'Evaluations of the model.', () => counts().scores);
  counter('alerts_total', 'Alerts raised.', () => counts().alerts);
  addLabelled(registry, 'counter', 'alert_transitions_total', 'Alert records, by state.', ['state'], () =>
    [...sink.transitions].map(([state, value]) => ({ labels: { state }, value })),
  );
  addLabelled(registry, 'counter', 'dead_letters_total', 'Input set aside, by reason.', ['reason'], () =>
    DEAD_LETTER_REASONS.map((reason) => ({
      labels: { reason },
      value: counts().deadLettersByReason[reason] ?? 0,
    })),
  );
  addLabelled(
    registry,
    'counter',
    'misplaced_messages_total',
    'Messages in another partition than their patient, by topic and cause.',
    ['topic', 'cause'],
    () =>
      sources.misplaced().map(({ topic, cause, messages: value }) => ({ labels: { topic, cause }, value })),
  );
  counter('encoded_total', 'Notes and images with an embedding.', () => counts().encoded);
  addLabelled(
    registry,
    'counter',
    'encoding_flags_total',
    'Notes and images of which an encoder used only a part or nothing, by reason.',
    ['reason'],
    () => ENCODING_FLAGS.map((reason) => ({ labels: { reason }, value: counts().flagged[reason] ?? 0 })),
  );
  addLabelled(registry, 'counter', 'note_facts_total', 'Facts of notes, by outcome.', ['outcome'], () =>
    Object.entries(counts().noteFacts).map(([outcome, value]) => ({ labels: { outcome }, value })),
  );
  gauge('patients', 'Patients whose state is in memory.', sources.patients);
  gauge(
    'patients_silent',
    'Patients silent for so long that their state is in the log only.',
    sources.silent,
  );
  gauge(
    'partitions',
    'Partitions of the consumer group that this process reads; 0 without one.',
    sources.partitions,
  );
  gauge('batches_in_flight', 'Input batches under way; at 3 the source waits.', sources.inFlight);
  addLabelled(
    registry,
    'gauge',
    'watermark_delay_seconds',
    'Age of the newest event delivered, by partition.',
    ['partition'],
    () => [...sink.delays()].map(([partition, value]) => ({ labels: { partition }, value })),
  );
  addLabelled(
    registry,
    'gauge',
    'partition_behind_seconds',
    'Age of the oldest input of a partition that this process reads and has not read.',
    ['partition'],
    () => sources.delays().map(({ partition, seconds }) => ({ labels: { partition }, value: seconds })),
  );
  addHistogram(
    registry,
    'end_to_end_seconds',
    'From the event time of a score to its delivery.',
    sink.endToEnd,
  );
  addHistogram(registry, 'batch_events', 'Events of one delivery.', sink.batchEvents);
  addHistogram(registry, 'scoring_seconds', 'Model time of one input batch.', sources.scoring().seconds);
  counter('model_tokens_total', 'Rows run by the model.', () => sources.scoring().tokens);
  counter('model_batches_total', 'Batches run by the model.', () => sources.scoring().batches);
  counter('patients_restored_total', 'Patients taken over from a snapshot.', () => sink.restored);
  addLabelled(registry, 'gauge', 'model_info', 'The model in use.', ['version'], () => [
    { labels: { version: sources.modelVersion }, value: 1 },
  ]);
  addDrift(registry, sources.drift);
  return registry;
}

/** What is known of the clients that results are pushed to. */
export interface PushSource {
  readonly connections: number;
  /** Bytes that wait in the sockets of clients, all together. */
  readonly queuedBytes: number;
}

/** Adds the metrics of the push server, which exists later than the rest. */
export function addPushMetrics(registry: Registry, push: PushSource): void {
  addGauge(registry, 'push_clients', 'WebSocket clients connected.', () => push.connections);
  addGauge(registry, 'push_queued_bytes', 'Bytes that wait for WebSocket clients.', () => push.queuedBytes);
}

/** What is known of the ward that a gateway shows. */
export interface WardSource {
  readonly patients: { readonly size: number };
  /** By topic. */
  readonly undecodable: ReadonlyMap<string, number>;
  /** Records of engines that had lost their partition. */
  readonly fenced: number;
}

/** Adds the metrics of a ward that is read from the log. */
export function addWardMetrics(registry: Registry, ward: WardSource): void {
  const { patients, undecodable } = ward;
  addGauge(
    registry,
    'ward_patients',
    'Patients that this gateway shows, of every engine.',
    () => patients.size,
  );
  addCounter(
    registry,
    'ward_records_fenced_total',
    'Records of patients that count for nothing: their engine had lost the partition to another one.',
    () => ward.fenced,
  );
  addLabelled(
    registry,
    'counter',
    'ward_records_unreadable_total',
    'Records of patients and alerts that this gateway could not read, by topic.',
    ['topic'],
    () => [...undecodable].map(([topic, value]) => ({ labels: { topic }, value })),
  );
}

/** Adds the metric of the audit trail, which the server keeps. */
export function addAuditMetrics(registry: Registry, trail: { readonly awayMs: number }): void {
  const help = 'How long the store has not taken the audit trail; 0 while it does.';
  addGauge(registry, 'audit_away_seconds', help, () => trail.awayMs / 1000);
}

function addDrift(registry: Registry, drift: () => readonly VariableDrift[]): void {
  const byVariable = (name: string, help: string, value: (each: VariableDrift) => number) =>
    addLabelled(registry, 'counter', name, help, ['variable'], () =>
      drift().map((each) => ({ labels: { variable: each.variable }, value: value(each) })),
    );
  byVariable('drift_scores_total', 'Scores of a patient with the variable.', ({ scores }) => scores);
  const help = 'Those with its last value beyond the range the model was trained on.';
  byVariable('drift_beyond_total', help, ({ clamped }) => clamped);
  addLabelled(
    registry,
    'gauge',
    'drift_z_mean',
    'Mean standardised last value since the start; 0 on data like those of training.',
    ['variable'],
    () =>
      drift()
        .filter(({ scores }) => scores > 0)
        .map(({ variable, scores, sumZ }) => ({ labels: { variable }, value: sumZ / scores })),
  );
}

function addOptional(registry: Registry, { lag, store, snapshots, live }: ProcessSources): void {
  if (live !== undefined) addLive(registry, live);
  if (lag !== undefined) {
    const help = 'Messages of the group not committed yet; the same from every process.';
    addLabelled(registry, 'gauge', 'consumer_lag_messages', help, ['topic', 'partition'], async () =>
      (await lag()).map(({ topic, partition, messages }) => ({
        labels: { topic, partition },
        value: messages,
      })),
    );
  }
  if (store !== undefined) {
    addGauge(
      registry,
      'store_rows_waiting',
      'Rows in memory that wait for the store.',
      () => store().rowsWaiting,
    );
    addGauge(
      registry,
      'store_bytes_waiting',
      'Memory of the rows that wait for the store.',
      () => store().bytesWaiting,
    );
    const byTable = (rows: ReadonlyMap<string, number>) =>
      [...rows].map(([table, value]) => ({ labels: { table }, value }));
    const refused = 'Rows that the store refused, each set aside by itself, by table.';
    addLabelled(registry, 'counter', 'store_rows_refused_total', refused, ['table'], () =>
      byTable(store().refused),
    );
    const undecided = 'Messages that are not stored before the engine has decided on them.';
    addGauge(registry, 'store_messages_undecided', undecided, () => store().undecided);
    addGauge(registry, 'store_away', '1 while the store cannot be reached.', () => Number(store().isAway));
  }
  if (snapshots !== undefined) {
    addCounter(
      registry,
      'checkpoints_total',
      'Checkpoints: states written, input committed.',
      () => snapshots().checkpoints,
    );
    addCounter(registry, 'snapshots_total', 'States of patients written.', () => snapshots().written);
    addGauge(
      registry,
      'checkpoint_seconds',
      'How long the last checkpoint took.',
      () => snapshots().lastSeconds,
    );
  }
}

function addLive(registry: Registry, { bus, clock }: NonNullable<MetricsSources['live']>): void {
  addGauge(
    registry,
    'clock_correction_seconds',
    "What is added to the machine's clock; other than 0, it is wrong.",
    () => clock.correctionMs / 1000,
  );
  addCounter(registry, 'input_lost_total', 'Messages deleted before they were read.', () => bus.lost);
  const byKey = (map: ReadonlyMap<string, number>, label: string) => () =>
    [...map].map(([key, value]) => ({ labels: { [label]: key }, value }));
  addLabelled(
    registry,
    'counter',
    'output_dropped_total',
    'Results that Kafka did not take and that are in the store only, by topic.',
    ['topic'],
    byKey(bus.dropped, 'topic'),
  );
  addLabelled(
    registry,
    'gauge',
    'bus_troubles',
    'What is wrong with Kafka or the clock now, by kind; each is a technical notice.',
    ['kind'],
    byKey(bus.troubles.counts, 'kind'),
  );
}
