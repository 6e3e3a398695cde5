import { type ClientState, connect, type WardClient } from '../../../src/client/browser.js';
import type { ServerFrame } from './protocol.js';
import { applyFrame, EMPTY_WARD, type Ward } from './state.js';

/** How the page stands with the server. */
export type Link = ClientState;

/** What the page shows. */
export interface Feed {
  readonly link: Link;
  readonly ward: Ward;
  /** Viewer's time when the stream's clock last moved; of a live stream that the server says is behind, so much earlier. */
  readonly clockMovedAt: number;
}

export const NO_FEED: Feed = { link: { kind: 'connecting' }, ward: EMPTY_WARD, clockMovedAt: 0 };

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
        this.#update({ ward, clockMovedAt: this.#movedAt(frame, ward) });
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

  /** A page that has just been opened knows from the server how old what it shows is. */
  #movedAt(frame: ServerFrame, { clock }: Ward): number {
    const now = Date.now();
    if ('now' in frame && frame.now !== undefined && clock > 0) return now - Math.max(0, frame.now - clock);
    return clock === this.#feed.ward.clock ? this.#feed.clockMovedAt : now;
  }

  #update(change: Partial<Feed>): void {
    this.#feed = { ...this.#feed, ...change };
    this.#listener(this.#feed);
  }
}
