import type { ObservedStay, SignalId } from '../../cohort/stays.js';
import type { ModelOutput } from '../../contract/outcomes.js';
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

/** What the onset that an output foretells is told from. */
const ENDPOINT_OF: Readonly<Record<Exclude<ModelOutput, 'mortality'>, EndpointId>> = {
  circulatory: 'circulatoryFailure',
  respiratory: 'respiratoryFailure',
  deterioration: 'deterioration',
};

/** The nearest to 0 and 1 that a probability counts as. */
const EDGE = 1e-12;

/**
 * The moments at which an output is held against what came about: of death, the last score by 6, 12, 24 and 48 hours of every stay of
 * which the end is known; of an onset, every full hour that is not within an event. Null: the source does not tell who died.
 */
export function outputRows(
  output: ModelOutput,
  stays: readonly ObservedStay[],
  labelOf: ((stay: ObservedStay) => Label | undefined) | null,
): OutputRows | null {
  if (output === 'mortality') return labelOf === null ? null : mortalityRows(stays, labelOf);
  const endpoint = ENDPOINTS.find(({ id }) => id === ENDPOINT_OF[output])!;
  const asked = askedHours(endpoint, stays);
  const values = valuesAt(asked, stays, output satisfies SignalId);
  return known(values, asked.outcomes, asked.owners);
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
