import type { Palette } from './chart.js';

const NAMES = [
  '--ink',
  '--soft',
  '--line',
  '--series-1',
  '--series-2',
  '--series-3',
  '--series-4',
  '--series-5',
  '--series-area',
] as const;
const BANDS = ['--high-band', '--medium-band', '--low-band'] as const;

/** The colours of the scheme in use, as canvas takes them. */
export function readPalette(): Palette {
  const probe = document.createElement('span');
  document.body.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const [ink, soft, line, ...others] = NAMES.map(colour);
  const area = others.pop()!;
  const [HIGH, MEDIUM, LOW] = BANDS.map(colour);
  probe.remove();
  return { ink, soft, line, series: others, area, priorities: { HIGH, MEDIUM, LOW } };
}
