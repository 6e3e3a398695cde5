import { lastMoment, type ObservedStay, type SignalId } from '../../cohort/stays.js';
import type { ModelOutput } from '../../contract/outcomes.js';
import { HOUR_MS } from '../../durations.js';
import type { Label } from '../../sources/labels.js';
import { askedHours, valuesAt } from '../asked-hours.js';
import { ENDPOINTS, type EndpointId } from '../events.js';
import { HOURS, isAsked, momentAt } from '../mortality.js';
import type { Foretold } from './logistic.js';

/** Rows of one output, and whose they are. */
export interface OutputRows extends Foretold {
  /** Place of the stay in the input. */
  readonly owners: Uint32Array;
}

/** Outputs that foretell what only a source can tell; onsets of the others are told from what was charted. */
export type LabelledOutput = 'mortality' | 'sepsis';

/** What the onset that an output foretells is told from. */
const ENDPOINT_OF: Readonly<Record<Exclude<ModelOutput, LabelledOutput>, EndpointId>> = {
  circulatory: 'circulatoryFailure',
  hypotension: 'hypotension',
  respiratory: 'respiratoryFailure',
  deterioration: 'deterioration',
};

/** The nearest to 0 and 1 that a probability counts as. */
const EDGE = 1e-12;

/** Sepsis is to be called from so long before its onset; later than so long after it a call is of no use (Reyna et al. 2020). */
const SEPSIS_LEADS_MS = 6 * HOUR_MS;
const SEPSIS_LATE_MS = 3 * HOUR_MS;

/**
 * The moments at which an output is held against what came about: of death, the last score by 6, 12, 24 and 48 hours of every stay of
 * which the end is known; of sepsis, every full hour to three after the onset; of another onset, every full hour that is not within an
 * event. Null: no source tells.
 */
export function outputRows(
  output: ModelOutput,
  stays: readonly ObservedStay[],
  labelOf: ((stay: ObservedStay) => Label | undefined) | null,
): OutputRows | null {
  if (isLabelled(output)) {
    if (labelOf === null) return null;
    return output === 'mortality' ? mortalityRows(stays, labelOf) : sepsisRows(stays, labelOf);
  }
  const endpoint = ENDPOINTS.find(({ id }) => id === ENDPOINT_OF[output])!;
  const asked = askedHours(endpoint, stays);
  const values = valuesAt(asked, stays, output satisfies SignalId);
  return known(values, asked.outcomes, asked.owners);
}

export function isLabelled(output: ModelOutput): output is LabelledOutput {
  return output === 'mortality' || output === 'sepsis';
}

function mortalityRows(
  stays: readonly ObservedStay[],
  labelOf: (stay: ObservedStay) => Label | undefined,
): OutputRows {
  const [values, outcomes, owners]: [number[], number[], number[]] = [[], [], []];
  stays.forEach((stay, owner) => {
    const label = labelOf(stay);
    if (label === undefined) return;
    const model = stay.signals.model;
    for (const hour of HOURS) {
      if (!isAsked(stay, label, hour)) continue;
      values.push(model[momentAt(stay, hour)]);
      outcomes.push(label.happened ? 1 : 0);
      owners.push(owner);
    }
  });
  return known(values, outcomes, owners);
}

/** Stays that had sepsis, but not known when, are left out. */
function sepsisRows(
  stays: readonly ObservedStay[],
  labelOf: (stay: ObservedStay) => Label | undefined,
): OutputRows {
  const [values, outcomes, owners]: [number[], number[], number[]] = [[], [], []];
  stays.forEach((stay, owner) => {
    const label = labelOf(stay);
    if (label === undefined || (label.happened && label.onsetMs === null)) return;
    const onset = stay.admittedAt + (label.onsetMs ?? Number.POSITIVE_INFINITY);
    const { times, signals, endAt } = stay;
    for (let time = stay.admittedAt + HOUR_MS; time < endAt; time += HOUR_MS) {
      if (time > onset + SEPSIS_LATE_MS) break;
      const moment = lastMoment(times, time);
      if (moment < 0) continue;
      values.push(signals.sepsis[moment]);
      outcomes.push(time >= onset - SEPSIS_LEADS_MS ? 1 : 0);
      owners.push(owner);
    }
  });
  return known(values, outcomes, owners);
}

/** Rows with a probability, as logits. */
function known(
  values: ArrayLike<number>,
  outcomes: ArrayLike<number>,
  owners: ArrayLike<number>,
): OutputRows {
  const rows = Array.from(values, (_, row) => row).filter((row) => !Number.isNaN(values[row]));
  return {
    logits: Float64Array.from(rows, (row) => logitOf(values[row])),
    outcomes: Uint8Array.from(rows, (row) => outcomes[row]),
    owners: Uint32Array.from(rows, (row) => owners[row]),
  };
}

function logitOf(probability: number): number {
  const p = Math.min(1 - EDGE, Math.max(EDGE, probability));
  return Math.log(p / (1 - p));
}
