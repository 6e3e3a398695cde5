import { describe, expect, it } from 'vitest';
import { MessageCodec } from '../../src/events/codec.js';
import {
  DEAD_LETTER_REASONS,
  DeadLetterLimit,
  deadLetter,
  hashId,
  MessageRejections,
  type Rejection,
} from '../../src/events/dead-letter.js';
import { START } from '../helpers.js';

const ORIGIN = { topic: 'ward.vitals', partition: 3, offset: 41 };
const REJECTION: Rejection = {
  reason: 'impossible-value',
  detail: 'temperature -17.8 Cel is outside 13.7 to 46.5 Cel',
  patientId: 'p1',
  eventTime: 1_767_225_600_000,
  index: 2,
};
const RAW = Buffer.from('bytes as they came');

describe('deadLetter', () => {
  it('carries where the input stood, why it failed, and its bytes', () => {
    const { deadLetterId, ...rest } = deadLetter(ORIGIN, RAW, REJECTION);
    const { index: _, ...reason } = REJECTION;
    expect(rest).toEqual({ ...ORIGIN, ...reason, raw: RAW, count: 1 });
    expect(deadLetterId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('has the same id when the log is read again', () => {
    const again = deadLetter({ ...ORIGIN }, Buffer.from(RAW), { ...REJECTION });
    expect(again).toEqual(deadLetter(ORIGIN, RAW, REJECTION));
  });

  it('has another id for every place and reason', () => {
    const letters = [
      deadLetter(ORIGIN, RAW, REJECTION),
      deadLetter({ ...ORIGIN, topic: 'ward.labs' }, RAW, REJECTION),
      deadLetter({ ...ORIGIN, partition: 4 }, RAW, REJECTION),
      deadLetter({ ...ORIGIN, offset: 42 }, RAW, REJECTION),
      deadLetter(ORIGIN, RAW, { ...REJECTION, index: 3 }),
      deadLetter(ORIGIN, RAW, { ...REJECTION, reason: 'unknown-unit' }),
    ];
    expect(new Set(letters.map(({ deadLetterId }) => deadLetterId)).size).toBe(letters.length);
  });

  it('keeps at most 64 KiB of the bytes, as a copy', () => {
    const long = Buffer.alloc(100_000, 7);
    const { raw } = deadLetter(ORIGIN, long, REJECTION);
    expect(raw.equals(Buffer.alloc(65_536, 7))).toBe(true);
    long.fill(0);
    expect(raw[0]).toBe(7);
  });

  it('has no bytes where the input had none', () => {
    expect(deadLetter(ORIGIN, null, REJECTION).raw).toHaveLength(0);
  });

  it.each(DEAD_LETTER_REASONS)('reads back from its encoding: %s', (reason) => {
    const codec = new MessageCodec();
    const letter = deadLetter(ORIGIN, RAW, { ...REJECTION, reason, patientId: null, eventTime: null });
    expect(codec.decode('DeadLetter', codec.encode('DeadLetter', letter))).toEqual(letter);
  });
});

describe('what is bounded of a dead letter', () => {
  it.each([START * 1000, -9e15, Number.NaN, Date.UTC(2300, 0, 1), Date.UTC(1900, 0, 1) - 1])(
    'has no event time where none can be stored: %d',
    (eventTime) => {
      expect(deadLetter(ORIGIN, null, { ...REJECTION, eventTime }).eventTime).toBeNull();
    },
  );

  it('cuts what a sender makes long, and leaves no half of a character', () => {
    const patientId = `${'x'.repeat(255)}\u{1f600}${'y'.repeat(600_000)}`;
    const letter = deadLetter(ORIGIN, null, { ...REJECTION, patientId, detail: `\ud800${'d'.repeat(9000)}` });
    expect(letter.patientId).toBe(`${'x'.repeat(255)}\ufffd…`);
    expect([letter.detail.length, letter.detail[0]]).toEqual([501, '\ufffd']);
  });
});

describe('the rejections of one message', () => {
  const unknown = (index: number): Rejection => ({
    ...REJECTION,
    reason: 'unknown-code',
    detail: `no variable has code "c${index}"`,
    index,
  });

  it('are one letter a reason, of which the first has the bytes', () => {
    const rejections = new MessageRejections();
    for (let index = 0; index < 40; index++) rejections.add(unknown(index));
    rejections.add({ ...REJECTION, index: 40 });
    const letters = rejections.take(ORIGIN, RAW);
    expect(letters.map(({ reason, count, raw }) => [reason, count, raw.length])).toEqual([
      ['unknown-code', 40, RAW.length],
      ['impossible-value', 1, 0],
    ]);
    expect(letters[0].detail).toMatch(/^no variable has code "c0"; .*"c7"; and 32 more$/);
    expect(letters[0].deadLetterId).toBe(deadLetter(ORIGIN, null, unknown(0)).deadLetterId);
    expect(rejections.take(ORIGIN, RAW)).toEqual([]);
  });

  it('take no more memory for 10 000 values than for ten', () => {
    const rejections = new MessageRejections();
    for (let index = 0; index < 10_000; index++) rejections.add(unknown(index));
    const letters = rejections.take(ORIGIN, Buffer.alloc(179_000));
    expect(letters).toHaveLength(1);
    expect(letters[0].count).toBe(10_000);
    expect(new MessageCodec().encode('DeadLetter', letters[0]).length).toBeLessThan(67_000);
  });
});

describe('the limit of dead letters', () => {
  const letters = (number: number, raw: Buffer | null = RAW) =>
    Array.from({ length: number }, (_, offset) =>
      deadLetter(
        { ...ORIGIN, offset },
        raw,
        {
          ...REJECTION,
          reason: offset % 2 === 0 ? 'unknown-code' : 'unknown-unit',
        },
        40,
      ),
    );

  it('keeps so many a second, and tells how many messages and values of each reason it left out', () => {
    const limit = new DeadLetterLimit({ letters: 10, rawBytes: 1e6 });
    const kept = [...limit.keep(letters(15), START), ...limit.keep(letters(15), START + 999)];
    expect(kept.map(({ offset, count }) => [offset, count])).toEqual(
      Array.from({ length: 10 }, (_, offset) => [offset, 40]),
    );
    expect(limit.isOwing).toBe(true);
    const [codes, units, ...next] = limit.keep(letters(3), START + 1000);
    expect([codes.offset, codes.count, units.offset, units.count]).toEqual([10, 440, 11, 360]);
    expect(codes).toMatchObject({ reason: 'unknown-code', patientId: null, eventTime: null });
    expect(codes.detail).toMatch(/^11 more dead letters, of 440 values, from here on/);
    expect([next.length, limit.isOwing, limit.keep([], START + 2000)]).toEqual([3, false, []]);
  });

  it('keeps so many bytes of messages a second; a letter beyond has none', () => {
    const limit = new DeadLetterLimit({ letters: 1000, rawBytes: 100_000 });
    const kept = limit.keep(letters(20, Buffer.alloc(30_000)), START);
    expect(kept.map(({ raw }) => raw.length)).toEqual([30_000, 30_000, 30_000, ...new Array(17).fill(0)]);
  });
});

describe('hashId', () => {
  it('is 128 bits of SHA-256 over the parts with a separator between', () => {
    expect(hashId('abc')).toBe('ba7816bf8f01cfea414140de5dae2223');
    expect(hashId('a', 'bc')).not.toBe(hashId('ab', 'c'));
    expect(hashId('a', 1)).toBe(hashId('a', '1'));
  });
});
