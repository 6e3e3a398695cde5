/** Numbers of an entry: when it was observed, and the value. */
const WIDTH = 2;
const LEAST_ROOM = 4;

/** Values of one variable by the time they were observed, ascending; one a time. 16 bytes a value. */
export class ValueLog {
  #cells = new Float64Array(LEAST_ROOM * WIDTH);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  timeAt(place: number): number {
    return this.#cells[place * WIDTH];
  }

  valueAt(place: number): number {
    return this.#cells[place * WIDTH + 1];
  }

  /** Place of the first value observed after `time`. */
  placeAfter(time: number): number {
    let low = 0;
    let high = this.#length;
    // Most are looked for at the end.
    if (high > 0 && this.timeAt(high - 1) <= time) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeAt(middle) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Adds a value; of two of one time the one that comes later stands. */
  put(time: number, value: number): void {
    const place = this.placeAfter(time);
    if (place > 0 && this.timeAt(place - 1) === time) {
      this.#cells[place * WIDTH - 1] = value;
      return;
    }
    if ((this.#length + 1) * WIDTH > this.#cells.length) {
      const wider = new Float64Array(2 * this.#cells.length);
      wider.set(this.#cells);
      this.#cells = wider;
    }
    if (place < this.#length)
      this.#cells.copyWithin((place + 1) * WIDTH, place * WIDTH, this.#length * WIDTH);
    this.#cells[place * WIDTH] = time;
    this.#cells[place * WIDTH + 1] = value;
    this.#length++;
  }

  /** Takes back the value of a time, if there is one. */
  remove(time: number): void {
    const place = this.placeAfter(time);
    if (place === 0 || this.timeAt(place - 1) !== time) return;
    this.#cells.copyWithin((place - 1) * WIDTH, place * WIDTH, this.#length * WIDTH);
    this.#length--;
  }

  /** Forgets the values before a place. */
  dropBefore(place: number): void {
    this.#cells.copyWithin(0, place * WIDTH, this.#length * WIDTH);
    this.#length -= place;
  }

  /** The highest value of the places from `from` to before `to`; negative infinity where there is none. */
  highest(from: number, to: number): number {
    let highest = Number.NEGATIVE_INFINITY;
    for (let place = from; place < to; place++) highest = Math.max(highest, this.valueAt(place));
    return highest;
  }

  /** All entries, for `restore`. */
  get cells(): Float64Array {
    return this.#cells.subarray(0, this.#length * WIDTH);
  }

  /** Continues from what `cells` gave. */
  restore(cells: ArrayLike<number>): void {
    this.#length = cells.length / WIDTH;
    this.#cells = new Float64Array(Math.max(cells.length, LEAST_ROOM * WIDTH));
    this.#cells.set(cells);
  }
}
