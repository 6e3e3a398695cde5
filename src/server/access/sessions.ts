import { hkdfSync, randomUUID } from 'node:crypto';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import { z } from 'zod';
import { ROLES } from '../../contract/roles.js';
import type { Principal } from './principal.js';
import { TokenError } from './tokens.js';

/** Name of the browser's session cookie; over TLS the prefix has browsers hold it to this very host (RFC 6265bis, 4.1.3). */
export const SESSION_COOKIE = 'wardstream-session';
export const SECURE_COOKIE = `__Host-${SESSION_COOKIE}`;

const claimsSchema = z.object({
  sub: z.string(),
  role: z.enum(ROLES),
  wards: z.array(z.string()),
  exp: z.number(),
  jti: z.string(),
});
/** Sessions that were ended and are remembered as such. */
const MAX_ENDED = 10_000;

/**
 * What a browser holds instead of its token: who it speaks for, sealed with a key of the server (A256GCM), for one host and until
 * the token ends. It is no token: nothing else accepts it, and what is in it cannot be read.
 */
export class Sessions {
  readonly #key: Uint8Array;
  readonly #ended = new Set<string>();

  /** Processes with the same secret take each other's sessions, also after a restart. */
  constructor(secret: string) {
    this.#key = new Uint8Array(hkdfSync('sha256', secret, '', 'wardstream session', 32));
  }

  seal({ subject, role, wards, expiresAt }: Principal, host: string): Promise<string> {
    const sealed = new EncryptJWT({ role, wards: [...wards] })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setSubject(subject)
      .setAudience(host)
      .setJti(randomUUID());
    return (expiresAt === null ? sealed : sealed.setExpirationTime(new Date(expiresAt))).encrypt(this.#key);
  }

  /** @throws TokenError where it is not ours, of another host, or over. */
  async open(value: string, host: string): Promise<Principal> {
    const { sub, role, wards, exp, jti } = await this.#claimsOf(value, host);
    if (this.#ended.has(jti)) throw new TokenError('the session has ended');
    return { subject: sub, role, wards: new Set(wards), expiresAt: exp * 1000 };
  }

  /** Ends a session, as far as this process goes. */
  async end(value: string, host: string): Promise<void> {
    const { jti } = await this.#claimsOf(value, host);
    if (this.#ended.size >= MAX_ENDED) this.#ended.delete(this.#ended.values().next().value as string);
    this.#ended.add(jti);
  }

  async #claimsOf(value: string, host: string): Promise<z.infer<typeof claimsSchema>> {
    try {
      const { payload } = await jwtDecrypt(value, this.#key, {
        audience: host,
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return claimsSchema.parse(payload);
    } catch (error) {
      const why = error instanceof errors.JWTExpired ? 'the session has ended' : 'the session is not valid';
      throw new TokenError(why, { cause: error });
    }
  }
}
