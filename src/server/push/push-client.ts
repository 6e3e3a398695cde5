import type { WebSocket } from 'ws';
import { CLOSE, type ServerFrame } from '../../contract/protocol.js';
import type { ScopedWard } from '../access/scoped-ward.js';
import type { Audience } from './audience.js';
import type { Subscription } from './subscription.js';

/** A client with more than this unread gets no patients until it has caught up. */
const MAX_BUFFERED_VALUES = 262_144;
/** A client with more than this unread is too slow for alerts. */
const MAX_BUFFERED_ALERTS = 1_048_576;
/** A client that was told to go is cut off after this long, so that what it does not read is let go. */
const CLOSING_MS = 5000;
/** `setTimeout` cannot wait longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Frames a client may send in a window. */
const MAX_FRAMES = 30;
const FRAMES_WINDOW_MS = 10_000;

/** One WebSocket client: what it may see, what it wants, and how far it has kept up. */
export class PushClient {
  readonly socket: WebSocket;
  scope: ScopedWard;
  /** Where it comes from. */
  readonly address: string;
  /** Whom it has been shown, with those who are sent the same; null until it has been sent a snapshot. */
  audience: Audience | null = null;
  /** What it subscribed, in its words. */
  asked = '';
  /** Null until it has subscribed, and while what it missed is looked up. */
  subscription: Subscription | null = null;
  /** Counts subscriptions, so that an older one that is still looked up can tell. */
  generation = 0;
  /** The round of changes during which it subscribed. */
  subscribedIn = -1;
  /** Patients that changed while the client was not keeping up. */
  readonly dirty = new Set<string>();
  /** Whether it has answered the last ping. */
  isAlive = true;
  #allowance = 0;
  #expiry: NodeJS.Timeout | undefined;
  #frames = 0;
  #framesSince = 0;

  constructor(socket: WebSocket, scope: ScopedWard, address: string) {
    this.socket = socket;
    this.address = address;
    this.scope = scope;
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Whether there is room for what can wait. */
  get hasRoom(): boolean {
    return this.socket.bufferedAmount <= MAX_BUFFERED_VALUES;
  }

  /** Sends what must not be dropped; a client that cannot take it is closed, and resumes. */
  sendAlert(data: Buffer): void {
    if (!this.isOpen) return;
    if (this.socket.bufferedAmount > MAX_BUFFERED_ALERTS + this.#allowance) {
      this.close(CLOSE.tooSlow, 'too slow; reconnect and resume from the last cursor');
      return;
    }
    this.send(data);
  }

  send(data: Buffer): void {
    if (this.isOpen) this.socket.send(data, { binary: false });
  }

  /** Sends the answer to a subscription, however large: a client is not too slow because there is much to say. */
  sendAll(frames: readonly ServerFrame[]): void {
    for (const frame of frames) this.send(encode(frame));
    this.#allowance = this.socket.bufferedAmount;
  }

  close(code: number, reason: string): void {
    clearTimeout(this.#expiry);
    if (!this.isOpen) return;
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), CLOSING_MS).unref();
  }

  /** Closes the connection when its token ends. */
  expireAt(now: () => number): void {
    clearTimeout(this.#expiry);
    const { expiresAt } = this.scope.principal;
    if (expiresAt === null) return;
    const left = expiresAt - now();
    if (left <= 0) {
      this.close(CLOSE.unauthorized, 'the token has expired; reconnect with a new one');
      return;
    }
    this.#expiry = setTimeout(() => this.expireAt(now), Math.min(left, MAX_TIMER_MS));
    this.#expiry.unref();
  }

  /** Whether the client may send one more frame now. */
  mayReceive(now: number): boolean {
    if (now - this.#framesSince > FRAMES_WINDOW_MS) {
      this.#framesSince = now;
      this.#frames = 0;
    }
    return ++this.#frames <= MAX_FRAMES;
  }

  forget(): void {
    clearTimeout(this.#expiry);
  }
}

export function encode(frame: ServerFrame): Buffer {
  return Buffer.from(JSON.stringify(frame));
}
