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

  /** Lets an action be decided, and puts beside the records that it leads to what notes had stated. */
  around(action: Action, { alerts, restored }: Outputs, decide: () => void): void {
    const [told, back] = [alerts.length, restored.length];
    if ('facts' in action) this.#put(action.facts.patient);
    else if (action.kind === 'restored' || action.kind === 'recalled') this.#put(action.patient);
    decide();
    for (let index = told; index < alerts.length; index++) alerts[index] = this.beside(alerts[index]);
    // The open alerts of who is restored, as they were told.
    for (let index = back; index < restored.length; index++) {
      const { patient, alerts: open } = restored[index];
      restored[index] = { patient, alerts: open.map((alert) => this.beside(alert)) };
    }
    if (action.kind === 'discharged' || action.kind === 'released')
      this.#notes.delete(action.patient.patientId);
  }

  /**
   * The record with what notes had stated by then. Event time decides: what a note of later says is in none, however far ahead a batch
   * reads.
   */
  beside(alert: AlertMessage): AlertMessage {
    const statuses = this.#notes.get(alert.patientId)?.contextAt(alert.eventTime) ?? [];
    if (statuses.length === 0) return alert;
    const context = statuses.map(({ at: eventTime, noteId, status, detail }) => {
      return { eventTime, noteId, text: statusText({ status, detail }) };
    });
    return { ...alert, context };
  }

  #put({ patientId, notes }: { readonly patientId: string; readonly notes: NoteMemory }): void {
    this.#notes.set(patientId, notes);
  }
}
