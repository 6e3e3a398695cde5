import type avro from 'avsc';
import type {
  AlertMessage,
  DeadLetterMessage,
  ExplanationAnswerMessage,
  ExplanationRequestMessage,
  MessageOf,
  PatientSnapshotMessage,
  RiskScoreMessage,
  VerdictMessage,
} from '../contract/messages.js';
import type { EngineNowMessage, PatientNowMessage } from '../contract/now-messages.js';
import { WardstreamError } from '../errors.js';
import {
  fingerprintOf,
  parseSchema,
  readSchema,
  SINGLE_OBJECT_HEADER_BYTES,
  singleObjectHeader,
} from './avro.js';
import type { DeadLetterReason } from './dead-letter.js';
import { keptSchema, schemasIn } from './schema-files.js';

/** Every record the schemas define, with its TypeScript shape. */
export interface RecordShapes extends MessageOf {
  RiskScore: RiskScoreMessage;
  Alert: AlertMessage;
  DeadLetter: DeadLetterMessage;
  PatientNow: PatientNowMessage;
  EngineNow: EngineNowMessage;
  ExplanationRequest: ExplanationRequestMessage;
  ExplanationAnswer: ExplanationAnswerMessage;
  Verdict: VerdictMessage;
  PatientSnapshot: PatientSnapshotMessage;
}
export type RecordName = keyof RecordShapes;

const RECORD_NAMES: readonly RecordName[] = [
  'VitalSigns',
  'LabResult',
  'Treatment',
  'ImagingEvent',
  'ClinicalNote',
  'AdtEvent',
  'Acknowledgement',
  'RiskScore',
  'Alert',
  'DeadLetter',
  'PatientNow',
  'EngineNow',
  'ExplanationRequest',
  'ExplanationAnswer',
  'Verdict',
  'PatientSnapshot',
];

/** Why bytes could not be decoded. */
export class DecodeFailure {
  readonly reason: DeadLetterReason;
  readonly detail: string;

  constructor(reason: DeadLetterReason, detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

interface Reader {
  readonly type: avro.Type;
  readonly header: Buffer;
  /** First and second half of the fingerprint as read from the message. */
  readonly low: number;
  readonly high: number;
  /** Resolvers of other writers' schemas, by fingerprint in hexadecimal; null where nothing is known of it. */
  readonly writers: Map<string, Writer | null>;
}
interface Writer {
  readonly type: avro.Type;
  readonly resolver: avro.Resolver;
}

/** Gives the writer schema of a Confluent framing id; see `SchemaRegistryClient`. */
export interface SchemaRegistry {
  /** Null: the registry has none of that id. Rejects where it cannot be asked. */
  fetchSchema(id: number): Promise<avro.Schema | null>;
}

/** So long a registry is not asked again for a schema it did not have. */
const ABSENT_MS = 60_000;
const MAX_ABSENT = 10_000;

/** Confluent framing: byte 00, then the schema id as a big-endian 32-bit number. */
const CONFLUENT_HEADER_BYTES = 5;

/** Where other writers' schemas come from, besides the versions that ours have had. */
export interface CodecOptions {
  readonly registry?: SchemaRegistry | undefined;
  /** Of schema files. */
  readonly directory?: string | undefined;
}

/** Fingerprints that nobody knows are remembered, so that each is looked for once; those of noise are many. */
const MAX_UNKNOWN = 10_000;

/**
 * Encodes and decodes the records of `schemas/`. Writes single-object encoding; reads it, and Confluent framing
 * where a registry is given. A message written with an earlier version of the schema (`schemas/history`), with one of a directory, or with
 * one of the registry is resolved to ours.
 */
export class MessageCodec {
  readonly #readers = new Map<RecordName, Reader>();
  readonly #registry: SchemaRegistry | undefined;
  readonly #registryWriters = new Map<number, Map<RecordName, Writer | DecodeFailure>>();
  readonly #registrySchemas = new Map<number, avro.Schema>();
  /** Ids that the registry does not have, and until when that is believed. */
  readonly #absent = new Map<number, number>();

  /** @throws WardstreamError `WS_SCHEMA` where a schema of the directory cannot be read, or not be resolved to ours. */
  constructor({ registry, directory }: CodecOptions = {}) {
    this.#registry = registry;
    for (const name of RECORD_NAMES) {
      const type = parseSchema(readSchema(name));
      const header = singleObjectHeader(type);
      const [low, high] = [header.readUInt32LE(2), header.readUInt32LE(6)];
      this.#readers.set(name, { type, header, low, high, writers: new Map() });
    }
    for (const { file, name, schema } of directory === undefined ? [] : schemasIn(directory)) {
      if (!this.#readers.has(name as RecordName)) {
        throw new WardstreamError(
          'WS_SCHEMA',
          `schemas.directory: ${file} is of no record that is known here`,
        );
      }
      this.addWriterSchema(name as RecordName, schema);
    }
  }

  /**
   * Makes messages written with another version of a schema readable.
   * @throws WardstreamError `WS_SCHEMA` where the schema cannot be resolved to ours.
   */
  addWriterSchema(name: RecordName, schema: avro.Schema): void {
    const reader = this.#reader(name);
    const writer = resolve(reader.type, schema);
    if (writer instanceof DecodeFailure) throw new WardstreamError('WS_SCHEMA', `${name}: ${writer.detail}`);
    reader.writers.set(fingerprintOf(writer.type), writer);
  }

  encode<Name extends RecordName>(name: Name, value: RecordShapes[Name]): Buffer {
    const { type, header } = this.#reader(name);
    return Buffer.concat([header, type.toBuffer(value)]);
  }

  /** The record in `bytes`, or why there is none. Never throws. */
  decode<Name extends RecordName>(name: Name, bytes: Buffer): RecordShapes[Name] | DecodeFailure {
    const message = this.#decode(name, bytes);
    if (name === 'Alert' && !(message instanceof DecodeFailure)) leaveOutEmpty(message as AlertMessage);
    return message;
  }

  #decode<Name extends RecordName>(name: Name, bytes: Buffer): RecordShapes[Name] | DecodeFailure {
    const reader = this.#reader(name);
    if (isSingleObject(bytes)) {
      if (isWrittenWith(reader, bytes)) {
        return read(reader.type, undefined, bytes, SINGLE_OBJECT_HEADER_BYTES);
      }
      const fingerprint = bytes.toString('hex', 2, SINGLE_OBJECT_HEADER_BYTES);
      const writer = this.#writer(name, reader, fingerprint);
      if (writer === null) {
        return new DecodeFailure('unknown-schema', `no ${name} schema has fingerprint ${fingerprint}`);
      }
      return read(reader.type, writer.resolver, bytes, SINGLE_OBJECT_HEADER_BYTES);
    }
    if (this.#registry !== undefined && bytes.length > CONFLUENT_HEADER_BYTES && bytes[0] === 0) {
      const id = bytes.readUInt32BE(1);
      const writer = this.#registryWriters.get(id)?.get(name) ?? this.#resolveRegistered(id, name);
      if (writer instanceof DecodeFailure) return writer;
      return read(reader.type, writer.resolver, bytes, CONFLUENT_HEADER_BYTES);
    }
    return new DecodeFailure('undecodable', 'the bytes carry no known Avro framing');
  }

  /** Whether a datum written with our own version of the schema follows the header in `bytes` from `start` to `end`. */
  isOwn(name: RecordName, bytes: Buffer, start = 0, end = bytes.length): boolean {
    return isSingleObject(bytes, start, end) && isWrittenWith(this.#reader(name), bytes, start);
  }

  /** The registry id that the message in `bytes` from `start` to `end` names and whose schema is not here yet; else null. */
  missingSchemaId(bytes: Buffer, start = 0, end = bytes.length): number | null {
    if (this.#registry === undefined || end - start <= CONFLUENT_HEADER_BYTES || bytes[start] !== 0)
      return null;
    const id = bytes.readUInt32BE(start + 1);
    if (this.#registrySchemas.has(id)) return null;
    return (this.#absent.get(id) ?? 0) > performance.now() ? null : id;
  }

  /** Asks the registry for a schema; one that it does not have is unknown for a while. Rejects where it cannot be asked. */
  async loadSchema(id: number): Promise<void> {
    const schema = (await this.#registry?.fetchSchema(id)) ?? null;
    if (schema !== null) {
      this.#registrySchemas.set(id, schema);
      return;
    }
    if (this.#absent.size >= MAX_ABSENT) this.#absent.clear();
    this.#absent.set(id, performance.now() + ABSENT_MS);
  }

  /** Who wrote with that fingerprint; null where nobody knows. */
  #writer(name: RecordName, { type, writers }: Reader, fingerprint: string): Writer | null {
    const known = writers.get(fingerprint);
    if (known !== undefined) return known;
    const schema = keptSchema(name, fingerprint);
    const writer = schema === null ? null : resolve(type, schema);
    const found = writer instanceof DecodeFailure ? null : writer;
    if (found === null && writers.size >= MAX_UNKNOWN) forgetUnknown(writers);
    writers.set(fingerprint, found);
    return found;
  }

  #reader(name: RecordName): Reader {
    return this.#readers.get(name)!;
  }

  #resolveRegistered(id: number, name: RecordName): Writer | DecodeFailure {
    const schema = this.#registrySchemas.get(id);
    if (schema === undefined) return new DecodeFailure('unknown-schema', `the registry has no schema ${id}`);
    const writer = resolve(this.#reader(name).type, schema);
    const byName = this.#registryWriters.get(id) ?? new Map<RecordName, Writer | DecodeFailure>();
    this.#registryWriters.set(id, byName.set(name, writer));
    return writer;
  }
}

/** Avro has no list that is absent; an alert beside which no note stands is the one that was encoded. */
function leaveOutEmpty(alert: AlertMessage): void {
  if (alert.context?.length === 0) delete alert.context;
}

function isSingleObject(bytes: Buffer, start = 0, end = bytes.length): boolean {
  return end - start > SINGLE_OBJECT_HEADER_BYTES && bytes[start] === 0xc3 && bytes[start + 1] === 0x01;
}

function isWrittenWith({ low, high }: Reader, bytes: Buffer, start = 0): boolean {
  return bytes.readUInt32LE(start + 2) === low && bytes.readUInt32LE(start + 6) === high;
}

function forgetUnknown(writers: Map<string, Writer | null>): void {
  for (const [fingerprint, writer] of writers) if (writer === null) writers.delete(fingerprint);
}

function resolve(reader: avro.Type, schema: avro.Schema): Writer | DecodeFailure {
  try {
    const type = parseSchema(schema);
    return { type, resolver: reader.createResolver(type) };
  } catch (error) {
    return new DecodeFailure('unknown-schema', `the writer schema does not resolve: ${messageOf(error)}`);
  }
}

function read<Value>(
  reader: avro.Type,
  resolver: avro.Resolver | undefined,
  bytes: Buffer,
  start: number,
): Value | DecodeFailure {
  try {
    const decoded = reader.decode(bytes, start, resolver) as { value: Value; offset: number };
    if (decoded.offset === bytes.length) return decoded.value;
    const what = decoded.offset < 0 ? 'the message ends early' : 'bytes are left over after the record';
    return new DecodeFailure('undecodable', what);
  } catch (error) {
    return new DecodeFailure('undecodable', messageOf(error));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
