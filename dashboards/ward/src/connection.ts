import { type ClientState, connect, type WardClient } from '../../../src/client/browser.js';
import type { ServerTime } from './clock.js';
import type { ServerFrame } from './protocol.js';
import { applyFrame, EMPTY_WARD, type Ward } from './state.js';

/** How the page stands with the server. */
export type Link = ClientState;

/** What the page shows. */
export interface Feed {
  readonly link: Link;
  readonly ward: Ward;
  /** Of a live stream, what the newest frame that tells it said of the server's time; null: none has. */
  readonly server: ServerTime | null;
  /** Viewer's time when the stream's clock last moved. */
  readonly clockMovedAt: number;
}

export const NO_FEED: Feed = {
  link: { kind: 'connecting' },
  ward: EMPTY_WARD,
  server: null,
  clockMovedAt: 0,
};

const FRAMES = [
  'hello',
  'snapshot',
  'patients',
  'discharged',
  'alert',
  'withdrawn',
  'heartbeat',
  'replay',
] as const;

/**
 * What this page's own server tells, in the name of the session cookie, from the first frame on: nothing is missed
 * between connecting and whoever listens.
 */
export class WardFeed {
  readonly client: WardClient;
  #feed = NO_FEED;
  #listener: (feed: Feed) => void = () => undefined;

  constructor() {
    this.client = connect({ url: location.origin, wards: ['*'] });
    for (const type of FRAMES) {
      this.client.on(type, (frame) => {
        const ward = applyFrame(this.#feed.ward, frame);
        const hasMoved = ward.clock !== this.#feed.ward.clock;
        const clockMovedAt = hasMoved ? Date.now() : this.#feed.clockMovedAt;
        this.#update({ ward, clockMovedAt, server: serverTimeOf(frame) ?? this.#feed.server });
      });
    }
    this.client.on('state', (link) =>
      this.#update(link.kind === 'refused' ? { link, ward: EMPTY_WARD } : { link }),
    );
  }

  get current(): Feed {
    return this.#feed;
  }

  /** Calls `listener` from now on, in place of whoever listened before; the function returned ends that. */
  listen(listener: (feed: Feed) => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = () => undefined;
    };
  }

  #update(change: Partial<Feed>): void {
    this.#feed = { ...this.#feed, ...change };
    this.#listener(this.#feed);
  }
}

/** A page that has just been opened knows from the server how old what it shows is. */
function serverTimeOf(frame: ServerFrame): ServerTime | null {
  if (!('now' in frame) || frame.now === undefined) return null;
  return { now: frame.now, wallAt: Date.now(), passedAt: performance.now() };
}
