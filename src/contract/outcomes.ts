/**
 * What a model can foretell beside death in hospital: an onset within so many hours, for those who are not in it. Of each its id in
 * config.json of a model, in scores and in the store, and words for a clinician. To add one: a row here, a field of
 * schemas/RiskScore.avsc and of `NO_OUTCOMES`, a column of the store, and what the compiler then asks for.
 */
export const FORECASTS = [
  /** Hyland et al., Nature Medicine 2020;26:364-373: hypotension with a raised lactate. */
  { id: 'circulatory', text: 'circulatory failure', hours: 8 },
  /** Mean pressure of 65 mmHg or less for 30 minutes, whatever the lactate (src/clinical/onsets.ts). */
  { id: 'hypotension', text: 'hypotension', hours: 8 },
  { id: 'respiratory', text: 'respiratory failure', hours: 8 },
  /** Sepsis-3, with the onset of the PhysioNet Challenge 2019 (Reyna et al., Critical Care Medicine 2020;48:210-217). */
  { id: 'sepsis', text: 'sepsis', hours: 6 },
  /** Either. A model without `hypotension` means the published definition in its place. */
  { id: 'deterioration', text: 'hypotension or respiratory failure', hours: 8 },
] as const;
export type Forecast = (typeof FORECASTS)[number];
export type ForecastId = Forecast['id'];
export const FORECAST_IDS: readonly ForecastId[] = FORECASTS.map(({ id }) => id);

/** What a model can predict, in the words of config.json. */
export const MODEL_OUTPUTS = ['mortality', ...FORECAST_IDS] as const;
export type ModelOutput = (typeof MODEL_OUTPUTS)[number];

/** Calibrated probabilities of onset, 0 to 1; null where the model has no such output. */
export type Forecasts = { readonly [Id in ForecastId]: number | null };

/** Calibrated probabilities of one moment, 0 to 1. */
export interface Outcomes extends Forecasts {
  /** Death in hospital. */
  readonly mortality: number;
}

export const NO_FORECASTS: Forecasts = {
  circulatory: null,
  hypotension: null,
  respiratory: null,
  sepsis: null,
  deterioration: null,
};
export const NO_OUTCOMES: Outcomes = { mortality: 0, ...NO_FORECASTS };

/** What is foretold, in words: either failure is what the model that foretold it means by it. */
export function forecastText(
  { id, text }: Forecast,
  { hypotension }: Pick<Forecasts, 'hypotension'>,
): string {
  return id === 'deterioration' && hypotension === null ? 'circulatory or respiratory failure' : text;
}

/** The same as the beginning of a sentence. */
export function forecastLabel(forecast: Forecast, forecasts: Pick<Forecasts, 'hypotension'>): string {
  const text = forecastText(forecast, forecasts);
  return text[0].toUpperCase() + text.slice(1);
}

/** What is told of each forecast, by its id. */
export function byForecast<Value>(of: (forecast: Forecast) => Value): Record<ForecastId, Value> {
  const entries = FORECASTS.map((forecast) => [forecast.id, of(forecast)]);
  return Object.fromEntries(entries) as Record<ForecastId, Value>;
}

/** Row `row` of a batch's logits, shape [rows, outputs], as probabilities. */
export function outcomesOf(logit: Float32Array, row: number, outputs: readonly ModelOutput[]): Outcomes {
  const outcomes: { -readonly [Name in keyof Outcomes]: Outcomes[Name] } = { ...NO_OUTCOMES };
  for (let index = 0; index < outputs.length; index++) {
    outcomes[outputs[index]] = 1 / (1 + Math.exp(-logit[row * outputs.length + index]));
  }
  return outcomes;
}
