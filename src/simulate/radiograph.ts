import { encode } from 'fast-png';

const SIZE = 128;

/** A phantom chest radiograph as PNG, 128 × 128, 8 bit: thorax, lungs, spine, heart; lungs whiten with `opacity` (0 to 1). */
export function drawRadiograph(opacity: number): Buffer {
  const data = new Uint8Array(SIZE * SIZE);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) data[y * SIZE + x] = Math.round(brightness(x, y, opacity));
  }
  return Buffer.from(encode({ width: SIZE, height: SIZE, data, channels: 1, depth: 8 }));
}

function brightness(x: number, y: number, opacity: number): number {
  if (!inEllipse(x, y, 64, 66, 60, 62)) return 8;
  if (Math.abs(x - 64) < 6) return 215;
  if (inEllipse(x, y, 74, 82, 20, 22)) return 200;
  const inLung = inEllipse(x, y, 38, 62, 19, 42) || inEllipse(x, y, 90, 62, 19, 42);
  if (!inLung) return 170;
  const texture = 10 * Math.sin(x * 0.9) * Math.cos(y * 0.7);
  return Math.min(190, 45 + texture + opacity * (110 + y * 0.3));
}

function inEllipse(x: number, y: number, cx: number, cy: number, rx: number, ry: number): boolean {
  return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1;
}
