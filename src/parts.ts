/** Something that was opened and is to be closed. */
export interface Part {
  close(): Promise<void>;
}

/** What was opened, in order. It is closed in the reverse order, whatever fails of it. */
export class Parts {
  readonly #parts: Part[] = [];
  #isClosing = false;

  /** Takes charge of a part. One that was opened while the others are closed is closed at once. */
  keep<Kept extends Part>(part: Kept): Kept {
    if (this.#isClosing) void part.close().catch(() => undefined);
    else this.#parts.push(part);
    return part;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** Another part closes this one from now on. */
  handOn(part: Part): void {
    const at = this.#parts.indexOf(part);
    if (at >= 0) this.#parts.splice(at, 1);
  }

  /** Resolves when all are closed. A part that cannot be closed is told of, and holds up no other. */
  async close(onFault: (error: unknown) => void): Promise<void> {
    this.#isClosing = true;
    for (const part of this.#parts.splice(0).reverse()) {
      try {
        await part.close();
      } catch (error) {
        onFault(error);
      }
    }
  }
}

/** What the work gives, once the parts that it opened are closed. Rejects with what failed first, of the work or of the closing. */
export async function withParts<Result>(work: (parts: Parts) => Promise<Result>): Promise<Result> {
  const parts = new Parts();
  const faults: unknown[] = [];
  const close = () => parts.close((error) => faults.push(error));
  const result = await work(parts).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  await close();
  if (faults.length > 0) throw faults[0];
  return result;
}
