import type { EpochMs } from '../events/event.js';
import type { BehindWatch, NotPresent } from './behind.js';
import type { CatchUp } from './catch-up.js';

export interface PresenceOptions {
  readonly behind: BehindWatch;
  readonly catchUp: CatchUp;
  /** Whether the group still counts this process as a member, as far as that is known. */
  readonly isMember: () => boolean;
  /** Asks the group the same. */
  readonly confirm: () => Promise<boolean>;
  /** Event time up to which a partition's input is used. */
  readonly usedTo: (partition: number) => EpochMs | undefined;
}

/** How it stands with a partition. */
export interface PartitionNow {
  readonly state: 'restoring' | 'live' | NotPresent['cause'];
  /** What was appended up to then is read; null: not known. */
  readonly readThrough: EpochMs | null;
  /** Event time of the newest input used; null: none is. */
  readonly eventTime: EpochMs | null;
  /** How old the oldest input is that is not read. */
  readonly lagMs: number;
}

/** Whether what this process knows of its patients is the present, by partition. */
export class Presence {
  readonly #options: PresenceOptions;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Whether the group says that this process is one of it. */
  confirm(): Promise<boolean> {
    return this.#options.confirm();
  }

  /** Why what is known of a partition's patients is not the present; null where it is. */
  notPresent(partition: number): NotPresent | null {
    const { behind, catchUp, isMember } = this.#options;
    const found = behind.notPresent(partition);
    if (!isMember()) return { cause: 'unread', since: found?.since ?? null };
    return found ?? (catchUp.isPresent(partition) ? null : { cause: 'behind', since: null });
  }

  /** How it stands with a partition of this process. */
  of(partition: number): PartitionNow {
    const { behind, catchUp, usedTo } = this.#options;
    const found = this.notPresent(partition);
    const delay = behind.delays.find((each) => each.partition === partition);
    const used = usedTo(partition) ?? Number.NaN;
    return {
      state: catchUp.isPresent(partition) ? (found?.cause ?? 'live') : 'restoring',
      readThrough: behind.readThrough(partition),
      eventTime: Number.isFinite(used) ? Math.round(used) : null,
      lagMs: Math.round((delay?.seconds ?? 0) * 1000),
    };
  }
}
