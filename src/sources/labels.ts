/** What became of one stay. */
export interface Label {
  readonly happened: boolean;
  /** Onset in milliseconds since admission, where it is known; null: only that it came about. */
  readonly onsetMs: number | null;
}

/** What validation knows of the end of the stays. */
export interface Labels {
  /** What came about, as a noun: `death in hospital`, `sepsis`. */
  readonly outcome: string;
  /** Where it stands. */
  readonly file: string;
  readonly byPatient: ReadonlyMap<string, Label>;
}
