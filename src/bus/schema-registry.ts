import type avro from 'avsc';
import { WardstreamError } from '../errors.js';
import type { SchemaRegistry } from '../events/codec.js';

const TIMEOUT_MS = 5000;

/** Reads writer schemas from a registry with Confluent's HTTP API (`GET /schemas/ids/{id}`). */
export class SchemaRegistryClient implements SchemaRegistry {
  readonly #url: string;

  /** `url` may hold user and password. */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  /** @throws WardstreamError `WS_SCHEMA` where the registry has no such schema or does not answer. */
  async fetchSchema(id: number): Promise<avro.Schema> {
    const { username, password, href } = new URL(`${this.#url}/schemas/ids/${id}`);
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const headers = username === '' ? {} : { authorization: `Basic ${credentials.toString('base64')}` };
    const address = href.replace(/\/\/[^@/]*@/, '//');
    try {
      const response = await fetch(address, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      const { schema } = (await response.json()) as { schema: string };
      return JSON.parse(schema) as avro.Schema;
    } catch (error) {
      throw new WardstreamError(
        'WS_SCHEMA',
        `schema ${id} cannot be had from the registry: ${String(error)}`,
        {
          cause: error,
        },
      );
    }
  }
}
