import { z } from 'zod';
import { secretSchema } from './secret.js';

const days = z.number().int().positive().nullable();

/** How many days rows are kept after they were written; null keeps them for ever. */
const retentionSchema = z
  .strictObject({
    observationsDays: days
      .default(400)
      .describe('Values, notes and images.')
      .meta({ reason: 'The sizing table in docs/operations.md is made of these.' }),
    scoresDays: days.default(400).describe('Scores.'),
    hourlyDays: days
      .optional()
      .describe('Does nothing.')
      .meta({ reason: 'Version 0.1 kept aggregates of each hour.' }),
    alertsDays: days.default(3650).describe('Alerts with all their transitions, and stays.'),
    deadLettersDays: days.default(90).describe('Dead letters.').meta({ reason: 'They hold raw messages.' }),
    auditDays: days.default(3650).describe('Who saw and did what.'),
  })
  .prefault({});

/** Where results are kept. */
export const storeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('embedded'),
    directory: z.string().min(1).describe('Folder of the data; one process at a time.'),
    retention: retentionSchema,
  }),
  z.strictObject({
    kind: z.literal('server'),
    url: z.url({ protocol: /^https?$/ }).describe("Of ClickHouse's HTTP interface; `https:` for TLS."),
    database: z.string().default('wardstream').describe('Made where it is not there.'),
    username: z.string().default('default').describe('Name of the account.'),
    password: secretSchema.default('').describe('Its password.'),
    tls: z
      .strictObject({
        ca: secretSchema.describe('Certificate authorities that vouch for the server.'),
        cert: secretSchema
          .optional()
          .describe("The client's own certificate and key, where the server asks for them."),
        key: secretSchema.optional().describe('Key of `cert`.'),
      })
      .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'cert and key go together')
      .optional()
      .describe("With `https:`, instead of the system's certificate authorities; each of these is PEM."),
    compression: z
      .boolean()
      .default(true)
      .describe('Compresses requests and responses: less network for some processor time.'),
    asyncInserts: z
      .boolean()
      .default(true)
      .describe(
        'The server collects the small inserts of several processes (`async_insert`) and answers when they are written.',
      )
      .meta({ reason: 'It adds up to 200 ms to an insert; the alert has been pushed by then.' }),
    requestTimeoutMs: z
      .number()
      .int()
      .positive()
      .default(30_000)
      .describe('A request without an answer for this long counts as failed and is tried again.'),
    spool: z
      .strictObject({
        directory: z.string().min(1).describe('Does nothing.'),
        maxBytes: z.number().int().positive().optional().describe('Does nothing.'),
      })
      .optional()
      .describe('Does nothing.')
      .meta({ reason: 'Version 0.1 kept rows for a store that is away; now they are read from the log.' }),
    retention: retentionSchema,
  }),
]);

export type StoreConfig = z.infer<typeof storeSchema>;
type EmbeddedStore = Extract<StoreConfig, { kind: 'embedded' }>;
/** A store as it is written down: what has a default may be left out. */
export type StoreSettings = z.input<typeof storeSchema>;
export type Retention = z.infer<typeof retentionSchema>;

/** The embedded store in a directory, with what is set by default. */
export function embeddedStore(directory: string): EmbeddedStore {
  return storeSchema.parse({ kind: 'embedded', directory }) as EmbeddedStore;
}
