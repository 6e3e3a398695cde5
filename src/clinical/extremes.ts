/**
 * What a value beyond a critical limit adds, at least, to the odds of death, where training has next to none of it: a tree says of an
 * extreme what it says of the last few per cent. Sources:
 * [A] Knaus et al., APACHE II, Critical Care Medicine 1985;13:818-829: four points at the limit, 0.146 of the logit each.
 * [N] NICE-SUGAR, NEJM 2012;367:1108-1118: hazard ratio 2.10 of severe hypoglycaemia.
 * [E] Egi et al., Critical Care Medicine 2011;39:314-321, says that mortality is higher below the limit; as much as [A], by us.
 * A line leads from where values become rare (ours) to the limit and on for half as far again: what training does hold it has learnt.
 */
export interface Extreme {
  readonly id: string;
  readonly side: 'low' | 'high';
  /** Where it begins and where all of `logit` is added, in the canonical unit. */
  readonly begins: number;
  readonly limit: number;
  readonly logit: number;
  readonly source: string;
}

const FOUR_POINTS = 4 * 0.146;

type Row = readonly [
  id: string,
  side: 'low' | 'high',
  begins: number,
  limit: number,
  logit: number,
  source: string,
];

// biome-ignore format: one row a limit reads best
const ROWS: readonly Row[] = [
  ['heartRate', 'low', 45, 39, FOUR_POINTS, '[A]'],
  ['heartRate', 'high', 150, 180, FOUR_POINTS, '[A]'],
  ['respRate', 'low', 8, 5, FOUR_POINTS, '[A]'],
  ['respRate', 'high', 40, 50, FOUR_POINTS, '[A]'],
  ['temperature', 'low', 33, 29.9, FOUR_POINTS, '[A]'],
  ['temperature', 'high', 40, 41, FOUR_POINTS, '[A]'],
  ['ph', 'high', 7.6, 7.7, FOUR_POINTS, '[A]'],
  ['sodium', 'low', 120, 110, FOUR_POINTS, '[A]'],
  ['sodium', 'high', 160, 180, FOUR_POINTS, '[A]'],
  ['potassium', 'low', 2.8, 2.5, FOUR_POINTS, '[A]'],
  ['potassium', 'high', 6.5, 7, FOUR_POINTS, '[A]'],
  ['hemoglobin', 'low', 7, 6, FOUR_POINTS, '[A], of a haematocrit below 20 %, a third of it in g/dL'],
  ['glucose', 'low', 50, 40, Math.log(2.1), '[N]'],
  ['calciumIonised', 'low', 0.9, 0.8, FOUR_POINTS, '[E]'],
];

export const EXTREMES: readonly Extreme[] = ROWS.map(([id, side, begins, limit, logit, source]) => ({
  id,
  side,
  begins,
  limit,
  logit,
  source,
}));
