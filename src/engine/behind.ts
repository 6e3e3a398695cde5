import type { NoticeBoard } from '../alerts/notices.js';
import type { TopicProgress } from '../bus/bus.js';
import type { EpochMs } from '../events/event.js';

/** How old the input is of which not all of a partition is read, and the topics that are read least far. */
export interface PartitionDelay {
  readonly partition: number;
  readonly topics: readonly string[];
  readonly seconds: number;
}

/** Why what is known of a partition's patients is not the present, and since when, by the clock. */
export interface NotPresent {
  /** unread: nobody reads it. behind: not all of it is read. */
  readonly cause: 'unread' | 'behind';
  /** What was appended up to then is read; null: not known. */
  readonly since: EpochMs | null;
}

export interface BehindOptions {
  /** So old the oldest input not read may be, in milliseconds. */
  readonly afterMs: number;
  readonly notices: NoticeBoard;
  readonly onWarning: (message: string) => void;
}

const NOTICE = 'partition-behind';
const UNREAD = 'partition-unread';
/** Unread is what nobody has answered for so long. */
const UNREAD_MS = 6000;
/** Found so often in a row: a process that was stopped finds everything old, and reads it before it looks again. */
const TIMES = 2;
/** Topics whose delays differ by less are behind alike. */
const ALIKE_SECONDS = 1;

/** Tells of partitions that are not read to their end for long: their patients are watched late, and nothing escalates there. */
export class BehindWatch {
  readonly #options: BehindOptions;
  /** By partition, when it was first seen. */
  readonly #since = new Map<number, EpochMs>();
  /** By partition, how often in a row it was found behind. */
  readonly #found = new Map<number, number>();
  /** By partition, how often in a row no answer had come for it. */
  readonly #unanswered = new Map<number, number>();
  /** By partition, up to when it is read. */
  readonly #through = new Map<number, EpochMs>();
  #delays: readonly PartitionDelay[] = [];

  constructor(options: BehindOptions) {
    this.#options = options;
  }

  /** By partition, as of the last look. */
  get delays(): readonly PartitionDelay[] {
    return this.#delays;
  }

  /** Those that have been told of, and are still behind. */
  get behind(): readonly PartitionDelay[] {
    return this.#delays.filter(({ partition }) => (this.#found.get(partition) ?? 0) >= TIMES);
  }

  /** Up to when a partition is read; null: not known. */
  readThrough(partition: number): EpochMs | null {
    const through = this.#through.get(partition) ?? Number.NEGATIVE_INFINITY;
    return Number.isFinite(through) ? through : null;
  }

  /** Why the patients of a partition are not watched as of now; null where they are. */
  notPresent(partition: number): NotPresent | null {
    const since = this.readThrough(partition);
    if ((this.#unanswered.get(partition) ?? 0) >= TIMES) return { cause: 'unread', since };
    return (this.#found.get(partition) ?? 0) >= TIMES ? { cause: 'behind', since } : null;
  }

  /** Looks at all topics there are; to be called every second or so. */
  look(progress: readonly TopicProgress[], now: EpochMs): void {
    const delays = new Map<number, { readonly topic: string; readonly seconds: number }[]>();
    this.#through.clear();
    for (const { partition, topic, completeThrough } of progress) {
      this.#through.set(partition, Math.min(this.#through.get(partition) ?? now, completeThrough));
      const since = this.#since.get(partition) ?? now;
      this.#since.set(partition, since);
      const seconds = Math.max(0, now - Math.max(completeThrough, since)) / 1000;
      delays.set(partition, [...(delays.get(partition) ?? []), { topic, seconds }]);
    }
    this.#lookForAnswers(progress);
    for (const partition of this.#since.keys()) if (!delays.has(partition)) this.#forget(partition);
    this.#delays = [...delays]
      .map(([partition, each]) => {
        const seconds = Math.max(...each.map((topic) => topic.seconds));
        const furthest = each.filter((topic) => topic.seconds > seconds - ALIKE_SECONDS);
        return { partition, topics: furthest.map(({ topic }) => topic), seconds };
      })
      .sort((a, b) => a.partition - b.partition);
    for (const delay of this.#delays) this.#judge(delay);
  }

  /** Where no broker answers at all, the bus tells of it: here it is told of single partitions. */
  #lookForAnswers(progress: readonly TopicProgress[]): void {
    const longest = new Map<number, number>();
    for (const { partition, unansweredMs } of progress)
      longest.set(partition, Math.max(longest.get(partition) ?? 0, unansweredMs));
    const isAnyRead = [...longest.values()].some((ms) => ms <= UNREAD_MS);
    for (const [partition, ms] of longest) {
      const before = this.#unanswered.get(partition) ?? 0;
      const found = ms > UNREAD_MS ? before + 1 : 0;
      this.#unanswered.set(partition, found);
      if (found === TIMES && isAnyRead) this.#tellUnread(partition);
      if (found === 0 && before >= TIMES) this.#options.notices.clear(UNREAD, String(partition));
    }
  }

  #tellUnread(partition: number): void {
    const what = `partition ${partition}: no broker has answered for it for ${UNREAD_MS / 1000} s`;
    this.#options.onWarning(`${what}; its patients are not watched`);
    const detail = `${what}. Its patients are not watched: look at the bedside monitors, and tell who runs Wardstream. Are the brokers up?`;
    this.#options.notices.raise({ kind: UNREAD, subject: String(partition), priority: 'HIGH', detail });
  }

  #judge(delay: PartitionDelay): void {
    const { partition, topics, seconds } = delay;
    const found = this.#found.get(partition) ?? 0;
    // What nobody reads is told of as that.
    const isUnread = (this.#unanswered.get(partition) ?? 0) >= TIMES;
    const isBehind = seconds * 1000 > this.#options.afterMs && !isUnread;
    if (isBehind && found + 1 === TIMES) {
      const where = `partition ${partition}: not all is read of ${topics.join(', ')} since ${Math.round(seconds)} s`;
      this.#options.onWarning(`${where}; its patients are watched late, and alerts there do not escalate`);
      const detail = `${where}. Values, scores and alerts of the patients in it may be late, and their alerts do not escalate: look at the bedside monitors, and tell who runs Wardstream.`;
      this.#options.notices.raise({ kind: NOTICE, subject: String(partition), priority: 'MEDIUM', detail });
    }
    if (!isBehind && found >= TIMES) {
      this.#options.onWarning(`partition ${partition} is read to its end again`);
      this.#options.notices.clear(NOTICE, String(partition));
    }
    this.#found.set(partition, isBehind ? found + 1 : 0);
  }

  /** The partition is another process's, which tells of it now. */
  #forget(partition: number): void {
    this.#since.delete(partition);
    this.#found.delete(partition);
    const wasUnread = (this.#unanswered.get(partition) ?? 0) >= TIMES;
    this.#unanswered.delete(partition);
    if (wasUnread) this.#options.notices.clear(UNREAD, String(partition));
    this.#options.notices.clear(NOTICE, String(partition));
  }
}
