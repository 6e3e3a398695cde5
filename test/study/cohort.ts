import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One stay in the form of the PhysioNet Challenge 2012: rows of [minute, parameter, value]. */
export type Rows = readonly (readonly [minute: number, parameter: string, value: number])[];

const WELL: readonly (readonly [string, number])[] = [
  ['HR', 75],
  ['SysABP', 120],
  ['MAP', 85],
  ['RespRate', 14],
  ['Temp', 37],
  ['GCS', 15],
  ['FiO2', 0.21],
];
/** NEWS2 of 7: fast pulse 3, fast breathing 3, … and a pressure still above the threshold. */
const ILL: readonly (readonly [string, number])[] = [
  ['HR', 135],
  ['SysABP', 95],
  ['MAP', 70],
  ['RespRate', 26],
  ['Temp', 37],
  ['GCS', 15],
  ['FiO2', 0.21],
];

/** Hourly rows from one hour to another. */
export function hourly(from: number, to: number, values = WELL): Rows {
  return Array.from({ length: to - from }, (_, hour) => hour + from).flatMap((hour) =>
    values.map(([parameter, value]) => [hour * 60, parameter, value] as const),
  );
}

/** A stay that is well. */
export const WELL_ALL_ALONG: Rows = hourly(0, 48);

/** Ill from hour 6 on, with circulatory failure from 10:00 to 13:00, then well. */
export const PLANTED_FAILURE: Rows = [
  ...hourly(0, 6),
  ...hourly(6, 10, ILL),
  ...hourly(
    10,
    13,
    ILL.map(([parameter, value]) => [parameter, parameter === 'MAP' ? 55 : value] as const),
  ),
  [630, 'Lactate', 4],
  ...hourly(13, 48),
];

/** Writes a cohort as a folder `set-x` with its outcomes; returns the folder. A death of null has no outcome. */
export function writeCohort(
  root: string,
  stays: readonly { id: string; rows: Rows; died: boolean | null; age?: number }[],
): string {
  const directory = join(root, 'set-x');
  mkdirSync(directory, { recursive: true });
  for (const { id, rows, age = 60 } of stays) {
    const descriptors = [`RecordID,${id}`, `Age,${age}`, 'Gender,0', 'Height,-1', 'ICUType,3', 'Weight,-1'];
    const lines = [...rows]
      .sort((a, b) => a[0] - b[0])
      .map(([minute, parameter, value]) => `${clock(minute)},${parameter},${value}`);
    const text = ['Time,Parameter,Value', ...descriptors.map((each) => `00:00,${each}`), ...lines].join('\n');
    writeFileSync(join(directory, `${id}.txt`), `${text}\n`);
  }
  const outcomes = stays.flatMap(({ id, died }) => (died === null ? [] : [`${id},${died ? 1 : 0}`]));
  writeFileSync(join(root, 'Outcomes-x.txt'), ['RecordID,In-hospital_death', ...outcomes].join('\n'));
  return directory;
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
