/**
 * The newest message ids of a patient, as 64-bit hashes, so that a repeat is known. Holds the last `capacity` ids
 * (a power of two) in an open-addressing table of twice that size: 24 bytes an id.
 */
export class RecentIds {
  readonly #order: Int32Array;
  readonly #table: Int32Array;
  readonly #capacity: number;
  readonly #mask: number;
  #added = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#order = new Int32Array(capacity * 2);
    this.#table = new Int32Array(capacity * 4);
    this.#mask = capacity * 2 - 1;
  }

  /** True where the id is new; it is then remembered and the oldest one forgotten. */
  add(id: string): boolean {
    let low = 0x811c9dc5 | 0;
    let high = 0x9747b28c | 0;
    for (let index = 0; index < id.length; index++) {
      const unit = id.charCodeAt(index);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ unit, 0x5bd1e995);
      high ^= high >>> 15;
    }
    if (low === 0 && high === 0) high = 1;
    if (this.#find(low, high) >= 0) return false;
    const at = (this.#added % this.#capacity) * 2;
    if (this.#added >= this.#capacity) this.#remove(this.#order[at], this.#order[at + 1]);
    this.#order[at] = low;
    this.#order[at + 1] = high;
    this.#added++;
    this.#insert(low, high);
    return true;
  }

  /** The remembered ids, oldest first, as pairs of 32-bit halves. */
  toArray(): Int32Array {
    const count = Math.min(this.#added, this.#capacity);
    const oldest = (this.#added - count) % this.#capacity;
    const ids = new Int32Array(count * 2);
    for (let index = 0; index < count; index++) {
      const at = ((oldest + index) % this.#capacity) * 2;
      ids[index * 2] = this.#order[at];
      ids[index * 2 + 1] = this.#order[at + 1];
    }
    return ids;
  }

  /** Remembers what `toArray` gave, into an empty memory; what does not fit is the oldest. */
  restore(ids: Int32Array): void {
    for (let at = Math.max(0, ids.length - 2 * this.#capacity); at < ids.length; at += 2) {
      const place = (this.#added % this.#capacity) * 2;
      this.#order[place] = ids[at];
      this.#order[place + 1] = ids[at + 1];
      this.#added++;
      this.#insert(ids[at], ids[at + 1]);
    }
  }

  #home(low: number, high: number): number {
    return (low ^ (high >>> 7)) & this.#mask;
  }

  #find(low: number, high: number): number {
    const table = this.#table;
    for (let place = this.#home(low, high); ; place = (place + 1) & this.#mask) {
      const [first, second] = [table[place * 2], table[place * 2 + 1]];
      if (first === 0 && second === 0) return -1;
      if (first === low && second === high) return place;
    }
  }

  #insert(low: number, high: number): void {
    const table = this.#table;
    let place = this.#home(low, high);
    while (table[place * 2] !== 0 || table[place * 2 + 1] !== 0) place = (place + 1) & this.#mask;
    table[place * 2] = low;
    table[place * 2 + 1] = high;
  }

  /** Removes an entry and moves back those that probed past it, so that no tombstone is needed. */
  #remove(low: number, high: number): void {
    const table = this.#table;
    let hole = this.#find(low, high);
    if (hole < 0) return;
    for (let next = (hole + 1) & this.#mask; ; next = (next + 1) & this.#mask) {
      const [first, second] = [table[next * 2], table[next * 2 + 1]];
      if (first === 0 && second === 0) break;
      const home = this.#home(first, second);
      const between = hole <= next ? hole < home && home <= next : hole < home || home <= next;
      if (between) continue;
      table[hole * 2] = first;
      table[hole * 2 + 1] = second;
      hole = next;
    }
    table[hole * 2] = 0;
    table[hole * 2 + 1] = 0;
  }
}
