import { z } from 'zod';
import { secretSchema } from './secret.js';

const MIB = 1_048_576;

const user = { username: z.string().min(1), password: secretSchema };
/** Who the Kafka client says it is. */
const saslSchema = z.discriminatedUnion('mechanism', [
  z.strictObject({ mechanism: z.literal('plain'), ...user }),
  z.strictObject({ mechanism: z.literal('scram-sha-256'), ...user }),
  z.strictObject({ mechanism: z.literal('scram-sha-512'), ...user }),
  z
    .strictObject({
      mechanism: z.literal('oauthbearer'),
      /** A file with the token, which something else keeps fresh; read at each connection. Or: */
      tokenFile: z.string().min(1).optional(),
      /** where tokens are to be had with the grant `client_credentials` (RFC 6749, 4.4). */
      tokenUrl: z.url().optional(),
      clientId: z.string().min(1).optional(),
      clientSecret: secretSchema.optional(),
      scope: z.string().min(1).optional(),
    })
    .refine(
      ({ tokenFile, tokenUrl, clientId, clientSecret }) =>
        tokenFile === undefined
          ? tokenUrl !== undefined && clientId !== undefined && clientSecret !== undefined
          : tokenUrl === undefined,
      'needs either tokenFile, or tokenUrl with clientId and clientSecret',
    ),
]);

const MEMORY_BUS = { kind: 'memory', partitions: 4, capacity: 8192 } as const;

/** Where events come from and results go. */
export const busSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('memory'),
      partitions: z.number().int().positive().default(4),
      /** Records a partition holds unread before the producer waits. */
      capacity: z.number().int().positive().default(8192),
    }),
    z.strictObject({
      kind: z.literal('kafka'),
      brokers: z.array(z.string().min(1)).min(1),
      clientId: z.string().default('wardstream'),
      groupId: z.string().default('wardstream'),
      /**
       * Name of this process in the group, another for each (static membership). It keeps its partitions over a restart that is
       * shorter than `sessionTimeoutMs`; others take them over only after that, also when it is stopped for good.
       */
      groupInstanceId: secretSchema.pipe(z.string().min(1)).optional(),
      /** Put before every topic's name, so that several deployments can share a cluster. */
      topicPrefix: z.string().default(''),
      /** Partitions of each topic; the most processes that can share the work. */
      partitions: z.number().int().positive().default(12),
      replicationFactor: z.number().int().positive().default(1),
      /** A process that is silent for this long has its partitions given to others. */
      sessionTimeoutMs: z.number().int().min(6000).default(30_000),
      /**
       * Bytes that a batch of records may become when it is inflated, and all of one fetch too; a batch beyond is set aside. Twice
       * the largest image. A broker takes batches of 1 MB by default, which become some ten times as much.
       */
      maxBatchBytes: z
        .number()
        .int()
        .positive()
        .default(64 * MIB),
      /** TLS: with the system's certificate authorities, or as given; each of these is PEM. */
      ssl: z
        .union([
          z.boolean(),
          z.strictObject({
            /** Certificate authorities that vouch for the brokers, instead of the system's. */
            ca: secretSchema.optional(),
            /** The client's own certificate and key, where brokers ask for them. */
            cert: secretSchema.optional(),
            key: secretSchema.optional(),
            passphrase: secretSchema.optional(),
          }),
        ])
        .default(false),
      sasl: saslSchema.optional(),
    }),
  ])
  .default(MEMORY_BUS);
export type BusConfig = z.infer<typeof busSchema>;
export type MemoryBusConfig = Extract<BusConfig, { kind: 'memory' }>;

/** The settings of a bus in memory, also where another one is configured: what is replayed comes from no topic. */
export function memoryBusOf({ bus }: { readonly bus: BusConfig }): MemoryBusConfig {
  return bus.kind === 'memory' ? bus : MEMORY_BUS;
}
