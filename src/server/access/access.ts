import type { IncomingMessage } from 'node:http';
import { HttpProblem } from '../problem.js';
import type { Principal } from './principal.js';
import { TokenError, type TokenVerifier } from './tokens.js';

/** Name of the browser's session cookie. */
export const SESSION_COOKIE = 'wardstream-session';
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface AccessOptions {
  readonly verify: TokenVerifier;
  /** Origins besides the server's own whose pages may connect. */
  readonly origins: readonly string[];
  readonly now: () => number;
}

/** Tokens that were not valid, from one address, in a minute; after these nothing more is verified for it. */
const MAX_FAILURES = 60;
const FAILURES_WINDOW_MS = 60_000;
/** Addresses remembered. */
const MAX_ADDRESSES = 10_000;

/**
 * Says who sends a request or opens a WebSocket: by bearer token (header, or subprotocol `bearer.TOKEN`), or by the
 * browser's session cookie. A cookie comes along with requests that other sites make, so with it anything but reading
 * needs an Origin that is ours; a WebSocket needs that whichever way, since no same-origin policy guards it.
 */
export class Access {
  readonly #verify: TokenVerifier;
  readonly #now: () => number;
  readonly #failures = new Map<string, { count: number; since: number }>();
  /** Whose pages may connect besides the server's own. */
  readonly origins: ReadonlySet<string>;

  constructor({ verify, origins, now }: AccessOptions) {
    this.#verify = verify;
    this.#now = now;
    this.origins = new Set(origins.map((each) => new URL(each).origin));
  }

  /** @throws HttpProblem 401 without a valid token, 403 from a foreign page, 429 after too many wrong tokens. */
  async identify(message: IncomingMessage): Promise<Principal> {
    const address = remoteAddress(message);
    if (this.#hasGuessed(address))
      throw new HttpProblem(429, 'too many tokens that are not valid; wait a minute');
    try {
      return await this.#identify(message);
    } catch (error) {
      if (error instanceof HttpProblem && error.status === 401) this.#fail(address);
      throw error;
    }
  }

  async #identify(message: IncomingMessage): Promise<Principal> {
    const bearer = bearerOf(message);
    const isUpgrade = message.headers.upgrade !== undefined;
    const { origin } = message.headers;
    if (isUpgrade && origin !== undefined) this.#checkOrigin(message);
    if (bearer !== undefined) return this.verify(bearer);
    const session = cookieOf(message, SESSION_COOKIE);
    if (session === undefined) throw new HttpProblem(401, 'a valid access token is needed');
    const isSafe = !isUpgrade && SAFE_METHODS.has(message.method ?? '');
    if (!isSafe) this.#checkOrigin(message);
    return this.verify(session);
  }

  /** @throws HttpProblem 401 saying why. */
  async verify(token: string): Promise<Principal> {
    try {
      return await this.#verify(token);
    } catch (error) {
      if (error instanceof TokenError) throw new HttpProblem(401, error.message);
      throw error;
    }
  }

  #hasGuessed(address: string): boolean {
    const failures = this.#failures.get(address);
    if (failures === undefined) return false;
    if (this.#now() - failures.since > FAILURES_WINDOW_MS) {
      this.#failures.delete(address);
      return false;
    }
    return failures.count >= MAX_FAILURES;
  }

  #fail(address: string): void {
    const failures = this.#failures.get(address);
    if (failures !== undefined) {
      failures.count++;
      return;
    }
    if (this.#failures.size >= MAX_ADDRESSES)
      this.#failures.delete(this.#failures.keys().next().value as string);
    this.#failures.set(address, { count: 1, since: this.#now() });
  }

  #checkOrigin({ headers: { origin, host } }: IncomingMessage): void {
    if (origin !== undefined && URL.canParse(origin)) {
      const from = new URL(origin);
      if (from.host === host || this.origins.has(from.origin)) return;
    }
    throw new HttpProblem(403, 'requests from this origin are not accepted');
  }
}

/** Where a request comes from, as the network says; a header could say anything. */
export function remoteAddress({ socket }: IncomingMessage): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

/** The token of the `Authorization` header or of the WebSocket subprotocols; undefined where there is none. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  const header = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (header !== undefined) return header;
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
  return offered.find((each) => each.startsWith('bearer.'))?.slice('bearer.'.length);
}

function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}
