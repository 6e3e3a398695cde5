import type { NotLiveView, PatientView } from '../contract/protocol.js';
import type { NotPresent } from '../engine/behind.js';
import type { FeedState } from '../engine/feed-watch.js';
import type { EpochMs } from '../events/event.js';

export const CAUSES: readonly NotLiveView['cause'][] = ['unread', 'behind', 'silent'];

/** Whether somebody reads a partition up to now; null where that is so. */
export type NotPresentOf = (partition: number) => NotPresent | null;

/** Whether what is shown of each patient is live: whether it is read up to now, and whether anything comes. */
export class Liveness {
  readonly #partitions = new Map<string, number>();
  readonly #feeds = new Map<string, FeedState>();
  readonly #silentSince = new Map<string, EpochMs>();
  /** Causes as of the last look. */
  readonly #told = new Map<string, NotLiveView['cause'] | undefined>();
  #notPresentOf: NotPresentOf = () => null;

  /** From now on `notPresentOf` tells which partitions are read. */
  follow(notPresentOf: NotPresentOf): void {
    this.#notPresentOf = notPresentOf;
  }

  /** A stay is shown from now on, whose events come from there. */
  place(patientId: string, partition: number): void {
    this.#partitions.set(patientId, partition);
    this.#feeds.delete(patientId);
    this.#silentSince.delete(patientId);
  }

  partitionOf(patientId: string): number | undefined {
    return this.#partitions.get(patientId);
  }

  /** Nothing has come for so long that the engine keeps nothing of the patient; null: something has again. */
  silence(patientId: string, since: EpochMs | null): void {
    if (since === null) this.#silentSince.delete(patientId);
    else this.#silentSince.set(patientId, since);
  }

  noteFeed(state: FeedState): void {
    this.#feeds.set(state.patientId, state);
  }

  forget(patientId: string): void {
    for (const each of [this.#partitions, this.#feeds, this.#silentSince, this.#told]) each.delete(patientId);
  }

  clear(): void {
    for (const each of [this.#partitions, this.#feeds, this.#silentSince, this.#told]) each.clear();
  }

  /** Puts into the view what holds now. */
  show(view: PatientView): void {
    const feed = this.#feeds.get(view.patientId);
    if (feed !== undefined) {
      const { usualMs, silentAfterMs, silent } = feed;
      view.feed = { usualMs, silentAfterMs, silent };
    }
    const notLive = this.#of(view);
    if (notLive === null) delete view.notLive;
    else view.notLive = notLive;
  }

  /** Patients of whom another thing holds than at the last call. */
  changed(views: Iterable<PatientView>): string[] {
    const changed: string[] = [];
    for (const view of views) {
      const { patientId } = view;
      const cause = this.#of(view)?.cause;
      if (cause === this.#told.get(patientId)) continue;
      this.#told.set(patientId, cause);
      changed.push(patientId);
    }
    return changed;
  }

  /** Patients by what keeps them from being live. */
  counts(views: Iterable<PatientView>): Map<NotLiveView['cause'], number> {
    const counts = new Map(CAUSES.map((cause) => [cause, 0]));
    for (const view of views) {
      const cause = this.#of(view)?.cause;
      if (cause !== undefined) counts.set(cause, (counts.get(cause) ?? 0) + 1);
    }
    return counts;
  }

  /** What is not read says nothing of the feed: that comes first. */
  #of({ patientId, lastEventAt }: PatientView): NotLiveView | null {
    const partition = this.#partitions.get(patientId);
    const notPresent = partition === undefined ? null : this.#notPresentOf(partition);
    if (notPresent !== null) return { cause: notPresent.cause, since: notPresent.since ?? lastEventAt };
    const since = this.#feeds.get(patientId)?.silentSince ?? this.#silentSince.get(patientId) ?? null;
    return since === null ? null : { cause: 'silent', since };
  }
}
