/** A check that is known to fail until another issue is dealt with. */
export interface KnownException {
  readonly check: string;
  readonly issue: number;
  readonly why: string;
  /** More than this is forgiven to nobody. */
  readonly most: number;
}

/** Everything that the checks find and forgive, each with the issue that will mend it. Empty it as they are closed. */
export const KNOWN: readonly KnownException[] = [];
