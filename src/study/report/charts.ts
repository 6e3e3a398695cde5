import type { EndpointFigures, SweepPoint } from '../events.js';
import type { HourFigures } from '../mortality.js';
import { BASELINES } from '../signals.js';
import type { SubgroupFigures } from '../subgroups.js';
import { capital } from './figures.js';
import type { Markup } from './html.js';
import { chart, forest, type Line } from './svg.js';

const LABELS: readonly (readonly [id: string, label: string])[] = [
  ['model', 'This model'],
  ...BASELINES.map(({ id, label }) => [id, label] as const),
];
/** Alarms per patient-day up to which curves are drawn. */
const MOST_ALARMS = 15;

/** AUROC by hour with intervals, of model and baselines. */
export function aurocByHour(outcome: string, hours: readonly HourFigures[]): Markup {
  const lines: Line[] = LABELS.map(([id, label], offset) => {
    const estimates = hours.map((hour) => (id === 'model' ? hour.model.auroc : hour.baselines[id].auroc));
    // Set apart a little, so that intervals do not hide each other.
    const points = hours.map(
      ({ hour }, index) => [hour + (offset - 2) * 0.4, estimates[index].value] as const,
    );
    return { label, points, bars: estimates.map(({ interval }) => interval) };
  });
  return chart({
    title: `${capital(outcome)}: AUROC with 95 % intervals`,
    x: { label: 'hours since admission', range: [4, 50] },
    y: { label: 'AUROC', range: [0.3, 1] },
    lines,
  });
}

/** Predicted against observed risk. */
export function reliability({ hour, reliability: bins }: HourFigures): Markup {
  const top = Math.min(
    1,
    Math.max(0.2, ...bins.map(({ high, meanPredicted }) => 1.05 * Math.max(high, meanPredicted))),
  );
  return chart({
    title: `Reliability at ${hour} h: tenths of the patients`,
    x: { label: 'predicted risk', range: [0, top] },
    y: { label: 'observed share, 95 % interval', range: [0, top] },
    lines: [
      {
        label: 'This model',
        kind: 'marks',
        points: bins.map(({ meanPredicted, observed }) => [meanPredicted, observed]),
        bars: bins.map(({ low, high }) => [low, high]),
      },
      {
        label: 'perfect',
        kind: 'grey line',
        points: [
          [0, 0],
          [top, top],
        ],
      },
    ],
  });
}

/** Net benefit over threshold probabilities. */
export function decision({ hour, decision: points }: HourFigures): Markup {
  const top = Math.max(0.02, ...points.map(({ model, all }) => Math.max(model, all)).filter(Number.isFinite));
  return chart({
    title: `Decision curve at ${hour} h`,
    x: { label: 'threshold probability', range: [0, 0.6] },
    y: { label: 'net benefit per patient', range: [-0.25 * top, 1.05 * top] },
    lines: [
      { label: 'Act by this model', points: points.map(({ threshold, model }) => [threshold, model]) },
      {
        label: 'Act on everybody',
        points: points.filter(({ all }) => all > -0.25 * top).map(({ threshold, all }) => [threshold, all]),
      },
      {
        label: 'Act on nobody',
        kind: 'grey line',
        points: [
          [0, 0],
          [0.6, 0],
        ],
      },
    ],
  });
}

/** Recall and precision over alarm burden, and lead times. */
export function alarms(endpoint: EndpointFigures): Markup[] {
  const over = (figure: (point: SweepPoint) => number): Line[] =>
    LABELS.map(([id, label]) => ({
      label,
      points: endpoint.sweeps[id]
        .filter(({ alarms: sounded }) => sounded > 0)
        .map((point) => [point.alarmsPerPatientDay, figure(point)] as const)
        .sort((a, b) => a[0] - b[0]),
    }));
  const x = { label: 'alarms per patient-day', range: [0, MOST_ALARMS] as const };
  const precise = endpoint.sweeps.model.concat(endpoint.sweeps.news2).map(({ precision }) => precision);
  const top = Math.min(1, 1.2 * Math.max(0.1, ...precise.filter(Number.isFinite)));
  return [
    chart({
      title: 'Events caught, over alarm burden',
      x,
      y: { label: 'recall', range: [0, 1] },
      lines: over(({ recall }) => recall),
    }),
    chart({
      title: 'True alarms of all, over alarm burden',
      x,
      y: { label: 'precision', range: [0, top] },
      lines: over(({ precision }) => precision),
    }),
    leadTimes(endpoint),
  ];
}

function leadTimes({ leadHistogram, model }: EndpointFigures): Markup {
  const steps = leadHistogram.flatMap((count, hour): [number, number][] => [
    [hour, count],
    [hour + 1, count],
  ]);
  return chart({
    title: 'Lead time of the first alarm',
    x: { label: 'hours before onset', range: [0, leadHistogram.length] },
    y: { label: 'events caught', range: [0, Math.max(5, ...leadHistogram)] },
    lines: [{ label: model.label, points: [[0, 0], ...steps, [leadHistogram.length, 0]] }],
  });
}

/** AUROC of subgroups below each other. */
export function subgroups(groups: readonly SubgroupFigures[], hour: number, overall: number): Markup {
  const rows = groups.map(({ by, group, auroc }) => ({
    label: `${by}: ${group}`,
    value: auroc.value,
    interval: auroc.interval,
  }));
  const lowest = Math.min(0.5, ...rows.map(({ interval: [low] }) => low).filter(Number.isFinite));
  return forest(
    `AUROC at ${hour} h by subgroup`,
    { label: 'AUROC, 95 % interval', range: [Math.floor(10 * lowest) / 10, 1] },
    rows,
    overall,
  );
}
