import { VARIABLES } from '../../clinical/variables.js';
import type { NoteMessage } from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import { HOUR_MS, MINUTE_MS } from '../../durations.js';
import type { Outputs, Score } from '../../engine/outputs.js';
import type { SourceMessage } from '../../events/source-message.js';
import type { Fact } from '../../notes/facts.js';
import { replay } from '../../replay/replay.js';
import type { Config } from '../../settings/config.js';
import { FIRST_ADMISSION, type HistoricStay, wardMessages } from '../../sources/historic-stay.js';
import { noCounts } from '../../sources/source.js';
import { MOST_FALL } from './figures.js';
import { type Direction, SENTENCES, type Sentence } from './sentences.js';
import { RISKS, type RiskName } from './signs.js';

/** What one sentence did to a patient. */
export interface SentenceFigures extends Sentence {
  /** What was read of it, each with why it was not used. */
  readonly facts: readonly string[];
  readonly state: Direction;
  /** Of any risk, by more than 0.005. */
  readonly risk: Direction;
  /** Changes of the risks; NaN: the model does not give it. */
  readonly deltas: Readonly<Record<RiskName, number>>;
  readonly isRight: boolean;
}

/** The patient is charted hourly for so long; the note comes two hours later, and what came of it is looked at half an hour after that. */
const CHARTED_H = 6;
const NOTE_AT_MS = (CHARTED_H + 2) * HOUR_MS;
const SEEN_AT_MS = NOTE_AT_MS + 30 * MINUTE_MS;

const WELL: Readonly<Record<string, number>> = {
  heartRate: 82,
  sbpCuff: 122,
  dbpCuff: 70,
  mapCuff: 87,
  respRate: 16,
  temperature: 37,
  spo2: 97,
  gcs: 15,
  fio2: 0.21,
  mechVent: 0,
};
const ILL = { ...WELL, sbpCuff: 66, dbpCuff: 38, mapCuff: 47, spo2: 81, gcs: 6 };
/** Once, at admission. */
const RESULTS = {
  potassium: 4.2,
  sodium: 140,
  calciumIonised: 1.18,
  glucose: 115,
  lactate: 1.1,
  ph: 7.4,
  hco3: 24,
  paco2: 40,
  pao2: 90,
  hemoglobin: 12.5,
  creatinine: 0.9,
};

/** Sends each sentence as a note of a patient of its own, through the engine with the configured model, and says which way it went. */
export async function probeSentences(config: Config): Promise<SentenceFigures[]> {
  const patients = (['well', 'ill'] as const).map((patient) => ({ patient, text: null }));
  const all = [...patients, ...SENTENCES];
  const messages = all.flatMap((each, index) => messagesOf(each, String(index)));
  const seen = new Map<string, { score: Score | null; facts: readonly Fact[] }>();
  const of = (patientId: string) => {
    const known = seen.get(patientId) ?? { score: null, facts: [] };
    seen.set(patientId, known);
    return known;
  };
  const sink = {
    write: async ({ scores, notes }: Outputs) => {
      for (const score of scores) of(score.patientId).score = score;
      for (const { patientId, facts } of notes) of(patientId).facts = facts?.facts ?? [];
    },
  };
  const source = {
    counts: noCounts(),
    total: all.length,
    messages: () => messages.sort((a, b) => a.eventTime - b.eventTime),
  };
  const own: Config = { ...config, store: { kind: 'none' } };
  await replay(source, {
    config: own,
    speed: 'max',
    sinks: [sink],
    explainsAlerts: false,
    watchesBeds: false,
  });
  return SENTENCES.map((sentence, index) => {
    const usual = of(String(sentence.patient === 'well' ? 0 : 1)).score!;
    const { score, facts } = of(String(index + patients.length));
    return figuresOf(sentence, facts, usual, score!);
  });
}

function messagesOf(
  { patient, text }: Pick<Sentence, 'patient'> & { readonly text: string | null },
  patientId: string,
): SourceMessage[] {
  const values: HistoricStay['values'][number][] = [];
  const chart = (atMs: number, charted: Readonly<Record<string, number>>) => {
    VARIABLES.forEach(({ id, code, unit }, variable) => {
      if (charted[id] !== undefined) values.push({ atMs, variable, code, unit, value: charted[id] });
    });
  };
  chart(0, RESULTS);
  for (let hour = 0; hour <= CHARTED_H; hour++)
    chart(hour * HOUR_MS, patient === 'ill' && hour === CHARTED_H ? ILL : WELL);
  // What nothing depends on: so that all are scored at one moment.
  chart(SEEN_AT_MS, { weight: 80 });
  const stay: HistoricStay = {
    patientId,
    admission: { ageYears: 64, sex: 'FEMALE', unitType: 'MEDICAL' },
    values,
    endMs: SEEN_AT_MS + MINUTE_MS,
  };
  const messages = wardMessages([stay], FIRST_ADMISSION, 'probe');
  if (text === null) return messages;
  const eventTime = FIRST_ADMISSION + NOTE_AT_MS;
  const record: NoteMessage = {
    messageId: `${patientId}:note`,
    patientId,
    eventTime,
    observedAt: null,
    source: 'probe',
    noteType: 'nursing',
    authorRole: 'nurse',
    language: 'en',
    text,
  };
  return [...messages, { topic: TOPICS.notes, key: patientId, eventTime, record }];
}

function figuresOf(sentence: Sentence, facts: readonly Fact[], usual: Score, score: Score): SentenceFigures {
  const deltas = Object.fromEntries(
    RISKS.map((risk) => [risk, (score[risk] ?? Number.NaN) - (usual[risk] ?? Number.NaN)]),
  ) as Record<RiskName, number>;
  const state = directionOf(gravity(score) - gravity(usual), 0);
  const moves = RISKS.map((risk) => deltas[risk]).filter((delta) => !Number.isNaN(delta));
  const largest = moves.reduce((most, delta) => (Math.abs(delta) > Math.abs(most) ? delta : most), 0);
  const risk = directionOf(largest, MOST_FALL);
  const { direction } = sentence;
  const isOther = direction === 'up' ? state === 'down' : state === 'up';
  const isRight =
    direction === 'none'
      ? state === 'none' && risk === 'none'
      : (state === direction || risk === direction) && !isOther;
  return { ...sentence, facts: facts.map(inShort), state, risk, deltas, isRight };
}

/** The states that are there, a critical one for more than any number of failing ones. */
function gravity({ states }: Score): number {
  return states.reduce((sum, { grade }) => sum + (grade === 'critical' ? 100 : 1), 0);
}

function directionOf(change: number, least: number): Direction {
  if (Math.abs(change) <= least) return 'none';
  return change > 0 ? 'up' : 'down';
}

/** A fact in words: "mapCuff 45", "heartRate 140 (planned)". */
function inShort(fact: Fact): string {
  const what =
    fact.kind === 'value'
      ? `${VARIABLES[fact.variable].id} ${Number(fact.value.toFixed(2))}`
      : `${fact.status} ${fact.detail}`.trim();
  return fact.unused === null ? what : `${what} (${fact.unused})`;
}
