import { DAY_MS, HOUR_MS } from '../durations.js';

/** Topic names. All carry the patient id as key and are co-partitioned; `clock` carries nothing: its records are for their times. */
export const TOPICS = {
  adt: 'ward.adt',
  vitals: 'ward.vitals',
  labs: 'ward.labs',
  treatments: 'ward.treatments',
  imaging: 'ward.imaging',
  notes: 'ward.notes',
  acks: 'ward.acks',
  scores: 'ward.scores',
  alerts: 'ward.alerts',
  patients: 'ward.patients',
  engines: 'ward.engines',
  deadLetters: 'ward.deadletter',
  requests: 'ward.requests',
  answers: 'ward.answers',
  verdicts: 'ward.verdicts',
  state: 'ward.state',
  clock: 'ward.clock',
} as const;

/**
 * Topics the engine reads. Their order decides between events of one patient with equal event time:
 * an admission comes before the first value, an acknowledgement after it.
 */
export const INPUT_TOPICS = [
  TOPICS.adt,
  TOPICS.vitals,
  TOPICS.labs,
  TOPICS.treatments,
  TOPICS.imaging,
  TOPICS.notes,
  TOPICS.acks,
] as const;

export type InputTopic = (typeof INPUT_TOPICS)[number];

/** Record name (schemas/NAME.avsc) carried by each input topic. */
export const RECORD_OF_TOPIC = {
  [TOPICS.adt]: 'AdtEvent',
  [TOPICS.vitals]: 'VitalSigns',
  [TOPICS.labs]: 'LabResult',
  [TOPICS.treatments]: 'Treatment',
  [TOPICS.imaging]: 'ImagingEvent',
  [TOPICS.notes]: 'ClinicalNote',
  [TOPICS.acks]: 'Acknowledgement',
} as const satisfies Record<InputTopic, string>;

/** How long a topic's records are kept; `compact` keeps the newest of each key for ever. */
export const RETENTION_MS: Readonly<Record<string, number | 'compact'>> = {
  // Long enough to rebuild the 48 hours a model looks at, with a week-end of downtime.
  [TOPICS.adt]: 30 * DAY_MS,
  [TOPICS.vitals]: 7 * DAY_MS,
  [TOPICS.labs]: 7 * DAY_MS,
  [TOPICS.treatments]: 7 * DAY_MS,
  [TOPICS.imaging]: 7 * DAY_MS,
  [TOPICS.notes]: 7 * DAY_MS,
  [TOPICS.acks]: 30 * DAY_MS,
  [TOPICS.scores]: 7 * DAY_MS,
  [TOPICS.alerts]: 90 * DAY_MS,
  [TOPICS.patients]: 'compact',
  // Only the newest is of use.
  [TOPICS.engines]: HOUR_MS,
  [TOPICS.deadLetters]: 30 * DAY_MS,
  [TOPICS.requests]: HOUR_MS,
  [TOPICS.answers]: HOUR_MS,
  // As long as the values that it is about.
  [TOPICS.verdicts]: 7 * DAY_MS,
  [TOPICS.state]: 'compact',
  [TOPICS.clock]: DAY_MS,
};
