import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import { isNetwork } from './network.js';
import { secretSchema } from './secret.js';

/** How the claims of tokens are named; providers differ. */
const claimsSchema = z
  .strictObject({ role: z.string().min(1).default('role'), wards: z.string().min(1).default('wards') })
  .prefault({});

/** HS256 needs a key of at least 256 bits (RFC 7518, 3.2). */
const MIN_SECRET_LENGTH = 32;

const authSchema = z.discriminatedUnion('kind', [
  /** A secret of this process alone; one token for an admin of every ward is made and printed. */
  z.strictObject({ kind: z.literal('local') }),
  /** Tokens signed with a shared secret (HS256). */
  z.strictObject({
    kind: z.literal('secret'),
    secret: secretSchema.pipe(
      z
        .string()
        .min(
          MIN_SECRET_LENGTH,
          `needs at least ${MIN_SECRET_LENGTH} characters; openssl rand -base64 48 makes one`,
        ),
    ),
    claims: claimsSchema,
  }),
  /** Tokens of an OpenID Connect provider, verified by its published keys. */
  z.strictObject({
    kind: z.literal('oidc'),
    issuer: z.url(),
    audience: z.string().min(1).default('wardstream'),
    /** By default the one of the issuer's discovery document. */
    jwksUri: z.url().optional(),
    claims: claimsSchema,
  }),
]);

const webhookSchema = z.strictObject({
  /** Where it got to outlives the process under this name. */
  name: z.string().min(1),
  url: z.url({ protocol: /^https?$/ }),
  /** Signs what is sent (HMAC-SHA256). */
  secret: secretSchema.pipe(
    z.string().min(MIN_SECRET_LENGTH, `needs at least ${MIN_SECRET_LENGTH} characters`),
  ),
  /** Only alerts of these wards, and of these priorities; by default all. */
  wards: z.array(z.string().min(1)).optional(),
  priorities: z.array(z.enum(['LOW', 'MEDIUM', 'HIGH'])).optional(),
  /** Attempts before a record is set aside with the dead letters; with doubling waits, 10 take about 9 minutes. */
  attempts: z.number().int().positive().default(10),
  timeoutMs: z.number().int().positive().default(10_000),
  backoffMs: z.number().int().positive().default(1000),
});

/** What happens to the audit trail while the store does not take it. */
const auditSchema = z
  .strictObject({
    /**
     * File in which entries wait for the store, so that a restart does not lose them; one a process, on a disk that outlives it.
     * Left out, they wait in memory only, since a process has no place of its own unless it is given one.
     */
    journal: z.string().min(1).optional(),
    /** Milliseconds without a written entry after which the notice `audit-not-written` is raised: a restart of ClickHouse is shorter. */
    alarmAfterMs: z.number().int().positive().default(60_000),
    /**
     * Entries that may wait (an answer about more than 50 patients counts for more): some 25 MB. Twenty people who open a patient
     * every half minute make 50 000 in 20 hours, so a night without ClickHouse is no night without patients.
     */
    maxWaiting: z.number().int().positive().default(50_000),
    /**
     * When so many wait: `refuse` answers views of patients, lists, exports and new subscriptions with 503 until the store is back,
     * since nobody may look unseen; open connections, alerts and acknowledgements go on. `forget` shows all and loses the oldest.
     */
    whenFull: z.enum(['refuse', 'forget']).default('refuse'),
  })
  .prefault({});
export type AuditSettings = z.infer<typeof auditSchema>;

/** Settings of HTTP API, push and page. */
export const serverConfigSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(8080),
  /** Who may come in. */
  auth: authSchema.default({ kind: 'local' }),
  /** Origins besides the server's own whose pages may connect, such as https://portal.example. */
  origins: z.array(z.url()).default([]),
  /**
   * Names the order of alert records in the store, in which clients resume: one name a process, the same after a
   * restart. By default host name and port; with port 0, where nobody finds the server again, another one each time.
   */
  instance: z.string().min(1).optional(),
  /** Serves HTTPS; each is PEM, given as `{ file: PATH }`. Left out, a proxy before the server does it. */
  tls: z.strictObject({ cert: secretSchema, key: secretSchema }).optional(),
  /**
   * Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed: addresses, or networks such as 10.0.0.0/8. By default
   * none, since anybody can send these headers; behind a proxy that is not named here, all who come by it are one address.
   */
  trustedProxies: z
    .array(z.string().refine(isNetwork, 'must be an address or a network such as 10.0.0.0/8'))
    .default([]),
  /**
   * Marks the session cookie `Secure`, and answers with HSTS. By default where TLS is served here or a trusted proxy says that
   * it serves it (`X-Forwarded-Proto`); true for a proxy that serves TLS and does not say so.
   */
  secureCookie: z.boolean().optional(),
  /**
   * Longest life of a token, in hours, from its issue to its end; one that lives longer is refused. A token cannot be recalled.
   * 30 days by default, for programs; people's should be one shift long (`wardstream token` makes 12 h).
   */
  maxTokenHours: z.number().positive().default(720),
  /**
   * Seals the sessions of browsers, so that they outlive a restart and hold on every process that has it. By default it comes from
   * `auth.secret`; with another `auth.kind` it is new at each start, and browsers must sign in again.
   */
  sessionSecret: secretSchema
    .pipe(z.string().min(MIN_SECRET_LENGTH, `needs at least ${MIN_SECRET_LENGTH} characters`))
    .optional(),
  /** HTTP requests with one token in a minute, or from an address without a valid one; more are answered 429. */
  requestsPerMinute: z.number().int().positive().default(1200),
  audit: auditSchema,
  /** Where alert records are posted to, besides the bus. */
  webhooks: z.array(webhookSchema).default([]),
  /** WebSocket clients at once; more are refused with 503. */
  maxConnections: z.number().int().positive().default(5000),
  /** Lets WebSocket clients ask for permessage-deflate: less network for more CPU and memory. */
  compression: z.boolean().default(false),
});
export type ServerConfig = z.infer<typeof serverConfigSchema>;

/** The name under which this process keeps its order of alert records. */
export function instanceOf({ instance, port }: ServerConfig): string {
  return instance ?? `${hostname()}:${port === 0 ? randomUUID() : port}`;
}
