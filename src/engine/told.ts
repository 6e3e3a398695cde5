import type { NoteMemory } from '../align/note-memory.js';
import { VARIABLES, variableIndex } from '../clinical/variables.js';
import type { PatientView } from '../contract/protocol.js';
import type { EpochMs } from '../events/event.js';
import { statusText } from '../notes/statuses.js';

type Told = NonNullable<PatientView['told']>;

/** What notes stated of a patient as far as it counts at `now`, beside the last known values; undefined where there is nothing. */
export function toldOf(notes: NoteMemory, values: PatientView['values'], now: EpochMs): Told | undefined {
  const stated: Told['values'] = {};
  for (const [id, { at }] of Object.entries(values)) {
    const found = notes.stated(variableIndex(id), at);
    if (found !== undefined) stated[id] = { at: found.at, noteId: found.noteId, sentence: found.sentence };
  }
  const contradicted = notes
    .contradictionsAt(now)
    .map(({ variable, value, measured, at, noteId, sentence }) => {
      const { id, unit, decimals } = VARIABLES[variable];
      const round = (number: number) => Number(number.toFixed(decimals));
      return { variable: id, value: round(value), measured: round(measured), unit, at, noteId, sentence };
    });
  const statuses = notes.statusesAt(now).map(({ status, detail, at, noteId, sentence }) => {
    return { text: statusText({ status, detail }), at, noteId, sentence };
  });
  const isNothing = Object.keys(stated).length + contradicted.length + statuses.length === 0;
  return isNothing ? undefined : { values: stated, contradicted, statuses };
}
