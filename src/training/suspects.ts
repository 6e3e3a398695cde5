import { TYPICAL } from '../clinical/typical.js';
import { VARIABLES } from '../clinical/variables.js';
import type { ValueSample } from './values.js';

/** Fewer values than this say nothing of a source. */
const LEAST_VALUES = 100;
/** More of the values than this outside the middle 95 % of others is no other ward, but another quantity or unit. Ours. */
export const MOST_OUTSIDE = 0.2;

/** A variable whose values in a source do not look like itself. */
export interface Suspect {
  readonly source: string;
  readonly variable: string;
  /** Share outside the middle 95 % of other intensive care. */
  readonly outside: number;
  /** Median in the canonical unit. */
  readonly median: number;
  /** A unit of the variable that would put the values where others have them, were they charted in the canonical one; null: none. */
  readonly perhaps: string | null;
  /** The same in words. */
  readonly text: string;
}

/** Variables of a source off by a factor, or with something else mixed in; empty where all look as elsewhere. */
export function suspects(source: string, sample: ValueSample): Suspect[] {
  return VARIABLES.flatMap(({ id, unit, units, label }, variable): Suspect[] => {
    const typical = TYPICAL[id];
    const values = sample.sorted(variable);
    if (typical === undefined || values.length < LEAST_VALUES) return [];
    const outsideIf = (convert: (value: number) => number) =>
      values.reduce((count, value) => {
        const read = convert(value);
        return count + (read < typical[0] || read > typical[1] ? 1 : 0);
      }, 0) / values.length;
    const outside = outsideIf((value) => value);
    if (outside <= MOST_OUTSIDE) return [];
    // Either the values were taken for that unit and are not, or are in it and were taken as they stand.
    const perhaps = [...units].find(
      ([, { scale, offset }]) =>
        outsideIf((value) => (value - offset) / scale) <= MOST_OUTSIDE ||
        outsideIf((value) => value * scale + offset) <= MOST_OUTSIDE,
    );
    const median = values[values.length >> 1];
    const share = `${(100 * outside).toFixed(0)} %`;
    const range = `${typical[0]} to ${typical[1]} ${unit}`;
    const hint =
      perhaps === undefined
        ? 'another unit does not explain it: something else may be mixed in'
        : `${perhaps[0]} and ${unit} may be confused`;
    const what = `${source}: ${label} (${id}) has ${share} of its values outside ${range}, median ${median.toPrecision(3)}`;
    return [
      { source, variable: id, outside, median, perhaps: perhaps?.[0] ?? null, text: `${what}; ${hint}` },
    ];
  });
}
