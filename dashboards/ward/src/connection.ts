import { type ClientState, connect, type WardClient } from '../../../src/client/browser.js';
import { applyFrame, EMPTY_WARD, type Ward } from './state.js';

/** How the page stands with the server. */
export type Link = ClientState;

/** What the page shows. */
export interface Feed {
  readonly link: Link;
  readonly ward: Ward;
  /** Viewer's time when the stream's clock last moved. */
  readonly clockMovedAt: number;
}

export const NO_FEED: Feed = { link: { kind: 'connecting' }, ward: EMPTY_WARD, clockMovedAt: 0 };

const FRAMES = ['hello', 'snapshot', 'patients', 'discharged', 'alert', 'heartbeat', 'replay'] as const;

/** A client of this page's own server, in the name of the session cookie. */
export function openClient(): WardClient {
  return connect({ url: location.origin, wards: ['*'] });
}

/** Tells what the client receives, as the page shows it. The function returned ends that. */
export function watch(client: WardClient, onFeed: (feed: Feed) => void): () => void {
  let feed = NO_FEED;
  const update = (change: Partial<Feed>) => {
    feed = { ...feed, ...change };
    onFeed(feed);
  };
  const endings = FRAMES.map((type) =>
    client.on(type, (frame) => {
      const ward = applyFrame(feed.ward, frame);
      const moved = ward.clock !== feed.ward.clock;
      update({ ward, clockMovedAt: moved ? Date.now() : feed.clockMovedAt });
    }),
  );
  endings.push(
    client.on('state', (link) => update(link.kind === 'refused' ? { link, ward: EMPTY_WARD } : { link })),
  );
  return () => {
    for (const end of endings) end();
  };
}
