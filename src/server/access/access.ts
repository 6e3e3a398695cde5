import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from '../problem.js';
import { Failures } from './failures.js';
import type { Principal } from './principal.js';
import { ProviderAway } from './provider-keys.js';
import { networkOf, Proxies } from './proxies.js';
import { SECURE_COOKIE, SESSION_COOKIE, type Sessions } from './sessions.js';
import { TokenError, type TokenVerifier } from './tokens.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const RETRY_AFTER_S = 10;

export interface AccessOptions {
  readonly verify: TokenVerifier;
  readonly sessions: Sessions;
  /** Origins besides the server's own whose pages may connect. */
  readonly origins: readonly string[];
  /** Proxies whose headers are believed. */
  readonly trustedProxies: readonly string[];
  /** Whether browsers come by TLS whatever the proxies say. */
  readonly secureCookie?: boolean | undefined;
  readonly now: () => number;
}

/** What someone shows to come in. */
interface Credential {
  readonly kind: 'token' | 'session';
  readonly value: string;
}

/**
 * Says who sends a request or opens a WebSocket: by bearer token (header, or subprotocol `bearer.TOKEN`), or by the
 * browser's session cookie. A cookie comes along with requests that other sites make, so with it anything but reading
 * needs an Origin that is ours; a WebSocket needs that whichever way, since no same-origin policy guards it.
 */
export class Access {
  readonly #options: AccessOptions;
  readonly #failures: Failures;
  readonly #proxies: Proxies;
  /** Each request is judged, and counts as a failure, once. */
  readonly #identified = new WeakMap<IncomingMessage, Promise<Principal>>();
  readonly sessions: Sessions;
  /** Whose pages may connect besides the server's own. */
  readonly origins: ReadonlySet<string>;

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#failures = new Failures(options.now);
    this.#proxies = new Proxies(options.trustedProxies);
    this.sessions = options.sessions;
    this.origins = new Set(options.origins.map((each) => new URL(each).origin));
  }

  /**
   * @throws HttpProblem 401 without a valid token, 403 from a foreign page, 429 instead of 401 after too many failures from
   * there, 503 where the identity provider would have to be asked and does not answer.
   */
  identify(message: IncomingMessage): Promise<Principal> {
    let identified = this.#identified.get(message);
    if (identified === undefined) {
      identified = this.#identify(message);
      this.#identified.set(message, identified);
    }
    return identified;
  }

  /** What a request counts for in the limits: its token where that is valid, else where it comes from. */
  async limitKeyOf(message: IncomingMessage): Promise<string> {
    const credential = this.#credentialOf(message);
    const isValid = credential !== null && (await this.identify(message).then(yes, no));
    if (!isValid) return `address ${networkOf(this.addressOf(message))}`;
    return `token ${createHash('sha256').update(credential.value).digest('base64url')}`;
  }

  /** Counts a failed attempt. @throws HttpProblem 429 where there have been too many from there. */
  fail(message: IncomingMessage): void {
    if (this.#failures.add(this.addressOf(message))) {
      throw new HttpProblem(429, 'too many tokens that are not valid; wait a minute', { retryAfterS: 60 });
    }
  }

  /** Where a request comes from. */
  addressOf(message: IncomingMessage): string {
    return this.#proxies.addressOf(message);
  }

  /** Whether the browser's connection is encrypted. */
  isSecure(message: IncomingMessage): boolean {
    return this.#options.secureCookie ?? this.#proxies.isSecure(message);
  }

  /** The host that the browser asked for. */
  hostOf(message: IncomingMessage): string {
    return this.#proxies.hostOf(message);
  }

  /** The value of the session cookie; undefined where there is none. */
  sessionOf(message: IncomingMessage): string | undefined {
    return cookieOf(message, this.cookieOf(message));
  }

  /** Name of the session cookie: over TLS another one, which browsers hold to this host. */
  cookieOf(message: IncomingMessage): string {
    return this.isSecure(message) ? SECURE_COOKIE : SESSION_COOKIE;
  }

  /** @throws HttpProblem 401 saying why, 503 where it cannot be told. */
  async verify(token: string): Promise<Principal> {
    try {
      return await this.#options.verify(token);
    } catch (error) {
      if (error instanceof TokenError) throw new HttpProblem(401, error.message);
      if (error instanceof ProviderAway)
        throw new HttpProblem(503, error.message, { retryAfterS: RETRY_AFTER_S });
      throw error;
    }
  }

  async #identify(message: IncomingMessage): Promise<Principal> {
    const isUpgrade = message.headers.upgrade !== undefined;
    if (isUpgrade && message.headers.origin !== undefined) this.#checkOrigin(message);
    const credential = this.#credentialOf(message);
    try {
      if (credential === null) throw new HttpProblem(401, 'a valid access token is needed');
      if (credential.kind === 'token') return await this.verify(credential.value);
      const isSafe = !isUpgrade && SAFE_METHODS.has(message.method ?? '');
      if (!isSafe) this.#checkOrigin(message);
      return await this.#resume(credential.value, message);
    } catch (error) {
      if (error instanceof HttpProblem && error.status === 401) this.fail(message);
      throw error;
    }
  }

  async #resume(session: string, message: IncomingMessage): Promise<Principal> {
    try {
      return await this.sessions.open(session, this.hostOf(message));
    } catch (error) {
      if (error instanceof TokenError) throw new HttpProblem(401, error.message);
      throw error;
    }
  }

  #credentialOf(message: IncomingMessage): Credential | null {
    const bearer = bearerOf(message);
    if (bearer !== undefined) return { kind: 'token', value: bearer };
    const session = this.sessionOf(message);
    return session === undefined ? null : { kind: 'session', value: session };
  }

  #checkOrigin(message: IncomingMessage): void {
    const { origin } = message.headers;
    if (origin !== undefined && URL.canParse(origin)) {
      const from = new URL(origin);
      if (from.host === this.hostOf(message) || this.origins.has(from.origin)) return;
    }
    throw new HttpProblem(403, 'requests from this origin are not accepted');
  }
}

const yes = () => true;
const no = () => false;

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
