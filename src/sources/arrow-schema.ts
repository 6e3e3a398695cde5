/**
 * What a Parquet file says of its columns beside Parquet's own types: under the key ARROW:schema, as Apache Arrow writes it (Arrow
 * columnar format 1.4, Message.fbs and Schema.fbs: a FlatBuffer in base64).
 */

/** Type of a duration in `Type`, and milliseconds of its units: seconds, milli-, micro- and nanoseconds. */
const DURATION = 18;
const UNIT_MS = [1000, 1, 1e-3, 1e-6];
/** Without one the unit is milliseconds. */
const DEFAULT_UNIT = 1;
/** Fields of the tables: `Message.header`, `Schema.fields`, `Field.name`, `Field.type_type`, `Field.type`, `Duration.unit`. */
const [HEADER, FIELDS, NAME, TYPE_TYPE, TYPE, UNIT] = [2, 1, 0, 2, 3, 0];

/** Milliseconds of one unit of each column that is a duration; none where the schema cannot be read. */
export function durationUnits(schema: string | undefined): ReadonlyMap<string, number> {
  const units = new Map<string, number>();
  if (schema === undefined) return units;
  try {
    const bytes = Buffer.from(schema, 'base64');
    // A message begins with its length, since Arrow 0.15 behind a mark.
    const start = bytes.readUInt32LE(0) === 0xffffffff ? 8 : 4;
    const message = new Table(bytes, start + bytes.readUInt32LE(start));
    const fields = message.table(HEADER)?.tables(FIELDS) ?? [];
    for (const field of fields) {
      if (field.number(TYPE_TYPE, 1, 0) !== DURATION) continue;
      const unit = field.table(TYPE)?.number(UNIT, 2, DEFAULT_UNIT) ?? DEFAULT_UNIT;
      if (unit in UNIT_MS) units.set(field.text(NAME), UNIT_MS[unit]);
    }
  } catch (error) {
    // Offsets beyond the end: it is no such schema.
    if (!(error instanceof RangeError)) throw error;
  }
  return units;
}

/** A table of a FlatBuffer. */
class Table {
  readonly #bytes: Buffer;
  readonly #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  number(field: number, size: 1 | 2, otherwise: number): number {
    const at = this.#place(field);
    return at === null ? otherwise : this.#bytes.readUIntLE(at, size);
  }

  table(field: number): Table | null {
    const at = this.#place(field);
    return at === null ? null : this.#target(at);
  }

  tables(field: number): Table[] {
    const at = this.#place(field);
    if (at === null) return [];
    const start = at + this.#bytes.readUInt32LE(at);
    const count = Math.min(this.#bytes.readUInt32LE(start), this.#bytes.length / 4);
    return Array.from({ length: count }, (_, index) => this.#target(start + 4 + 4 * index));
  }

  text(field: number): string {
    const at = this.#place(field);
    if (at === null) return '';
    const start = at + this.#bytes.readUInt32LE(at);
    return this.#bytes.toString('utf8', start + 4, start + 4 + this.#bytes.readUInt32LE(start));
  }

  #target(at: number): Table {
    return new Table(this.#bytes, at + this.#bytes.readUInt32LE(at));
  }

  /** Where a field stands; null where it is left out. */
  #place(field: number): number | null {
    const fields = this.#at - this.#bytes.readInt32LE(this.#at);
    const slot = 4 + 2 * field;
    if (slot >= this.#bytes.readUInt16LE(fields)) return null;
    const offset = this.#bytes.readUInt16LE(fields + slot);
    return offset === 0 ? null : this.#at + offset;
  }
}
