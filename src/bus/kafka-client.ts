import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InputTopic } from '../contract/topics.js';
import { WardstreamError } from '../errors.js';
import { RawRecord } from '../events/record.js';
import type { BusConfig } from '../settings/bus.js';
import { readAllCodecs } from './kafka-codecs.js';
import { isRefused, TokenRefused } from './kafka-errors.js';
import { BatchRecord, batchReader } from './kafka-records.js';
import kafkajs, {
  type AuthenticationProviderArgs,
  type KafkaConfig,
  type KafkaMessage,
  type Mechanism,
} from './kafkajs/index.js';

export type KafkaBusConfig = Extract<BusConfig, { kind: 'kafka' }>;
type Sasl = NonNullable<KafkaBusConfig['sasl']>;
type OauthBearer = Extract<Sasl, { mechanism: 'oauthbearer' }>;

/** What kafkajs inflates itself becomes no more, whatever `bus.maxBatchBytes` is. */
const OWN_MAX_BYTES = 64 * 1_048_576;
readAllCodecs(OWN_MAX_BYTES);

/**
 * A broker that says nothing for so long has not heard us, or is gone: another connection is tried. What waits on purpose, a group that
 * is joined, has longer.
 */
const REQUEST_TIMEOUT_MS = 5000;
const ASK_AGAIN_MS = 200;
const TOKEN_TIMEOUT_MS = 10_000;
/** A token is fetched anew this long before it ends. */
const TOKEN_MARGIN_MS = 30_000;

/** How kafkajs reaches the cluster of a configuration, and as whom. */
export function clientOptions({ brokers, clientId, ssl, sasl, maxBatchBytes }: KafkaBusConfig): KafkaConfig {
  return {
    brokers,
    clientId,
    ssl: typeof ssl === 'boolean' ? ssl : { ...ssl },
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 3000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    readBatch: batchReader(maxBatchBytes),
  };
}

/**
 * What the call gives; while the cluster cannot answer for now (a broker away, a leader or coordinator moving), asks again. @throws what the
 * brokers refuse, and what we refuse ourselves.
 */
export async function patiently<Answer>(call: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isOurs = error instanceof WardstreamError && !error.isPassing;
      if (isOurs || isRefused(error) || signal?.aborted === true) throw error;
      await sleep(ASK_AGAIN_MS);
    }
  }
}

function saslOptions(sasl: Sasl): NonNullable<KafkaConfig['sasl']> {
  return sasl.mechanism === 'oauthbearer' ? bearerMechanism(sasl) : sasl;
}

/**
 * The mechanism of RFC 7628. kafkajs has one, which takes a broker's refusal, an answer that is not empty, for a login. Where there
 * is no token for now there is no connection for now, which is tried again.
 */
function bearerMechanism(sasl: OauthBearer): Mechanism {
  const fetchToken = tokenSource(sasl);
  const authenticationProvider = ({ host, port, saslAuthenticate }: AuthenticationProviderArgs) => ({
    authenticate: async () => {
      const token = await fetchToken().catch((error: Error) => {
        throw new kafkajs.KafkaJSConnectionError(error.message, { broker: `${host}:${port}` });
      });
      const request = { encode: () => withLength(`n,,\x01auth=Bearer ${token}\x01\x01`) };
      const response = { decode: withoutLength, parse: String };
      const refusal = await saslAuthenticate({ request, response });
      if (refusal) throw new TokenRefused(`the token is not taken: ${refusal}`);
    },
  });
  return { mechanism: 'OAUTHBEARER', authenticationProvider };
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function withoutLength(bytes: Buffer): Buffer {
  return bytes.subarray(4);
}

/**
 * Gives bearer tokens: what is in the file now, or what the token endpoint gives, for as long as it says it is good.
 * Rejects with WardstreamError `WS_BUS` where there is none.
 */
export function tokenSource({
  tokenFile,
  tokenUrl,
  clientId = '',
  clientSecret = '',
  scope,
}: OauthBearer): () => Promise<string> {
  if (tokenFile !== undefined) return async () => readToken(tokenFile);
  let token = '';
  let goodUntil = 0;
  return async () => {
    if (performance.now() < goodUntil) return token;
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) });
    const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    const signal = AbortSignal.timeout(TOKEN_TIMEOUT_MS);
    try {
      const response = await fetch(tokenUrl as string, {
        method: 'POST',
        headers: { authorization },
        body,
        signal,
      });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      const answer = (await response.json()) as { access_token?: string; expires_in?: number };
      if (typeof answer.access_token !== 'string') throw new Error('its answer has no access_token');
      token = answer.access_token;
      goodUntil = performance.now() + 1000 * (answer.expires_in ?? 0) - TOKEN_MARGIN_MS;
      return token;
    } catch (error) {
      throw new WardstreamError('WS_BUS', `no token from bus.sasl.tokenUrl ${tokenUrl}: ${String(error)}`, {
        cause: error,
      });
    }
  };
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new WardstreamError('WS_BUS', `bus.sasl.tokenFile ${file} cannot be read: ${String(error)}`, {
      cause: error,
    });
  }
}

/** A message as the bus hands it over. */
export function recordOf(topic: string, partition: number, message: KafkaMessage): RawRecord {
  const from = topic as InputTopic;
  if (message instanceof BatchRecord) {
    const { position, bytes, valueStart, valueEnd } = message;
    return new RawRecord(from, partition, position, bytes, valueStart, valueEnd, message);
  }
  return new RawRecord(from, partition, Number(message.offset), message.value ?? Buffer.alloc(0));
}

/** Waits for the work and keeps the membership alive meanwhile; rejects at once where it is lost. The work goes on. */
export async function whileAlive(
  work: Promise<void>,
  heartbeat: () => Promise<void>,
  everyMs: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const lost = new Promise<never>((_, reject) => {
    timer = setInterval(() => heartbeat().catch(reject), everyMs);
  });
  try {
    await Promise.race([work, lost]);
  } finally {
    clearInterval(timer);
  }
  await heartbeat();
}
