/** Arrays of numbers as they stand in a snapshot, one after the other. */
export type NumberArray = Float32Array | Int32Array | Float64Array;

export function bytesOf({ buffer, byteOffset, byteLength }: NumberArray): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Reads arrays of 32-bit numbers one after the other. @throws RangeError beyond the end. */
export class ArrayReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  floats(length: number): Float32Array {
    return new Float32Array(this.#take(length));
  }

  integers(length: number): Int32Array {
    return new Int32Array(this.#take(length));
  }

  doubles(length: number): Float64Array {
    return new Float64Array(this.#take(2 * length));
  }

  /** A reader of all but the last `length` numbers, which this one passes over. */
  before(length: number): ArrayReader {
    const end = this.#bytes.length - 4 * length;
    const reader = new ArrayReader(this.#bytes.subarray(0, end), this.#at);
    this.#at = end;
    return reader;
  }

  #take(length: number): ArrayBuffer {
    const end = this.#at + 4 * length;
    if (end > this.#bytes.length) throw new RangeError('the snapshot ends early');
    const taken = new Uint8Array(this.#bytes.subarray(this.#at, end)).buffer;
    this.#at = end;
    return taken;
  }
}
