import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { EventBus, OutgoingMessage } from '../bus/bus.js';
import type { MemoryBus } from '../bus/memory.js';
import type { ReplayClock } from '../clock.js';
import type { EngineCounts } from '../engine/counts.js';
import type { Engine } from '../engine/engine.js';
import type { Sink } from '../engine/outputs.js';
import type { MessageCodec } from '../events/codec.js';
import type { EpochMs } from '../events/event.js';
import type { SourceMessage } from '../events/source-message.js';
import { withParts } from '../parts.js';
import type { Config } from '../settings/config.js';
import { bytesOf, type ReplaySource } from '../sources/source.js';
import { AlertsDigest, ScoresDigest } from './digest.js';
import { type History, openHistory, unlessStopped } from './history.js';

export interface ReplayOptions {
  readonly config: Config;
  /** Event time per real time; `max` is as fast as it goes. */
  readonly speed: number | 'max';
  readonly onProgress?: (patients: number, total: number) => void;
  /** Further places results go to, before the store. */
  readonly sinks?: readonly Sink[];
  /** Ends the replay early: what was read by then is dealt with, and the result says that it is partial. */
  readonly signal?: AbortSignal | undefined;
  /** Whether alerts say why; by default they do. Scores and alerts are the same without. */
  readonly explainsAlerts?: boolean;
  /** Whether anything is foretold; by default it is. Counts of what came in are the same without. */
  readonly asksModel?: boolean;
  /** Whether what is wrong at a bed is told as a technical notice, as it is live; by default it is not, since history has no bed to go to. */
  readonly watchesBeds?: boolean;
  /** Says when each moment of history may happen; by default `speed` does. */
  readonly pace?: Pace;
  /** Called when all is dealt with; what reads it is closed when this has resolved. */
  readonly onDrained?: () => Promise<void>;
  /** Called before anything is read, with what reads it. */
  readonly onOpened?: (history: History) => void;
  /** An open store that is written to in place of the configured one, and stays open. */
  readonly store?: ClickHouseClient;
}

/** Decides when history goes on. */
export interface Pace {
  /** Resolves when the moment at `time` may happen; false: never, the replay ends here. */
  reach(time: EpochMs): Promise<boolean>;
}

/** The outcome of a replay, as `--json` prints it. */
export interface ReplayResult {
  /** Stays replayed. */
  patients: number;
  /** Observations used. */
  observations: number;
  scores: number;
  /** Alerts raised by rules. */
  alerts: number;
  /** Alerts raised of patients' states. */
  stateAlerts: number;
  deadLetters: number;
  deadLettersByReason: Record<string, number>;
  /** Values that were not used although they are no dead letters; `untrustedByReason` has all that were not used. */
  untrusted: number;
  untrustedByReason: Record<string, number>;
  duplicates: number;
  late: number;
  /** Observations used although implausible. */
  implausible: number;
  /** Notes and images with an embedding. */
  encoded: number;
  /** Notes and images of which an encoder used only a part or nothing, by reason. */
  flagged: Readonly<Record<string, number>>;
  /** Rows of the source: observations + untrusted + deadLetters + descriptors + notRecorded + malformed + setAside. */
  rows: number;
  descriptors: number;
  notRecorded: number;
  malformed: number;
  /** Values of codes nothing is mapped to, and others the source set aside; `unmapped` lists the former. */
  setAside: number;
  unmapped: Record<string, number>;
  seconds: number;
  observationsPerSecond: number;
  scoresPerSecond: number;
  peakRssMb: number;
  scoresDigest: string;
  alertsDigest: string;
  model: string;
  store?: string;
  /** Interrupted: not all of the history was replayed. */
  partial?: true;
}

/** A replay whose digest of alerts is still open, so that shares of patients replayed apart can be put together. */
export interface ReplayPart {
  readonly result: ReplayResult;
  readonly alerts: AlertsDigest;
}

/** Messages encoded and produced at once. */
const CHUNK = 512;

/** Streams history through the same pipeline that runs live: embedded bus, model, policy, and the store if configured. */
export async function replay(source: ReplaySource, options: ReplayOptions): Promise<ReplayResult> {
  const scores = new ScoresDigest();
  const { result, alerts } = await replayPart(source, {
    ...options,
    sinks: [scores, ...(options.sinks ?? [])],
  });
  return { ...result, scoresDigest: scores.digest(), alertsDigest: alerts.digest() };
}

/** As `replay`, without a digest of scores, and with that of alerts still open. */
export async function replayPart(source: ReplaySource, options: ReplayOptions): Promise<ReplayPart> {
  const { config, signal, explainsAlerts = true, asksModel = true, watchesBeds = false } = options;
  const alerts = new AlertsDigest();
  const sinks = [alerts, ...(options.sinks ?? [])];
  const { engine, isWhole, started } = await withParts(async (parts) => {
    const { store } = options;
    const opening = openHistory({ config, sinks, explainsAlerts, asksModel, watchesBeds, store }, parts);
    const history = await unlessStopped(opening, signal);
    const { bus, engine: reader, clock } = history;
    options.onOpened?.(history);
    const began = performance.now();
    await reader.start();
    const isFed = await feed(source, bus, reader, clock, options);
    await drain(history);
    await options.onDrained?.();
    return { engine: reader, isWhole: isFed, started: began };
  });
  // What is closed has its results safe, which takes its time too.
  const seconds = (performance.now() - started) / 1000;
  const result = {
    ...summarise(source, engine.counts, seconds),
    scoresDigest: '',
    alertsDigest: '',
    ...placesOf(engine, config),
    ...(isWhole && signal?.aborted !== true ? {} : { partial: true as const }),
  };
  return { result, alerts };
}

/** Puts together what shares of the patients, replayed at one time, came to; without a digest of scores. */
export function joined(parts: readonly ReplayPart[], seconds: number): ReplayResult {
  const alerts = new AlertsDigest();
  for (const part of parts) alerts.join(part.alerts.parts);
  const results = parts.map(({ result }) => result);
  const sum = (of: (result: ReplayResult) => number) => results.reduce((total, each) => total + of(each), 0);
  const table = (of: (result: ReplayResult) => Readonly<Record<string, number>>) => {
    const totals: Record<string, number> = {};
    for (const each of results) {
      for (const [name, count] of Object.entries(of(each))) totals[name] = (totals[name] ?? 0) + count;
    }
    return totals;
  };
  const [first] = results;
  return {
    ...first,
    patients: sum(({ patients }) => patients),
    observations: sum(({ observations }) => observations),
    scores: sum(({ scores: count }) => count),
    alerts: sum(({ alerts: count }) => count),
    stateAlerts: sum(({ stateAlerts }) => stateAlerts),
    deadLetters: sum(({ deadLetters }) => deadLetters),
    deadLettersByReason: table(({ deadLettersByReason }) => deadLettersByReason),
    untrusted: sum(({ untrusted }) => untrusted),
    untrustedByReason: table(({ untrustedByReason }) => untrustedByReason),
    duplicates: sum(({ duplicates }) => duplicates),
    late: sum(({ late }) => late),
    implausible: sum(({ implausible }) => implausible),
    encoded: sum(({ encoded }) => encoded),
    flagged: table(({ flagged }) => flagged),
    rows: sum(({ rows }) => rows),
    descriptors: sum(({ descriptors }) => descriptors),
    notRecorded: sum(({ notRecorded }) => notRecorded),
    malformed: sum(({ malformed }) => malformed),
    setAside: sum(({ setAside }) => setAside),
    unmapped: table(({ unmapped }) => unmapped),
    ...rates(
      sum(({ observations }) => observations),
      sum(({ scores: count }) => count),
      seconds,
    ),
    peakRssMb: Math.max(...results.map(({ peakRssMb }) => peakRssMb)),
    alertsDigest: alerts.digest(),
    ...(results.some(({ partial }) => partial === true) ? { partial: true as const } : {}),
  };
}

/** Feeds history to the bus; false where it was ended early. */
async function feed(
  source: ReplaySource,
  bus: MemoryBus,
  engine: Engine,
  clock: ReplayClock,
  { speed, onProgress, signal, pace }: ReplayOptions,
): Promise<boolean> {
  const started = performance.now();
  let first = Number.NaN;
  let chunk: SourceMessage[] = [];
  const send = async () => {
    const newest = chunk.at(-1);
    if (newest === undefined) return true;
    if (pace !== undefined) {
      if (!(await pace.reach(newest.eventTime))) return false;
    } else if (speed !== 'max') {
      if (Number.isNaN(first)) first = newest.eventTime;
      const due = (newest.eventTime - first) / speed;
      const ahead = due - (performance.now() - started);
      if (ahead > 0) await sleep(ahead, undefined, { signal }).catch(() => undefined);
      if (signal?.aborted === true) return false;
    }
    for (const { eventTime } of chunk) clock.advanceTo(eventTime);
    await produceAll(chunk, bus, engine.codec);
    chunk = [];
    onProgress?.(source.counts.patients, source.total);
    if (engine.failure !== null) throw engine.failure;
    return signal?.aborted !== true;
  };
  const isPaced = pace !== undefined || speed !== 'max';
  for await (const message of source.messages()) {
    const isMomentOver = chunk.length > 0 && chunk[chunk.length - 1].eventTime !== message.eventTime;
    if ((chunk.length >= CHUNK || (isPaced && isMomentOver)) && !(await send())) return false;
    chunk.push(message);
  }
  return send();
}

/** Encodes messages and produces them in order: runs of one topic together. */
export async function produceAll(
  messages: readonly SourceMessage[],
  bus: EventBus,
  codec: MessageCodec,
): Promise<void> {
  let run: OutgoingMessage[] = [];
  for (let index = 0; index < messages.length; index++) {
    const { topic, key } = messages[index];
    run.push({ key, value: bytesOf(messages[index], codec) });
    if (messages[index + 1]?.topic !== topic) {
      await bus.produce(topic, run);
      run = [];
    }
  }
}

/** Waits until the engine has read the whole bus, then lets it release what it holds. */
async function drain({ bus, engine, settle }: History): Promise<void> {
  while (bus.unread > 0 && engine.failure === null) await sleep(5);
  await engine.finish();
  await settle();
}

/** Values that were not used, by reason. */
function byReason({ untrustedByVariable }: EngineCounts): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { reason, values } of untrustedByVariable) sums[reason] = (sums[reason] ?? 0) + values;
  return sums;
}

function summarise(
  source: ReplaySource,
  counts: EngineCounts,
  seconds: number,
): Omit<ReplayResult, 'scoresDigest' | 'alertsDigest' | 'model' | 'store'> {
  const { rows, notRecorded, malformed, patients } = source.counts;
  const descriptors = source.counts.descriptors - counts.rejectedFields;
  const { observations, untrusted, scores, stateAlerts, deadLetters, deadLettersByReason } = counts;
  const { duplicates, late, implausible } = counts;
  const { encoded, flagged } = counts;
  return {
    patients,
    observations,
    scores,
    alerts: counts.alerts - stateAlerts,
    stateAlerts,
    deadLetters,
    deadLettersByReason,
    untrusted,
    untrustedByReason: byReason(counts),
    duplicates,
    late,
    implausible,
    encoded,
    flagged,
    rows,
    descriptors,
    notRecorded,
    malformed,
    setAside: source.ledger?.setAside ?? 0,
    unmapped: Object.fromEntries(source.ledger?.unmapped ?? []),
    ...rates(observations, scores, seconds),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

function rates(observations: number, scores: number, seconds: number) {
  return {
    seconds: Number(seconds.toFixed(2)),
    observationsPerSecond: Math.round(observations / seconds),
    scoresPerSecond: Math.round(scores / seconds),
  };
}

function placesOf(engine: Engine, { store }: Config): Pick<ReplayResult, 'model' | 'store'> {
  const model = engine.model.config.version;
  return store.kind === 'embedded' ? { model, store: store.directory } : { model };
}
