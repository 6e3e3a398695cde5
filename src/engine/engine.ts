import { concatMap, Subject, type Subscription, tap } from 'rxjs';
import { NO_NOTICES, TechnicalNotices } from '../alerts/notices.js';
import { AlertPolicy } from '../alerts/policy.js';
import type { PatientState } from '../align/patient.js';
import type { Consumer, RecordHandler } from '../bus/bus.js';
import { registryOf } from '../bus/schema-registry.js';
import type { AlertMessage } from '../contract/messages.js';
import { INPUT_TOPICS, TOPICS } from '../contract/topics.js';
import { type Encoders, openEncoders } from '../encoders/open-encoders.js';
import { MessageCodec } from '../events/codec.js';
import type { Histogram } from '../histogram.js';
import { MicroBatcher } from '../inference/batcher.js';
import { DriftCounters, type VariableDrift } from '../inference/drift.js';
import { Explainer, type OutcomeName } from '../inference/explain.js';
import type { Model } from '../inference/model.js';
import type { InferenceRuntime } from '../inference/runtime.js';
import { BedWatches } from './bed-watches.js';
import { BehindWatch, type PartitionDelay } from './behind.js';
import { CatchUp } from './catch-up.js';
import { Checkpoint } from './checkpoint.js';
import { Checkpointer } from './checkpointer.js';
import { type EngineCounts, OutputCounts } from './counts.js';
import { EventDecoder } from './decode.js';
import { boundDeadLetters, deliver } from './deliver.js';
import { EncodeStage } from './encode.js';
import type { EngineOptions } from './engine-options.js';
import { type Explanation, Explanations } from './explanations.js';
import { Flow } from './flow.js';
import { InputWatch } from './input-watch.js';
import { mergeByEventTime } from './merging.js';
import { type OpenModels, openModels } from './models.js';
import { emptyOutputs, type Outputs } from './outputs.js';
import { Presence } from './presence.js';
import { recallSilent } from './recall.js';
import { PausedTopics, SchemaGate } from './schema-gate.js';
import { SchemaLoader } from './schema-loader.js';
import { ShadowModel } from './shadow.js';
import { AlignAndScore, applyAlertPolicy, decodeRecords, type EngineInput } from './stages.js';
import { Ticker } from './ticker.js';

/** What a state topic knows where nothing is kept. */
const NO_STATE = { restored: [], discharged: [], silent: [] };
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
  /** Whether what is known here is the present. */
  readonly presence: Presence;
  readonly #options: EngineOptions;
  readonly #runtime: InferenceRuntime;
  readonly #shadowRuntime: InferenceRuntime | null;
  readonly #drift: DriftCounters;
  readonly #decoder: EventDecoder;
  readonly #beds: BedWatches;
  readonly #encoding: EncodeStage;
  readonly #scoring: AlignAndScore;
  readonly #explanations: Explanations;
  readonly #catchUp = new CatchUp();
  readonly #schemas: SchemaLoader;
  readonly #gate: SchemaGate;
  readonly #paused = new PausedTopics((partition, topics) => this.#consumer?.pause(partition, topics));
  readonly #input = new Subject<EngineInput>();
  readonly #flow = new Flow((batch) => {
    if (typeof batch === 'object' && 'records' in batch) this.#messages += batch.records.length;
    this.#catchUp.accept(batch);
    this.#input.next(batch);
  });
  #consumer: Consumer | null = null;
  readonly #behind: BehindWatch;
  readonly #ticker: Ticker;
  /** Null where state need not outlive the process. */
  readonly #checkpoint: Checkpoint | null;
  readonly #checkpointer: Checkpointer | null;
  #messages = 0;
  readonly #outputs = new OutputCounts();

  private constructor(options: EngineOptions, { served, shadow }: OpenModels, encoders: Encoders) {
    const { config, onWarning = (message) => process.emitWarning(message) } = options;
    const { registry = registryOf(config.schemaRegistry) } = options;
    const { model, runtime, base } = served;
    this.#options = options;
    this.model = model;
    this.#runtime = runtime;
    this.#shadowRuntime = shadow?.runtime ?? null;
    this.#drift = new DriftCounters(model);
    this.codec = new MessageCodec({ registry, directory: config.schemas.directory });
    const { rules, placeUnknownAfterMs, state, baselines } = config.alerts;
    this.policy = new AlertPolicy(rules, model.config.version, placeUnknownAfterMs, state);
    this.notices = options.notices ?? new TechnicalNotices(options.clock);
    this.#noticing = this.notices.changes$.subscribe((record) => this.#tell(record));
    const { bus } = options;
    this.watch = new InputWatch((topic, patientId) => bus.homeOf?.(topic, patientId) ?? null, this.notices);
    this.#decoder = new EventDecoder(this.codec, config.limits, this.watch);
    this.#encoding = new EncodeStage(encoders);
    const { maxBatch } = config.model;
    const batcher = new MicroBatcher(model.encoder, runtime, model.shape, maxBatch, this.#drift);
    const { stepMs, steps } = model.config;
    const explainer = new Explainer(model, (input) => batcher.run(input), base);
    this.#explanations = new Explanations(explainer, rules, model.config.version, options.explainsAlerts);
    this.#scoring = new AlignAndScore(
      { ...config.align, stepMs, steps },
      batcher,
      this.#explanations,
      shadow === null ? null : new ShadowModel(shadow, { maxBatch, onWarning }),
      baselines,
    );
    this.#beds = new BedWatches({
      board: (options.watchesBeds ?? options.clock.live) ? this.notices : NO_NOTICES,
      watchesFeeds: options.watchesFeeds ?? options.clock.live,
      feeds: config.align.feeds,
      patients: this.#scoring.aligner.patients,
      watermarks: this.#scoring.watermarks,
      onWarning,
    });
    this.#schemas = new SchemaLoader(this.codec, { notices: this.notices, onWarning });
    this.#gate = new SchemaGate(
      this.#schemas,
      (batch) => this.#flow.accept(batch),
      this.#paused.on('schemas'),
    );
    this.#checkpoint = this.#openCheckpoint();
    this.#checkpointer = this.#checkpoint && this.#openCheckpointer(this.#checkpoint);
    this.#behind = new BehindWatch({
      afterMs: config.align.behindAfterMs,
      notices: this.notices,
      onWarning,
    });
    this.presence = new Presence({
      behind: this.#behind,
      catchUp: this.#catchUp,
      isMember: () => this.#consumer?.isMember?.() ?? true,
      confirm: async () => (await this.#consumer?.recommit()) ?? false,
      usedTo: (partition) => this.#scoring.watermarks.get(partition),
    });
    const { clock } = options;
    this.#ticker = new Ticker({ flow: this.#flow, gate: this.#gate, behind: this.#behind, clock });
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
      const encoders = await openEncoders(options.config.encoders, modalities, options.onWarning);
      return new Engine(options, models, encoders);
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
  async explain(patientId: string, outcome: OutcomeName = 'mortality'): Promise<Explanation | null> {
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
    return this.#flow.failure;
  }

  get counts(): EngineCounts {
    const { aligner } = this.#scoring;
    const { duplicates, duplicateObservations, late, rejectedObservations } = aligner.counts;
    const { untrusted } = aligner;
    const { observations, implausible, rejectedFields } = this.#decoder.counts;
    return {
      messages: this.#messages,
      observations: observations - duplicateObservations - rejectedObservations - untrusted.usable,
      untrusted: untrusted.withoutLetter,
      untrustedByVariable: untrusted.all(),
      implausible,
      rejectedFields,
      duplicates,
      duplicateObservations,
      late,
      rejectedObservations,
      ...this.#encoding.counts,
      ...this.#outputs,
    };
  }

  /** Input batches under way. */
  get inFlight(): number {
    return this.#flow.inFlight;
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
    const { count, lastSeconds } = this.#checkpointer ?? { count: 0, lastSeconds: 0 };
    return { checkpoints: count, written, lastSeconds };
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
        await this.#flow.accept({ assigned, topics, ...NO_STATE, ...state });
      },
      batch: (batch) => this.#gate.pass(batch),
      revoked: async (revoked) => {
        for (const partition of revoked) this.partitions.delete(partition);
        this.#catchUp.forget(revoked);
        this.#gate.drop(revoked);
        this.#paused.forget(revoked);
        await this.#flow.accept({ revoked });
        await this.#flow.idle();
        this.#checkpoint?.forget(revoked);
      },
      failed: (error) => this.#flow.fail(error),
    };
    this.#consumer = await bus.consume(INPUT_TOPICS, handler, clock);
    if (clock.live) this.#ticker.start(this.#consumer);
    this.#checkpointer?.start(this.#consumer, config.state.checkpointIntervalMs);
  }

  /** Resolves when the pipeline has stopped by itself, with the reason. */
  failed(): Promise<Error> {
    return this.#flow.failed();
  }

  /** Releases what waits for its time, deals with all that is under way, and commits it. */
  async finish(): Promise<void> {
    await this.#gate.settled();
    await this.#flow.accept('end');
    await this.#flow.idle();
    if (this.#flow.failure !== null) throw this.#flow.failure;
  }

  /** Stops reading, deals with what is under way, closes sinks and model. */
  async close(): Promise<void> {
    this.#ticker.stop();
    this.#flow.end();
    this.#schemas.close();
    await (this.#checkpointer?.finish() ?? this.#flow.idle());
    await this.#consumer?.close();
    this.notices.close();
    this.#noticing.unsubscribe();
    for (const sink of this.#options.sinks) await sink.close?.();
    await this.#encoding.close();
    await this.#runtime.close();
    await this.#shadowRuntime?.close();
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

  #openCheckpointer(checkpoint: Checkpoint): Checkpointer {
    return new Checkpointer({
      checkpoint,
      flow: this.#flow,
      sinks: this.#options.sinks,
      onSilent: (silent) => this.#flow.feed({ assigned: [], topics: [], ...NO_STATE, silent }),
    });
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
        tap((outputs) => this.#outputs.add(outputs)),
        tap((outputs) => this.#beds.note(outputs, clock.now())),
        boundDeadLetters(clock, config.limits.deadLetters),
        deliver(sinks),
        concatMap(async (outputs: Outputs) => {
          if (this.#checkpoint !== null) this.#checkpoint.note(outputs);
          else await this.#consumer?.commit(outputs.positions.map(({ from: _, ...position }) => position));
        }),
      )
      .subscribe({ next: () => this.#settle(), error: (error: unknown) => this.#flow.fail(error) });
  }

  /** Hands a technical notice to each sink, past what is under way; a sink that fails says so when it gets results. */
  #tell(record: AlertMessage): void {
    const outputs = { ...emptyOutputs(), alerts: [record] };
    for (const sink of this.#options.sinks) sink.write(outputs).catch(() => undefined);
  }

  #settle(): void {
    this.#catchUp.settle();
    this.#flow.settle();
  }
}
