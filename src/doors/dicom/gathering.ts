/** Bytes that all that is on its way may take at once. */
export class Room {
  readonly #maxBytes: number;
  #taken = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#maxBytes) return false;
    this.#taken += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }
}

/** What was gathered: all of it, or its beginning with the reason why there is no more. */
export interface Gathered {
  readonly bytes: Buffer;
  readonly fault: 'oversized' | 'no-room' | null;
}

const FIRST_BYTES = 4096;

/** Gathers the parts of a message in one piece of memory, within bounds: what is beyond them is read and dropped. */
export class Gathering {
  readonly #maxBytes: number;
  readonly #room: Room;
  readonly #kept: number;
  #memory = Buffer.alloc(0);
  #fault: Gathered['fault'] = null;
  length = 0;

  /** Of a message that is longer than `maxBytes`, `kept` bytes are. */
  constructor(maxBytes: number, room: Room, kept = 0) {
    this.#maxBytes = maxBytes;
    this.#room = room;
    this.#kept = kept;
  }

  add(bytes: Buffer): void {
    if (this.#fault !== null) return;
    const length = this.length + bytes.length;
    if (length > this.#maxBytes) this.#stop('oversized');
    else if (length > this.#memory.length && !this.#grow(length)) this.#stop('no-room');
    else {
      bytes.copy(this.#memory, this.length);
      this.length = length;
    }
  }

  take(): Gathered {
    return { bytes: this.#memory.subarray(0, this.length), fault: this.#fault };
  }

  /** Begins anew, with no memory. */
  end(): void {
    this.#hold(Buffer.alloc(0));
    this.length = 0;
    this.#fault = null;
  }

  #stop(fault: 'oversized' | 'no-room'): void {
    this.#fault = fault;
    this.length = Math.min(this.length, this.#kept);
    this.#hold(Buffer.from(this.#memory.subarray(0, this.length)));
  }

  #grow(length: number): boolean {
    const size = Math.min(this.#maxBytes, Math.max(FIRST_BYTES, length, 2 * this.#memory.length));
    if (!this.#room.take(size - this.#memory.length)) return false;
    const memory = Buffer.allocUnsafeSlow(size);
    this.#memory.copy(memory, 0, 0, this.length);
    this.#memory = memory;
    return true;
  }

  /** Less memory than before. */
  #hold(memory: Buffer<ArrayBuffer>): void {
    this.#room.giveBack(this.#memory.length - memory.length);
    this.#memory = memory;
  }
}
