import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { EventBus } from '../bus/bus.js';
import { type Clock, WALL_CLOCK } from '../clock.js';
import { WardstreamError } from '../errors.js';
import type { MessageCodec } from '../events/codec.js';
import { addPushMetrics } from '../metrics/metrics.js';
import { Webhook } from '../webhook/webhook.js';
import { webhookStore } from '../webhook/webhook-store.js';
import { Access, remoteAddress } from './access/access.js';
import { AuditTrail } from './access/audit-trail.js';
import { openAuth } from './access/open.js';
import type { ServerConfig } from './config.js';
import { type Endpoint, serve } from './endpoint.js';
import { History } from './history.js';
import { addObservability, type ObservabilityOptions } from './observability.js';
import { HttpProblem, PROBLEM_TYPE, problemOf, problemOfError } from './problem.js';
import type { CatchingUpView } from './protocol.js';
import { PushServer } from './push/push-server.js';
import type { ReplayControl } from './replay-control.js';
import { alertEndpoints } from './routes/alerts.js';
import { auditEndpoints } from './routes/audit.js';
import { exportEndpoints } from './routes/export.js';
import { fhirEndpoints } from './routes/fhir.js';
import { modelEndpoints } from './routes/models.js';
import { type Explain, patientEndpoints } from './routes/patients.js';
import { replayEndpoints } from './routes/replay.js';
import { sessionEndpoints } from './routes/session.js';
import type { WardView } from './ward-view.js';

export interface ServerOptions {
  readonly config: ServerConfig;
  readonly view: WardView;
  readonly store: ClickHouseClient;
  /** Where actions on alerts go. */
  readonly bus: Pick<EventBus, 'produce'>;
  readonly codec: MessageCodec;
  /** The stream's clock: the time of day where live, the newest event time in a replay. */
  readonly clock: Clock;
  readonly model: { readonly version: string; readonly directory?: string | undefined };
  /** How far what is shown is from the present; null, or left out: it is the present. */
  readonly catchingUp?: (() => CatchingUpView | null) | undefined;
  /** The partition a patient's events come from; left out where that of the patient id is to be taken. */
  readonly partitionOf?: ((patientId: string) => number | undefined) | undefined;
  /** Left out where the model cannot explain. */
  readonly explain?: Explain | undefined;
  /** Where left out, only `/health/live` answers. */
  readonly observability?: ObservabilityOptions | undefined;
  /** Only where history is replayed. */
  readonly replay?: ReplayControl | undefined;
  /** Told what an operator should know; never about patients. */
  readonly onTrouble?: ((message: string) => void) | undefined;
}

/** The page's own files, built by Vite. */
const PAGE = fileURLToPath(new URL('../../dashboards/ward/dist', import.meta.url));
const MAX_BODY_BYTES = 65_536;
/** A request must have come in whole by then. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Requests under way when the server stops may take so long. */
const GRACE_MS = 1000;

/** HTTP API, WebSocket push and the ward page on one port. Without a token only health and the page's files answer. */
export class WardServer {
  readonly #app: FastifyInstance;
  readonly #push: PushServer;
  readonly #config: ServerConfig;
  readonly #trail: AuditTrail;
  readonly #webhooks: readonly Webhook[];
  /** The one-off token, where this server makes its own. */
  readonly localToken: string | null;

  private constructor(parts: ServerParts, config: ServerConfig, localToken: string | null) {
    this.#app = parts.app;
    this.#push = parts.push;
    this.#trail = parts.trail;
    this.#webhooks = parts.webhooks;
    this.#config = config;
    this.localToken = localToken;
  }

  /** @throws WardstreamError `WS_PORT_IN_USE`. */
  static async open(options: ServerOptions): Promise<WardServer> {
    const { config, view, store, model, replay, onTrouble = () => undefined } = options;
    const { host, port, origins, tls, requestsPerMinute } = config;
    const now = () => WALL_CLOCK.now();
    const { verify, localToken } = await openAuth(config.auth, WALL_CLOCK);
    const access = new Access({ verify, origins, now });
    const sources = { view, history: new History(store, view), catchingUp: options.catchingUp };
    const trail = new AuditTrail(store, now, onTrouble);
    const app = Fastify({
      bodyLimit: MAX_BODY_BYTES,
      routerOptions: { maxParamLength: 1000 },
      requestTimeout: REQUEST_TIMEOUT_MS,
      frameworkErrors: sendProblem,
      ...(tls === undefined ? {} : { https: { cert: tls.cert, key: tls.key } }),
    }) as unknown as FastifyInstance;
    addDefaults(app, access.origins, tls !== undefined);
    await app.register(fastifyRateLimit, {
      max: requestsPerMinute,
      timeWindow: '1 minute',
      keyGenerator: ({ raw }) => remoteAddress(raw),
      allowList: ({ url }) => url.startsWith('/health/'),
      errorResponseBuilder: () => new HttpProblem(429, 'too many requests; wait a minute'),
    });
    if (options.observability !== undefined) addObservability(app, options.observability);
    else app.get('/health/live', async () => ({ status: 'live' }));
    const endpoints = [...endpointsOf(options), ...auditEndpoints(trail)];
    serve(app, endpoints, (request) => access.identify(request.raw), sources, trail);
    if (existsSync(PAGE)) await app.register(fastifyStatic, { root: PAGE });
    const push = new PushServer({
      server: app.server,
      sources,
      access,
      modelVersion: model.version,
      now,
      maxConnections: config.maxConnections,
      compression: config.compression,
      replay,
      onSubscribed: ({ principal }, { wards = [], patients = [] }, message) => {
        const [patientId, ...others] = patients;
        const single =
          patientId !== undefined && others.length === 0 && wards.length === 0 ? { patientId } : {};
        const detail = JSON.stringify({ wards, patients });
        const noted = { action: 'subscribe', outcome: 'allowed' as const, detail, ...single };
        trail.record(principal, remoteAddress(message), noted);
      },
    });
    if (options.observability !== undefined) addPushMetrics(options.observability.metrics, push);
    const webhooks = config.webhooks.map((each) => new Webhook(each, view, webhookStore(store), now));
    try {
      await app.listen({ host, port });
    } catch (error) {
      push.close();
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE') throw error;
      const what = `port ${port} on ${host} is in use`;
      throw new WardstreamError(
        'WS_PORT_IN_USE',
        `${what}; stop what uses it or choose another with --port`,
        { cause: error },
      );
    }
    for (const webhook of webhooks) await webhook.start();
    return new WardServer({ app, push, trail, webhooks }, config, localToken);
  }

  /** Where the server listens, without a token. */
  get url(): string {
    const address = this.#app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : this.#config.port;
    return `${this.#config.tls === undefined ? 'http' : 'https'}://${this.#config.host}:${port}`;
  }

  async close(): Promise<void> {
    this.#push.close();
    for (const webhook of this.#webhooks) await webhook.close();
    // A connection on which nothing was ever asked, as browsers open in advance, would hold this up for a minute.
    const cutOff = setTimeout(() => this.#app.server.closeAllConnections(), GRACE_MS);
    await this.#app.close();
    clearTimeout(cutOff);
    await this.#trail.close();
  }
}

interface ServerParts {
  readonly app: FastifyInstance;
  readonly push: PushServer;
  readonly trail: AuditTrail;
  readonly webhooks: readonly Webhook[];
}

type EndpointOptions = Pick<
  ServerOptions,
  'config' | 'bus' | 'codec' | 'clock' | 'partitionOf' | 'model' | 'explain' | 'replay'
>;

/** Every endpoint of the HTTP API but the audit trail's. */
export function endpointsOf({
  config,
  bus,
  codec,
  clock,
  partitionOf,
  model,
  explain,
  replay,
}: EndpointOptions): Endpoint[] {
  return [
    ...sessionEndpoints(() => WALL_CLOCK.now(), config.tls !== undefined),
    ...patientEndpoints(explain),
    ...alertEndpoints({ bus, codec, clock, partitionOf }),
    ...modelEndpoints(model.version, model.directory),
    ...replayEndpoints(replay),
    ...exportEndpoints(),
    ...fhirEndpoints(model.version),
  ];
}

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

function addDefaults(app: FastifyInstance, origins: ReadonlySet<string>, isSecure: boolean): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      ...(isSecure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    });
    const { origin } = request.headers;
    if (origin === undefined || !origins.has(origin)) return;
    reply.headers({ 'access-control-allow-origin': origin, vary: 'Origin' });
    if (request.method !== 'OPTIONS') return;
    reply.headers({
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-max-age': '600',
    });
    await reply.code(204).send();
  });
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler(async (_request, reply) => {
    await reply.code(404).type(PROBLEM_TYPE).send(problemOf(404, 'there is nothing here'));
  });
}

/** Also for addresses that cannot be routed, such as `/%ff`. */
async function sendProblem(error: unknown, _request: unknown, reply: FastifyReply): Promise<void> {
  const problem = problemOfError(error);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  await reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
}
