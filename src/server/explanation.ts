import { VARIABLES } from '../clinical/variables.js';
import type { Explanation } from '../contract/protocol.js';
import type { Explanation as EngineExplanation } from '../engine/explanations.js';

/** Leading variables shown. */
const SHOWN = 12;
const METHOD = 'Batched occlusion: what the log-odds lose when an input counts as never seen.';

/** An explanation as the API gives it: in log-odds, in which effects on small and large risks compare. */
export function explanationView(explanation: EngineExplanation): Explanation | null {
  const { patientId, eventTime, modelVersion, outcome, value, contributions, newest, variables } =
    explanation;
  if (value === null) return null;
  const { base, text, image } = contributions;
  const risk = base + contributions.structured + (text ?? 0) + (image ?? 0);
  /** What the log-odds of a probability lose where it loses `effect`. */
  const change = (probability: number, effect: number) =>
    logOdds(probability) - logOdds(probability - effect);
  const ofText = change(risk, text ?? 0);
  const ofImage = change(risk, image ?? 0);
  const structured = logOdds(risk) - logOdds(base) - ofText - ofImage;
  return {
    patientId,
    eventTime,
    modelVersion,
    output: outcome,
    risk: value,
    modalities: [
      { modality: 'structured', contribution: structured, eventTime },
      { modality: 'text', contribution: ofText, eventTime: newest.text },
      { modality: 'image', contribution: ofImage, eventTime: newest.image },
    ],
    variables: variables.slice(0, SHOWN).map(({ variable, value: last, unit, ageMs, effect }) => {
      const contribution = change(value, effect ?? 0);
      return {
        variable,
        label: VARIABLES.find(({ id }) => id === variable)?.label ?? variable,
        value: last,
        unit,
        at: eventTime - ageMs,
        contribution,
        direction: contribution < 0 ? 'lowers' : 'raises',
      };
    }),
    method: METHOD,
  };
}

function logOdds(probability: number): number {
  return Math.log(probability / (1 - probability));
}
