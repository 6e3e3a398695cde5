import { BACK, USED } from '../clinical/trust.js';
import { VARIABLES, variableIndex } from '../clinical/variables.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../durations.js';
import type { EpochMs, NoteClinicalEvent, ObservationEvent } from '../events/event.js';
import type { Fact, Overruled, ValueFact } from '../notes/facts.js';
import type { PatientState } from './patient.js';
import type { PatientTimeline, StepIndex } from './timeline.js';
import { Trust } from './trust.js';

/** A measurement stands against a note for so long. Ours: vital signs are charted hourly at least. */
const STANDS_MS = HOUR_MS;
/** A note that says what the laboratory found so lately repeats it: notes carry the results of the day. Ours. */
const REPEATS_MS = DAY_MS;
/** A time of day that a note states is of the note's own day where it is at most so long ago; clocks may differ by a little. */
const SAME_DAY_MS = 12 * HOUR_MS;
const CLOCKS_DIFFER_MS = 5 * MINUTE_MS;
/** Of what the trust checks know no distance, values agree within this share of the greater one, as staff round them. pH is a logarithm. */
const AGREE_SHARE = 0.04;
const AGREE_BY: Partial<Record<string, number>> = { ...BACK.by, ph: 0.02 };

/** Told apart by name only: a note hardly says whether a pressure is the line's or the cuff's, a saturation the finger's or the gas's. */
const SAME_QUANTITY = ['map', 'sbp', 'dbp']
  .map((sign) => [`${sign}Invasive`, `${sign}Cuff`])
  .concat([['spo2', 'sao2']]);
const SOURCES_OF: readonly (readonly number[])[] = VARIABLES.map(({ id }, variable) => {
  return SAME_QUANTITY.find((ids) => ids.includes(id))?.map(variableIndex) ?? [variable];
});

/** Signs that a patient has all the while; a laboratory value is of one moment, and urine is a sum. */
const LASTING: ReadonlySet<number> = new Set(
  VARIABLES.flatMap(({ id, kind }, variable) =>
    kind === 'vital' && id !== 'urine' && id !== 'weight' ? [variable] : [],
  ),
);

interface Measured {
  readonly value: number;
  readonly at: EpochMs;
}

interface Candidate {
  readonly fact: ValueFact;
  /** Its place among the facts. */
  readonly place: number;
  readonly at: EpochMs;
}

/**
 * Records what a note states of now as values of the patient, observed when the note was, or when it says. A measurement stands: of the hour before,
 * and any that is newer. Sets in the event's facts why one was not used. Gives the oldest step that changed; infinite where none did.
 */
export function recordNote(
  patient: PatientState,
  step: StepIndex,
  event: NoteClinicalEvent,
  isLate: boolean,
): StepIndex {
  if (event.facts === null) return Number.POSITIVE_INFINITY;
  const facts: Fact[] = [...event.facts.facts];
  const { timeline, notes } = patient;
  const overrule = (place: number, unused: Overruled) => {
    facts[place] = { ...facts[place], unused };
  };
  const candidates: Candidate[] = [];
  facts.forEach((fact, place) => {
    if (fact.kind !== 'value' || fact.unused !== null) return;
    const at = timeOf(fact, event.eventTime);
    if (Number.isNaN(at)) overrule(place, 'other-time');
    else candidates.push({ fact, place, at });
  });
  const trusted = trustedOf(candidates, event);
  let changed = Number.POSITIVE_INFINITY;
  for (const [index, { fact, place, at }] of candidates.entries()) {
    const { variable, value, forMs } = fact;
    const stated = {
      variable,
      at,
      noteId: event.messageId,
      sentence: event.body.text.slice(fact.start, fact.end),
    };
    if (!trusted[index]) {
      overrule(place, 'untrusted');
      continue;
    }
    const rival = rivalOf(patient, fact, at);
    if (rival !== null) {
      overrule(place, rival.is);
      if (rival.is === 'contradicted') notes.addContradiction({ ...stated, value, measured: rival.measured });
      continue;
    }
    if (step < timeline.oldestStep) continue;
    for (const time of forMs > 0 && LASTING.has(variable) ? [at - forMs, at] : [at]) {
      timeline.record(step, variable, value, time);
      notes.addValue({ ...stated, at: time });
    }
    changed = step;
  }
  for (const fact of facts) {
    if (fact.kind !== 'status' || fact.unused !== null) continue;
    const { status, detail } = fact;
    const sentence = event.body.text.slice(fact.start, fact.end);
    notes.addStatus({ status, detail, isLate, at: event.eventTime, noteId: event.messageId, sentence });
  }
  event.facts = { ...event.facts, facts };
  return changed;
}

/** When what a fact states was so; NaN: of another day, for all that is known. */
function timeOf({ agoMs, clock }: ValueFact, noteTime: EpochMs): EpochMs {
  if (clock === null) return noteTime - agoMs;
  const midnight = Math.floor(noteTime / DAY_MS) * DAY_MS;
  const at = midnight + clock * MINUTE_MS;
  if (at > noteTime + CLOCKS_DIFFER_MS || noteTime - at > SAME_DAY_MS) return Number.NaN;
  return Math.min(at, noteTime);
}

/** Whether the checks of trust, which know nothing but the note, use each value: they are none of a device that could slip or be flushed. */
function trustedOf(candidates: readonly Candidate[], event: NoteClinicalEvent): boolean[] {
  const asMessage = {
    ...event,
    kind: 'vitals',
    body: null,
    variables: candidates.map(({ fact }) => fact.variable),
    values: candidates.map(({ fact }) => fact.value),
    verdicts: null,
  } as ObservationEvent;
  new Trust().judge(asMessage, false);
  return candidates.map((_, index) => (asMessage.verdicts?.[index] ?? USED) === USED);
}

interface Rival {
  readonly is: 'measured' | 'contradicted';
  readonly measured: number;
}

/** The measurement that stands against a value that a note states; null: none does. */
function rivalOf(
  { timeline, notes }: PatientState,
  { variable, value }: ValueFact,
  at: EpochMs,
): Rival | null {
  let newest: Measured | null = null;
  for (const source of SOURCES_OF[variable]) {
    const measured = measuredBy(timeline, source, at, (time) => notes.stated(source, time) !== undefined);
    if (measured !== null && (newest === null || measured.at > newest.at)) newest = measured;
  }
  if (newest === null) return null;
  const age = at - newest.at;
  const isStanding = age <= STANDS_MS;
  const { value: measured } = newest;
  if (agrees(variable, value, measured)) {
    const isRepeated = VARIABLES[variable].kind === 'lab' && age <= REPEATS_MS;
    return isStanding || isRepeated ? { is: 'measured', measured } : null;
  }
  return isStanding ? { is: 'contradicted', measured } : null;
}

/**
 * The last value of a variable that was measured by a time, with what a ring of steps knows: where the step of that time has a later one, that. A
 * value that a note stated is none.
 */
function measuredBy(
  timeline: PatientTimeline,
  variable: number,
  at: EpochMs,
  isStated: (time: EpochMs) => boolean,
): Measured | null {
  const { grid, origin, last, lastOffset, count, oldestStep } = timeline;
  const from = Math.min(timeline.openStep, Math.max(0, timeline.stepOf(at)));
  const until = Math.max(oldestStep, timeline.stepOf(at - REPEATS_MS));
  for (let step = from; step >= until; step--) {
    const cell = (step % grid.steps) * VARIABLES.length + variable;
    if (count[cell] === 0) continue;
    const time = origin + step * grid.stepMs + lastOffset[cell];
    if (!isStated(time)) return { value: last[cell], at: time };
  }
  return null;
}

function agrees(variable: number, a: number, b: number): boolean {
  const distance = AGREE_BY[VARIABLES[variable].id] ?? AGREE_SHARE * Math.max(Math.abs(a), Math.abs(b));
  return Math.abs(a - b) <= distance;
}
