import type { Observable } from 'rxjs';
import type { ReplayState } from '../contract/protocol.js';
import type { EpochMs } from '../events/event.js';

/**
 * The replay clock as the API drives it. Whoever replays implements it and hands it to `WardServer.open`; a live server
 * has none. After a `seek` the implementer calls `WardView.reset` before it sends what is before the new time, so that
 * every client gets a new snapshot.
 */
export interface ReplayControl {
  readonly state: ReplayState;
  /** The state whenever it changes by more than the passing of time; the server adds the time with each heartbeat. */
  readonly changes$: Observable<ReplayState>;
  play(): void;
  pause(): void;
  /** Event time per real time; null is as fast as it goes. */
  setSpeed(speed: number | null): void;
  /** Goes on from another event time, forwards or back; resolves when the ward stands there. */
  seek(time: EpochMs): Promise<void>;
}
