import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/clinical/variables.js';
import type { LabResultMessage, VitalSignsMessage } from '../../src/contract/messages.js';
import { RECORD_OF_TOPIC, TOPICS } from '../../src/contract/topics.js';
import { EventDecoder } from '../../src/engine/decode.js';
import { DecodeFailure, MessageCodec } from '../../src/events/codec.js';
import { MessageRejections } from '../../src/events/dead-letter.js';
import { RawRecord } from '../../src/events/record.js';
import { Validator } from '../../src/events/validate.js';
import { START, vitals } from '../helpers.js';

const codec = new MessageCodec();
const NOTHING = vitals({});
const LIMITS = { maxFutureSkewMs: 600_000, maxNoteBytes: 1000, maxImageBytes: 1000 };
const TOPIC = { vitals: TOPICS.vitals, labs: TOPICS.labs } as const;
type Kind = keyof typeof TOPIC;

/** The way of every other kind of message: codec, then validator. */
class LongWay {
  readonly #rejections = new MessageRejections();
  readonly validator = new Validator(LIMITS, (rejection) => this.#rejections.add(rejection));

  decode(kind: Kind, value: Buffer) {
    const record = { topic: TOPIC[kind], partition: 3, offset: 7, value };
    const message = codec.decode(RECORD_OF_TOPIC[TOPIC[kind]], value);
    let event = null;
    if (message instanceof DecodeFailure) {
      const { reason, detail } = message;
      this.#rejections.add({ reason, detail, patientId: null, eventTime: null, index: -1 });
    } else {
      event = this.validator.observations(kind, message as LabResultMessage, record, START);
    }
    return { event, dead: this.#rejections.take(record, value) };
  }
}

function expectSame(all: readonly { readonly kind: Kind; readonly value: Buffer }[]): void {
  const decoder = new EventDecoder(codec, LIMITS);
  const long = new LongWay();
  for (const { kind, value } of all) {
    // As in a batch: other records stand before and behind it.
    const bytes = Buffer.concat([Buffer.alloc(5, 6), value, Buffer.alloc(300, 2)]);
    const event = decoder.decode(new RawRecord(TOPIC[kind], 3, 7, bytes, 5, 5 + value.length), START);
    expect({ event, dead: decoder.takeDeadLetters() }).toEqual(long.decode(kind, value));
    expect(decoder.counts).toEqual(long.validator.counts);
  }
}

const usual = fc.constantFrom(...VARIABLES.slice(0, 12)).chain(({ code, unit, units, possible }) =>
  fc.record({
    code: fc.constant(code),
    unit: fc.oneof({ weight: 5, arbitrary: fc.constant(unit) }, fc.constantFrom(...units.keys())),
    value: fc.double({ min: possible[0], max: possible[1], noNaN: true }),
  }),
);
const odd = fc.record({
  code: fc.oneof(fc.constantFrom(...VARIABLES.map(({ id }) => id)), fc.string({ unit: 'grapheme' })),
  unit: fc.oneof(fc.constantFrom('', 'mmHg', 'kPa', '%', '1'), fc.string({ maxLength: 100 })),
  value: fc.double(),
});
const text = fc.oneof(
  fc.stringMatching(/^[A-Z]{0,3}[0-9]{1,8}$/),
  fc.string({ minLength: 1, unit: 'grapheme', maxLength: 40 }),
  fc.string({ maxLength: 90 }),
  fc.constantFrom('null', ' 17 ', 'Mu\u0308ller 3', 'p\u0000 1', 'N/A', 'x1\u202e'),
);
const time = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: START - 1e9, max: START }) },
  fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
  fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
);
const message = fc.record({
  kind: fc.constantFrom<Kind>('vitals', 'labs'),
  messageId: text,
  patientId: text,
  eventTime: time,
  observedAt: fc.option(time),
  source: text,
  specimenId: fc.option(text),
  bedId: fc.option(text, { freq: 2 }),
  withdrawn: fc.option(fc.array(fc.oneof(fc.constantFrom('lactate', '2524-7'), text), { maxLength: 3 }), {
    nil: undefined,
    freq: 2,
  }),
  observations: fc.oneof(
    { weight: 4, arbitrary: fc.array(usual, { maxLength: 12 }) },
    fc.array(fc.oneof({ weight: 6, arbitrary: usual }, odd), { maxLength: 70 }),
  ),
});
const encoded = message.map(({ kind, ...record }) => ({
  kind,
  value: codec.encode(RECORD_OF_TOPIC[TOPIC[kind]], record as LabResultMessage & VitalSignsMessage),
}));

describe('EventDecoder', () => {
  it('reads observations as codec and validator do', () => {
    fc.assert(
      fc.property(fc.array(encoded, { minLength: 1, maxLength: 20 }), (all) => expectSame(all)),
      { numRuns: 300 },
    );
  });

  it('reads bytes that were damaged or cut off as codec and validator do', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.option(fc.nat(), { freq: 3 }) });
    const damaged = fc.tuple(encoded, change).map(([{ kind, value }, { at, byte, cut }]) => {
      const bytes = Buffer.from(cut === null ? value : value.subarray(0, cut % (value.length + 1)));
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return { kind, value: bytes };
    });
    const all = fc.array(fc.oneof(encoded, damaged), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(all, (some) => expectSame(some)),
      { numRuns: 500 },
    );
  });

  it('sets a message aside unread that is longer than one of its topic may be, or stands for a batch', () => {
    const decoder = new EventDecoder(codec, { ...LIMITS, maxMessageBytes: 2000 });
    const read = (topic: (typeof TOPICS)['vitals' | 'notes' | 'imaging'], bytes: number) => {
      const value = Buffer.concat([codec.encode('VitalSigns', NOTHING).subarray(0, 10), Buffer.alloc(bytes)]);
      decoder.decode(new RawRecord(topic, 0, 0, value), START);
      return decoder.takeDeadLetters()[0].reason;
    };
    expect([read(TOPICS.vitals, 1000), read(TOPICS.vitals, 1991)]).toEqual(['undecodable', 'oversized']);
    expect([read(TOPICS.imaging, 1980), read(TOPICS.imaging, 1991)]).toEqual(['unknown-schema', 'oversized']);
    const fault = { reason: 'oversized', detail: 'a batch' } as const;
    const bytes = Buffer.alloc(100);
    decoder.decode(new RawRecord(TOPICS.vitals, 0, 9, bytes, 0, 100, { key: null, fault }), START);
    expect(decoder.takeDeadLetters()).toMatchObject([{ ...fault, offset: 9, patientId: null, raw: bytes }]);
  });

  it('takes no memory for observations that have not come', () => {
    const head = { messageId: 'm1', patientId: 'p1', eventTime: START, observedAt: null, source: '' };
    const empty = codec.encode('VitalSigns', { ...head, observations: [] });
    // A block of a million items that are not there.
    const claim = Buffer.concat([
      empty.subarray(0, -1),
      Buffer.from('80897a', 'hex'),
      Buffer.alloc(1_000_001, 0xff),
    ]);
    const decoder = new EventDecoder(codec, LIMITS);
    const before = process.memoryUsage().heapUsed;
    decoder.decode(new RawRecord(TOPICS.vitals, 0, 0, claim), START);
    expect(decoder.takeDeadLetters()[0].reason).toBe('undecodable');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
  });

  it('shares the variables of messages with the same ones', () => {
    const decoder = new EventDecoder(codec, LIMITS);
    const observations = [
      { code: VARIABLES[0].code, value: VARIABLES[0].plausible[0], unit: VARIABLES[0].unit },
    ];
    const read = (messageId: string) => {
      const head = { messageId, patientId: 'P1', eventTime: START, observedAt: null, source: '' };
      const value = codec.encode('VitalSigns', { ...head, observations });
      return decoder.decode(new RawRecord(TOPICS.vitals, 0, 0, value), START);
    };
    expect(read('1')?.variables).toBe(read('2')?.variables);
  });

  it('leaves one dead letter of a message, however many of its codes nobody knows', () => {
    const decoder = new EventDecoder(codec, LIMITS);
    let bytes = 0;
    for (let message = 0; message < 1000; message++) {
      const head = {
        messageId: `m${message}`,
        patientId: 'P',
        eventTime: START,
        observedAt: null,
        source: '',
      };
      const observations = Array.from({ length: 40 }, (_, index) => ({
        code: `UNMAPPED${index}`,
        value: index,
        unit: '1',
      }));
      const value = codec.encode('VitalSigns', { ...head, observations });
      bytes += value.length;
      expect(decoder.decode(new RawRecord(TOPICS.vitals, 0, message, value), START)).toBeNull();
    }
    const letters = decoder.takeDeadLetters();
    expect(letters).toHaveLength(1000);
    expect(letters.every(({ count, reason }) => count === 40 && reason === 'unknown-code')).toBe(true);
    const left = letters.reduce((sum, letter) => sum + codec.encode('DeadLetter', letter).length, 0);
    expect(left).toBeLessThan(1.6 * bytes);
  });
});
