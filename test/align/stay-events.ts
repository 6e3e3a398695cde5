import { Aligner, type AlignmentSink } from '../../src/align/aligner.js';
import { variableIndex } from '../../src/clinical/variables.js';
import type { AdtMessage, AdtType } from '../../src/contract/messages.js';
import type { ClinicalEvent } from '../../src/events/event.js';
import { adt, eventOf, HOUR_MS, START } from '../helpers.js';

/** A ward that tells when stays begin and end, and short events for it. */

export const MINUTE_MS = 60_000;
export const OPTIONS = { stepMs: HOUR_MS, steps: 6, minScoreIntervalMs: 10_000, dedupeWindow: 64 };
export const HEART_RATE = variableIndex('heartRate');
export const minutes = (time: number) => (time - START) / MINUTE_MS;

/** An aligner, and what it says of stays. */
export function ward() {
  const said: string[] = [];
  const sink: AlignmentSink = {
    stepClosed: ({ demographics: { ageYears } }, step) => said.push(`step ${step} at age ${ageYears}`),
    measured: () => undefined,
    scoreDue: (_, time) => said.push(`score ${minutes(time)}`),
    admitted: ({ stayId, wardId }) => said.push(`admitted ${stayId.slice(14, 19)} to ${wardId}`),
    updated: ({ wardId, bedId, admittedAt, demographics: { ageYears } }) =>
      said.push(`in ${wardId}/${bedId} since ${minutes(admittedAt)}, age ${ageYears}`),
    reopened: ({ stayId }) => said.push(`again ${stayId.slice(14, 19)}`),
    discharged: (_, time) => said.push(`discharged ${minutes(time)}`),
    released: () => undefined,
    acknowledged: () => undefined,
    judged: () => undefined,
    rejected: ({ eventTime }, { reason }) => said.push(`${reason} ${minutes(eventTime)}`),
  };
  const aligner = new Aligner(OPTIONS, sink);
  return {
    aligner,
    get patient() {
      return aligner.patients.get('p1')!;
    },
    /** What is said to one release of events. */
    apply(...events: ClinicalEvent[]): string[] {
      said.length = 0;
      aligner.apply(events);
      return [...said];
    },
    heartRate(minute: number): number[] {
      const [values, ages] = [new Float32Array(64), new Float32Array(64)];
      aligner.patients.get('p1')!.timeline.lastKnown(START + minute * MINUTE_MS, values, ages);
      return [values[HEART_RATE], ages[HEART_RATE] / MINUTE_MS];
    },
  };
}

let made = 0;

export const at = (minute: number) => ({
  eventTime: START + minute * MINUTE_MS,
  patientId: 'p1',
  messageId: `m${made++}`,
});

export const say = (type: AdtType, minute: number, more: Partial<AdtMessage> = {}) =>
  eventOf('adt', adt(type, { ...at(minute), ...more }));

export function shuffled<Item>(items: readonly Item[], random: Iterator<number>): Item[] {
  return items
    .map((item) => [random.next().value as number, item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
