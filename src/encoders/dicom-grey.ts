import type { DataSet } from 'dicom-parser';
import type { GreyImage } from './decode-image.js';
import { type Turn, turnOf } from './dicom-header.js';

/** Stored values of one frame. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
  readonly isSigned: boolean;
}

/** From values to grey, 0 black to 1 white. */
type Shade = (value: number) => number;

/**
 * A frame as it is to be shown, 0 black to 1 white: modality LUT or rescale, VOI LUT or window (linear, exact, sigmoid;
 * PS3.3 C.11.1 and C.11.2), white for MONOCHROME1's black, upright by its Patient Orientation. Padding is black and cut
 * off at the edges. Without a table or window, or where a window leaves one grey, the span of the values.
 */
export function toGrey(dataSet: DataSet, { width, height, values, isSigned }: Frame): GreyImage {
  const isPadding = paddingOf(dataSet, isSigned);
  const padded = isPadding === null ? null : Uint8Array.from(values, (value) => (isPadding(value) ? 1 : 0));
  const toUnits = modalityOf(dataSet, isSigned);
  for (let index = 0; index < values.length; index++) values[index] = toUnits(values[index]);
  const span = spanOf(values, padded);
  const shade = [tableShade(dataSet, isSigned), windowShade(dataSet)].find(
    (each) => each !== null && Math.abs(each(span[1]) - each(span[0])) > 0,
  );
  const shown = shade ?? linear(span[0], span[1]);
  const isInverted =
    dataSet.string('x00280004') === 'MONOCHROME1' || dataSet.string('x20500020') === 'INVERSE';
  for (let index = 0; index < values.length; index++) {
    const grey = shown(values[index]);
    values[index] = padded?.[index] === 1 ? 0 : isInverted ? 1 - grey : grey;
  }
  const whole = { width, height, data: values, black: 0, white: 1 };
  return turned(padded === null ? whole : withoutMargin(whole, padded), turnOf(dataSet));
}

/** Whether a stored value is padding (PS3.3 C.7.5.1.1.2); null where no value is. */
function paddingOf(dataSet: DataSet, isSigned: boolean): ((value: number) => boolean) | null {
  const one = numberOf(dataSet, 'x00280120', isSigned);
  if (one === undefined) return null;
  const other = numberOf(dataSet, 'x00280121', isSigned) ?? one;
  const [low, high] = [Math.min(one, other), Math.max(one, other)];
  return (value) => value >= low && value <= high;
}

function numberOf(dataSet: DataSet, tag: string, isSigned: boolean): number | undefined {
  if (dataSet.elements[tag]?.length !== 2) return undefined;
  return isSigned ? dataSet.int16(tag) : dataSet.uint16(tag);
}

/** From stored values to what they stand for. */
function modalityOf(dataSet: DataSet, isSigned: boolean): Shade {
  const table = tableOf(dataSet, 'x00283000', isSigned);
  if (table !== null) return (value) => at(table, value);
  const slope = dataSet.floatString('x00281053') || 1;
  const intercept = dataSet.floatString('x00281052') ?? 0;
  return (value) => value * slope + intercept;
}

interface Table {
  /** The value that the first entry is of. */
  readonly first: number;
  readonly entries: Float32Array;
}

function at({ first, entries }: Table, value: number): number {
  return entries[Math.max(0, Math.min(entries.length - 1, Math.round(value) - first))];
}

/** The first look-up table of a sequence (PS3.3 C.11.1.1.1 and C.11.2.1.1); null where there is none that can be read. */
function tableOf(dataSet: DataSet, tag: string, isSigned: boolean): Table | null {
  const item = dataSet.elements[tag]?.items?.[0]?.dataSet;
  const data = item?.elements.x00283006;
  if (item === undefined || data === undefined) return null;
  const count = item.uint16('x00283002', 0) || 65_536;
  const first = (isSigned ? item.int16('x00283002', 1) : item.uint16('x00283002', 1)) ?? 0;
  const bytesEach = data.length >= 2 * count ? 2 : 1;
  if (data.length < count) return null;
  const entries = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    entries[index] =
      bytesEach === 2 ? (item.uint16('x00283006', index) ?? 0) : item.byteArray[data.dataOffset + index];
  }
  return { first, entries };
}

/** Of the VOI LUT, over the span of its entries: those of its two ends may stand the other way round. */
function tableShade(dataSet: DataSet, isSigned: boolean): Shade | null {
  const table = tableOf(dataSet, 'x00283010', isSigned);
  if (table === null) return null;
  const [low, high] = spanOf(table.entries, null);
  const shade = linear(low, high);
  return (value) => shade(at(table, value));
}

/** Of the first window; null where there is none that can be used. */
function windowShade(dataSet: DataSet): Shade | null {
  const center = dataSet.floatString('x00281050', 0);
  const width = dataSet.floatString('x00281051', 0);
  if (center === undefined || width === undefined || !Number.isFinite(center)) return null;
  const kind = dataSet.string('x00281056') ?? 'LINEAR';
  if (kind === 'SIGMOID' && width > 0) return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width));
  if (kind === 'LINEAR_EXACT' && width > 0) return linear(center - width / 2, center + width / 2);
  return width > 1 ? linear(center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2) : null;
}

function linear(low: number, high: number): Shade {
  return (value) => Math.max(0, Math.min(1, (value - low) / (high - low)));
}

/** Of the values that are no padding. */
function spanOf(values: Float32Array, padded: Uint8Array | null): [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    if (padded?.[index] === 1) continue;
    if (values[index] < low) low = values[index];
    if (values[index] > high) high = values[index];
  }
  if (high > low) return [low, high];
  return high === low ? [low, low + 1] : [0, 1];
}

/** The smallest part with all that is no padding in it. */
function withoutMargin(image: GreyImage, padded: Uint8Array): GreyImage {
  const { width, height } = image;
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (padded[y * width + x] === 1) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (right < 0 || (left === 0 && top === 0 && right === width - 1 && bottom === height - 1)) return image;
  const [across, down] = [right - left + 1, bottom - top + 1];
  return moved(image, across, down, (x, y) => (top + y) * width + left + x);
}

function turned(image: GreyImage, { isTransposed, isFlippedAcross, isFlippedDown }: Turn): GreyImage {
  if (!isTransposed && !isFlippedAcross && !isFlippedDown) return image;
  const [across, down] = isTransposed ? [image.height, image.width] : [image.width, image.height];
  return moved(image, across, down, (x, y) => {
    const fromX = isFlippedAcross ? across - 1 - x : x;
    const fromY = isFlippedDown ? down - 1 - y : y;
    return isTransposed ? fromX * image.width + fromY : fromY * image.width + fromX;
  });
}

/** A picture of `across` × `down` pixels, each from the place that `from` says. */
function moved(
  image: GreyImage,
  across: number,
  down: number,
  from: (x: number, y: number) => number,
): GreyImage {
  const data = new Float32Array(across * down);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) data[y * across + x] = image.data[from(x, y)];
  }
  return { ...image, width: across, height: down, data };
}
