import type { NoteMemory } from '../align/note-memory.js';
import { VARIABLES, variableIndex } from '../clinical/variables.js';
import type { ToldNow } from '../contract/now-messages.js';
import type { EpochMs } from '../events/event.js';
import { statusText } from '../notes/statuses.js';

/** What notes stated of a patient as far as it counts at `now`, beside the last known values; null where there is nothing. */
export function toldOf(
  notes: NoteMemory,
  values: Iterable<{ readonly variable: string; readonly at: EpochMs }>,
  now: EpochMs,
): ToldNow | null {
  const stated: ToldNow['values'] = [];
  for (const { variable, at } of values) {
    const found = notes.stated(variableIndex(variable), at);
    if (found !== undefined) stated.push({ variable, ...placeOf(found) });
  }
  const contradicted = notes.contradictionsAt(now).map((found) => {
    const { id, unit, decimals } = VARIABLES[found.variable];
    const round = (number: number) => Number(number.toFixed(decimals));
    const [value, measured] = [round(found.value), round(found.measured)];
    return { variable: id, value, measured, unit, ...placeOf(found) };
  });
  const statuses = notes.statusesAt(now).map((found) => ({ text: statusText(found), ...placeOf(found) }));
  const isNothing = stated.length + contradicted.length + statuses.length === 0;
  return isNothing ? null : { values: stated, contradicted, statuses };
}

function placeOf({ at, noteId, sentence }: Omit<ToldNow['values'][number], 'variable'>) {
  return { at, noteId, sentence };
}
