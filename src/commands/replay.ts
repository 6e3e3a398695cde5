import { createInterface } from 'node:readline';
import { scoreCohort } from '../cohort/scored-cohort.js';
import { defaultWorkers, ScoringThreads } from '../cohort/threads.js';
import { WardstreamError } from '../errors.js';
import { Pacer } from '../replay/pacer.js';
import { type ReplayResult, replay } from '../replay/replay.js';
import { type Config, loadConfig, parseConfig } from '../settings/config.js';
import { embeddedStore } from '../settings/store.js';
import { openSource } from '../sources/open-source.js';
import { ENDPOINTS } from '../study/events.js';
import { foreseeable, policyFigures } from '../study/policies.js';
import { raisedBy } from '../study/raised-alerts.js';
import { printResult, stopOnInterrupt, withModel } from './cli.js';
import { keepOf, noSuchStay } from './one-stay.js';
import { readPolicies } from './policy-file.js';
import { StayProgress } from './progress.js';
import { serveReplay } from './serve-replay.js';

export interface ReplayCommandOptions {
  readonly from: string;
  readonly patients?: number;
  readonly mapping?: string;
  /** Event time per real time; `step`: moment by moment, at the return key. */
  readonly speed: number | 'max' | 'step';
  readonly store?: string;
  readonly workers?: number;
  readonly scores?: string;
  readonly model?: string;
  readonly policy?: readonly string[];
  readonly config?: string;
  readonly json: boolean;
  /** Only the stay of this patient id. */
  readonly stay?: string;
  /** Port on which the history is watched. */
  readonly serve?: number;
  /** Where watching begins, in hours since the first admission. */
  readonly at?: number;
}

/** `wardstream replay`: history through the pipeline, and what came of it. */
export async function replayCommand(options: ReplayCommandOptions): Promise<void> {
  const config = configOf(options);
  checkStay(options);
  const progress = new StayProgress();
  const stop = stopOnInterrupt('finishing what is under way; Ctrl-C again ends at once');
  const hooks = {
    signal: stop.signal,
    onProgress: (patients: number, total: number) => progress.update('replay', patients, total),
  };
  try {
    const { serve } = options;
    if (serve !== undefined) return await serveReplay({ ...options, serve }, config, stop.signal);
    const result = inThreads(options, config)
      ? await scored(options, config, hooks)
      : await played(options, config, hooks);
    progress.stop();
    printResult(result, options.json);
  } finally {
    progress.stop();
    stop.release();
  }
}

/** One stay is watched or replayed in this thread, from the source itself. */
function checkStay({ stay, at, serve, workers, scores, policy = [] }: ReplayCommandOptions): void {
  if (at !== undefined && serve === undefined)
    throw new WardstreamError('WS_USAGE', '--at goes with --serve only');
  if (stay !== undefined && (scores !== undefined || policy.length > 0 || (workers ?? 1) > 1)) {
    throw new WardstreamError('WS_USAGE', '--stay cannot go with --scores, --policy or --workers');
  }
}

interface Hooks {
  readonly signal: AbortSignal;
  readonly onProgress: (patients: number, total: number) => void;
}

/** As fast as it goes and without a store, stays are divided over threads; all else needs one thread. */
function inThreads(
  { speed, workers, scores, policy = [] }: ReplayCommandOptions,
  { store }: Config,
): boolean {
  const asked = [
    ...(scores === undefined ? [] : ['--scores']),
    ...(policy.length === 0 ? [] : ['--policy']),
    ...((workers ?? 1) > 1 ? ['--workers'] : []),
  ];
  if (speed === 'max' && store.kind === 'none') return asked.length > 0;
  if (asked.length === 0) return false;
  const what = `${asked.join(', ')} cannot go with ${speed === 'max' ? 'a store' : `--speed ${speed}`}`;
  throw new WardstreamError('WS_USAGE', `${what}: leave out one of them`);
}

async function scored(
  { from, patients, mapping, workers, scores, policy = [] }: ReplayCommandOptions,
  config: Config,
  hooks: Hooks,
) {
  const policies = readPolicies(policy, config);
  const job = { from, patients, mapping, config };
  const began = performance.now();
  const threads = new ScoringThreads(workers ?? defaultWorkers());
  const { stays, result, stored } = await scoreCohort({ job, threads, file: scores, ...hooks }).finally(() =>
    threads.close(),
  );
  const scoredAt = performance.now();
  const against = foreseeable(ENDPOINTS[0], policies.length === 0 ? [] : stays);
  const tried = policies.map((policy) =>
    policyFigures(policy, raisedBy(policy.rules, stays), stays, against),
  );
  return {
    ...result,
    stored,
    ...(tried.length === 0 ? {} : { policies: tried, policySeconds: round(performance.now() - scoredAt) }),
    totalSeconds: round(performance.now() - began),
  };
}

function round(ms: number): number {
  return Number((ms / 1000).toFixed(2));
}

async function played(
  { from, patients, mapping, stay, speed }: ReplayCommandOptions,
  config: Config,
  hooks: Hooks,
): Promise<ReplayResult> {
  const source = openSource(from, patients, mapping, keepOf(stay), config);
  if (speed !== 'step') return found(await replay(source, { config, speed, ...hooks }), stay, from);
  const pacer = new Pacer({ speed: null, isPlaying: false });
  hooks.signal.addEventListener('abort', () => pacer.stop());
  const lines = createInterface({ input: process.stdin });
  process.stderr.write('The return key lets the next moment happen.\n');
  lines.on('line', () => pacer.step());
  lines.on('close', () => pacer.play());
  try {
    return found(await replay(source, { config, speed: 'max', pace: pacer, ...hooks }), stay, from);
  } finally {
    lines.close();
  }
}

/** @throws WardstreamError `WS_SOURCE` where the stay asked for is not there. */
function found(result: ReplayResult, stay: string | undefined, from: string): ReplayResult {
  if (stay !== undefined && result.patients === 0) throw noSuchStay(stay, from);
  return result;
}

function configOf({ config, store, model }: ReplayCommandOptions): Config {
  const base = withModel(config === undefined ? parseConfig({}) : loadConfig(config), model);
  return store === undefined ? base : { ...base, store: embeddedStore(store) };
}
