import type { AlertMessage, DeadLetterMessage, RiskScoreMessage } from '../../../../src/contract/messages.js';
import { TOPICS } from '../../../../src/contract/topics.js';
import { transitionOf } from '../history.js';
import type { Scene } from '../scene.js';
import { BAD_PATIENT } from './bad-input.js';
import type { Slot } from './engines.js';
import type { Fault } from './faults.js';
import { keyOf, type Watcher } from './watchers.js';
import { add, letterOf, scoreOf, type Undisturbed } from './workload.js';

/** Something that is not as it must be. */
export interface Finding {
  readonly check: string;
  readonly count: number;
  readonly examples: readonly string[];
  /** Each of them, for the file of a run. */
  readonly all: readonly string[];
}

const MAX_BYTES = 1.5e9;
const MAX_P99_MS = 2000;
/** So long after a fault its consequences may last: a session of 6 s, a rebalance, the state read back. */
const SETTLE_MS = 12_000;
/** An alert is not measured where the next fault begins before it could have been shown late. */
const AHEAD_MS = 2500;
const EXAMPLES = 3;

function finding(check: string, all: readonly string[]): Finding[] {
  return all.length === 0 ? [] : [{ check, count: all.length, examples: all.slice(0, EXAMPLES), all }];
}

/** Where two runs say different things. */
export function compare(
  what: string,
  wanted: ReadonlyMap<string, unknown>,
  got: ReadonlyMap<string, unknown>,
): Finding[] {
  const missing = [...wanted].filter(([key]) => !got.has(key)).map(([key, value]) => `${key} = ${value}`);
  const extra = [...got].filter(([key]) => !wanted.has(key)).map(([key, value]) => `${key} = ${value}`);
  const different = [...wanted]
    .filter(([key, value]) => got.has(key) && got.get(key) !== value)
    .map(([key, value]) => `${key}: ${value} became ${got.get(key)}`);
  return [
    ...finding(`${what}: missing`, missing),
    ...finding(`${what}: not in the undisturbed run`, extra),
    ...finding(`${what}: different`, different),
  ];
}

function isHealthy(patientId: string | null): boolean {
  return patientId !== null && !patientId.startsWith(BAD_PATIENT);
}

/** An alert about a patient of the undisturbed run; technical notices are of what befell this one. */
function isClinical(alert: AlertMessage): boolean {
  return alert.class === 'clinical' && isHealthy(alert.patientId);
}

/** Topics and store against the undisturbed run. */
export async function checkResults(scene: Scene, reference: Undisturbed): Promise<Finding[]> {
  const contradictions: string[] = [];
  const once = (map: Map<string, string>, [key, value]: readonly [string, string]) => {
    if (map.has(key) && map.get(key) !== value) contradictions.push(`${key}: ${map.get(key)} / ${value}`);
    map.set(key, value);
  };
  const alerts = new Map<string, string>();
  for (const alert of await scene.read<AlertMessage>(TOPICS.alerts, 'Alert')) {
    if (isClinical(alert)) once(alerts, transitionOf(alert));
  }
  const scores = new Map<string, string>();
  for (const score of await scene.read<RiskScoreMessage>(TOPICS.scores, 'RiskScore')) {
    if (isHealthy(score.patientId)) once(scores, scoreOf(score));
  }
  const letters = new Map<string, number>();
  for (const letter of await scene.deadLetters()) {
    if (isHealthy(letter.patientId)) add(letters, letterOf(letter));
  }
  return [
    ...finding('records of one id that contradict each other', contradictions),
    ...compare('alerts in the topic', reference.alerts, alerts),
    ...compare('scores in the topic', reference.scores, scores),
    ...compare('dead letters in the topic', reference.letters, letters),
    ...(await checkStore(scene, reference)),
  ];
}

async function checkStore(scene: Scene, reference: Undisturbed): Promise<Finding[]> {
  const healthy = `NOT startsWith(patient_id, '${BAD_PATIENT}')`;
  const alerts = new Map<string, string>();
  const records = await scene.rows<{ id: string; n: number; state: string; priority: string; at: number }>(
    `SELECT alert_id AS id, sequence AS n, toString(state) AS state, toString(priority) AS priority,
       toFloat64(toUnixTimestamp64Milli(event_time)) AS at FROM alert_events FINAL
       WHERE ${healthy} AND JSONExtractString(body, 'class') = 'clinical'`,
  );
  for (const { id, n, state, priority, at } of records)
    alerts.set(`${id} ${n}`, `${state} ${priority} ${at}`);
  const scores = new Map<string, string>();
  const rows = await scene.rows<{ patientId: string; eventTime: number; mortality: number }>(
    `SELECT patient_id AS patientId, toFloat64(toUnixTimestamp64Milli(event_time)) AS eventTime, mortality
       FROM scores FINAL WHERE ${healthy}`,
  );
  for (const row of rows) scores.set(...scoreOf(row));
  const letters = new Map<string, number>();
  const kept = await scene.rows<Pick<DeadLetterMessage, 'patientId' | 'eventTime' | 'reason' | 'topic'>>(
    `SELECT patient_id AS patientId, toFloat64(toUnixTimestamp64Milli(event_time)) AS eventTime, reason, topic
       FROM dead_letters FINAL WHERE ${healthy} AND patient_id != '' AND topic != 'webhook'`,
  );
  for (const row of kept) add(letters, letterOf(row as DeadLetterMessage));
  return [
    ...compare('alerts in the store', reference.alerts, alerts),
    ...compare('scores in the store', reference.scores, scores),
    ...compare('dead letters in the store', reference.letters, letters),
  ];
}

/** The processes themselves. */
export function checkEngines(slots: readonly Slot[], start: number): Finding[] {
  const misdeeds = slots.flatMap((slot) => slot.misdeeds);
  const large = slots.filter(({ peakBytes }) => peakBytes > MAX_BYTES);
  return [
    ...finding(
      'an engine ends by itself, or does not end',
      misdeeds.map(
        ({ at, engine, what }) => `${((at - start) / 1000).toFixed(0)} s: engine ${engine} ${what}`,
      ),
    ),
    ...finding(
      'memory of an engine',
      large.map(({ number, peakBytes }) => `engine ${number}: ${(peakBytes / 1e6).toFixed(0)} MB`),
    ),
  ];
}

/** What stands on the pages when everybody has been discharged. */
export function checkPages(watchers: readonly Watcher[]): Finding[] {
  const ghosts = watchers.flatMap(({ name, open }) =>
    [...open.values()].filter(isClinical).map((alert) => `${name}: ${keyOf(alert)} ${alert.state}`),
  );
  const left = watchers.flatMap(({ name, patients }) =>
    [...patients].filter(isHealthy).map((patientId) => `${name}: ${patientId}`),
  );
  return [
    ...finding('alerts that are resolved stay on a page', ghosts),
    ...finding('patients who are discharged stay on a page', left),
  ];
}

/** How long alerts took to be seen, in milliseconds. */
export interface Latency {
  readonly measured: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

function latencyOf(delays: readonly number[]): Latency {
  const sorted = [...delays].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { measured: sorted.length, p50: at(0.5), p99: at(0.99), longest: sorted.at(-1) ?? 0 };
}

/**
 * From an alert's time until somebody has it: of all, and of the calm ones, at whose time no fault of processes, broker or network had
 * been under way for 12 s nor began within 2.5 s. Troubles of ClickHouse and bad input are no excuse.
 */
export function checkPush(
  live: readonly AlertMessage[],
  watchers: readonly Watcher[],
  faults: readonly Fault[],
): { readonly findings: Finding[]; readonly all: Latency; readonly calm: Latency; readonly late: string[] } {
  const lost: string[] = [];
  const all: number[] = [];
  const calm: { delay: number; what: string }[] = [];
  for (const record of live) {
    const key = keyOf(record);
    const pushed = watchers.flatMap(({ pushedAt }) => pushedAt.get(key) ?? []);
    if (pushed.length === 0) {
      if (!watchers.some(({ inSnapshots }) => inSnapshots.has(key))) lost.push(`${key} ${record.state}`);
      continue;
    }
    const { eventTime } = record;
    const delay = Math.min(...pushed) - eventTime;
    all.push(delay);
    const isDisturbed = faults.some(
      ({ from, to }) => from < eventTime + AHEAD_MS && eventTime < to + SETTLE_MS,
    );
    if (!isDisturbed) calm.push({ delay, what: `${key} ${record.state} at ${eventTime}: ${delay} ms` });
  }
  const measured = latencyOf(calm.map(({ delay }) => delay));
  const late = calm.filter(({ delay }) => delay > MAX_P99_MS).map(({ what }) => what);
  return {
    findings: [
      ...finding('alert records that nobody was shown', lost),
      ...(measured.p99 > MAX_P99_MS
        ? finding('alerts are late although nothing is wrong for them', late)
        : []),
      ...(measured.measured === 0 ? finding('no alert was measured', ['there was no calm']) : []),
    ],
    all: latencyOf(all),
    calm: measured,
    late,
  };
}
