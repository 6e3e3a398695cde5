import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaConfig, logLevel } from 'kafkajs';
import type { BusConfig } from '../config.js';
import { WardstreamError } from '../errors.js';

export type KafkaBusConfig = Extract<BusConfig, { kind: 'kafka' }>;
type Sasl = NonNullable<KafkaBusConfig['sasl']>;
type OauthBearer = Extract<Sasl, { mechanism: 'oauthbearer' }>;

const ASK_AGAIN_MS = 200;
const TOKEN_TIMEOUT_MS = 10_000;
/** A token is fetched anew this long before it ends. */
const TOKEN_MARGIN_MS = 30_000;

/** How kafkajs reaches the cluster of a configuration, and as whom. */
export function clientOptions({ brokers, clientId, ssl, sasl }: KafkaBusConfig): KafkaConfig {
  return {
    brokers,
    clientId,
    ssl: typeof ssl === 'boolean' ? ssl : { ...ssl },
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3000,
  };
}

/** What the call gives; while the cluster cannot answer for now (a broker away, a leader or coordinator moving), asks again. */
export async function patiently<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if ((error as { retriable?: boolean }).retriable !== true) throw error;
      await sleep(ASK_AGAIN_MS);
    }
  }
}

function saslOptions(sasl: Sasl): NonNullable<KafkaConfig['sasl']> {
  if (sasl.mechanism !== 'oauthbearer') return sasl;
  const fetchToken = tokenSource(sasl);
  return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await fetchToken() }) };
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
