import { concatMap, Subject, type Subscription, tap } from 'rxjs';
import { NoReadings } from '../alerts/no-reading.js';
import { NO_NOTICES, TechnicalNotices } from '../alerts/notices.js';
import { AlertPolicy } from '../alerts/policy.js';
import { UnusedValues } from '../alerts/unused-values.js';
import type { PatientState } from '../align/patient.js';
import type { Consumer, EventBus, RecordHandler } from '../bus/bus.js';
import { SchemaRegistryClient } from '../bus/schema-registry.js';
import type { Clock } from '../clock.js';
import type { AlertMessage } from '../contract/messages.js';
import { INPUT_TOPICS, TOPICS } from '../contract/topics.js';
import { type Encoders, openEncoders } from '../encoders/open.js';
import { MessageCodec, type SchemaRegistry } from '../events/codec.js';
import type { Histogram } from '../histogram.js';
import { MicroBatcher } from '../inference/batcher.js';
import { DriftCounters, type VariableDrift } from '../inference/drift.js';
import { Explainer, type OutcomeName } from '../inference/explain.js';
import type { Model } from '../inference/model.js';
import type { InferenceRuntime } from '../inference/runtime.js';
import type { Config } from '../settings/config.js';
import { BehindWatch, type PartitionDelay } from './behind.js';
import { type CatchingUp, CatchUp } from './catch-up.js';
import { Checkpoint } from './checkpoint.js';
import { EventDecoder } from './decode.js';
import { boundDeadLetters, deliver } from './deliver.js';
import { EncodeStage } from './encode.js';
import { type Explanation, Explanations } from './explanations.js';
import { InputWatch } from './input-watch.js';
import { mergeByEventTime } from './merging.js';
import { type OpenModels, openModels } from './models.js';
import { emptyOutputs, type Outputs, type Sink } from './outputs.js';
import { recallSilent } from './recall.js';
import { PausedTopics, SchemaGate } from './schema-gate.js';
import { SchemaLoader } from './schema-loader.js';
import { ShadowModel } from './shadow.js';
import { AlignAndScore, applyAlertPolicy, decodeRecords, type EngineInput } from './stages.js';

export interface EngineOptions {
  readonly config: Config;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly sinks: readonly Sink[];
  /** By default the one that is configured. */
  readonly registry?: SchemaRegistry | undefined;
  /** Told what goes on working, but not as configured. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Where parts of the process tell what is wrong; by default the engine has its own. */
  readonly notices?: TechnicalNotices | undefined;
  /** Whether alerts come with their reasons, some forty rows of the model each; by default they do. */
  readonly explainsAlerts?: boolean;
  /** False: nothing is foretold of anybody, and only what comes in counts. By default the model is asked. */
  readonly asksModel?: boolean | undefined;
}

/** Counters of the whole path, since the start. */
export interface EngineCounts {
  messages: number;
  observations: number;
  implausible: number;
  /** Demographic fields set aside, each a dead letter. */
  rejectedFields: number;
  duplicates: number;
  duplicateObservations: number;
  late: number;
  scores: number;
  alerts: number;
  deadLetters: number;
  deadLettersByReason: Record<string, number>;
  /** Observations of events outside a stay, inside `deadLetters` as one a message. */
  rejectedObservations: number;
  /** Notes and images with an embedding. */
  encoded: number;
  /** Notes and images of which an encoder used only a part or nothing, by reason. */
  flagged: Readonly<Record<string, number>>;
}

/** Input batches under way at once: while one is scored, the next is aligned. */
const MAX_IN_FLIGHT = 3;
/** Told to end, results are waited for this long; then the partitions are left all the same. */
const LEAVE_WITHIN_MS = 3000;
/** How often events that have waited long enough are released, where nothing new comes in. */
const TICK_MS = 50;
/** What a state topic knows where nothing is kept. */
const NO_STATE = { restored: [], discharged: [], silent: [] };
/** How often it is looked for partitions that are not read to their end. */
const LOOK_MS = 1000;

/** Results did not come to rest before the end. */
class Hurried extends Error {}

/**
 * The pipeline: bus → decode → merge → encode → align → score → alert policy → sinks → commit. The only place that knows all
 * the parts.
 */
export class Engine {
  readonly model: Model;
  readonly codec: MessageCodec;
  readonly policy: AlertPolicy;
  /** What is wrong with what watches the patients. Goes to the sinks at once, whatever the pipeline does. */
  readonly notices: TechnicalNotices;
  /** Whether producers put messages where their patients are. */
  readonly watch: InputWatch;
  readonly #noticing: Subscription;
  /** Partitions that this process reads. */
  readonly partitions = new Set<number>();
  readonly #options: EngineOptions;
  readonly #runtime: InferenceRuntime;
  readonly #shadowRuntime: InferenceRuntime | null;
  readonly #drift: DriftCounters;
  readonly #decoder: EventDecoder;
  readonly #noReadings: NoReadings;
  readonly #unusedValues: UnusedValues;
  readonly #encoding: EncodeStage;
  readonly #scoring: AlignAndScore;
  readonly #explanations: Explanations;
  readonly #catchUp = new CatchUp();
  readonly #schemas: SchemaLoader;
  readonly #gate: SchemaGate;
  readonly #paused = new PausedTopics((partition, topics) => this.#consumer?.pause(partition, topics));
  readonly #input = new Subject<EngineInput>();
  #consumer: Consumer | null = null;
  #inFlight = 0;
  #waiting: (() => void)[] = [];
  #failure: Error | null = null;
  #reportFailure: (error: Error) => void = () => undefined;
  readonly #failed = new Promise<Error>((resolve) => {
    this.#reportFailure = resolve;
  });
  /** What comes in now is left to whoever reads on from the committed offsets. */
  #isClosing = false;
  #hurry: () => void = () => undefined;
  /** Rejects when results have been waited for long enough at the end. */
  readonly #hurried = new Promise<never>((_, reject) => {
    this.#hurry = () => reject(new Hurried());
  });
  #ticking: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  readonly #behind: BehindWatch;
  #checkpointing: NodeJS.Timeout | undefined;
  #lastCheckpoint: Promise<void> = Promise.resolve();
  /** While patients are copied for a checkpoint nothing new comes in. */
  #isHeld = false;
  /** Null where state need not outlive the process. */
  readonly #checkpoint: Checkpoint | null;
  #checkpoints = 0;
  #checkpointSeconds = 0;
  #messages = 0;
  #scores = 0;
  #alerts = 0;
  #deadLetters = 0;
  readonly #deadLettersByReason: Record<string, number> = {};

  private constructor(options: EngineOptions, { served, shadow }: OpenModels, encoders: Encoders) {
    const {
      config,
      registry = registryOf(config),
      onWarning = (message) => process.emitWarning(message),
    } = options;
    const { model, runtime, base } = served;
    this.#options = options;
    this.model = model;
    this.#runtime = runtime;
    this.#shadowRuntime = shadow?.runtime ?? null;
    this.#drift = new DriftCounters(model);
    this.codec = new MessageCodec({ registry, directory: config.schemas.directory });
    const { rules, placeUnknownAfterMs } = config.alerts;
    this.policy = new AlertPolicy(rules, model.config.version, placeUnknownAfterMs);
    this.notices = options.notices ?? new TechnicalNotices(options.clock);
    this.#noticing = this.notices.changes$.subscribe((record) => this.#tell(record));
    // In history there is no bed to go to.
    this.#unusedValues = new UnusedValues(options.clock.live ? this.notices : NO_NOTICES);
    this.#noReadings = new NoReadings(
      options.clock.live ? this.notices : NO_NOTICES,
      (patientId) => this.#scoring.aligner.patients.get(patientId)?.wardId ?? null,
    );
    const { bus } = options;
    this.watch = new InputWatch((topic, patientId) => bus.homeOf?.(topic, patientId) ?? null, this.notices);
    this.#decoder = new EventDecoder(this.codec, config.limits, {
      watch: this.watch,
      onNoReading: (...zero) => this.#noReadings.zero(...zero),
    });
    this.#encoding = new EncodeStage(encoders);
    const { maxBatch } = config.model;
    const batcher = new MicroBatcher(model.encoder, runtime, model.shape, maxBatch, this.#drift);
    const { stepMs, steps } = model.config;
    const explainer = new Explainer(model, (input) => batcher.run(input), base);
    this.#explanations = new Explanations(
      explainer,
      config.alerts.rules,
      model.config.version,
      options.explainsAlerts,
    );
    this.#scoring = new AlignAndScore(
      { ...config.align, stepMs, steps },
      batcher,
      this.#explanations,
      shadow === null ? null : new ShadowModel(shadow, { maxBatch, onWarning }),
    );
    this.#schemas = new SchemaLoader(this.codec, { notices: this.notices, onWarning });
    this.#gate = new SchemaGate(this.#schemas, (batch) => this.#accept(batch), this.#paused.on('schemas'));
    this.#hurried.catch(() => undefined);
    this.#checkpoint = this.#openCheckpoint();
    this.#behind = new BehindWatch({
      afterMs: config.align.behindAfterMs,
      notices: this.notices,
      onWarning,
    });
    this.#connect();
  }

  /** @throws WardstreamError as `openModels` does. */
  static async open(options: EngineOptions): Promise<Engine> {
    const models = await openModels(options.config, options.onWarning, options.asksModel);
    const { served, shadow } = models;
    const modalities = {
      ...shadow?.model.config.encoder.modalities,
      ...served.model.config.encoder.modalities,
    };
    try {
      return new Engine(options, models, await openEncoders(options.config.encoders, modalities));
    } catch (error) {
      await served.runtime.close();
      await shadow?.runtime.close();
      throw error;
    }
  }

  /** How the input compares with the training data, by variable, since the start. */
  get drift(): VariableDrift[] {
    return this.#drift.counts();
  }

  /** What runs the model now. */
  get runtimeName(): string {
    return this.#runtime.name;
  }

  /** Why a patient's outcome is what it is as of their newest event; null where the patient is not here. */
  async explain(patientId: string, outcome: OutcomeName = 'risk'): Promise<Explanation | null> {
    const { aligner, batcher } = this.#scoring;
    const patient = aligner.patients.get(patientId) ?? (await this.#lookUp(patientId));
    return patient === null ? null : this.#explanations.explainNow(patient, batcher, outcome);
  }

  /** A silent patient as they are, beside the stream; null where there is none. */
  async #lookUp(patientId: string): Promise<PatientState | null> {
    const found = (await this.#checkpoint?.lookUp(patientId)) ?? null;
    if (found === null) return null;
    if (found.fill !== null) found.fill(this.#scoring.batcher.cacheOf(found.patient));
    else this.#scoring.computeCache(found.patient);
    return found.patient;
  }

  /** Where a patient's events come from, and so where their acknowledgements must go; undefined where the patient is not here. */
  partitionOf(patientId: string): number | undefined {
    const { aligner, silent } = this.#scoring;
    return (aligner.patients.get(patientId) ?? silent.placeOf(patientId))?.partition;
  }

  /** Partitions that wait for a schema registry that cannot be asked. */
  get waitingForSchemas(): readonly number[] {
    return this.#gate.waiting;
  }

  /** Why the pipeline stopped, if it did. */
  get failure(): Error | null {
    return this.#failure;
  }

  get counts(): EngineCounts {
    const { duplicates, duplicateObservations, late, rejectedObservations } = this.#scoring.aligner.counts;
    const { observations, implausible, rejectedFields } = this.#decoder.counts;
    return {
      messages: this.#messages,
      observations: observations - duplicateObservations - rejectedObservations,
      implausible,
      rejectedFields,
      duplicates,
      duplicateObservations,
      late,
      rejectedObservations,
      ...this.#encoding.counts,
      scores: this.#scores,
      alerts: this.#alerts,
      deadLetters: this.#deadLetters,
      deadLettersByReason: this.#deadLettersByReason,
    };
  }

  /** How far what is known here is from the present; null where it is the present. Out of the group, nothing is known to be. */
  get catchingUp(): CatchingUp | null {
    const isMember = this.#consumer?.isMember?.() ?? true;
    return isMember ? this.#catchUp.progress : { partitions: 0, of: this.partitions.size };
  }

  /** Input batches under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Patients whose state is in memory. */
  get patients(): number {
    return this.#scoring.aligner.patients.size;
  }

  /** Patients who are silent and not in memory. */
  get silentPatients(): number {
    return this.#scoring.silent.size;
  }

  /** Tokens run by the model, in how many batches, and the seconds each input batch took of it. */
  get scoring(): { readonly tokens: number; readonly batches: number; readonly seconds: Histogram } {
    const { batcher, seconds } = this.#scoring;
    return { tokens: batcher.tokens, batches: batcher.batches, seconds };
  }

  /** Checkpoints so far, the states of patients written with them, and the seconds the last one took. */
  get checkpoints(): {
    readonly checkpoints: number;
    readonly written: number;
    readonly lastSeconds: number;
  } {
    const { written } = this.#checkpoint ?? { written: 0 };
    return { checkpoints: this.#checkpoints, written, lastSeconds: this.#checkpointSeconds };
  }

  /** How old the input is of which not all is read, by partition; and the partitions where that has been too old for a while. */
  get delays(): { readonly all: readonly PartitionDelay[]; readonly behind: readonly PartitionDelay[] } {
    return { all: this.#behind.delays, behind: this.#behind.behind };
  }

  /** Begins to read the input topics. */
  async start(): Promise<void> {
    const { bus, clock, config } = this.#options;
    await bus.createTopics(this.#checkpoint === null ? INPUT_TOPICS : [...INPUT_TOPICS, TOPICS.state]);
    const handler: RecordHandler = {
      assigned: async (assigned, topics, logs) => {
        for (const partition of assigned) this.partitions.add(partition);
        this.#catchUp.begin(assigned);
        if (assigned.length === 0) return;
        const state = await this.#checkpoint?.restore(assigned, logs);
        await this.#accept({ assigned, topics, ...NO_STATE, ...state });
      },
      batch: (batch) => this.#gate.pass(batch),
      revoked: async (revoked) => {
        for (const partition of revoked) this.partitions.delete(partition);
        this.#catchUp.forget(revoked);
        this.#gate.drop(revoked);
        this.#paused.forget(revoked);
        await this.#accept({ revoked });
        await this.#idle();
        this.#checkpoint?.forget(revoked);
      },
      failed: (error) => this.#fail(error),
    };
    this.#consumer = await bus.consume(INPUT_TOPICS, handler, clock);
    if (clock.live) this.#startTicking(this.#consumer);
    if (this.#checkpoint !== null) this.#startCheckpoints(config.state.checkpointIntervalMs);
  }

  /** Resolves when the pipeline has stopped by itself, with the reason. */
  failed(): Promise<Error> {
    return this.#failed;
  }

  /** Releases what waits for its time, deals with all that is under way, and commits it. */
  async finish(): Promise<void> {
    await this.#gate.settled();
    await this.#accept('end');
    await this.#idle();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Stops reading, deals with what is under way, closes sinks and model. */
  async close(): Promise<void> {
    clearInterval(this.#ticking);
    clearInterval(this.#looking);
    clearInterval(this.#checkpointing);
    this.#isClosing = true;
    this.#schemas.close();
    // A store that hangs must not keep the partitions from whoever takes them over: they read again what is not committed.
    const hurry = setTimeout(() => this.#hurry(), LEAVE_WITHIN_MS);
    await this.#lastCheckpoint;
    await this.#idle();
    if (this.#failure === null) {
      await this.#write().catch((error: unknown) => {
        if (!(error instanceof Hurried)) throw error;
      });
    }
    clearTimeout(hurry);
    await this.#consumer?.close();
    this.notices.close();
    this.#noticing.unsubscribe();
    for (const sink of this.#options.sinks) await sink.close?.();
    await this.#encoding.close();
    await this.#runtime.close();
    await this.#shadowRuntime?.close();
  }

  /**
   * Live, tells the pipeline how far the input is read, so that what waits for its time is released when it comes, even if nothing
   * new arrives. One word of it waits at a time, in line with the input, so it comes however busy the pipeline is.
   */
  #startTicking(consumer: Consumer): void {
    let isWaiting = false;
    this.#ticking = setInterval(() => {
      if (isWaiting) return;
      isWaiting = true;
      void this.#accept(() => ({ progress: this.#gate.inside(consumer.progress()) })).finally(() => {
        isWaiting = false;
      });
    }, TICK_MS);
    this.#looking = setInterval(
      () => this.#behind.look(this.#gate.inside(consumer.progress()), this.#options.clock.now()),
      LOOK_MS,
    );
  }

  #openCheckpoint(): Checkpoint | null {
    const { bus, config, onWarning } = this.#options;
    if (bus.state === null) return null;
    const { aligner, batcher } = this.#scoring;
    const { codec, policy } = this;
    const { steps, stepMs } = this.model.config;
    return new Checkpoint({
      log: bus.state,
      codec,
      schemas: this.#schemas,
      model: this.model.config,
      align: { ...config.align, steps, stepMs },
      limits: config.limits,
      encoding: this.#encoding,
      onLost: (patients) =>
        onWarning?.(
          `snapshots of ${patients} patients are of another layout or model: their past is read again from the input topics`,
        ),
      aligner,
      batcher,
      policy,
      silent: this.#scoring.silent,
      evictAfterMs: config.state.evictAfterMs,
      now: () => this.#options.clock.now(),
      watermarkOf: (partition) => this.#scoring.watermarks.get(partition),
    });
  }

  /** Every so often, beside the stream: writes the state of patients that changed, and commits. */
  #startCheckpoints(everyMs: number): void {
    let isUnderWay = false;
    this.#checkpointing = setInterval(() => {
      if (isUnderWay || this.#failure !== null) return;
      isUnderWay = true;
      this.#lastCheckpoint = this.#write()
        .then(() => this.#evict())
        .catch((error: unknown) => {
          if (!(error instanceof Hurried)) this.#fail(error);
        })
        .finally(() => {
          isUnderWay = false;
        });
    }, everyMs);
  }

  async #write(): Promise<void> {
    if (this.#checkpoint === null || this.#consumer === null) return;
    const began = performance.now();
    await this.#checkpoint.write({
      consumer: this.#consumer,
      atRest: (call) => this.#atRest(call),
      flush: async () => {
        const flushed = Promise.all(this.#options.sinks.map((sink) => sink.flush?.()));
        await Promise.race([flushed, this.#hurried]);
      },
    });
    this.#checkpoints++;
    this.#checkpointSeconds = (performance.now() - began) / 1000;
  }

  /** Lets silent patients leave memory; the sinks are told before anything else comes. */
  async #evict(): Promise<void> {
    if (this.#checkpoint === null || this.#isClosing) return;
    await this.#checkpoint.evict({ atRest: (call) => this.#atRest(call) }, (silent) =>
      this.#feed({ assigned: [], topics: [], ...NO_STATE, silent }),
    );
  }

  /** Lets what is under way come to its end, calls, and goes on. */
  async #atRest<Result>(call: () => Result): Promise<Result> {
    this.#isHeld = true;
    try {
      await this.#idle();
      if (this.#failure !== null) throw this.#failure;
      return call();
    } finally {
      this.#isHeld = false;
      this.#wake();
    }
  }

  /** Takes in what comes when there is room; what a call gives is as of then. */
  async #accept(input: EngineInput | (() => EngineInput)): Promise<void> {
    while ((this.#isHeld || this.#inFlight >= MAX_IN_FLIGHT) && this.#failure === null) {
      await this.#progress();
    }
    if (this.#failure !== null || this.#isClosing) return;
    const batch = typeof input === 'function' ? input() : input;
    if (typeof batch === 'object' && 'records' in batch) this.#messages += batch.records.length;
    this.#feed(batch);
  }

  #feed(batch: EngineInput): void {
    this.#inFlight++;
    this.#catchUp.accept(batch);
    this.#input.next(batch);
  }

  async #idle(): Promise<void> {
    while (this.#inFlight > 0 && this.#failure === null) await this.#progress();
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #connect(): void {
    const { config, clock, sinks } = this.#options;
    const { patients } = this.#scoring.aligner;
    this.#input
      .pipe(
        decodeRecords(this.#decoder, clock),
        mergeByEventTime({ ...config.align, live: clock.live }, clock, this.#paused.on('merge')),
        this.#encoding.operator(),
        recallSilent(this.#checkpoint),
        this.#scoring.operator(),
        applyAlertPolicy(this.policy, (patientId) => patients.get(patientId)?.partition),
        this.#explanations.operator(),
        tap((outputs) => this.#count(outputs)),
        tap((outputs) => this.#noReadings.note(outputs, clock.now())),
        tap((outputs) => this.#unusedValues.note(outputs, clock.now())),
        boundDeadLetters(clock, config.limits.deadLetters),
        deliver(sinks),
        concatMap(async (outputs) => {
          if (this.#checkpoint === null) await this.#consumer?.commit(outputs.positions);
          else this.#checkpoint.note(outputs);
        }),
      )
      .subscribe({ next: () => this.#settle(), error: (error: unknown) => this.#fail(error) });
  }

  #count({ scores, alerts, deadLetters }: Outputs): void {
    this.#scores += scores.length;
    this.#alerts += alerts.filter(
      ({ class: kind, sequence }) => kind === 'clinical' && sequence === 0,
    ).length;
    for (const { reason, count } of deadLetters) {
      this.#deadLetters += count;
      this.#deadLettersByReason[reason] = (this.#deadLettersByReason[reason] ?? 0) + count;
    }
  }

  /** Hands a technical notice to each sink, past what is under way; a sink that fails says so when it gets results. */
  #tell(record: AlertMessage): void {
    const outputs = { ...emptyOutputs(), alerts: [record] };
    for (const sink of this.#options.sinks) sink.write(outputs).catch(() => undefined);
  }

  #settle(): void {
    this.#inFlight--;
    this.#catchUp.settle();
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#reportFailure(this.#failure);
    this.#inFlight = 1;
    this.#settle();
  }
}

function registryOf({ schemaRegistry }: Config): SchemaRegistry | undefined {
  return schemaRegistry === undefined ? undefined : new SchemaRegistryClient(schemaRegistry.url);
}
