import { concatMap, map, type OperatorFunction } from 'rxjs';
import type { AlertPolicy } from '../alerts/policy.js';
import type { MeasuredMoment } from '../alerts/state-watch.js';
import type { TrustState } from '../alerts/trust-notices.js';
import { Aligner, type AlignmentSink, type AlignOptions } from '../align/aligner.js';
import type { PatientState } from '../align/patient.js';
import { RunningSummary } from '../align/timeline.js';
import type { RecordBatch, TopicProgress } from '../bus/bus.js';
import {
  type Baseline,
  type CriteriaSet,
  criteriaOf,
  news2ScaleOf,
  USUAL_CRITERIA,
} from '../clinical/baselines.js';
import { bedsideScores } from '../clinical/bedside.js';
import { presentAt } from '../clinical/state.js';
import { VARIABLE_COUNT } from '../clinical/variables.js';
import type { Clock } from '../clock.js';
import { NO_CONTRIBUTIONS } from '../contract/contributions.js';
import type { DeadLetterMessage, VerdictMessage } from '../contract/messages.js';
import { NO_OUTCOMES } from '../contract/outcomes.js';
import { deadLetter } from '../events/dead-letter.js';
import type { ClinicalEvent, EpochMs, ObservationEvent } from '../events/event.js';
import { Histogram } from '../histogram.js';
import type { MicroBatcher } from '../inference/batcher.js';
import { contributionsOf } from '../inference/occlusion.js';
import { decide } from './decide.js';
import type { EventDecoder } from './decode.js';
import type { Explanations } from './explanations.js';
import { NoteContext } from './note-context.js';
import {
  type Action,
  emptyOutputs,
  factsOf,
  type Outputs,
  type Reached,
  type Score,
  type ShadowScore,
} from './outputs.js';
import type { ShadowModel } from './shadow.js';
import { type SilentPatient, SilentPatients } from './silent.js';
import type { RestoredDischarge, RestoredPatient } from './snapshot.js';
import { verdictsOf } from './verdicts.js';

/** A batch after decoding. */
export interface DecodedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly events: readonly ClinicalEvent[];
  readonly deadLetters: DeadLetterMessage[];
  /** Of what did not become an event; left out where all did. */
  readonly refused?: readonly VerdictMessage[];
  /** Next offset of each topic in the batch. */
  readonly positions: readonly Reached[];
}

/** What drives the pipeline: records, or word of how far they are read, that partitions came or are gone, or that all is over. */
export type EngineInput = RecordBatch | Revoked | Restored | Progress | 'end';
export type Control = Exclude<EngineInput, RecordBatch>;

/** How far the topics of this process are read: what was handed over before it is in. */
export interface Progress {
  readonly progress: readonly TopicProgress[];
}

/** Partitions that another process reads from now on. */
export interface Revoked {
  readonly revoked: readonly number[];
}

/** Partitions that this process reads from now on, the topics of each, their patients, and stays there that are over. */
export interface Restored {
  readonly assigned: readonly number[];
  readonly topics: readonly string[];
  readonly restored: readonly RestoredPatient[];
  readonly discharged: readonly RestoredDischarge[];
  readonly silent: readonly SilentPatient[];
}

/** How far a partition's input is known, in event time. */
export interface Watermark {
  /** Events beyond it went past a topic that is silent: what is due before them may be prevented by what that topic has. */
  readonly ordered: EpochMs;
  /** All input up to here is in: what is due by then may happen, to any patient. */
  readonly complete: EpochMs;
}

/** Events released in order, with how far the input may be committed once they are processed. */
export interface OrderedBatch {
  readonly events: readonly ClinicalEvent[];
  /** By partition, with these events. */
  readonly watermarks: ReadonlyMap<number, Watermark>;
  readonly deadLetters: DeadLetterMessage[];
  readonly refused?: readonly VerdictMessage[];
  readonly positions: readonly Reached[];
  readonly revoked: readonly number[];
  readonly restored: readonly RestoredPatient[];
  readonly discharged: readonly RestoredDischarge[];
  /** Silent patients of whom there is an event, and those who have become silent. */
  readonly recalled: readonly RestoredPatient[];
  readonly silent: readonly SilentPatient[];
}

export interface AlignedBatch extends OrderedBatch {
  readonly actions: readonly Action[];
  readonly trust: readonly TrustState[];
  /** Of the model in shadow, where there is one. */
  readonly shadowScores?: readonly ShadowScore[];
}

/** Bytes → events. The writer schemas that messages name are here: see `SchemaGate`. */
export function decodeRecords(
  decoder: EventDecoder,
  clock: Clock,
): OperatorFunction<EngineInput, DecodedBatch | Control> {
  return map((batch) => (isControl(batch) ? batch : decodeBatch(batch, decoder, clock)));
}

/** The events of a batch, and what of it could not be used. */
export function decodeBatch(batch: RecordBatch, decoder: EventDecoder, clock: Clock): DecodedBatch {
  const now = clock.now() + (clock.patienceMs ?? 0);
  const events: ClinicalEvent[] = [];
  const { records, topic, partition } = batch;
  const firstOf = (name: string) => records.find((record) => record.topic === name)?.offset;
  const positions = batch.positions.map((each) => ({ ...each, from: firstOf(each.topic) ?? each.offset }));
  for (let index = 0; index < records.length; index++) {
    const event = decoder.decode(records[index], now);
    if (event !== null) {
      events.push(event);
      clock.heard?.(event.patientId, event.eventTime);
    }
  }
  const deadLetters = decoder.takeDeadLetters();
  for (const { reason, patientId, eventTime } of deadLetters) {
    // What is too far ahead tells of clocks, too: of its sender's, or of ours.
    if (reason === 'future' && patientId !== null && eventTime !== null) clock.heard?.(patientId, eventTime);
  }
  const refused = decoder.takeVerdicts();
  return { topic, partition, events, deadLetters, positions, ...(refused.length === 0 ? {} : { refused }) };
}

function isControl(input: EngineInput): input is Control {
  return typeof input === 'string' || !('records' in input);
}

/** How a patient's values are judged. */
interface Normal {
  readonly criteria: CriteriaSet;
  /** Of NEWS2. */
  readonly scale: 1 | 2;
}

const USUAL: Normal = { criteria: USUAL_CRITERIA, scale: 1 };

function normalOf(baseline: Baseline): Normal {
  return { criteria: criteriaOf(baseline), scale: news2ScaleOf(baseline) };
}

/**
 * Applies events to the patients' timelines and scores what became due, in micro-batches. While a batch is on the
 * runtime, the next one is aligned.
 */
export class AlignAndScore {
  readonly aligner: Aligner;
  /** Patients who are not in memory. */
  readonly silent = new SilentPatients();
  /** Event time up to which all of a partition is processed. */
  readonly watermarks = new Map<number, EpochMs>();
  #actions: Action[] = [];
  #trust: TrustState[] = [];
  #deadLetters: DeadLetterMessage[] = [];
  readonly batcher: MicroBatcher;
  /** What the model took of each input batch, in seconds. */
  readonly seconds = new Histogram([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]);
  readonly #shadow: ShadowModel | null;
  readonly #summary = new RunningSummary();
  /** Of patients for whom something else is normal than for others. */
  readonly #normal: ReadonlyMap<string, Normal>;

  /** Without `explanations`, no score keeps what an explanation needs, and the base of contributions is 0. */
  constructor(
    options: AlignOptions,
    batcher: MicroBatcher,
    explanations?: Explanations,
    shadow: ShadowModel | null = null,
    baselines: Readonly<Record<string, Baseline>> = {},
  ) {
    this.#normal = new Map(Object.entries(baselines).map(([id, baseline]) => [id, normalOf(baseline)]));
    const base = explanations?.base ?? 0;
    this.batcher = batcher;
    this.#shadow = shadow;
    const sink: AlignmentSink = {
      admitted: (patient) => this.#actions.push({ kind: 'admitted', facts: factsOf(patient) }),
      updated: (patient) => this.#actions.push({ kind: 'updated', facts: factsOf(patient) }),
      reopened: (patient) => this.#actions.push({ kind: 'reopened', facts: factsOf(patient) }),
      stepClosed: (patient, step, summary) => {
        batcher.close(patient, step, summary);
        shadow?.close(patient, step, summary);
      },
      scoreDue: (patient, time) => {
        const moment = this.#judge(patient, time);
        const { patientId, stayId, wardId, bedId, reopened, episodes, values, ages } = moment;
        const { scale } = this.#normalOf(patientId);
        const drugs = patient.timeline.signs.infusions.vasopressorsAt(time, patient.demographics.weightKg);
        const { news2, news2Missing, qsofa, sofa } = bedsideScores(values, ages, scale, drugs);
        const { mortality, circulatory, hypotension, respiratory, sepsis, deterioration } = NO_OUTCOMES;
        // Written out: thousands a second are made, and copied together they cost as much as aligning.
        const score: Score = {
          patientId,
          stayId,
          wardId,
          bedId,
          reopened,
          admittedAt: patient.admittedAt,
          step: patient.timeline.openStep,
          eventTime: time,
          mortality,
          circulatory,
          hypotension,
          respiratory,
          sepsis,
          deterioration,
          contributions: NO_CONTRIBUTIONS,
          outOfRange: [],
          news2,
          news2Missing,
          qsofa,
          sofa,
          states: presentAt(episodes, time),
          episodes,
          late: patient.revised,
          values,
          ages,
        };
        batcher.score(
          patient,
          time,
          ({ outcomes, without, outOfRange, kept }) => {
            const contributions = contributionsOf(outcomes.mortality, without, base);
            Object.assign(score, outcomes, { contributions, outOfRange });
            patient.lastScore = score;
            if (kept !== null) explanations?.keep(score, kept);
          },
          (outcomes) => explanations?.mayRaise(outcomes, score) ?? false,
        );
        shadow?.score(patient, time, score);
        this.#actions.push({ kind: 'score', score, partition: patient.partition });
      },
      measured: (patient, time) => {
        const { signs } = patient.timeline;
        if (!signs.update(this.#normalOf(patient.patientId).criteria)) return;
        const moment = this.#judge(patient, time);
        this.#actions.push({ kind: 'measured', moment, partition: patient.partition });
      },
      judged: (patient, time) => this.#trust.push(trustOf(patient, time)),
      acknowledged: (event) => this.#actions.push({ kind: 'act', message: event.body, event }),
      discharged: (patient, time) => this.#actions.push({ kind: 'discharged', patient, time }),
      released: (patient) => this.#actions.push({ kind: 'released', patient }),
      rejected: (event, rejection) => this.#deadLetters.push(deadLetter(event, null, rejection)),
    };
    this.aligner = new Aligner(options, sink);
  }

  #normalOf(patientId: string): Normal {
    return this.#normal.get(patientId) ?? USUAL;
  }

  /** What is known of a patient's signs at `time`. */
  #judge(
    { patientId, stayId, wardId, bedId, reopened, timeline }: PatientState,
    time: EpochMs,
  ): MeasuredMoment {
    const values = new Float32Array(VARIABLE_COUNT);
    const ages = new Float32Array(VARIABLE_COUNT);
    timeline.lastKnown(time, values, ages);
    timeline.signs.update(this.#normalOf(patientId).criteria);
    const episodes = timeline.signs.active();
    return { patientId, stayId, wardId, bedId, reopened, eventTime: time, episodes, values, ages };
  }

  operator(): OperatorFunction<OrderedBatch, AlignedBatch> {
    return (ordered$) =>
      ordered$.pipe(
        map((batch) => this.#align(batch)),
        concatMap(async (batch) => {
          const began = performance.now();
          await this.batcher.flush();
          this.seconds.observe((performance.now() - began) / 1000);
          if (this.#shadow === null) return batch;
          return { ...batch, shadowScores: await this.#shadow.settle(batch.shadowScores ?? []) };
        }),
      );
  }

  #align(batch: OrderedBatch): AlignedBatch {
    this.#actions = [];
    this.#trust = [];
    this.#deadLetters = batch.deadLetters;
    for (const [partition, { complete }] of batch.watermarks) this.watermarks.set(partition, complete);
    this.#restore(batch.recalled, 'recalled');
    this.aligner.apply(batch.events);
    if (batch.revoked.length > 0) this.#release(new Set(batch.revoked));
    for (const { stay, fill } of batch.discharged) {
      if (this.aligner.restoreDischarged(stay) && stay.state !== null) this.#restoreCache(stay.state, fill);
    }
    this.#restore(batch.restored, 'restored');
    const asked = this.#shadow === null ? {} : { shadowScores: this.#shadow.take() };
    return { ...batch, actions: this.#actions, trust: this.#trust, ...asked };
  }

  #release(revoked: ReadonlySet<number>): void {
    this.aligner.release(revoked);
    for (const patient of this.silent.release(revoked)) this.#actions.push({ kind: 'released', patient });
    for (const partition of revoked) this.watermarks.delete(partition);
  }

  #restore(patients: readonly RestoredPatient[], kind: 'restored' | 'recalled'): void {
    for (const { patient, alerts, fill } of patients) {
      if (!this.aligner.restore(patient)) continue;
      this.#restoreCache(patient, fill);
      this.#actions.push({ kind, patient, alerts });
      if (!patient.trust.isClear) this.#trust.push(trustOf(patient, patient.lastEventAt));
    }
  }

  #restoreCache(patient: PatientState, fill: RestoredPatient['fill']): void {
    if (fill !== null) fill(this.batcher.cacheOf(patient));
    else this.computeCache(patient);
    this.#shadow?.restore(patient);
  }

  /** Of the closed steps there are, since the one in the snapshot is another model's. */
  computeCache(patient: PatientState): void {
    const { timeline } = patient;
    timeline.eachClosed(timeline.oldestStep, this.#summary, (step) =>
      this.batcher.close(patient, step, this.#summary),
    );
  }
}

function trustOf({ patientId, wardId, trust }: PatientState, time: EpochMs): TrustState {
  const { doubts, mayBeArrestedSince: arrest, mayBeApnoeicSince: apnoea } = trust;
  return {
    patientId,
    wardId,
    time,
    doubts,
    mayBeArrestedSince: Number.isNaN(arrest) ? null : arrest,
    mayBeApnoeicSince: Number.isNaN(apnoea) ? null : apnoea,
    isUnwatched: trust.isUnwatched(time),
  };
}

/**
 * Scores, acknowledgements and the passing of time → alert transitions. `partitionOf` tells where a patient's events
 * come from, since time passes by partition. What time alone changes happens only once all that could prevent it is known: at an
 * event's time where events are in order up to it, else when all input of the partition is in. What notes stated stands beside each
 * record, and changes none.
 */
export function applyAlertPolicy(
  policy: AlertPolicy,
  partitionOf: (patientId: string) => number | undefined,
): OperatorFunction<AlignedBatch, Outputs> {
  const context = new NoteContext();
  return map((batch) => {
    const { events, watermarks, actions, trust, deadLetters, refused, positions, silent, shadowScores } =
      batch;
    const observations = events.filter((event): event is ObservationEvent => event.variables !== null);
    const outputs: Outputs = {
      ...emptyOutputs(),
      patients: new Set(events.map(({ patientId }) => patientId)),
      observations,
      trust,
      notes: events.filter((event) => event.kind === 'notes'),
      images: events.filter((event) => event.kind === 'imaging'),
      treatments: events.filter((event) => event.kind === 'treatments'),
      ...(shadowScores === undefined ? {} : { shadowScores }),
      silent,
      deadLetters,
      positions,
    };
    const ordered = (partition: number) => watermarks.get(partition)?.ordered ?? Number.POSITIVE_INFINITY;
    for (const action of actions) {
      context.around(action, outputs, () => decide(policy, action, outputs, ordered));
    }
    for (const patientId of policy.waiting) {
      const time = watermarks.get(partitionOf(patientId) ?? -1)?.complete;
      if (time === undefined) continue;
      for (const alert of policy.advanceTo(patientId, time)) outputs.alerts.push(context.beside(alert));
    }
    outputs.states.push(...policy.takeStates());
    outputs.verdicts.push(...(refused ?? []), ...verdictsOf(events));
    return outputs;
  });
}
