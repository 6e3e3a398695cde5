/**
 * What a value beyond a critical limit adds, at least, to the odds of death, where training has little of it: a tree says of an
 * extreme what it says of the last few per cent. Sources:
 * [A] Knaus et al., APACHE II, Critical Care Medicine 1985;13:818-829: its points, 0.146 of the logit each.
 * [N] NICE-SUGAR, NEJM 2012;367:1108-1118: hazard ratio 1.41 of moderate, 2.10 of severe hypoglycaemia.
 * [E] Egi et al., Critical Care Medicine 2011;39:314-321, says that mortality is higher below the limit; as much as four points of [A], by us.
 * A line leads from where values become rare (ours) to the limit; beyond it nothing more is added.
 */
export interface Extreme {
  readonly id: string;
  readonly side: 'low' | 'high';
  /** Where it begins and where all of `logit` is added, in the canonical unit. */
  readonly begins: number;
  readonly limit: number;
  readonly logit: number;
  /** An onset that the sign belongs to and that gets as much; published is what it says of death, this is ours. */
  readonly onset: 'hypotension' | 'respiratory' | null;
  readonly source: string;
}

const POINT = 0.146;

type Row = readonly [
  id: string,
  side: 'low' | 'high',
  begins: number,
  limit: number,
  logit: number,
  onset: Extreme['onset'],
  source: string,
];

// biome-ignore format: one row a limit reads best
const ROWS: readonly Row[] = [
  ['heartRate', 'low', 50, 39, 4 * POINT, 'hypotension', '[A]'],
  ['heartRate', 'high', 130, 140, 3 * POINT, 'hypotension', '[A]'],
  ['heartRate', 'high', 140, 180, POINT, 'hypotension', '[A]'],
  ['respRate', 'low', 10, 5, 4 * POINT, 'respiratory', '[A]'],
  ['respRate', 'high', 33, 36, 3 * POINT, 'respiratory', '[A]'],
  ['respRate', 'high', 36, 50, POINT, 'respiratory', '[A]'],
  ['temperature', 'low', 33, 29.9, 4 * POINT, null, '[A]'],
  ['temperature', 'high', 40, 41, 4 * POINT, null, '[A]'],
  ['ph', 'low', 7.2, 7.1, 4 * POINT, null, '[A]'],
  ['ph', 'high', 7.6, 7.7, 4 * POINT, null, '[A]'],
  ['sodium', 'low', 125, 119, 3 * POINT, null, '[A]'],
  ['sodium', 'low', 119, 110, POINT, null, '[A]'],
  ['sodium', 'high', 150, 160, 3 * POINT, null, '[A]'],
  ['sodium', 'high', 160, 180, POINT, null, '[A]'],
  ['potassium', 'low', 3, 2.5, 4 * POINT, null, '[A]'],
  ['potassium', 'high', 5.9, 6.2, 3 * POINT, null, '[A]'],
  ['potassium', 'high', 6.2, 7, POINT, null, '[A]'],
  ['hemoglobin', 'low', 7, 6.67, 4 * POINT, 'hypotension', '[A], of a haematocrit below 20 %, a third of it in g/dL'],
  ['glucose', 'low', 60, 50, Math.log(1.41), null, '[N]'],
  ['glucose', 'low', 50, 40, Math.log(2.1 / 1.41), null, '[N]'],
  ['calciumIonised', 'low', 0.9, 0.8, 4 * POINT, null, '[E]'],
];

export const EXTREMES: readonly Extreme[] = ROWS.map(([id, side, begins, limit, logit, onset, source]) => ({
  id,
  side,
  begins,
  limit,
  logit,
  onset,
  source,
}));
