import type {
  AckMessage,
  AlertAction,
  AlertMessage,
  DeadLetterMessage,
} from '../../../../src/contract/messages.js';
import { TOPICS } from '../../../../src/contract/topics.js';
import type { Sink } from '../../../../src/engine/outputs.js';
import type { SourceMessage } from '../../../../src/events/source-message.js';
import { replay } from '../../../../src/replay/replay.js';
import { parseConfig } from '../../../../src/settings/config.js';
import { Random } from '../../../../src/simulate/random.js';
import { Physionet2012Source } from '../../../../src/sources/physionet2012.js';
import { noCounts } from '../../../../src/sources/source.js';
import { SET_A } from '../../../helpers.js';
import { transitionOf } from '../history.js';

const HOUR_MS = 3_600_000;
/** So much of each stay is over when the faults begin. */
const PAST_MS = 24 * HOUR_MS;
const STAYS = 200;

/** Rules quick enough that many alerts go through their whole life within minutes. */
const rules = [
  rule('circulatory-failure', 'circulatory', 'HIGH', 0.04, 0.03),
  rule('respiratory-failure', 'respiratory', 'MEDIUM', 0.15, 0.12),
  rule('risk-elevated', 'mortality', 'LOW', 0.12, 0.1),
  rule('news2-emergency', 'news2', 'MEDIUM', 5, 4),
];

/** Settings that the engines and the undisturbed run share. */
export const SETTINGS = {
  align: { minScoreIntervalMs: 1000 },
  alerts: { rules },
  // All of the live half is in the topics from the beginning on, and waits for its time.
  limits: { maxFutureSkewMs: 24 * HOUR_MS },
};

/** A stretch of real time in which the stream is live. */
export interface Span {
  readonly start: number;
  readonly liveMs: number;
}

/**
 * Stays of set A: their first day in the real past at its real pace, the second one compressed into the span, so that the
 * clock releases it. All are discharged in it, so that every alert comes to its end.
 */
export function workload(seed: number, { start, liveMs }: Span): SourceMessage[] {
  const random = new Random(seed, 1);
  const history = [...new Physionet2012Source(SET_A, undefined, STAYS).messages()];
  const first = new Map<string, number>();
  for (const { key, eventTime } of history) if (!first.has(key)) first.set(key, eventTime);
  const shifts = new Map([...first.keys()].map((key) => [key, random.between(0, 0.25 * liveMs)]));
  const scale = (24 * HOUR_MS) / (0.72 * liveMs);
  const moved = history.map((message) => {
    const elapsed = message.eventTime - first.get(message.key)!;
    const eventTime =
      elapsed < PAST_MS
        ? start - PAST_MS + elapsed - 1000
        : Math.round(start + shifts.get(message.key)! + (elapsed - PAST_MS) / scale);
    return moveTo(message, eventTime);
  });
  return moved.sort((a, b) => a.eventTime - b.eventTime);
}

function moveTo(message: SourceMessage, eventTime: number): SourceMessage {
  const record = message.record as { observedAt?: number | null };
  const observedAt = record.observedAt == null ? null : record.observedAt + eventTime - message.eventTime;
  const moved = { ...record, eventTime, ...('observedAt' in record ? { observedAt } : {}) };
  return { ...message, eventTime, record: moved } as SourceMessage;
}

const ACTIONS: readonly AlertAction[] = ['ACKNOWLEDGE', 'SNOOZE', 'COMMENT', 'ESCALATE'];

/** What people do about some of the alerts that are raised while the stream is live. */
export function actions(seed: number, alerts: readonly AlertMessage[], { start }: Span): SourceMessage[] {
  const random = new Random(seed, 2);
  const raised = alerts.filter(({ state, eventTime }) => state === 'RAISED' && eventTime >= start);
  return raised
    .filter(() => random.chance(0.3))
    .map(({ alertId, patientId, eventTime: raisedAt }) => {
      const action = random.pick(ACTIONS);
      const eventTime = Math.round(raisedAt + random.between(300, 3300));
      const snoozeMs = action === 'SNOOZE' ? 2000 : null;
      const what = { alertId, action, actor: 'nurse', snoozeMs, reason: null };
      const record: AckMessage = { messageId: `act-${alertId}`, patientId, eventTime, ...what };
      return { topic: TOPICS.acks, key: patientId, eventTime, record };
    });
}

/** What comes of a stream to which nothing happens. */
export interface Undisturbed {
  readonly records: readonly AlertMessage[];
  /** What each alert record says, by alert and sequence. */
  readonly alerts: ReadonlyMap<string, string>;
  /** Outcomes by patient and time. */
  readonly scores: ReadonlyMap<string, string>;
  /** How many dead letters say the same, by what they say. */
  readonly letters: ReadonlyMap<string, number>;
}

type ScoreLike = { readonly patientId: string; readonly eventTime: number; readonly mortality: number };

/** The patient and time of a score, and its risk of death in 32 bits, as the store keeps it. */
export function scoreOf({ patientId, eventTime, mortality }: ScoreLike): readonly [string, string] {
  return [`${patientId} ${eventTime}`, String(Math.fround(mortality))];
}

/** What a dead letter says, wherever it stood in the log. */
export function letterOf({ patientId, eventTime, reason, topic }: DeadLetterMessage): string {
  return `${patientId} ${eventTime} ${reason} ${topic}`;
}

export async function undisturbed(messages: readonly SourceMessage[]): Promise<Undisturbed> {
  const records: AlertMessage[] = [];
  const alerts = new Map<string, string>();
  const scores = new Map<string, string>();
  const letters = new Map<string, number>();
  const keep: Sink = {
    write: async (outputs) => {
      const clinical = outputs.alerts.filter((alert) => alert.class === 'clinical');
      records.push(...clinical);
      for (const alert of clinical) alerts.set(...transitionOf(alert));
      for (const score of outputs.scores) scores.set(...scoreOf(score));
      for (const letter of outputs.deadLetters) add(letters, letterOf(letter));
    },
  };
  const ordered = [...messages].sort((a, b) => a.eventTime - b.eventTime);
  const source = { counts: noCounts(), total: 0, messages: () => ordered };
  await replay(source, {
    config: parseConfig(SETTINGS),
    speed: 'max',
    sinks: [keep],
    explainsAlerts: false,
  });
  return { records, alerts, scores, letters };
}

export function add(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function rule(id: string, signal: string, priority: string, raiseAt: number, resolveBelow: number) {
  const times = { holdMs: 500, refractoryMs: 1500, escalateAfterMs: 8000 };
  return { id, signal, priority, raiseAt, resolveBelow, ...times };
}
