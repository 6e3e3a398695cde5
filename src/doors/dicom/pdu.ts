/** Types of protocol data units of the upper layer (PS3.8, 9.3). */
export const PDU = {
  associateRequest: 1,
  associateAccept: 2,
  associateReject: 3,
  data: 4,
  releaseRequest: 5,
  releaseResponse: 6,
  abort: 7,
} as const;

export interface Pdu {
  readonly type: number;
  readonly body: Buffer;
}

/** What a peer sends against the protocol; the association ends with it. */
export class PduFault extends Error {
  /** Of A-ABORT (PS3.8, table 9-26). */
  readonly reason: number;

  constructor(reason: number, message: string) {
    super(message);
    this.name = 'PduFault';
    this.reason = reason;
  }
}
export const UNRECOGNISED_PDU = 1;
export const UNEXPECTED_PDU = 2;
export const INVALID_PARAMETER = 6;

const HEADER_BYTES = 6;
/** Room for 128 presentation contexts with all transfer syntaxes there are. */
const LONGEST_REQUEST = 262_144;

/** Cuts what comes over a connection into protocol data units. */
export class PduReader {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #held = 0;

  /** `maxBytes` is what was offered for data. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws PduFault where one is of no known type, or too long. */
  *push(chunk: Buffer): Generator<Pdu> {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    while (this.#held >= HEADER_BYTES) {
      const first = this.#parts[0].length >= HEADER_BYTES ? this.#parts[0] : this.#joined();
      const [type, length] = [first[0], first.readUInt32BE(2)];
      if (type < PDU.associateRequest || type > PDU.abort)
        throw new PduFault(UNRECOGNISED_PDU, `no protocol data unit has type ${type}`);
      const most = type === PDU.data ? this.#maxBytes : LONGEST_REQUEST;
      if (length > most)
        throw new PduFault(INVALID_PARAMETER, `a protocol data unit of ${length} bytes; at most ${most}`);
      if (this.#held < HEADER_BYTES + length) return;
      const all = this.#joined();
      const rest = all.subarray(HEADER_BYTES + length);
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#held = rest.length;
      yield { type, body: all.subarray(HEADER_BYTES, HEADER_BYTES + length) };
    }
  }

  #joined(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0];
  }
}

/** A part of a command or of a data set (PS3.8, 9.3.5.1 and annex E). */
export interface DataValue {
  readonly contextId: number;
  readonly isCommand: boolean;
  readonly isLast: boolean;
  readonly bytes: Buffer;
}

/** @throws PduFault where the lengths contradict each other. */
export function* dataValues(body: Buffer): Generator<DataValue> {
  let at = 0;
  while (at < body.length) {
    const length = at + 4 <= body.length ? body.readUInt32BE(at) : 0;
    if (length < 2 || at + 4 + length > body.length)
      throw new PduFault(INVALID_PARAMETER, 'a presentation data value that is cut short');
    const control = body[at + 5];
    yield {
      contextId: body[at + 4],
      isCommand: (control & 1) === 1,
      isLast: (control & 2) === 2,
      bytes: body.subarray(at + 6, at + 4 + length),
    };
    at += 4 + length;
  }
}

/** A message as data units of at most `maxBytes` each. */
export function* dataUnits(
  contextId: number,
  kind: 'command' | 'data',
  bytes: Buffer,
  maxBytes: number,
): Generator<Buffer> {
  const room = maxBytes - HEADER_BYTES;
  for (let at = 0; at < bytes.length || at === 0; at += room) {
    const part = bytes.subarray(at, at + room);
    const head = Buffer.alloc(6);
    head.writeUInt32BE(part.length + 2, 0);
    head[4] = contextId;
    head[5] = (kind === 'command' ? 1 : 0) | (at + room >= bytes.length ? 2 : 0);
    yield unit(PDU.data, Buffer.concat([head, part]));
  }
}

export function unit(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head[0] = type;
  head.writeUInt32BE(body.length, 2);
  return Buffer.concat([head, body]);
}

/** A-ABORT, by whoever serves the protocol. */
export function abort(reason: number): Buffer {
  return unit(PDU.abort, Buffer.from([0, 0, 2, reason]));
}

export function releaseRequest(): Buffer {
  return unit(PDU.releaseRequest, Buffer.alloc(4));
}

export function releaseResponse(): Buffer {
  return unit(PDU.releaseResponse, Buffer.alloc(4));
}
