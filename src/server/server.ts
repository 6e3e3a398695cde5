import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { EventBus } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import { WardstreamError } from '../errors.js';
import type { MessageCodec } from '../events/codec.js';
import { hashId } from '../events/dead-letter.js';
import { TOPICS } from '../events/topics.js';
import { newestAlerts } from '../store/alerts.js';
import { scoresOf } from '../store/queries.js';
import { type Authenticator, tokenAuthenticator } from './auth.js';
import { PushServer } from './push.js';
import type { WardView } from './ward-view.js';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly view: WardView;
  readonly store: ClickHouseClient;
  readonly bus: EventBus;
  readonly codec: MessageCodec;
  readonly clock: Clock;
  readonly modelVersion: string;
}

/** The page's own files, built by Vite. */
const PAGE = fileURLToPath(new URL('../../dashboards/ward/dist', import.meta.url));
const MAX_ROWS = 5000;

const limitSchema = z.object({ limit: z.coerce.number().int().min(1).max(MAX_ROWS).default(200) });
const scoresSchema = limitSchema.extend({ patientId: z.string().min(1) });
const acknowledgeSchema = z.object({
  action: z.enum(['ACKNOWLEDGE', 'SNOOZE', 'ESCALATE', 'COMMENT']).default('ACKNOWLEDGE'),
  actor: z.string().max(200).default('local'),
  reason: z.string().max(2000).nullable().default(null),
  snoozeMs: z.number().int().positive().nullable().default(null),
});

/** HTTP API, WebSocket push and the ward page on one port. Without the token only health and the page's files answer. */
export class WardServer {
  readonly #app: FastifyInstance;
  readonly #push: PushServer;
  readonly #options: ServerOptions;

  private constructor(app: FastifyInstance, push: PushServer, options: ServerOptions) {
    this.#app = app;
    this.#push = push;
    this.#options = options;
  }

  /** @throws WardstreamError `WS_PORT_IN_USE`. */
  static async open(options: ServerOptions): Promise<WardServer> {
    const authenticate = tokenAuthenticator(options.token);
    const app = Fastify({ bodyLimit: 65_536 });
    addSecurity(app, authenticate);
    addRoutes(app, options);
    if (existsSync(PAGE)) await app.register(fastifyStatic, { root: PAGE });
    const push = new PushServer(app.server, options.view, options.modelVersion, authenticate);
    try {
      await app.listen({ host: options.host, port: options.port });
    } catch (error) {
      push.close();
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE') throw error;
      const what = `port ${options.port} on ${options.host} is in use`;
      throw new WardstreamError(
        'WS_PORT_IN_USE',
        `${what}; stop what uses it or choose another with --port`,
        {
          cause: error,
        },
      );
    }
    return new WardServer(app, push, options);
  }

  /** Where the server listens, without a token. */
  get url(): string {
    const address = this.#app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : this.#options.port;
    return `http://${this.#options.host}:${port}`;
  }

  async close(): Promise<void> {
    this.#push.close();
    await this.#app.close();
  }
}

function addSecurity(app: FastifyInstance, authenticate: Authenticator): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy':
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    if (isProtected(request) && !authenticate(request.headers.authorization?.replace(/^Bearer /, ''))) {
      await reply
        .code(401)
        .type('application/problem+json')
        .send(problem(401, 'a valid access token is needed'));
    }
  });
  app.setErrorHandler(async (error: Error & { statusCode?: number }, _request, reply) => {
    const status = error instanceof z.ZodError ? 400 : (error.statusCode ?? 500);
    const detail =
      error instanceof z.ZodError ? z.prettifyError(error) : status < 500 ? error.message : 'internal error';
    await reply.code(status).type('application/problem+json').send(problem(status, detail));
  });
  app.setNotFoundHandler(async (_request, reply) => {
    await reply.code(404).type('application/problem+json').send(problem(404, 'there is nothing here'));
  });
}

/** Everything but health and the page's own files. */
function isProtected({ url }: FastifyRequest): boolean {
  return /^\/(api|ws|fhir|metrics)(\/|\?|$)/.test(url.replaceAll(/\/+/g, '/'));
}

function addRoutes(app: FastifyInstance, { view, store, bus, codec, clock }: ServerOptions): void {
  app.get('/health/live', async () => ({ status: 'live' }));
  app.get('/api/v1/patients', async () => ({ clock: view.clock, patients: view.views() }));
  app.get('/api/v1/alerts', async ({ query }) => {
    const { limit } = limitSchema.parse(query);
    return { alerts: await newestAlerts(store, limit) };
  });
  app.get('/api/v1/scores', async ({ query }) => {
    const { limit, patientId } = scoresSchema.parse(query);
    return { patientId, scores: await scoresOf(store, patientId, limit) };
  });
  app.post('/api/v1/alerts/:alertId/acknowledge', async ({ params, body }, reply) => {
    const { alertId } = params as { alertId: string };
    const alert = view.openAlerts.get(alertId);
    if (alert === undefined) {
      return reply
        .code(404)
        .type('application/problem+json')
        .send(problem(404, 'there is no such open alert'));
    }
    const { action, actor, reason, snoozeMs } = acknowledgeSchema.parse(body ?? {});
    const eventTime = clock.live ? clock.now() : view.clock;
    const { patientId } = alert;
    const messageId = hashId(alertId, action, actor, eventTime);
    const message = { messageId, patientId, eventTime, alertId, action, actor, snoozeMs, reason };
    await bus.produce(TOPICS.acks, [{ key: patientId, value: codec.encode('Acknowledgement', message) }]);
    return reply.code(202).send({ messageId });
  });
}

function problem(status: number, detail: string): object {
  return { type: 'about:blank', status, detail };
}
