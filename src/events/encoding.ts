/** Why an encoder used only a part of a note or image, or none of it. Closed: counted and shown by it. */
export const ENCODING_FLAGS = [
  // Notes
  'other-language',
  'no-text',
  'shortened',
  // Images
  'not-a-chest-radiograph',
  'image-unreadable',
  'image-too-large',
  'uri-refused',
  'uri-unavailable',
  // Either
  'encoder-failed',
] as const;
export type EncodingFlag = (typeof ENCODING_FLAGS)[number];

/** What a network says of an image besides its embedding. */
export interface Finding {
  /** What it looks for, such as pneumonia. */
  readonly label: string;
  /** 0 to 1. */
  readonly probability: number;
  /** Name of the network. */
  readonly encoder: string;
  /** What limits the finding, for people; absent where nothing is known to. */
  readonly caution?: string;
}

/** What an encoder made of the content of one event. */
export interface Encoding {
  /** Within −1 to 1, in units of 1/EMBEDDING_UNIT; null where the content cannot be used. */
  readonly embedding: Int16Array | null;
  /** Null for notes, and where no network has looked at the image. */
  readonly finding: Finding | null;
  readonly flags: readonly EncodingFlag[];
  /** What the flags are about, for people; empty without flags. */
  readonly detail: string;
}

/** Flags in words, where their name is not enough. */
const WORDS: Partial<Record<EncodingFlag, string>> = {
  'not-a-chest-radiograph': 'not a frontal chest radiograph',
};

/** What was wrong with the content, for people; null where nothing was, or nothing has been encoded. */
export function problemOf(encoding: Encoding | null): string | null {
  if (encoding === null || encoding.flags.length === 0) return null;
  return `${encoding.flags.map((flag) => WORDS[flag] ?? flag).join(', ')}: ${encoding.detail}`;
}

/** Embeddings are kept in 16 bits, half of what a float takes: a patient holds one a note. */
export const EMBEDDING_UNIT = 32_767;

/** Rounds an embedding to what is kept of it. Values beyond −1 to 1 are clipped. */
export function quantise(embedding: Float32Array): Int16Array {
  const kept = new Int16Array(embedding.length);
  for (let index = 0; index < kept.length; index++) {
    const value = Math.max(-1, Math.min(1, embedding[index]));
    kept[index] = Math.round(value * EMBEDDING_UNIT);
  }
  return kept;
}

/** A vector at length 1; nothing but zeros stays so. */
export function unit(vector: Float32Array | Float64Array): Float32Array {
  let squares = 0;
  for (let index = 0; index < vector.length; index++) squares += vector[index] ** 2;
  const length = Math.sqrt(squares);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}

/** Writes a kept embedding as floats into `out` at `offset`. */
export function dequantise(embedding: Int16Array, out: Float32Array, offset: number): void {
  for (let index = 0; index < embedding.length; index++) {
    out[offset + index] = embedding[index] / EMBEDDING_UNIT;
  }
}

/** The encoding of content that cannot be used, with the reason. */
export function unusable(flag: EncodingFlag, detail: string): Encoding {
  return { embedding: null, finding: null, flags: [flag], detail };
}
