import type avro from 'avsc';
import { causesOf, WardstreamError } from '../errors.js';
import type { SchemaRegistry } from '../events/codec.js';

const TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 4 * 1_048_576;

/** Reads writer schemas from a registry with Confluent's HTTP API (`GET /schemas/ids/{id}`). */
export class SchemaRegistryClient implements SchemaRegistry {
  readonly #url: string;

  /** `url` may hold user and password. */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  /**
   * Null where the registry says that it has no such schema, or has none of Avro under the id.
   * @throws WardstreamError `WS_SCHEMA`, passing, where it cannot be asked: it is away, refuses us, or answers otherwise.
   */
  async fetchSchema(id: number): Promise<avro.Schema | null> {
    const { username, password, href } = new URL(`${this.#url}/schemas/ids/${id}`);
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const headers = username === '' ? {} : { authorization: `Basic ${credentials.toString('base64')}` };
    const address = href.replace(/\/\/[^@/]*@/, '//');
    try {
      const response = await fetch(address, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const answer = answerOf(await textOf(response));
      // A 404 of something else than a registry says nothing of the schema.
      if (response.status === 404 && answer?.error_code !== undefined) return null;
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      if (typeof answer?.schema !== 'string') throw new Error('its answer has no schema');
      return (answer.schemaType ?? 'AVRO') === 'AVRO' ? avroOf(answer.schema) : null;
    } catch (error) {
      const why = causesOf(error)
        .map(({ message }) => message)
        .join(': ');
      throw new WardstreamError('WS_SCHEMA', `schema ${id} cannot be had from the registry: ${why}`, {
        cause: error,
        isPassing: true,
      });
    }
  }
}

interface Answer {
  readonly schema?: unknown;
  readonly schemaType?: unknown;
  readonly error_code?: unknown;
}

/** The body of an answer, which is not read further than a schema may be long. */
async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function answerOf(text: string): Answer | null {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' ? (answer as Answer) : null;
  } catch {
    return null;
  }
}

/** Null where the registry keeps no Avro there after all. */
function avroOf(text: string): avro.Schema | null {
  try {
    return JSON.parse(text) as avro.Schema;
  } catch {
    return null;
  }
}

/** The one that is configured. */
export function registryOf(config: { readonly url: string } | undefined): SchemaRegistryClient | undefined {
  return config === undefined ? undefined : new SchemaRegistryClient(config.url);
}
