/** Turns one sentence into numbers. The same sentence gives the same numbers, bit for bit, whatever else is encoded. */
export interface SentenceEncoder {
  /** Tells encoders apart; a model names the one it was trained with. */
  readonly name: string;
  /** Length of an embedding. */
  readonly size: number;
  /** @throws Error where the encoder fails on it. */
  embed(sentence: string): Promise<Float32Array>;
  close(): Promise<void>;
}
