/** The minimal lower layer protocol (MLLP, HL7 v2.9 appendix C): VT, the message, FS, CR. */
const VT = 0x0b;
const FS = 0x1c;

/** One block as it came. */
export interface Block {
  readonly bytes: Buffer;
  /** `cut`: another began, or the connection ended, within it. `oversized`: only its beginning is here. */
  readonly fault: 'cut' | 'oversized' | null;
}

/** Bytes of a block that is too large that are kept: its header is in them. */
const KEPT = 65_536;

/** What stands around messages on the wire. */
export function framed(text: string): Buffer {
  return Buffer.concat([Buffer.from([VT]), Buffer.from(text, 'utf8'), Buffer.from([FS, 0x0d])]);
}

/** Cuts what comes over a connection into blocks. What stands between blocks is left out and counted. */
export class Deframer {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #isWithin = false;
  /** Bytes between blocks that are no line ends. */
  strayBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a block has begun and not ended. */
  get isWithin(): boolean {
    return this.#isWithin;
  }

  /** The blocks that end in these bytes. */
  *push(chunk: Buffer): Generator<Block> {
    let at = 0;
    while (at < chunk.length) {
      if (!this.#isWithin) {
        const start = chunk.indexOf(VT, at);
        this.#countStray(chunk.subarray(at, start < 0 ? chunk.length : start));
        if (start < 0) return;
        this.#isWithin = true;
        at = start + 1;
        continue;
      }
      const end = chunk.indexOf(FS, at);
      const next = chunk.indexOf(VT, at);
      const isCut = next >= 0 && (end < 0 || next < end);
      const until = isCut ? next : end < 0 ? chunk.length : end;
      this.#keep(chunk.subarray(at, until));
      at = until + (isCut ? 0 : 1);
      if (isCut) yield this.#take('cut');
      else if (end >= 0) yield this.#take(null);
    }
  }

  /** What of a block has come; null where none has begun. */
  end(): Block | null {
    return this.#isWithin ? this.#take('cut') : null;
  }

  #keep(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) {
      // Nothing is held of what will not be used.
      const beginning = Buffer.concat([...this.#parts, bytes]).subarray(0, KEPT);
      if (this.#parts.length !== 1 || this.#parts[0].length < KEPT) this.#parts = [Buffer.from(beginning)];
    } else this.#parts.push(bytes);
  }

  #take(fault: 'cut' | null): Block {
    const isOversized = this.#bytes > this.#maxBytes;
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    this.#isWithin = false;
    return { bytes, fault: isOversized ? 'oversized' : fault };
  }

  #countStray(bytes: Buffer): void {
    for (const byte of bytes) if (byte !== 0x0d && byte !== 0x0a && byte !== FS) this.strayBytes++;
  }
}
