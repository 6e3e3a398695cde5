import { randomBytes } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { IdFault, readId } from '../../contract/ids.js';
import { ROLES } from '../../contract/roles.js';
import { ALL_WARDS, type Principal } from './principal.js';
import { ProviderAway, ProviderKeys } from './provider-keys.js';

/** Why a token is not accepted; the message may be told to whoever sent it. */
export class TokenError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TokenError';
  }
}

/** Says who a bearer token speaks for. @throws TokenError; ProviderAway where that cannot be told now. */
export type TokenVerifier = (token: string) => Promise<Principal>;

/** How claims are named; providers differ. */
export interface ClaimNames {
  readonly role: string;
  readonly wards: string;
}

export interface TokenLimits {
  /** Longest life of a token, from its issue to its end. */
  readonly maxLifeMs: number;
  /** The time of day. */
  readonly now: () => number;
}

export const DEFAULT_CLAIMS: ClaimNames = { role: 'role', wards: 'wards' };
export const AUDIENCE = 'wardstream';
/** Signatures accepted from a provider: none that rests on a shared secret. */
const PROVIDER_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'];
const CLOCK_TOLERANCE_S = 30;
const MAX_TOKEN_LENGTH = 8192;

const roleSchema = z.enum(ROLES);
/** Ward ids as they are read from Kafka: what an identity provider composes otherwise is the same ward. */
const wardsSchema = z
  .array(
    z.union([
      z.literal(ALL_WARDS),
      z
        .string()
        .transform(readId)
        .refine((id) => !(id instanceof IdFault)),
    ]),
  )
  .min(1)
  .transform((wards) => wards.map(String));

/** A secret nobody can guess: 256 random bits. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Verifies tokens signed with a shared secret (HS256). */
export function secretVerifier(
  secret: string,
  claims: ClaimNames | undefined,
  limits: TokenLimits,
): TokenVerifier {
  const key = new TextEncoder().encode(secret);
  const options = { algorithms: ['HS256'], audience: AUDIENCE, clockTolerance: 0 };
  return (token) =>
    principalOf(
      token,
      claims ?? DEFAULT_CLAIMS,
      limits,
      async () => (await jwtVerify(token, key, options)).payload,
    );
}

export interface ProviderOptions {
  readonly issuer: string;
  readonly audience: string;
  /** By default `jwks_uri` of the issuer's discovery document. */
  readonly jwksUri?: string | undefined;
  readonly claims: ClaimNames;
}

/** Verifies tokens of an OpenID Connect provider by its published keys (JWKS), which are fetched when first needed. */
export function providerVerifier(provider: ProviderOptions, limits: TokenLimits): TokenVerifier {
  const { issuer, audience, claims } = provider;
  const options = { issuer, audience, algorithms: PROVIDER_ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_S };
  const keys = new ProviderKeys(provider, limits.now);
  return (token) =>
    principalOf(token, claims, limits, async () => (await jwtVerify(token, keys.get, options)).payload);
}

async function principalOf(
  token: string,
  names: ClaimNames,
  { maxLifeMs, now }: TokenLimits,
  verify: () => Promise<JWTPayload>,
): Promise<Principal> {
  if (token.length > MAX_TOKEN_LENGTH) throw new TokenError('the token is too long');
  let payload: JWTPayload;
  try {
    payload = await verify();
  } catch (error) {
    if (error instanceof ProviderAway) throw error;
    if (error instanceof errors.JWTExpired) throw new TokenError('the token has expired', { cause: error });
    throw new TokenError('the token is not valid', { cause: error });
  }
  const { sub, exp, iat } = payload;
  const subject = readId(sub ?? '');
  if (subject instanceof IdFault) throw new TokenError(`the token names no one: sub ${subject.detail}`);
  if (exp === undefined) throw new TokenError('the token never ends (exp): that is not accepted');
  const issuedAt = Math.min(now(), iat === undefined ? now() : iat * 1000);
  if (exp * 1000 - issuedAt > maxLifeMs) {
    throw new TokenError('the token lives longer than is accepted here (server.maxTokenHours)');
  }
  const role = roleSchema.safeParse(payload[names.role]);
  if (!role.success) {
    throw new TokenError(`the token's claim ${names.role} must be one of ${ROLES.join(', ')}`);
  }
  const wards = wardsSchema.safeParse(payload[names.wards]);
  if (!wards.success) throw new TokenError(`the token's claim ${names.wards} must list ward ids, or "*"`);
  return { subject, role: role.data, wards: new Set(wards.data), expiresAt: exp * 1000 };
}

/** A token that `secretVerifier` with the same secret accepts. */
export function signToken(
  secret: string,
  { subject, role, wards }: Pick<Principal, 'subject' | 'role' | 'wards'>,
  expiresAt: Date,
  { role: roleClaim, wards: wardsClaim }: ClaimNames = DEFAULT_CLAIMS,
): Promise<string> {
  return new SignJWT({ [roleClaim]: role, [wardsClaim]: [...wards] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(expiresAt)
    .sign(new TextEncoder().encode(secret));
}
