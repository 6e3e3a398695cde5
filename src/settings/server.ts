import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import { PRIORITIES } from '../contract/priorities.js';
import { certificateSettings, hostSchema, portSchema } from './listening.js';
import { isNetwork } from './network.js';
import { secretSchema } from './secret.js';

/** How the claims of tokens are named; providers differ. */
const claimsSchema = z
  .strictObject({
    role: z.string().min(1).default('role').describe('Claim that has the role.'),
    wards: z.string().min(1).default('wards').describe('Claim that has the ward ids.'),
  })
  .prefault({});

/** HS256 needs a key of at least 256 bits (RFC 7518, 3.2). */
const MIN_SECRET_LENGTH = 32;

const authSchema = z.discriminatedUnion('kind', [
  /** A secret of this process alone; one token for an admin of every ward is made and printed. */
  z.strictObject({ kind: z.literal('local') }),
  /** Tokens signed with a shared secret (HS256). */
  z.strictObject({
    kind: z.literal('secret'),
    secret: secretSchema
      .pipe(
        z
          .string()
          .min(
            MIN_SECRET_LENGTH,
            `needs at least ${MIN_SECRET_LENGTH} characters; openssl rand -base64 48 makes one`,
          ),
      )
      .describe('Signs and checks tokens (HS256); at least 32 characters.')
      .meta({ reason: 'HS256 needs a key of at least 256 bits (RFC 7518, 3.2).' }),
    claims: claimsSchema,
  }),
  /** Tokens of an OpenID Connect provider, verified by its published keys. */
  z.strictObject({
    kind: z.literal('oidc'),
    issuer: z.url().describe('Of the OpenID Connect provider.'),
    audience: z.string().min(1).default('wardstream').describe('Whom tokens must be for.'),
    jwksUri: z
      .url()
      .optional()
      .describe('Where the provider publishes its keys; by default as its discovery document says.'),
    claims: claimsSchema,
  }),
]);

const webhookSchema = z.strictObject({
  name: z.string().min(1).describe('Where it got to outlives the process under this name.'),
  url: z.url({ protocol: /^https?$/ }).describe('Where records are posted to.'),
  secret: secretSchema
    .pipe(z.string().min(MIN_SECRET_LENGTH, `needs at least ${MIN_SECRET_LENGTH} characters`))
    .describe('Signs what is sent (HMAC-SHA256).'),
  wards: z.array(z.string().min(1)).optional().describe('Only alerts of these wards; by default all.'),
  priorities: z
    .array(z.enum(PRIORITIES))
    .optional()
    .describe('Only alerts of these priorities; by default all.'),
  attempts: z
    .number()
    .int()
    .positive()
    .default(10)
    .describe('Attempts before a record is set aside with the dead letters.')
    .meta({ reason: 'With doubling waits, 10 take about 9 minutes.' }),
  timeoutMs: z
    .number()
    .int()
    .positive()
    .default(10_000)
    .describe('A post without an answer for so long has failed.'),
  backoffMs: z
    .number()
    .int()
    .positive()
    .default(1000)
    .describe('Wait before the second attempt; each further one waits twice as long.'),
});

/** What happens to the audit trail while the store does not take it. */
const auditSchema = z
  .strictObject({
    journal: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File in which entries wait for the store, so that a restart does not lose them; one a process, on a disk that outlives it. Left out, they wait in memory only.',
      )
      .meta({ reason: 'A process has no place of its own unless it is given one.' }),
    alarmAfterMs: z
      .number()
      .int()
      .positive()
      .default(60_000)
      .describe('After so long without a written entry the notice `audit-not-written` is raised.')
      .meta({ reason: 'A restart of ClickHouse is shorter.' }),
    maxWaiting: z
      .number()
      .int()
      .positive()
      .default(50_000)
      .describe('Entries that may wait (an answer about more than 50 patients counts for more): some 25 MB.')
      .meta({
        reason:
          'Twenty people who open a patient every half minute make 50 000 in 20 hours, so a night without ClickHouse is no night without patients.',
      }),
    whenFull: z
      .enum(['refuse', 'forget'])
      .default('refuse')
      .describe(
        'When so many wait: `refuse` answers views of patients, lists, exports and new subscriptions with 503 until the store is back; open connections, alerts and acknowledgements go on. `forget` shows all and loses the oldest.',
      )
      .meta({ reason: 'Nobody may look unseen.' }),
  })
  .prefault({});
export type AuditSettings = z.infer<typeof auditSchema>;

/** Settings of HTTP API, push and page. */
export const serverConfigSchema = z.strictObject({
  host: hostSchema,
  port: portSchema(8080),
  auth: authSchema
    .default({ kind: 'local' })
    .describe(
      'Who may come in. `local`: one token for an admin of every ward, made and printed at each start. `secret`: tokens signed with a shared secret. `oidc`: tokens of an OpenID Connect provider.',
    ),
  origins: z
    .array(z.url())
    .default([])
    .describe("Origins besides the server's own whose pages may connect, such as https://portal.example."),
  instance: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Names the process in what it writes: one name a process, the same after a restart. By default host name and port; with port 0, where nobody finds the server again, another one each time.',
    ),
  tls: z
    .strictObject(certificateSettings)
    .optional()
    .describe(
      'Serves HTTPS; each is PEM, given as `{ file: PATH }`. Left out, a proxy before the server does it.',
    ),
  trustedProxies: z
    .array(z.string().refine(isNetwork, 'must be an address or a network such as 10.0.0.0/8'))
    .default([])
    .describe(
      'Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed: addresses, or networks such as 10.0.0.0/8. Behind a proxy that is not named here, all who come by it are one address.',
    )
    .meta({ reason: 'None, since anybody can send these headers.' }),
  secureCookie: z
    .boolean()
    .optional()
    .describe(
      'Marks the session cookie `Secure`, and answers with HSTS. By default where TLS is served here or a trusted proxy says that it serves it (`X-Forwarded-Proto`); true for a proxy that serves TLS and does not say so.',
    ),
  maxTokenHours: z
    .number()
    .positive()
    .default(720)
    .describe('Longest life of a token, from its issue to its end; one that lives longer is refused.')
    .meta({
      reason:
        "A token cannot be recalled. 30 days are for programs; people's should be one shift long (`wardstream token` makes 12 h).",
    }),
  sessionSecret: secretSchema
    .pipe(z.string().min(MIN_SECRET_LENGTH, `needs at least ${MIN_SECRET_LENGTH} characters`))
    .optional()
    .describe(
      'Seals the sessions of browsers, so that they outlive a restart and hold on every process that has it. By default it comes from `auth.secret`; with another `auth.kind` it is new at each start, and browsers must sign in again.',
    ),
  requestsPerMinute: z
    .number()
    .int()
    .positive()
    .default(1200)
    .describe(
      'HTTP requests with one token in a minute, or from an address without a valid one; more are answered 429.',
    ),
  audit: auditSchema,
  webhooks: z
    .array(webhookSchema)
    .default([])
    .describe('Where alert records are posted to, besides the bus.'),
  maxConnections: z
    .number()
    .int()
    .positive()
    .default(5000)
    .describe('WebSocket clients at once; more are refused with 503.'),
  compression: z
    .boolean()
    .default(false)
    .describe('Lets WebSocket clients ask for permessage-deflate.')
    .meta({ reason: 'Less network costs more processor time and memory.' }),
});
export type ServerConfig = z.infer<typeof serverConfigSchema>;

/** The name under which this process keeps its order of alert records. */
export function instanceOf({ instance, port }: ServerConfig): string {
  return instance ?? `${hostname()}:${port === 0 ? randomUUID() : port}`;
}
