import type { VerdictMessage } from '../../contract/messages.js';
import { EventDecoder } from '../../engine/decode.js';
import { DecodeFailure, type MessageCodec, type RecordName, type RecordShapes } from '../../events/codec.js';
import type { ClinicalEvent } from '../../events/event.js';
import type { RawRecord } from '../../events/record.js';
import type { ValidationLimits } from '../../events/validate.js';
import {
  alertRow,
  deadLetterRow,
  imageRow,
  type Marks,
  noteRow,
  observationRows,
  type PutRow,
  scoreRow,
  shadowScoreRow,
  stayRow,
  treatmentRow,
} from '../rows.js';

/** What these set aside is none of a stay, and a message all the same: it keeps its rows, and has its dead letter. */
const OF_NO_STAY: ReadonlySet<string> = new Set(['before-admission', 'after-discharge', 'no-reading']);
/** Values that are in no event have no row. */
const SET_ASIDE = 'set-aside';

/** The rows of records: of the input, with what the engine said of it, and of what the engine wrote. */
export class MessageRows {
  readonly #codec: MessageCodec;
  readonly #decoder: EventDecoder;
  readonly #put: PutRow;
  /** Records of the engine that could not be read, since the start. */
  unreadable = 0;

  constructor(codec: MessageCodec, limits: ValidationLimits, put: PutRow) {
    this.#codec = codec;
    this.#decoder = new EventDecoder(codec, limits);
    this.#put = put;
  }

  /** The rows of an input message that the engine has decided on. */
  putInput(record: RawRecord, said: readonly VerdictMessage[]): void {
    if (said.some(isUnused)) return;
    // What was ahead of the clock, the engine has said.
    const event = this.#decoder.decode(record, Number.POSITIVE_INFINITY);
    // It has told of what cannot be used, too.
    this.#decoder.takeDeadLetters();
    this.#decoder.takeVerdicts();
    if (event !== null) this.#putEvent(event, said);
  }

  putStay({ patientId, stay }: VerdictMessage): void {
    if (stay !== null) this.#put('stays', stayRow(patientId, stay));
  }

  putScore(record: RawRecord): void {
    const score = this.read('RiskScore', record);
    if (score === null) return;
    if (score.shadow) this.#put('shadow_scores', shadowScoreRow(score));
    else this.#put('scores', scoreRow(score));
  }

  putAlert(record: RawRecord): void {
    const alert = this.read('Alert', record);
    if (alert !== null) this.#put('alert_events', alertRow(alert));
  }

  putDeadLetter(record: RawRecord): void {
    const letter = this.read('DeadLetter', record);
    if (letter !== null) this.#put('dead_letters', deadLetterRow(letter));
  }

  /** Null where the bytes are no such record: they are counted. */
  read<Name extends RecordName>(name: Name, { value }: RawRecord): RecordShapes[Name] | null {
    const message = this.#codec.decode(name, value);
    if (!(message instanceof DecodeFailure)) return message;
    this.unreadable++;
    return null;
  }

  #putEvent(event: ClinicalEvent, said: readonly VerdictMessage[]): void {
    switch (event.kind) {
      case 'vitals':
      case 'labs':
        for (const row of observationRows(event, marksOf(event, said))) this.#put('observations', row);
        return;
      case 'treatments':
        this.#put('treatments', treatmentRow(event));
        return;
      case 'notes':
        this.#put('notes', noteRow(event));
        return;
      case 'imaging': {
        const { finding = null, problem = null } = said[0] ?? {};
        this.#put('images', imageRow(event, finding, problem));
      }
    }
  }
}

/** It came before, or is set aside as a whole. */
function isUnused({ outcome, reason }: VerdictMessage): boolean {
  return outcome === 'duplicate' || (outcome === 'set-aside' && !OF_NO_STAY.has(reason));
}

function marksOf({ places }: ClinicalEvent, said: readonly VerdictMessage[]): Marks | null {
  if (said.length === 0) return null;
  const marks = new Map<number, readonly [string, string]>();
  for (const { values } of said) {
    for (const { index, verdict, reason } of values) {
      const place = places === null ? index : places.indexOf(index);
      if (place >= 0 && verdict !== SET_ASIDE) marks.set(place, [verdict, reason]);
    }
  }
  return marks;
}
