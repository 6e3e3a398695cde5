import { encode } from 'fast-png';
import type { Random } from './random.js';

/** Width and height of a picture. */
export const RADIOGRAPH_SIZE = 128;

const SIZE = RADIOGRAPH_SIZE;
const AIR = 8;
const SOFT_TISSUE = 165;
const ABDOMEN = 175;
const SPINE = 212;
const HEART = 198;
const LUNG = 80;
const WHITE_LUNG = 185;

/** What stays the same in all pictures of one patient: half the width of the lungs and of the heart, in pixels. */
export interface Anatomy {
  readonly lungWidth: number;
  readonly heartWidth: number;
}

export function drawAnatomy(random: Random): Anatomy {
  return { lungWidth: random.between(17, 21), heartWidth: random.between(17, 25) };
}

/**
 * A phantom chest radiograph as PNG, 128 × 128, 8-bit grey: air above the shoulders, two lungs with ribs, spine, heart,
 * diaphragm. `opacity`, 0 to 1, whitens the lungs from the bases upwards; the rest is noise.
 */
export function drawRadiograph(opacity: number, anatomy: Anatomy, random: Random): Buffer {
  const data = new Uint8Array(SIZE * SIZE);
  const right = opacity * random.between(0.85, 1.15);
  const left = opacity * random.between(0.85, 1.15);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const grey = brightness(x, y, x < 64 ? right : left, anatomy) + 10 * (random.uniform() - 0.5);
      data[y * SIZE + x] = Math.max(0, Math.min(255, grey));
    }
  }
  return Buffer.from(encode({ width: SIZE, height: SIZE, data, channels: 1, depth: 8 }));
}

function brightness(x: number, y: number, opacity: number, { lungWidth, heartWidth }: Anatomy): number {
  if (y < 14 && Math.abs(x - 64) > 18 + 3.2 * y) return AIR;
  if (Math.abs(x - 64) < 6) return SPINE;
  if (Math.min(distance(x, y, 38, 128, 34, 34), distance(x, y, 92, 132, 34, 34)) < 1) return ABDOMEN;
  if (distance(x, y, 72, 84, heartWidth, 21) <= 1) return HEART;
  const depth = Math.min(distance(x, y, 38, 62, lungWidth, 42), distance(x, y, 90, 62, lungWidth, 42));
  if (depth > 1) return SOFT_TISSUE;
  const rib = 14 * Math.max(0, Math.sin(0.55 * y + 0.004 * (x - 64) ** 2));
  const white = Math.max(0, Math.min(1, opacity * (0.55 + (0.9 * y) / SIZE)));
  const edge = depth > 0.85 ? ((depth - 0.85) / 0.15) * 40 : 0;
  return LUNG + rib + edge + white * (WHITE_LUNG - LUNG - edge);
}

/** Squared distance from the centre of an ellipse, 1 on its line. */
function distance(x: number, y: number, cx: number, cy: number, rx: number, ry: number): number {
  return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2;
}
