import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc64Avro, parseSchema, readSchema, singleObjectHeader } from '../../src/events/avro.js';
import { DecodeFailure, MessageCodec } from '../../src/events/codec.js';
import { vitals } from '../helpers.js';

const codec = new MessageCodec();

/** The VitalSigns schema before `source` was added and with a field since removed. */
function olderSchema() {
  const schema = structuredClone(readSchema('VitalSigns')) as { fields: { name: string }[] };
  const fields = schema.fields.filter(({ name }) => name !== 'source');
  return { ...schema, fields: [...fields, { name: 'bed', type: 'string' }] } as never;
}

describe('MessageCodec', () => {
  it('fingerprints as the Avro specification does', () => {
    expect(crc64Avro('"int"')).toBe(0x7275d51a3f395c8fn);
    expect(crc64Avro('"null"')).toBe(0x63dd24e7cc258f8an);
  });

  it('reads back what it wrote', () => {
    const message = vitals({ heartRate: 80, temperature: 36.6 });
    expect(codec.decode('VitalSigns', codec.encode('VitalSigns', message))).toEqual(message);
  });

  it('resolves an older writer schema: what is new gets its default, what is gone is dropped', () => {
    const { source: _, ...message } = vitals({ heartRate: 80 });
    const type = parseSchema(olderSchema());
    const bytes = Buffer.concat([singleObjectHeader(type), type.toBuffer({ ...message, bed: '7' })]);
    expect(codec.decode('VitalSigns', bytes)).toMatchObject({ reason: 'unknown-schema' });
    const informed = new MessageCodec();
    informed.addWriterSchema('VitalSigns', olderSchema());
    expect(informed.decode('VitalSigns', bytes)).toEqual({ ...message, source: '' });
  });

  it('refuses a writer schema that cannot be resolved', () => {
    const other = { type: 'record', name: 'VitalSigns', namespace: 'org.wardstream', fields: [] } as never;
    expect(() => new MessageCodec().addWriterSchema('VitalSigns', other)).toThrow('VitalSigns');
  });

  it('reads Confluent framing once the registry has given the schema', async () => {
    const registry = {
      fetchSchema: async (id: number) => (id === 7 ? olderSchema() : Promise.reject(new Error('404'))),
    };
    const framed = new MessageCodec({ registry });
    const { source: _, ...message } = vitals({ heartRate: 80 });
    const datum = parseSchema(olderSchema()).toBuffer({ ...message, bed: '7' });
    const bytes = (id: number) => Buffer.concat([Buffer.from([0, 0, 0, 0, id]), datum]);
    expect(framed.missingSchemaId(bytes(7))).toBe(7);
    await framed.loadSchema(7);
    expect(framed.missingSchemaId(bytes(7))).toBeNull();
    expect(framed.decode('VitalSigns', bytes(7))).toEqual({ ...message, source: '' });
    await framed.loadSchema(8);
    expect(framed.decode('VitalSigns', bytes(8))).toMatchObject({ reason: 'unknown-schema' });
    expect(codec.decode('VitalSigns', bytes(7))).toMatchObject({ reason: 'undecodable' });
  });

  it('gives a reason for any bytes and never throws', () => {
    const message = codec.encode('VitalSigns', vitals({ heartRate: 80, temperature: 36.6 }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(message.length - 1), (noise, cut) => {
        expect(codec.decode('VitalSigns', Buffer.from(noise))).toBeInstanceOf(DecodeFailure);
        expect(codec.decode('VitalSigns', message.subarray(0, cut))).toBeInstanceOf(DecodeFailure);
        codec.decode('VitalSigns', Buffer.concat([message.subarray(0, 10), noise]));
      }),
    );
  });

  it('does not believe an array of 2^40 items', () => {
    const honest = codec.encode('VitalSigns', { ...vitals({}), observations: [] });
    const hostile = Buffer.concat([
      honest.subarray(0, -1),
      Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x40]),
    ]);
    expect(codec.decode('VitalSigns', hostile)).toMatchObject({ reason: 'undecodable' });
  });
});
