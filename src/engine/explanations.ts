import { concatMap, from, type Observable, type OperatorFunction, of } from 'rxjs';
import type { PatientState } from '../align/patient.js';
import { VARIABLE_COUNT, VARIABLES } from '../clinical/variables.js';
import type { Contributions } from '../contract/contributions.js';
import { layerOf } from '../contract/layers.js';
import type { AlertMessage, Evidence } from '../contract/messages.js';
import type { Outcomes } from '../contract/outcomes.js';
import { type BedsideSource, signalOf } from '../contract/signals.js';
import type { EpochMs } from '../events/event.js';
import type { KeptToken, MicroBatcher, Scored } from '../inference/batcher.js';
import type { Explainer, OutcomeName, VariableEffect } from '../inference/explain.js';
import type { AlertRule } from '../settings/config.js';
import type { Outputs, Score } from './outputs.js';

/** Variables an alert names as leading, at most. */
const LEADING = 5;
/** Effects smaller than this, as a probability, are not worth a clinician's time. */
const LEAST_EFFECT = 0.005;

/** Why a patient's outcome is what it is now. */
export interface Explanation {
  readonly patientId: string;
  readonly stayId: string;
  /** Of the newest event that it takes into account. */
  readonly eventTime: EpochMs;
  readonly modelVersion: string;
  readonly outcome: OutcomeName;
  /** The outcome's probability; null where the model does not predict it. */
  readonly value: number | null;
  /** Of the risk of death. */
  readonly contributions: Contributions;
  /** Event time of the newest note and image; null where there is none that the model reads. */
  readonly newest: { readonly text: EpochMs | null; readonly image: EpochMs | null };
  /** Every variable the patient has, the most moving first, each with its effect on the outcome. */
  readonly variables: readonly Evidence[];
}

/**
 * Gives alerts their reasons: the variables that move the rule's signal most go to the head of its evidence. A score on
 * which a rule may raise keeps what the model was given, so that an explanation is of that moment whatever came since.
 */
export class Explanations {
  readonly #explainer: Explainer;
  readonly #rules: readonly AlertRule[];
  readonly #modelVersion: string;
  readonly #ofAlerts: boolean;
  readonly #kept = new WeakMap<Score, KeptToken>();

  /** Without `ofAlerts`, alerts get no reasons. */
  constructor(explainer: Explainer, rules: readonly AlertRule[], modelVersion: string, ofAlerts = true) {
    this.#explainer = explainer;
    this.#modelVersion = modelVersion;
    this.#ofAlerts = ofAlerts;
    this.#rules = rules;
  }

  /** Risk of death of a patient of whom nothing is known. */
  get base(): number {
    return this.#explainer.base.mortality;
  }

  /** Whether a rule may raise on a score, so that what the model was given must be kept. */
  mayRaise(outcomes: Outcomes, { news2, sofa, states }: BedsideSource): boolean {
    if (!this.#ofAlerts) return false;
    const score = { ...outcomes, news2, sofa, states };
    return this.#rules.some(({ signal, raiseAt }) => {
      const value = signalOf(signal).of(score);
      return value !== null && value >= raiseAt;
    });
  }

  keep(score: Score, token: KeptToken): void {
    this.#kept.set(score, token);
  }

  /** Fills in the evidence of alerts that were raised, in place: later transitions in the same batch share it. */
  operator(): OperatorFunction<Outputs, Outputs> {
    return concatMap((outputs): Observable<Outputs> => {
      if (!this.#ofAlerts) return of(outputs);
      const raised = outputs.alerts.filter(
        (alert) => layerOf(alert) === 'risk' && alert.state === 'RAISED' && alert.sequence === 0,
      );
      return raised.length === 0 ? of(outputs) : from(this.#explainAll(raised, outputs));
    });
  }

  async #explainAll(raised: readonly AlertMessage[], outputs: Outputs): Promise<Outputs> {
    for (const alert of raised) {
      const score = outputs.scores.find(
        ({ patientId, eventTime }) => patientId === alert.patientId && eventTime === alert.eventTime,
      );
      const token = score === undefined ? undefined : this.#kept.get(score);
      if (score === undefined || token === undefined) continue;
      const { variables } = await this.#explainer.explain(token, this.#outcomeOf(alert.rule));
      alert.evidence.splice(0, alert.evidence.length, ...withEffects(alert.evidence, variables, score));
    }
    return outputs;
  }

  /** Why a patient's outcome is what it is now. Leaves the stream's scores as they are. */
  async explainNow(patient: PatientState, batcher: MicroBatcher, outcome: OutcomeName): Promise<Explanation> {
    const { patientId, stayId, lastEventAt: eventTime, timeline } = patient;
    const values = new Float32Array(VARIABLE_COUNT);
    const ages = new Float32Array(VARIABLE_COUNT);
    timeline.lastKnown(eventTime, values, ages);
    let token: KeptToken | null = null;
    const onScored = ({ kept }: Scored) => {
      token = kept;
    };
    batcher.score(patient, eventTime, onScored, () => true);
    await batcher.flush();
    const { outcomes, contributions, variables } = await this.#explainer.explain(token!, outcome);
    return {
      patientId,
      stayId,
      eventTime,
      modelVersion: this.#modelVersion,
      outcome,
      value: outcomes[outcome],
      contributions,
      newest: {
        text:
          contributions.text === null ? null : (timeline.notes.newest(timeline.openStep)?.eventTime ?? null),
        image:
          contributions.image === null
            ? null
            : (timeline.images.newest(timeline.openStep)?.eventTime ?? null),
      },
      variables: variables.map((each) => evidenceOf(each, values, ages)),
    };
  }

  /** What a rule watches; what is no output of the model is explained by the risk of death. */
  #outcomeOf(rule: string): OutcomeName {
    const signal = this.#rules.find(({ id }) => id === rule)?.signal;
    const output = signal === undefined ? null : signalOf(signal).output;
    return output ?? 'mortality';
  }
}

/** The leading variables first, then the evidence there was; each with its effect where the model has one. */
function withEffects(
  evidence: readonly Evidence[],
  effects: readonly VariableEffect[],
  { values, ages }: Pick<Score, 'values' | 'ages'>,
): Evidence[] {
  const leading = effects.slice(0, LEADING).filter(({ effect }) => Math.abs(effect) >= LEAST_EFFECT);
  const first = leading.map((each) => evidenceOf(each, values, ages));
  const rest = evidence.flatMap((each) => {
    if (first.some(({ variable }) => variable === each.variable)) return [];
    const effect = effects.find(({ variable }) => VARIABLES[variable].id === each.variable)?.effect ?? null;
    return [{ ...each, effect }];
  });
  return [...first, ...rest];
}

function evidenceOf(
  { variable, effect }: VariableEffect,
  values: Float32Array,
  ages: Float32Array,
): Evidence {
  const { id, unit } = VARIABLES[variable];
  return { variable: id, value: values[variable], unit, ageMs: Math.round(ages[variable]), effect };
}
