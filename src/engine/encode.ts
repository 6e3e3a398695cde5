import { concatMap, from, map, type OperatorFunction, of } from 'rxjs';
import { otherLanguage } from '../encoders/language.js';
import type { Encoders } from '../encoders/open-encoders.js';
import { type DeadLetterReason, deadLetter } from '../events/dead-letter.js';
import { type Encoding, type EncodingFlag, unusable } from '../events/encoding.js';
import {
  type ClinicalEvent,
  type ImagingClinicalEvent,
  isMonitorAlarm,
  type NoteClinicalEvent,
} from '../events/event.js';
import { factsOf, type NoteFacts } from '../notes/facts.js';
import type { OrderedBatch } from './stages.js';

type DocumentEvent = NoteClinicalEvent | ImagingClinicalEvent;

/** Flags whose content goes to the dead letters too: nobody can see it on the ward page. */
const DEAD_LETTERS: Partial<Record<EncodingFlag, DeadLetterReason>> = {
  'image-unreadable': 'image-unreadable',
  'image-too-large': 'image-too-large',
  'uri-refused': 'uri-refused',
  'uri-unavailable': 'uri-unavailable',
};

/** Of a text in another language. */
const NOT_READ: NoteFacts = { facts: [], isShortened: false, isOtherLanguage: true };

/** What the encode stage did, since the start. */
export interface EncodingCounts {
  /** Notes and images with an embedding. */
  encoded: number;
  /** Notes and images of which an encoder used only a part or nothing, by reason. */
  flagged: Record<string, number>;
}

/**
 * The encode stage: attaches to each note the facts it states, and to each note and image what its encoder makes of it. Batches are worked on as they come
 * and passed on in order. A note or image that cannot be encoded goes on without: its patient scores on the rest.
 */
export class EncodeStage {
  readonly counts: EncodingCounts = { encoded: 0, flagged: {} };
  readonly #encoders: Encoders;

  constructor(encoders: Encoders) {
    this.#encoders = encoders;
  }

  operator(): OperatorFunction<OrderedBatch, OrderedBatch> {
    return (ordered$) =>
      ordered$.pipe(
        map((batch) => ({ batch, encoded: batch.events.some(isDocument) ? this.encodeAll(batch) : null })),
        concatMap(({ batch, encoded }) => (encoded === null ? of(batch) : from(encoded.then(() => batch)))),
      );
  }

  async close(): Promise<void> {
    await this.#encoders.text?.close();
    await this.#encoders.image?.close();
  }

  /** Attaches encodings to the notes and images among the events; what nobody can see goes to the dead letters. */
  async encodeAll({ events, deadLetters }: Pick<OrderedBatch, 'events' | 'deadLetters'>): Promise<void> {
    const documents = events.filter(isDocument);
    if (documents.length === 0) return;
    await Promise.all(
      documents.map(async (event) => {
        const encoding = this.#encode(event);
        if (event.kind === 'notes') event.facts = await this.#factsOf(event.body);
        event.encoding = await encoding;
      }),
    );
    for (const event of documents) {
      const { encoding } = event;
      if (encoding === null) continue;
      if (encoding.embedding !== null) this.counts.encoded++;
      for (const flag of encoding.flags) {
        this.counts.flagged[flag] = (this.counts.flagged[flag] ?? 0) + 1;
        const reason = DEAD_LETTERS[flag];
        if (reason === undefined) continue;
        const { patientId, eventTime } = event;
        const rejection = { reason, detail: encoding.detail, patientId, eventTime, index: -1 };
        deadLetters.push(deadLetter(event, null, rejection));
      }
    }
  }

  /** Of a text in another language nothing is read. */
  async #factsOf({ text, language }: NoteClinicalEvent['body']): Promise<NoteFacts> {
    const other = await otherLanguage(text, language);
    return other === null ? factsOf(text) : NOT_READ;
  }

  async #encode(event: DocumentEvent): Promise<Encoding | null> {
    const { text, image } = this.#encoders;
    try {
      if (event.kind === 'notes') return text === null ? null : await text.encode(event.body);
      return image === null ? null : await image.encode(event.body);
    } catch (error) {
      return unusable('encoder-failed', String(error));
    }
  }
}

/** What something is read from: alarms of monitors are none. */
function isDocument(event: ClinicalEvent): event is DocumentEvent {
  return event.kind === 'imaging' || (event.kind === 'notes' && !isMonitorAlarm(event));
}
