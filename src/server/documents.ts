import { stringify } from 'yaml';
import { z } from 'zod';
import { CLOSE, NOTICE, PROTOCOL_VERSION, SUBPROTOCOL } from '../contract/protocol.js';
import { clientFrameSchema, problemSchema, serverFrameSchema } from '../contract/schemas.js';
import type { AuditTrail } from './access/audit-trail.js';
import type { Endpoint, MediaResponse } from './endpoint.js';
import { ingestPaths } from './ingest-document.js';
import { auditEndpoints } from './routes/audit.js';
import { endpointsOf } from './server.js';

type Json = Record<string, unknown>;

/** Of the documents; the first number is the one in `/api/v1` and in the subprotocol. */
const API_VERSION = '1.0.0';

const LAYERS_TEXT =
  'Three things are told apart. State: what a patient is in now, by published criteria (`states`). Doubt: values that are not used, each with ' +
  'its reason (`doubted`). Risk: what a model foretells (`mortality` and its like).';

/** The schemas of a document by name, collected while it is made. */
class Components {
  readonly schemas: Json = {};

  /** A schema as it stands in the document: named parts become components. */
  add(schema: z.ZodType, io: 'input' | 'output'): Json {
    const { $schema, $defs, id, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json & {
      $defs?: Json;
    };
    for (const [name, definition] of Object.entries($defs ?? {})) {
      this.schemas[name] ??= clean(definition as Json);
    }
    const own = clean(rest);
    if (typeof id !== 'string') return own;
    this.schemas[id] ??= own;
    return { $ref: `#/components/schemas/${id}` };
  }
}

/** References to `$defs` become references to components. */
function clean(schema: Json): Json {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key === '$ref' && typeof value === 'string')
      return value.replace('#/$defs/', '#/components/schemas/');
    return key === 'id' && typeof value === 'string' ? undefined : value;
  });
  return JSON.parse(text) as Json;
}

/** The OpenAPI 3.1 document of the endpoints. */
export function openApiOf(endpoints: readonly Endpoint[], version: string): Json {
  const components = new Components();
  const problem = components.add(problemSchema, 'output');
  const paths: Record<string, Json> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][endpoint.method.toLowerCase()] = operationOf(endpoint, components, problem);
  }
  Object.assign(
    paths,
    ingestPaths((schema, io) => components.add(schema, io), failureOf(problem)),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Wardstream HTTP API',
      version,
      description: `${NOTICE} ${LAYERS_TEXT} Errors are application/problem+json (RFC 9457).`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ bearer: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        session: { type: 'apiKey', in: 'cookie', name: 'wardstream-session' },
      },
      schemas: sorted(components.schemas),
    },
  };
}

function operationOf(endpoint: Endpoint, components: Components, problem: Json): Json {
  const { tag, summary, permission, params, query, body, response, status = 200 } = endpoint;
  const parameters = [
    ...parametersOf('path', params, components),
    ...parametersOf('query', query, components),
  ];
  const content =
    response instanceof z.ZodType
      ? { 'application/json': { schema: components.add(response, 'output') } }
      : mediaOf(response);
  const success = status === 204 ? { description: 'Done' } : { description: summary, content };
  return {
    tags: [tag],
    summary,
    description: `Needs the permission \`${permission}\`.`,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: components.add(body, 'input') } },
          },
        }),
    responses: { [status]: success, default: failureOf(problem) },
  };
}

function failureOf(problem: Json): Json {
  return { description: 'Problem details', content: { 'application/problem+json': { schema: problem } } };
}

function mediaOf({ mediaType, description }: MediaResponse): Json {
  return { [mediaType]: { schema: { type: 'string', description } } };
}

function parametersOf(
  place: 'path' | 'query',
  schema: z.ZodType | undefined,
  components: Components,
): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = components.add(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

/** The AsyncAPI 3.0 document of the push protocol. */
export function asyncApiOf(version: string): Json {
  const components = new Components();
  const messagesOf = (frames: readonly z.ZodType[], io: 'input' | 'output') =>
    Object.fromEntries(
      frames.map((frame) => {
        const { id, description } = z.globalRegistry.get(frame) ?? {};
        return [String(id), { summary: description, payload: components.add(frame, io) }];
      }),
    );
  const fromServer = messagesOf(serverFrameSchema.options, 'output');
  const fromClient = messagesOf(clientFrameSchema.options, 'input');
  const reference = (names: object) =>
    Object.keys(names).map((name) => ({ $ref: `#/channels/push/messages/${name}` }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Wardstream push API',
      version,
      description: `${NOTICE} ${LAYERS_TEXT} Protocol version ${PROTOCOL_VERSION}, described in docs/push-api.md.`,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: '127.0.0.1:8080',
        protocol: 'ws',
        security: [{ $ref: '#/components/securitySchemes/bearer' }],
      },
    },
    channels: {
      push: {
        address: '/ws',
        description: `Subprotocol ${SUBPROTOCOL}. Close codes: ${Object.entries(CLOSE)
          .map(([name, code]) => `${code} ${name}`)
          .join(', ')}.`,
        messages: { ...fromServer, ...fromClient },
      },
    },
    operations: {
      push: {
        action: 'send',
        channel: { $ref: '#/channels/push' },
        summary: 'What the server sends',
        messages: reference(fromServer),
      },
      ask: {
        action: 'receive',
        channel: { $ref: '#/channels/push' },
        summary: 'What a client sends',
        messages: reference(fromClient),
      },
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: sorted(components.schemas),
    },
  };
}

function sorted(schemas: Json): Json {
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The API's documents by file, as `npm run api` writes them. */
export function apiDocuments(): Record<string, string> {
  // Only described, never called: what handlers need is not there.
  const nothing = { model: {} } as unknown as Parameters<typeof endpointsOf>[0];
  const endpoints = [...endpointsOf(nothing), ...auditEndpoints(undefined as unknown as AuditTrail)];
  const text = (document: Json) => stringify(document, { lineWidth: 120, aliasDuplicateObjects: false });
  return {
    'docs/openapi.yaml': text(openApiOf(endpoints, API_VERSION)),
    'docs/asyncapi.yaml': text(asyncApiOf(API_VERSION)),
  };
}
