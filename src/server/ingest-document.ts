import { z } from 'zod';
import { answerSchema } from '../doors/json/answer.js';
import { ITEM_KINDS } from '../doors/json/items.js';
import { NDJSON } from '../doors/json/json-door.js';

type Json = Record<string, unknown>;
/** Adds a schema to a document, and says how it is referred to. */
type Add = (schema: z.ZodType, io: 'input' | 'output') => Json;

const SERVER = {
  url: 'http://127.0.0.1:8090',
  description: 'A door of kind json: it has an address of its own (docs/doors.md).',
};
const KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same request under the same key is answered as before. Not for streams.',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
};
const RETRY = { 'retry-after': { description: 'Seconds.', schema: { type: 'integer' } } };

/** The paths of the JSON door, for the OpenAPI document. */
export function ingestPaths(add: Add, failure: Json): Record<string, Json> {
  const answer = (description: string) => ({
    description,
    content: { 'application/json': { schema: add(answerSchema, 'output') } },
  });
  return Object.fromEntries(
    Object.entries(ITEM_KINDS).map(([name, { schema, what }]) => [
      `/ingest/${name}`,
      {
        post: {
          tags: ['doors'],
          summary: `${what}, from the hospital's systems`,
          description:
            'Needs the permission `ingest`, for every ward. Answered once the log has what was accepted; to send it again is harmless.',
          servers: [SERVER],
          parameters: [KEY],
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: add(z.union([z.array(schema).max(10_000), schema]), 'input') },
              [NDJSON]: { schema: { type: 'string', description: 'One item a line, of any number.' } },
            },
          },
          responses: {
            200: answer('All was accepted.'),
            207: answer('Some was not: `refused` says what and why.'),
            422: answer('Nothing of it can be used.'),
            503: { ...failure, description: 'The log does not take it now: send it again.', headers: RETRY },
            default: failure,
          },
        },
      },
    ]),
  );
}
