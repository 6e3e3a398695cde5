import { INDEX_BY_CODE, variableIndex } from '../clinical/variables.js';

/**
 * LOINC codes that hospitals send for a variable besides its own: the same quantity in blood, serum or plasma, by another method, or at
 * another site. Gases of blood that is not said to be arterial are none of these. Source: LOINC 2.76, Regenstrief Institute.
 */
const FURTHER: readonly (readonly [variable: string, codes: string])[] = [
  ['heartRate', '8889-8 8893-0'],
  ['temperature', '8329-5 8331-1 8332-9 8333-7 60836-4'],
  ['fio2', '19994-3'],
  ['weight', '3141-9 3142-7'],
  ['hco3', '1959-6 1960-4'],
  ['baseExcess', '11555-0'],
  ['lactate', '32693-4 2518-9 2519-7'],
  ['sodium', '2947-0'],
  ['potassium', '6298-4'],
  ['chloride', '2069-3'],
  ['glucose', '2339-0 2340-8 41653-7 14749-6 15074-8'],
  ['bun', '6299-2'],
  ['creatinine', '38483-4 14682-9'],
  ['bilirubin', '14631-6'],
  ['magnesium', '2601-3'],
  ['calciumIonised', '12180-6 17863-2 1995-0'],
  ['hemoglobin', '20509-6 30313-1'],
  ['hematocrit', '20570-8 31100-1'],
  ['wbc', '26464-8 804-5'],
  ['platelets', '26515-7 778-1'],
  ['inr', '34714-6 46418-0'],
  ['crp', '30522-7'],
  ['troponinT', '67151-1'],
  ['troponinI', '42757-5 89579-7'],
];

const BY_CODE = new Map<string, number>(
  FURTHER.flatMap(([id, codes]) => codes.split(' ').map((code) => [code, variableIndex(id)] as const)),
);

/** The variable of a LOINC code, or of another code or name of the vocabulary; undefined where there is none. */
export function variableOfCode(code: string): number | undefined {
  return INDEX_BY_CODE.get(code) ?? BY_CODE.get(code);
}
