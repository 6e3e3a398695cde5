import { z } from 'zod';
import { secretSchema } from './secret.js';

const MIB = 1_048_576;

const user = {
  username: z.string().min(1).describe('Name of the account.'),
  password: secretSchema.describe('Its password.'),
};
/** Who the Kafka client says it is. */
const saslSchema = z.discriminatedUnion('mechanism', [
  z.strictObject({ mechanism: z.literal('plain'), ...user }),
  z.strictObject({ mechanism: z.literal('scram-sha-256'), ...user }),
  z.strictObject({ mechanism: z.literal('scram-sha-512'), ...user }),
  z
    .strictObject({
      mechanism: z.literal('oauthbearer'),
      tokenFile: z
        .string()
        .min(1)
        .optional()
        .describe(
          'A file with the token, which something else keeps fresh; read at each connection. Either this, or `tokenUrl`.',
        ),
      tokenUrl: z
        .url()
        .optional()
        .describe('Where tokens are to be had with the grant `client_credentials` (RFC 6749, 4.4).'),
      clientId: z.string().min(1).optional().describe('Who asks at `tokenUrl`.'),
      clientSecret: secretSchema.optional().describe('Proves who asks at `tokenUrl`.'),
      scope: z.string().min(1).optional().describe('What is asked for at `tokenUrl`.'),
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
      partitions: z
        .number()
        .int()
        .positive()
        .default(4)
        .describe('Partitions of each topic; patients are spread over them by id.'),
      capacity: z
        .number()
        .int()
        .positive()
        .default(8192)
        .describe('Records a partition holds unread before the producer waits.'),
    }),
    z.strictObject({
      kind: z.literal('embedded'),
      directory: z
        .string()
        .min(1)
        .describe('Directory of the log. One process has it; what is in it survives the process.'),
      partitions: z
        .number()
        .int()
        .positive()
        .default(4)
        .describe('Partitions of each topic of a new log; one that is there keeps what it has.'),
    }),
    z.strictObject({
      kind: z.literal('kafka'),
      brokers: z
        .array(z.string().min(1))
        .min(1)
        .describe('Addresses of brokers as host:port; one that answers names the others.'),
      clientId: z
        .string()
        .default('wardstream')
        .describe('Name under which brokers log this process, and count its quotas.'),
      groupId: z
        .string()
        .default('wardstream')
        .describe(
          'Consumer group of the engines that share the patients. Another deployment needs another one.',
        ),
      groupInstanceId: secretSchema
        .pipe(z.string().min(1))
        .optional()
        .describe(
          'Name of this process in the group, another for each (static membership). It keeps its partitions over a restart that is shorter than `sessionTimeoutMs`; others take them over only after that, also when it is stopped for good.',
        ),
      topicPrefix: z
        .string()
        .default('')
        .describe("Put before every topic's name, so that several deployments can share a cluster."),
      partitions: z
        .number()
        .int()
        .positive()
        .default(12)
        .describe('Partitions of each topic; the most processes that can share the work.'),
      replicationFactor: z
        .number()
        .int()
        .positive()
        .default(1)
        .describe('Copies of each topic that `topics create` makes.')
        .meta({ reason: '1 works with one broker; a hospital sets 3, so that a broker can be lost.' }),
      sessionTimeoutMs: z
        .number()
        .int()
        .min(6000)
        .default(30_000)
        .describe('A process that is silent for this long has its partitions given to others.')
        .meta({
          reason:
            'Shorter, a pause of the machine is taken for its death; longer, its patients wait longer for another engine.',
        }),
      maxBatchBytes: z
        .number()
        .int()
        .positive()
        .default(64 * MIB)
        .describe(
          'Bytes that a batch of records may become when it is inflated, and all of one fetch too; a batch beyond is set aside.',
        )
        .meta({
          reason:
            'Twice the largest image. A broker takes batches of 1 MB by default, which become some ten times as much.',
        }),
      ssl: z
        .union([
          z.boolean(),
          z.strictObject({
            ca: secretSchema
              .optional()
              .describe("Certificate authorities that vouch for the brokers, instead of the system's."),
            cert: secretSchema
              .optional()
              .describe("The client's own certificate and key, where brokers ask for them."),
            key: secretSchema.optional().describe('Key of `cert`.'),
            passphrase: secretSchema.optional().describe('Opens `key`, where it is sealed.'),
          }),
        ])
        .default(false)
        .describe("TLS: with the system's certificate authorities, or as given; each of these is PEM."),
      sasl: saslSchema.optional().describe('Who the client says it is; left out, nobody.'),
    }),
  ])
  .default(MEMORY_BUS);
export type BusConfig = z.infer<typeof busSchema>;
export type EmbeddedBusConfig = Extract<BusConfig, { kind: 'embedded' }>;
export type MemoryBusConfig = Extract<BusConfig, { kind: 'memory' }>;

/** The settings of a bus in memory, also where another one is configured: what is replayed comes from no topic. */
export function memoryBusOf({ bus }: { readonly bus: BusConfig }): MemoryBusConfig {
  return bus.kind === 'memory' ? bus : MEMORY_BUS;
}
