import { z } from 'zod';
import { secretSchema } from './secret.js';

const days = z.number().int().positive().nullable();

/** How many days rows are kept after they were written; null keeps them for ever. */
const retentionSchema = z
  .strictObject({
    /** Of these the sizing table in docs/operations.md is made. */
    observationsDays: days.default(400),
    scoresDays: days.default(400),
    /** Read and not used: version 0.1 kept aggregates of each hour. */
    hourlyDays: days.optional(),
    /** Alerts with all their transitions, and stays. */
    alertsDays: days.default(3650),
    /** Dead letters hold raw messages. */
    deadLettersDays: days.default(90),
    auditDays: days.default(3650),
  })
  .prefault({});

/** Where results are kept. */
export const storeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('embedded'),
    directory: z.string().min(1),
    retention: retentionSchema,
  }),
  z.strictObject({
    kind: z.literal('server'),
    /** Of ClickHouse's HTTP interface; `https:` for TLS. */
    url: z.url({ protocol: /^https?$/ }),
    database: z.string().default('wardstream'),
    username: z.string().default('default'),
    password: secretSchema.default(''),
    /** With `https:`, instead of the system's certificate authorities; each of these is PEM. */
    tls: z
      .strictObject({
        /** Certificate authorities that vouch for the server. */
        ca: secretSchema,
        /** The client's own certificate and key, where the server asks for them. */
        cert: secretSchema.optional(),
        key: secretSchema.optional(),
      })
      .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'cert and key go together')
      .optional(),
    /** Compresses requests and responses: less network for some processor time. */
    compression: z.boolean().default(true),
    /**
     * The server collects the small inserts of several processes (`async_insert`) and answers when they are written. It
     * adds up to 200 ms to an insert; the alert has been pushed by then.
     */
    asyncInserts: z.boolean().default(true),
    /** A request without an answer for this long counts as failed and is tried again. */
    requestTimeoutMs: z.number().int().positive().default(30_000),
    /**
     * Bytes of results in memory at most, while the server takes none. Half a minute of 5 000 beds that send every second, hours of
     * 50: beyond it observations and scores are left out of the store, dead letters next, alerts last; alerts go on.
     */
    maxWaitingBytes: z
      .number()
      .int()
      .positive()
      .default(2 ** 28),
    /** Where results wait while the server is away; without it they wait in memory, and the input is not committed. */
    spool: z
      .strictObject({
        /** One for each process. */
        directory: z.string().min(1),
        /** When it is full, results wait in memory as without one. */
        maxBytes: z
          .number()
          .int()
          .positive()
          .default(2 ** 30),
      })
      .optional(),
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
