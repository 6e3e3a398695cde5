import type uPlot from 'uplot';
import type { Palette } from './chart.js';
import type { Track } from './tracks.js';

/** Half the width of a mark in CSS pixels. */
const RADIUS_PX = 3.5;
/** Draws what is not used as hollow marks, a circle where it is doubted, a square where it is an artefact; what is off the scale on its edge. */
export function drawDoubts(plot: uPlot, { doubted }: Track, palette: Palette): void {
  if (doubted.length === 0) return;
  const { ctx, bbox } = plot;
  const radius = RADIUS_PX * devicePixelRatio;
  const [top, bottom] = [bbox.top + radius + 1, bbox.top + bbox.height - radius - 1];
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = 1.4 * devicePixelRatio;
  ctx.strokeStyle = palette.ink;
  for (const { time, value, verdict } of doubted) {
    const x = plot.valToPos(time / 1000, 'x', true);
    const y = Math.min(bottom, Math.max(top, plot.valToPos(value, 'y', true)));
    ctx.beginPath();
    if (verdict === 'doubted') ctx.arc(x, y, radius, 0, 2 * Math.PI);
    else ctx.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    ctx.stroke();
  }
  ctx.restore();
}
