import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** A decoder of the cornerstone codecs. */
interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

type Name = 'JpegLSDecoder' | 'J2KDecoder';
type WasmModule = Record<Name, new () => WasmDecoder>;
type Open = (options: object) => Promise<WasmModule>;

/** One codec, with memory of its own. */
class WasmCodec {
  readonly #package: string;
  readonly #name: Name;
  #module: Promise<WasmModule> | null = null;

  constructor(name: Name, packageName: string) {
    this.#name = name;
    this.#package = packageName;
  }

  /** Samples of a frame, whose header has been checked. @throws Error where it is damaged. */
  async decode(frame: Uint8Array): Promise<Uint8Array> {
    this.#module ??= this.#open();
    const decoder = new (await this.#module)[this.#name]();
    try {
      decoder.getEncodedBuffer(frame.length).set(frame);
      decoder.decode();
      const decoded = Uint8Array.from(decoder.getDecodedBuffer());
      decoder.delete();
      return decoded;
    } catch (error) {
      // What it has left in its memory is not to be relied on.
      this.#module = null;
      throw new Error(`the compressed picture is damaged: ${reasonOf(error)}`);
    }
  }

  #open(): Promise<WasmModule> {
    const open = require(`${this.#package}/decodewasmjs`) as Open;
    const wasmBinary = readFileSync(require.resolve(`${this.#package}/decodewasm`));
    const silent = () => undefined;
    return open({ wasmBinary, print: silent, printErr: silent });
  }
}

/** C++ throws the number of an exception. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'its decoder gives up';
}

const LS = new WasmCodec('JpegLSDecoder', '@cornerstonejs/codec-charls');
const J2K = new WasmCodec('J2KDecoder', '@cornerstonejs/codec-openjpeg');

/** Of a frame without an end it searches all of its memory for one, which takes ten seconds: so each gets one more. */
const END_OF_IMAGE = Buffer.from([0xff, 0xd9, 0xff, 0xd9]);

/** JPEG-LS by CharLS. */
export function jpegLs(frame: Uint8Array): Promise<Uint8Array> {
  return LS.decode(Buffer.concat([frame, END_OF_IMAGE]));
}

/** JPEG 2000 by OpenJPEG. */
export function jpeg2000(frame: Uint8Array): Promise<Uint8Array> {
  return J2K.decode(frame);
}
