import type { NoteMemory } from '../align/note-memory.js';
import type { AlertMessage } from '../contract/messages.js';
import { statusText } from '../notes/statuses.js';
import type { Action, Outputs } from './outputs.js';

/**
 * What notes stated of the patients of whom there are alerts, as alignment told of them. Alignment is ahead: who has left there may still have
 * records to come here.
 */
export class NoteContext {
  readonly #notes = new Map<string, NoteMemory>();

  /** Takes note of who is here, before an action is decided. */
  follow(action: Action): void {
    if ('facts' in action) this.#put(action.facts.patient);
    else if (action.kind === 'restored' || action.kind === 'recalled') this.#put(action.patient);
  }

  /** Forgets who has left, once the action is decided. */
  leave(action: Action): void {
    if (action.kind === 'discharged' || action.kind === 'released')
      this.#notes.delete(action.patient.patientId);
  }

  /**
   * Puts beside the records from `from` on what notes had stated by then. Event time decides: what a note of later says is in none, however far
   * ahead a batch reads.
   */
  addTo(alerts: AlertMessage[], from = 0): void {
    for (let index = from; index < alerts.length; index++) {
      const { patientId, eventTime: time } = alerts[index];
      const statuses = this.#notes.get(patientId)?.contextAt(time) ?? [];
      if (statuses.length === 0) continue;
      const context = statuses.map(({ at: eventTime, noteId, status, detail }) => {
        return { eventTime, noteId, text: statusText({ status, detail }) };
      });
      alerts[index] = { ...alerts[index], context };
    }
  }

  /** The open alerts of a patient who has just been restored, as they were told. */
  restored({ patient, alerts }: Outputs['restored'][number]): Outputs['restored'][number] {
    const told = [...alerts];
    this.addTo(told);
    return { patient, alerts: told };
  }

  #put({ patientId, notes }: { readonly patientId: string; readonly notes: NoteMemory }): void {
    this.#notes.set(patientId, notes);
  }
}
