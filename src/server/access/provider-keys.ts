import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { MINUTE_MS } from '../../durations.js';

/** Keys older than this are asked for again, beside the requests that use them. */
const FRESH_MS = 10 * MINUTE_MS;
/** The provider is asked at most so often for keys that are not known; and so often after it did not answer. */
const PAUSE_MS = 10_000;
const RETRY_MS = 5000;
const TIMEOUT_MS = 5000;

/** That a token cannot be judged, since the provider has not said whether the key is one of its own. It may be valid. */
export class ProviderAway extends Error {
  constructor(cause: unknown) {
    super('the token cannot be judged before the identity provider has been asked; try again', { cause });
    this.name = 'ProviderAway';
  }
}

export interface ProviderKeysOptions {
  readonly issuer: string;
  /** By default `jwks_uri` of the issuer's discovery document. */
  readonly jwksUri?: string | undefined;
}

/**
 * The published keys of an OpenID Connect provider (JWKS). Those known serve while the provider is away, however long; of a key
 * that is not known it is asked, at most every 10 s, and nothing is said of the token before.
 */
export class ProviderKeys {
  readonly #options: ProviderKeysOptions;
  readonly #now: () => number;
  #known: JWTVerifyGetKey | null = null;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #fault: unknown = null;
  #fetching: Promise<boolean> | null = null;

  constructor(options: ProviderKeysOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** The key of a token. @throws ProviderAway where only the provider could tell. */
  readonly get: JWTVerifyGetKey = async (header, token) => {
    if (this.#known === null) await this.#refresh();
    else if (this.#now() - this.#fetchedAt > FRESH_MS) void this.#refresh();
    try {
      if (this.#known === null) throw new ProviderAway(this.#fault);
      return await this.#known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (!(await this.#refresh())) throw new ProviderAway(this.#fault);
      return await this.#known!(header, token);
    }
  };

  /** Asks the provider, unless it was asked just now; false where it was not asked, or did not answer. */
  #refresh(): Promise<boolean> {
    const pauseMs = this.#fault === null ? PAUSE_MS : RETRY_MS;
    if (this.#fetching === null && this.#now() - this.#triedAt < pauseMs) return Promise.resolve(false);
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<boolean> {
    try {
      const { jwksUri = await this.#discover() } = this.#options;
      this.#known = createLocalJWKSet((await json(jwksUri)) as JSONWebKeySet);
      this.#fetchedAt = this.#now();
      this.#fault = null;
    } catch (error) {
      this.#fault = error;
    }
    this.#triedAt = this.#now();
    return this.#fault === null;
  }

  async #discover(): Promise<string> {
    const { issuer } = this.#options;
    const document = await json(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    return z.object({ issuer: z.literal(issuer), jwks_uri: z.url() }).parse(document).jwks_uri;
  }
}

async function json(address: string): Promise<unknown> {
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return response.json();
}
