import type { NoticeBoard } from '../alerts/notices.js';
import { TrustNotices } from '../alerts/trust-notices.js';
import { UnusedValues } from '../alerts/unused-values.js';
import { ValuesBehind } from '../alerts/values-behind.js';
import { variableIndex } from '../clinical/variables.js';
import type { EpochMs } from '../events/event.js';
import type { Config } from '../settings/config.js';
import { FeedWatch, type FeedWatchOptions } from './feed-watch.js';
import type { Outputs } from './outputs.js';

export interface BedWatchesOptions extends Pick<FeedWatchOptions, 'patients' | 'watermarks' | 'onWarning'> {
  readonly board: NoticeBoard;
  /** Whether values are missed where they cease. */
  readonly watchesFeeds: boolean;
  readonly feeds: Config['align']['feeds'];
}

/** What is told of beds as technical notices: values that are not used, that are set aside, that are behind, and that cease. */
export class BedWatches {
  readonly #trust: TrustNotices;
  readonly #unused: UnusedValues;
  readonly #behind: ValuesBehind;
  readonly #feeds: FeedWatch | null;

  constructor({ board, watchesFeeds, feeds, patients, watermarks, onWarning }: BedWatchesOptions) {
    this.#unused = new UnusedValues(board);
    this.#behind = new ValuesBehind(board);
    this.#trust = new TrustNotices(board, (patientId) => this.#behind.lagOf(patientId));
    const { multiple, floorMs } = feeds;
    const usualMs = new Map(Object.entries(feeds.usualMs).map(([id, ms = 0]) => [variableIndex(id), ms]));
    const limits = { multiple, floorMs, usualMs };
    this.#feeds = watchesFeeds ? new FeedWatch({ limits, patients, watermarks, board, onWarning }) : null;
  }

  /** What a batch led to, at the clock's time `now`. */
  note(outputs: Outputs, now: EpochMs): void {
    this.#behind.note(outputs, now);
    this.#trust.note(outputs, now);
    this.#unused.note(outputs, now);
    this.#feeds?.note(outputs);
  }
}
