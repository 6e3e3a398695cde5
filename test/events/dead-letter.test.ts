import { describe, expect, it } from 'vitest';
import { MessageCodec } from '../../src/events/codec.js';
import { DEAD_LETTER_REASONS, deadLetter, hashId, type Rejection } from '../../src/events/dead-letter.js';

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
    expect(rest).toEqual({ ...ORIGIN, ...reason, raw: RAW });
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

describe('hashId', () => {
  it('is 128 bits of SHA-256 over the parts with a separator between', () => {
    expect(hashId('abc')).toBe('ba7816bf8f01cfea414140de5dae2223');
    expect(hashId('a', 'bc')).not.toBe(hashId('ab', 'c'));
    expect(hashId('a', 1)).toBe(hashId('a', '1'));
  });
});
