import { INDEX_BY_CODE } from '../../../src/clinical/variables.js';
import { CodeMapping } from '../../../src/sources/mapping.js';
import { Physionet2012Source } from '../../../src/sources/physionet2012.js';
import type { StableStay } from '../../../src/study/probe/stays.js';
import { HOUR_MS, temporaryDirectory } from '../../helpers.js';
import { type Rows, WELL_ALL_ALONG, writeCohort } from '../cohort.js';

/** A source of planted stays, each the hourly rows of one that is well with others beside or instead. */
export function planted(...stays: readonly Rows[]) {
  const cohort = stays.map((rows, index) => ({ id: String(900_001 + index), rows, died: false }));
  return new Physionet2012Source(
    writeCohort(temporaryDirectory(), cohort),
    CodeMapping.load('physionet2012'),
  );
}

/** The well stay, as it is found: six hours after admission. */
export function wellStay(number = 0): StableStay {
  const values = WELL_ALL_ALONG.map(([minute, code, value]) => ({
    atMs: 60_000 * minute,
    variable: INDEX_BY_CODE.get(code)!,
    value,
  }));
  const chart = { patientId: `well${number}`, admission: { ageYears: 60 }, values, endMs: 48 * HOUR_MS };
  return { number, chart, startMs: 6 * HOUR_MS };
}

/** The well stay without a parameter. */
export function without(parameter: string): Rows {
  return WELL_ALL_ALONG.filter(([, name]) => name !== parameter);
}

/** The well stay with one value in place of those of a parameter, in some hours. */
export function withValue(parameter: string, value: number, from: number, to: number): Rows {
  return WELL_ALL_ALONG.map(([minute, name, usual]) => {
    const isThere = name === parameter && minute >= 60 * from && minute < 60 * to;
    return [minute, name, isThere ? value : usual] as const;
  });
}
