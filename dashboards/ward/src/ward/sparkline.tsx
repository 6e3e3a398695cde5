import { ageText, percent } from '../format.js';
import type { PatientView } from '../protocol.js';

const WIDTH = 100;
const HEIGHT = 28;
const CEILINGS: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1];

/** The top of every sparkline of the ward: one scale for all, so that tiles compare. */
export function mortalityCeiling(patients: readonly PatientView[]): number {
  const highest = Math.max(
    0,
    ...patients.flatMap(({ mortalityHistory }) => mortalityHistory.map(([, mortality]) => mortality)),
  );
  return CEILINGS.find((ceiling) => ceiling >= highest) ?? 1;
}

interface SparklineProps {
  readonly history: PatientView['mortalityHistory'];
  /** Risk of death at the upper edge; the lower edge is 0. */
  readonly ceiling: number;
}

/** The course of the risk of death, oldest at the left. */
export function Sparkline({ history, ceiling }: SparklineProps) {
  if (history.length < 2) return <span class="spark" />;
  const [start, first] = history[0];
  const [end, last] = history[history.length - 1];
  const span = Math.max(1, end - start);
  const points = history.map(([time, mortality]) => {
    const x = ((time - start) / span) * WIDTH;
    const y = HEIGHT - 1 - Math.min(1, mortality / ceiling) * (HEIGHT - 3);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const label = `Forecast of the risk of death over ${ageText(span)}: ${percent(first)} to ${percent(last)}; scale 0 to ${percent(ceiling)}`;
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <polygon points={`0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`} />
      <polyline points={points.join(' ')} />
    </svg>
  );
}
