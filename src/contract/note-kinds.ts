/** Type of a note that is an alarm of a monitor: shown and stored, and nothing is read from it. */
export const MONITOR_ALARM = 'monitor-alarm';
/** Notes are what people wrote, or what monitors alarmed. */
export const NOTE_KINDS = ['note', MONITOR_ALARM] as const;
export type NoteKind = (typeof NOTE_KINDS)[number];

export function kindOfNote({ noteType }: { readonly noteType: string }): NoteKind {
  return noteType === MONITOR_ALARM ? MONITOR_ALARM : 'note';
}
