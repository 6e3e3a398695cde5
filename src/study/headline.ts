import type { EndpointFigures } from './events.js';
import type { HourFigures } from './mortality.js';
import type { Validation } from './run.js';

/** The figures as `--json` prints them: the headline endpoint, Score1 and calibration at the last hour. */
export function headline(validation: Validation) {
  const { hours, endpoints, flow, deaths, seconds, replay, partial, configured } = validation;
  const byHour = (figure: (hour: HourFigures) => number) =>
    Object.fromEntries(hours.map((each) => [String(each.hour), figure(each)]));
  const last = hours[hours.length - 1];
  const [endpoint] = endpoints;
  const baselines = endpoint.comparisons.map(({ signal, baseline, model }) => ({ signal, baseline, model }));
  const { figures } = endpoint.model;
  const { rules: _, name: __, intervals: ___, ...alerts } = configured;
  return {
    patients: flow.evaluated,
    deaths,
    outcome: validation.outcome,
    auroc: byHour(({ model }) => model.auroc.value),
    auprc: byHour(({ model }) => model.auprc.value),
    score1: last.model.score1.value,
    ece: last.model.ece.value,
    alarmsPerPatientDay: figures.alarmsPerPatientDay,
    events: figures.events,
    recall: figures.recall,
    precision: figures.precision,
    medianLeadHours: figures.medianLeadHours,
    baselines: Object.fromEntries(
      Object.keys(last.baselines).map((id) => [
        id,
        {
          auroc: byHour((hour) => hour.baselines[id].auroc.value),
          auprc: byHour((hour) => hour.baselines[id].auprc.value),
          // The last threshold listed is the strictest.
          ...pointOf(baselines.filter(({ signal }) => signal === id).at(-1)?.baseline ?? null),
          modelAtSameBurden: pointOf(baselines.filter(({ signal }) => signal === id).at(-1)?.model ?? null),
        },
      ]),
    ),
    endpoints: Object.fromEntries(
      endpoints.map(({ id, events, signal, model }) => [id, { events, signal, ...pointOf(model) }]),
    ),
    threshold: endpoint.model.threshold,
    // Else the threshold is the one that alarms as often as NEWS2 ≥ 7.
    isConfigured: endpoint.isConfigured,
    configured: alerts,
    trainedOn: validation.trainedOn,
    ...(validation.policies.length === 0 ? {} : { policies: validation.policies }),
    ...(partial ? { partial } : {}),
    seconds,
    peakRssMb: validation.peakRssMb,
    scoringSeconds: replay.seconds,
    scoresDigest: replay.scoresDigest,
    alertsDigest: replay.alertsDigest,
  };
}

function pointOf(point: EndpointFigures['model'] | null) {
  if (point === null) return null;
  const { threshold, figures } = point;
  const { alarmsPerPatientDay, recall, precision, medianLeadHours } = figures;
  return { threshold, alarmsPerPatientDay, recall, precision, medianLeadHours };
}
