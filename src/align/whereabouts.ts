import type { AdtMessage } from '../contract/messages.js';
import type { EpochMs } from '../events/event.js';
import { rankOf } from '../events/event.js';

/** Where a patient lies; null is unknown. */
export interface Place {
  readonly wardId: string | null;
  readonly bedId: string | null;
}

/** What one message said of it, and what of that has its place in time. */
export interface ToldPlace extends Place {
  readonly time: EpochMs;
  /** Among messages of one moment. */
  readonly rank: number;
  readonly messageId: string;
}

/** Messages remembered; of more, the two oldest become one. */
const MOST = 64;

/**
 * What ADT messages said of where a patient lies, in order of event time whatever the order in which they came: a move that
 * is told late does not undo a newer one.
 */
export class Whereabouts {
  #told: ToldPlace[] = [];

  /** All that is remembered, oldest first. */
  get told(): readonly ToldPlace[] {
    return this.#told;
  }

  /** When the newest was told; negative infinity where none was. */
  get newest(): EpochMs {
    return this.#told.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
  }

  /** Where the patient lies, as far as is told. */
  get place(): Place {
    return this.#told.reduce<Place>(after, { wardId: null, bedId: null });
  }

  /** The bed at a time; null where none is told by then. */
  bedAt(time: EpochMs): string | null {
    const told = this.#told.filter((each) => each.time <= time);
    return told.reduce<Place>(after, { wardId: null, bedId: null }).bedId;
  }

  /** Takes note of what a message says; false where it says nothing new of a place. */
  tell({ wardId, bedId, eventTime: time, type, messageId }: AdtMessage): boolean {
    const told = { wardId: known(wardId), bedId: known(bedId), time, rank: rankOf('adt', type), messageId };
    if (told.wardId === null && told.bedId === null) return false;
    if (this.#told.some((each) => each.messageId === messageId && each.time === time)) return false;
    this.#told.push(told);
    this.#told.sort(inOrder);
    if (this.#told.length > MOST) {
      const [first, second] = this.#told;
      this.#told.splice(0, 2, { ...second, ...after(first, second) });
    }
    return true;
  }

  /** What was told up to a moment is void: it was of an earlier stay. */
  forgetUntil(time: EpochMs): void {
    this.#told = this.#told.filter((each) => each.time > time);
  }

  /** Continues from what `told` gave. */
  restore(told: readonly ToldPlace[]): void {
    this.#told = [...told];
  }
}

/** A place as of before all messages: what an earlier layout kept of them. */
export function placedBefore(place: Place): ToldPlace[] {
  return place.wardId === null && place.bedId === null
    ? []
    : [{ ...place, time: Number.MIN_SAFE_INTEGER, rank: 0, messageId: '' }];
}

/** A bed is one of its ward: who is moved to another ward has no bed there until one is told. */
function after(before: Place, { wardId, bedId }: Place): Place {
  const isElsewhere = wardId !== null && wardId !== before.wardId;
  return { wardId: wardId ?? before.wardId, bedId: bedId ?? (isElsewhere ? null : before.bedId) };
}

function known(id: string | null): string | null {
  return id === null || id.trim() === '' ? null : id;
}

function inOrder(a: ToldPlace, b: ToldPlace): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.rank !== b.rank) return a.rank - b.rank;
  return a.messageId < b.messageId ? -1 : a.messageId > b.messageId ? 1 : 0;
}
