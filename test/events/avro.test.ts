import { readdirSync } from 'node:fs';
import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  crc64Avro,
  ImpossibleLengthError,
  parseSchema,
  readSchema,
  SINGLE_OBJECT_HEADER_BYTES,
  singleObjectHeader,
} from '../../src/events/avro.js';

describe('crc64Avro', () => {
  /** Fingerprints, as signed numbers, of share/test/data/schema-tests.txt in the Avro repository. */
  it.each([
    ['"null"', 7195948357588979594n],
    ['"boolean"', -6970731678124411036n],
    ['"int"', 8247732601305521295n],
    ['"long"', -3434872931120570953n],
    ['"float"', 5583340709985441680n],
    ['"double"', -8181574048448539266n],
    ['"bytes"', 5746618253357095269n],
    ['"string"', -8142146995180207161n],
  ])('%s', (canonical, fingerprint) => {
    expect(BigInt.asIntN(64, crc64Avro(canonical))).toBe(fingerprint);
  });

  it('of nothing is the empty fingerprint', () => {
    expect(crc64Avro('')).toBe(0xc15d213aa4d7a795n);
  });
});

describe('singleObjectHeader', () => {
  it('is C3 01 and the fingerprint, least significant byte first', () => {
    expect(singleObjectHeader(parseSchema('int')).toString('hex')).toBe('c3018f5c393f1ad57572');
    expect(singleObjectHeader(parseSchema('int'))).toHaveLength(SINGLE_OBJECT_HEADER_BYTES);
  });

  it('is taken over the Parsing Canonical Form: no docs, defaults or logical types', () => {
    const canonical =
      '{"name":"org.wardstream.Acknowledgement","type":"record","fields":[{"name":"messageId","type":"string"},' +
      '{"name":"patientId","type":"string"},{"name":"eventTime","type":"long"},{"name":"alertId","type":"string"},' +
      '{"name":"action","type":{"name":"org.wardstream.AlertAction","type":"enum","symbols":["ACKNOWLEDGE",' +
      '"SNOOZE","ESCALATE","COMMENT"]}},{"name":"actor","type":"string"},{"name":"snoozeMs","type":["null",' +
      '"long"]},{"name":"reason","type":["null","string"]}]}';
    const header = singleObjectHeader(parseSchema(readSchema('Acknowledgement')));
    expect(header.readBigUInt64LE(2)).toBe(crc64Avro(canonical));
  });

  it('tells every schema of schemas/ from every other', () => {
    const names = readdirSync(new URL('../../schemas', import.meta.url))
      .filter((file) => file.endsWith('.avsc'))
      .map((file) => file.split('.')[0]);
    const headers = names.map((name) => singleObjectHeader(parseSchema(readSchema(name))).toString('hex'));
    expect(new Set(headers).size).toBe(names.length);
  });
});

describe('fields that repeat', () => {
  const schema: avro.Schema = {
    type: 'record',
    name: 'Measured',
    fields: ['patientId', 'code', 'unit'].map((name) => ({ name, type: 'string' })),
  };
  const type = parseSchema(schema);
  const plain = avro.Type.forSchema(schema);

  it('are read as they were written, whatever came before', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    const records = fc.array(fc.record({ patientId: text, code: text, unit: text }), { maxLength: 50 });
    fc.assert(
      fc.property(records, (written) => {
        for (const record of written) expect({ ...type.fromBuffer(plain.toBuffer(record)) }).toEqual(record);
      }),
    );
  });

  it('are told apart where they are many more than are remembered, and of any length', () => {
    const lengths = [0, 1, 31, 32, 33, 200].map((length) => 'x'.repeat(length));
    const many = [...Array.from({ length: 20_000 }, (_, number) => `P${number}`), ...lengths];
    for (const patientId of [...many, ...many]) {
      const bytes = plain.toBuffer({ patientId, code: '8867-4', unit: '/min' });
      expect((type.fromBuffer(bytes) as { patientId: string }).patientId).toBe(patientId);
    }
  });

  it('that end beyond the message, or have a length below nothing, are no record', () => {
    const bytes = plain.toBuffer({ patientId: 'P1', code: '8867-4', unit: '/min' });
    for (let end = 0; end < bytes.length; end++) {
      expect(() => type.fromBuffer(bytes.subarray(0, end))).toThrow();
    }
    expect(() => type.fromBuffer(Buffer.from([0x01, 0x02]))).toThrow();
  });
});

describe('reading arrays', () => {
  const longs = parseSchema({ type: 'array', items: 'long' });

  it('reads blocks, with and without their size in bytes', () => {
    expect(longs.fromBuffer(longs.toBuffer([1, -2, 300]))).toEqual([1, -2, 300]);
    // Two items; one item in a block that also gives its size of one byte; end.
    expect(longs.fromBuffer(Buffer.from([4, 2, 4, 1, 2, 6, 0]))).toEqual([1, 2, 3]);
    expect(longs.fromBuffer(Buffer.from([0]))).toEqual([]);
  });

  it.each([
    ['more items than bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x40]],
    ['more items than bytes, in a block with a size', [0xff, 0xff, 0xff, 0xff, 0x7f, 0]],
    ['an end within the items', [6, 0x80, 0x80, 0x80]],
    ['a length beyond every number', [...Array<number>(200).fill(0x80), 1]],
  ])('refuses %s', (_, bytes) => {
    expect(() => longs.fromBuffer(Buffer.from(bytes))).toThrow(RangeError);
  });

  it('stops where the message ends, not after as many items as it declares', () => {
    const nested = parseSchema({ type: 'array', items: { type: 'array', items: 'double' } });
    // 2^21 arrays; the first declares two million doubles, of which a quarter can be there.
    const hostile = Buffer.concat([
      Buffer.from([0x80, 0x80, 0x80, 2, 0x80, 0x80, 0x80, 2]),
      Buffer.alloc(1 << 22),
    ]);
    const started = performance.now();
    expect(() => nested.fromBuffer(hostile)).toThrow(ImpossibleLengthError);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('skipping what another writer adds', () => {
  const reader = parseSchema({ type: 'record', name: 'R', fields: [{ name: 'kept', type: 'long' }] });
  const writer = parseSchema({
    type: 'record',
    name: 'R',
    fields: [
      { name: 'list', type: { type: 'array', items: 'string' } },
      { name: 'tags', type: { type: 'map', values: 'string' } },
      { name: 'kept', type: 'long' },
    ],
  });
  const resolver = reader.createResolver(writer);
  const read = (...bytes: number[]) => reader.fromBuffer(Buffer.from(bytes), resolver);

  it('skips arrays and maps', () => {
    const written = writer.toBuffer({ list: ['a', 'bc'], tags: { ward: 'A', bed: '7' }, kept: 42 });
    expect(reader.fromBuffer(written, resolver)).toEqual({ kept: 42 });
    // The same blocks with their sizes: one string "a"; one pair of "a" and "b".
    expect(read(1, 4, 2, 0x61, 0, 1, 8, 2, 0x61, 2, 0x62, 0, 84)).toEqual({ kept: 42 });
  });

  it.each([
    ['an array of 2^40 items', [0x80, 0x80, 0x80, 0x80, 0x80, 0x40]],
    ['an array that ends early', [8, 2, 0x61, 0x80]],
    ['a map of 2^40 pairs', [0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]],
    ['a map that ends early', [0, 6, 2, 0x61, 2]],
  ])('refuses %s', (_, bytes) => {
    expect(() => read(...bytes)).toThrow(ImpossibleLengthError);
  });

  it('does not go back where a block of a map gives a negative size', () => {
    expect(() => read(0, 1, 3, 1, 3, 1, 3)).toThrow();
  });
});
