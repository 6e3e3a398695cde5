import { createHash } from 'node:crypto';

/** Letters of the topic's name in a cursor: that two topics share them is as good as never. */
const NAME_LETTERS = 8;

/** Names a topic in cursors: another one of the same name, made later, has another. */
export function nameOfTopic(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, NAME_LETTERS);
}

/** Positions in a topic as short text: its name, then the next offset of each partition, seven bits a byte. */
export function cursorOf(name: string, positions: readonly number[]): string {
  const bytes: number[] = [];
  for (let left of positions) {
    for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
    bytes.push(left);
  }
  return `${name}.${Buffer.from(bytes).toString('base64url')}`;
}

/** The positions of a cursor; null where it is of another topic, of another number of partitions, or none at all. */
export function positionsOf(cursor: string, name: string, partitions: number): number[] | null {
  const match = /^([\w-]{8})\.([\w-]*)$/.exec(cursor);
  if (match === null || match[1] !== name) return null;
  const positions: number[] = [];
  let value = 0;
  let weight = 1;
  for (const byte of Buffer.from(match[2], 'base64url')) {
    value += (byte & 0x7f) * weight;
    weight *= 128;
    if (byte > 127) continue;
    if (!Number.isSafeInteger(value)) return null;
    positions.push(value);
    value = 0;
    weight = 1;
  }
  return weight === 1 && positions.length === partitions ? positions : null;
}
