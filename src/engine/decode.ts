import type {
  AckMessage,
  AdtMessage,
  DeadLetterMessage,
  ImagingMessage,
  LabResultMessage,
  MessageOf,
  NoteMessage,
  TreatmentMessage,
  VerdictMessage,
  VitalSignsMessage,
} from '../contract/messages.js';
import { type InputTopic, RECORD_OF_TOPIC, TOPICS } from '../contract/topics.js';
import { SINGLE_OBJECT_HEADER_BYTES } from '../events/avro.js';
import { DecodeFailure, type MessageCodec } from '../events/codec.js';
import { MessageRejections, type Origin } from '../events/dead-letter.js';
import type { ClinicalEvent, EpochMs } from '../events/event.js';
import { ObservationReader } from '../events/observations.js';
import type { RawRecord } from '../events/record.js';
import { type ValidationCounts, type ValidationLimits, Validator } from '../events/validate.js';
import type { InputWatch } from './input-watch.js';
import { verdictsOfRejections } from './verdicts.js';

/** Bytes of a message; of notes and images more than of what they carry, so that those can be told that are a little too long. */
function mostBytes(topic: InputTopic, limits: ValidationLimits): number {
  const { maxMessageBytes = Number.POSITIVE_INFINITY, maxNoteBytes, maxImageBytes } = limits;
  if (topic === TOPICS.imaging) return Math.max(maxMessageBytes, 2 * maxImageBytes);
  return topic === TOPICS.notes ? Math.max(maxMessageBytes, 2 * maxNoteBytes) : maxMessageBytes;
}

/** Bytes to clinical events: decode, validate, set aside what cannot be used. */
export class EventDecoder {
  readonly #codec: MessageCodec;
  readonly #limits: ValidationLimits;
  /** A message of any topic may be so long. */
  readonly #unbounded: number;
  readonly #validator: Validator;
  readonly #observations: ObservationReader;
  readonly #watch: InputWatch | null;
  readonly #rejections = new MessageRejections();
  #deadLetters: DeadLetterMessage[] = [];
  #verdicts: VerdictMessage[] = [];

  /** `watch` is told where messages lie, and of what cannot be read. */
  constructor(codec: MessageCodec, limits: ValidationLimits, watch: InputWatch | null = null) {
    this.#codec = codec;
    this.#limits = limits;
    this.#unbounded = limits.maxMessageBytes ?? Number.POSITIVE_INFINITY;
    this.#watch = watch;
    this.#validator = new Validator(limits, (rejection) => this.#rejections.add(rejection));
    this.#observations = new ObservationReader(limits, this.#validator.counts);
  }

  get counts(): Readonly<ValidationCounts> {
    return this.#validator.counts;
  }

  /** The event in a record, or null; `now` is the clock's time. */
  decode(record: RawRecord, now: EpochMs): ClinicalEvent | null {
    const event = this.#read(record, now);
    if (event !== null) this.#watch?.place(event, record, now);
    if (!this.#rejections.isEmpty) {
      for (const verdict of verdictsOfRejections(record, this.#rejections.all, event)) {
        this.#verdicts.push(verdict);
      }
      for (const letter of this.#rejections.take(record, record.value)) this.#deadLetters.push(letter);
    }
    return event;
  }

  #read(record: RawRecord, now: EpochMs): ClinicalEvent | null {
    if (!this.#isReadable(record, now)) return null;
    return this.#readObservations(record, now) ?? this.#readMessage(record, now);
  }

  #readMessage(record: RawRecord, now: EpochMs): ClinicalEvent | null {
    const { topic } = record;
    const message = this.#codec.decode(RECORD_OF_TOPIC[topic], record.value);
    if (message instanceof DecodeFailure) {
      const { reason, detail } = message;
      this.#rejections.add({ reason, detail, patientId: null, eventTime: null, index: -1 });
      return null;
    }
    return this.#validate(topic, message, record, now);
  }

  /** Whether a record is one, and no longer than a message of its topic may be: what is decoded takes many times its bytes. */
  #isReadable(record: RawRecord, now: EpochMs): boolean {
    const { topic, start, end, source } = record;
    const bytes = end - start;
    const fault = source?.fault;
    if (fault === undefined && bytes <= this.#unbounded) return true;
    const most = mostBytes(topic, this.#limits);
    if (fault === undefined && bytes <= most) return true;
    const tooLong = { reason: 'oversized', detail: `a message of ${bytes} bytes; at most ${most}` } as const;
    const { reason, detail } = fault ?? tooLong;
    if (fault !== undefined) this.#watch?.unread(record, detail, now);
    this.#rejections.add({ reason, detail, patientId: null, eventTime: null, index: -1 });
    return false;
  }

  /** The event of a message of values of which all can be used; null of others. */
  #readObservations(record: RawRecord, now: EpochMs): ClinicalEvent | null {
    const { topic, bytes, start, end } = record;
    if (topic !== TOPICS.vitals && topic !== TOPICS.labs) return null;
    if (!this.#codec.isOwn(RECORD_OF_TOPIC[topic], bytes, start, end)) return null;
    const kind = topic === TOPICS.vitals ? 'vitals' : 'labs';
    return this.#observations.read(kind, bytes, start + SINGLE_OBJECT_HEADER_BYTES, end, record, now);
  }

  /** The dead letters since the last call. */
  takeDeadLetters(): DeadLetterMessage[] {
    const taken = this.#deadLetters;
    this.#deadLetters = [];
    return taken;
  }

  /** What is to be said of what was not used, since the last call. */
  takeVerdicts(): VerdictMessage[] {
    const taken = this.#verdicts;
    this.#verdicts = [];
    return taken;
  }

  #validate(
    topic: InputTopic,
    message: MessageOf[keyof MessageOf],
    origin: Origin,
    now: EpochMs,
  ): ClinicalEvent | null {
    const validator = this.#validator;
    switch (topic) {
      case TOPICS.vitals:
        return validator.observations('vitals', message as VitalSignsMessage, origin, now);
      case TOPICS.labs:
        return validator.observations('labs', message as LabResultMessage, origin, now);
      case TOPICS.treatments:
        return validator.treatment(message as TreatmentMessage, origin, now);
      case TOPICS.adt:
        return validator.adt(message as AdtMessage, origin, now);
      case TOPICS.notes:
        return validator.note(message as NoteMessage, origin, now);
      case TOPICS.imaging:
        return validator.imaging(message as ImagingMessage, origin, now);
      case TOPICS.acks:
        return validator.acknowledgement(message as AckMessage, origin, now);
    }
  }
}
