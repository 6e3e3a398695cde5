import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Whether a bearer token may come in. */
export type Authenticator = (token: string | undefined) => boolean;

/** Lets in whoever has the one access token; compares in constant time. */
export function tokenAuthenticator(accessToken: string): Authenticator {
  const expected = digest(accessToken);
  return (token) => token !== undefined && timingSafeEqual(digest(token), expected);
}

/** A token nobody can guess: 256 random bits. */
export function newAccessToken(): string {
  return randomBytes(32).toString('base64url');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
