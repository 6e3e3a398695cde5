import type { AlertMessage } from '../../../src/contract/messages.js';
import type { Outputs, Score, Sink } from '../../../src/engine/outputs.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { ScoresDigest } from '../../../src/replay/digest.js';
import { replay } from '../../../src/replay/replay.js';
import { parseConfig } from '../../../src/settings/config.js';
import { simulateWard } from '../../../src/simulate/ward.js';
import { Physionet2012Source } from '../../../src/sources/physionet2012.js';
import type { ReplaySource } from '../../../src/sources/source.js';
import { HAS_SET_A, LOUD_RULES, SET_A } from '../../helpers.js';

const STAYS = 200;
const HOUR_MS = 3_600_000;
/** No state and no rule that ships takes longer to alarm, but consciousness and a low risk. */
const LONGEST_ONSET_MS = 600_000;

/** The stays that every fault is tried on: the first of set A, or simulated ones where it is not there. */
export function stays(): SourceMessage[] {
  if (HAS_SET_A) return [...new Physionet2012Source(SET_A, undefined, STAYS).messages()];
  const startTime = Date.UTC(2026, 0, 5);
  const vitalsIntervalMs = 0.5 * HOUR_MS;
  return [...simulateWard({ beds: STAYS, hours: 24, seed: 1, startTime, wardId: 'set-a', vitalsIntervalMs })];
}

/** Loud ones of which no alert ends by time: see `quietMiddle`. */
export const RULES = LOUD_RULES.filter(({ endAfterMs }) => endAfterMs === undefined);

/** What came of a stream, by ids: equal for two runs that differ only in what befell them. */
export interface Results {
  readonly scoresDigest: string;
  readonly scores: number;
  /** State and event time of each transition, by alert id and sequence. */
  readonly alerts: ReadonlyMap<string, string>;
}

export type ScoreLike = Pick<
  Score,
  'stayId' | 'eventTime' | 'mortality' | 'circulatory' | 'respiratory' | 'deterioration'
>;

/** Scores in any order, each once. */
export async function digestOf(scores: readonly ScoreLike[]): Promise<string> {
  const digest = new ScoresDigest();
  const sorted = [...scores].sort((a, b) => a.eventTime - b.eventTime);
  await digest.write({ scores: sorted } as unknown as Outputs);
  return digest.digest();
}

export function transitionOf({ alertId, sequence, state, eventTime, priority }: AlertMessage) {
  return [`${alertId} ${sequence}`, `${state} ${priority} ${eventTime}`] as const;
}

/** The undisturbed run: an embedded replay. */
export async function undisturbed(messages: readonly SourceMessage[]): Promise<Results> {
  const alerts = new Map<string, string>();
  const keep: Sink = {
    write: async (outputs) => {
      for (const alert of outputs.alerts) alerts.set(...transitionOf(alert));
    },
  };
  const { scores, scoresDigest } = await replayAll(messages, keep);
  return { scoresDigest, scores, alerts };
}

/** The risk of death by patient and time that a model of a directory gives in an undisturbed run. */
export async function scoresIn(
  messages: readonly SourceMessage[],
  model: { readonly directory: string; readonly version: string },
): Promise<ReadonlyMap<string, number>> {
  const risks = new Map<string, number>();
  const keep: Sink = {
    write: async ({ scores }) => {
      for (const { patientId, eventTime, mortality } of scores)
        risks.set(`${patientId} ${eventTime}`, mortality);
    },
  };
  await replayAll(messages, keep, { model });
  return risks;
}

function replayAll(messages: readonly SourceMessage[], sink: Sink, settings: object = {}) {
  const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const ordered = [...messages].sort((a, b) => a.eventTime - b.eventTime);
  const source: ReplaySource = { counts, total: 0, messages: () => ordered };
  const config = parseConfig({ alerts: { rules: RULES }, ...settings });
  return replay(source, { config, speed: 'max', sinks: [sink] });
}

/**
 * Where a stream in order of time may end for a while: the index of the first message from the middle on. Time goes on meanwhile, so an
 * alert that was about to be raised or to resolve escalates, as it should; here no alert is in between.
 */
export function quietMiddle(messages: readonly SourceMessage[], { alerts }: Results): number {
  const spans = new Map<string, { from: number; to: number; hasEscalated: boolean }>();
  for (const [key, transition] of alerts) {
    const [alertId] = key.split(' ');
    const [state, , eventTime] = transition.split(' ');
    const span = spans.get(alertId) ?? { from: Number.POSITIVE_INFINITY, to: 0, hasEscalated: false };
    span.from = Math.min(span.from, Number(eventTime) - LONGEST_ONSET_MS);
    span.to = Math.max(span.to, Number(eventTime));
    span.hasEscalated ||= state === 'ESCALATED';
    spans.set(alertId, span);
  }
  const waiting = [...spans.values()].filter(({ hasEscalated }) => !hasEscalated);
  return messages.findIndex(({ eventTime }, index) => {
    if (index < messages.length >> 1 || messages[index - 1].eventTime === eventTime) return false;
    const { eventTime: last } = messages[index - 1];
    return !waiting.some(({ from, to }) => from <= last && last < to);
  });
}
