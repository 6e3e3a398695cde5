import { stands } from '../align/results.js';
import type { PatientTimeline } from '../align/timeline.js';
import { VARIABLES } from '../clinical/variables.js';

/** The values of one variable over time; where they are thinned, with the range of each stretch. */
export interface Course {
  readonly times: number[];
  readonly values: number[];
  low?: number[];
  high?: number[];
}

/**
 * Puts into courses what laboratory results were corrected to, where each was first told, and takes out those that are taken back: the store
 * may not have it yet, and what is newer than the store stands at the time of the correction. Thinned courses are left as they are but for that.
 */
export function correct(series: ReadonlyMap<string, Course>, { results }: PatientTimeline): void {
  for (let index = 0; index < results.length; index++) {
    const result = results.at(index);
    const { variable, eventTime, value } = result;
    const first = results.firstToldAt(index);
    const course = series.get(VARIABLES[variable].id);
    if (first === eventTime || course === undefined) continue;
    const told = course.times.indexOf(first);
    if (told < 0) continue;
    if (!stands(result)) {
      if (course.low === undefined) remove(course, told);
      continue;
    }
    const again = course.times.indexOf(eventTime);
    if (course.low === undefined) course.values[told] = value;
    if (again >= 0) remove(course, again);
  }
}

function remove({ times, values, low, high }: Course, place: number): void {
  for (const column of [times, values, low, high]) column?.splice(place, 1);
}
