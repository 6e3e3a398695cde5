import { PROTOCOL_VERSION, type ServerFrame, SUBPROTOCOL, type SubscribeFrame } from './protocol.js';
import { applyFrame, EMPTY_WARD, type Ward } from './state.js';

/** How the page stands with the server. */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `since`: when the last frame came, viewer's time; null if none ever did. */
  | { readonly kind: 'lost'; readonly since: number | null }
  /** The server does not accept the token: trying again would not help. */
  | { readonly kind: 'refused' }
  /** The server speaks a protocol this page does not. */
  | { readonly kind: 'incompatible'; readonly version: number };

/** What the page shows. */
export interface Feed {
  readonly link: Link;
  readonly ward: Ward;
  /** Viewer's time when the stream's clock last moved. */
  readonly clockMovedAt: number;
}

export const NO_FEED: Feed = { link: { kind: 'connecting' }, ward: EMPTY_WARD, clockMovedAt: 0 };

/** Without a frame for this long (heartbeats come every 2 s) the connection counts as lost; people see it within 5 s. */
const SILENCE_MS = 4500;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 10_000;
const TOKEN_KEY = 'wardstream-token';

/** The access token from the address (`#token=…`), kept for the session and removed from the address bar. */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null && given !== '') {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(TOKEN_KEY);
}

/** Keeps a feed up to date until closed; resumes after the last alert seen. */
export class Connection {
  readonly #token: string;
  readonly #onFeed: (feed: Feed) => void;
  #feed = NO_FEED;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #lastFrameAt: number | null = null;
  /** Whether the present socket has brought anything. */
  #heard = false;
  #closed = false;

  constructor(token: string, onFeed: (feed: Feed) => void) {
    this.#token = token;
    this.#onFeed = onFeed;
    this.#open();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#abandonSocket();
  }

  #open(): void {
    const address = `${location.origin.replace(/^http/, 'ws')}/ws`;
    const socket = new WebSocket(address, [SUBPROTOCOL, `bearer.${this.#token}`]);
    this.#socket = socket;
    this.#heard = false;
    this.#expectFrame();
    socket.onmessage = ({ data }) => this.#receive(socket, String(data));
    socket.onclose = () => this.#lose();
  }

  #receive(socket: WebSocket, text: string): void {
    const frame = parseFrame(text);
    if (frame === undefined) return;
    if (frame.type === 'hello') {
      if (frame.version !== PROTOCOL_VERSION) {
        this.close();
        this.#update({ link: { kind: 'incompatible', version: frame.version } });
        return;
      }
      const { cursor } = this.#feed.ward;
      const resume = cursor === undefined ? {} : { resumeFrom: cursor };
      const subscribe: SubscribeFrame = { type: 'subscribe', wards: ['*'], ...resume };
      socket.send(JSON.stringify(subscribe));
    }
    // Heartbeats alone do not make up for a snapshot that never comes.
    if (this.#feed.link.kind === 'live' || frame.type !== 'heartbeat') this.#expectFrame();
    this.#heard = true;
    this.#lastFrameAt = Date.now();
    const ward = applyFrame(this.#feed.ward, frame);
    const moved = ward.clock !== this.#feed.ward.clock;
    const clockMovedAt = moved ? this.#lastFrameAt : this.#feed.clockMovedAt;
    // Until the snapshot is here, what the page holds is still of before the break.
    if (frame.type === 'snapshot') {
      this.#attempts = 0;
      this.#update({ link: { kind: 'live' }, ward, clockMovedAt });
    } else {
      this.#update({ ward, clockMovedAt });
    }
  }

  #expectFrame(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), SILENCE_MS);
  }

  /** Does not wait for the socket to close: on a dead network that takes much longer than a person should. */
  #lose(): void {
    clearTimeout(this.#timer);
    this.#abandonSocket();
    this.#update({ link: { kind: 'lost', since: this.#lastFrameAt } });
    const wait = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#attempts++);
    this.#timer = setTimeout(() => void this.#retry(), wait * (0.5 + Math.random() / 2));
  }

  /** A browser hides why a WebSocket was refused, so plain HTTP is asked whether the token still holds. */
  async #retry(): Promise<void> {
    const refused = !this.#heard && (await this.#probe()) === 401;
    if (this.#closed) return;
    if (!refused) {
      this.#open();
      return;
    }
    sessionStorage.removeItem(TOKEN_KEY);
    this.#update({ link: { kind: 'refused' }, ward: EMPTY_WARD });
  }

  async #probe(): Promise<number | undefined> {
    try {
      const headers = { authorization: `Bearer ${this.#token}` };
      const signal = AbortSignal.timeout(SILENCE_MS);
      return (await fetch('/api/v1/alerts?limit=1', { headers, signal })).status;
    } catch {
      return undefined;
    }
  }

  #abandonSocket(): void {
    if (this.#socket === undefined) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = undefined;
  }

  #update(change: Partial<Feed>): void {
    this.#feed = { ...this.#feed, ...change };
    this.#onFeed(this.#feed);
  }
}

/** Undefined for what is not a frame; silence then counts as loss. */
function parseFrame(text: string): ServerFrame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === 'object' && frame !== null && 'type' in frame
      ? (frame as ServerFrame)
      : undefined;
  } catch {
    return undefined;
  }
}
