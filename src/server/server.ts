import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { NoticeBoard } from '../alerts/notices.js';
import type { EventBus } from '../bus/bus.js';
import { type Clock, WALL_CLOCK } from '../clock.js';
import type { CatchingUpView } from '../contract/protocol.js';
import { outcomeOf } from '../doors/fhir/outcome.js';
import type { MessageCodec } from '../events/codec.js';
import { addAuditMetrics, addPushMetrics } from '../metrics/metrics.js';
import type { ObservabilityOptions } from '../metrics/readiness.js';
import type { ServerConfig } from '../settings/server.js';
import type { WardBoard } from '../ward/ward-board.js';
import { Access } from './access/access.js';
import { AuditTrail } from './access/audit-trail.js';
import { openAuth } from './access/open-auth.js';
import { Refusals } from './access/refusals.js';
import { type Endpoint, serve } from './endpoint.js';
import { History } from './history.js';
import { listen, urlOf } from './listen.js';
import { addObservability } from './observability.js';
import { HttpProblem, PROBLEM_TYPE, problemOfError } from './problem.js';
import { PushServer } from './push/push-server.js';
import type { ReplayControl } from './replay-control.js';
import { alertEndpoints } from './routes/alerts.js';
import { auditEndpoints } from './routes/audit.js';
import { exportEndpoints } from './routes/export.js';
import { FHIR, FHIR_BASE, fhirEndpoints } from './routes/fhir.js';
import { modelEndpoints } from './routes/models.js';
import { type Explain, patientEndpoints } from './routes/patients.js';
import { replayEndpoints } from './routes/replay.js';
import { sessionEndpoints } from './routes/session.js';

export interface ServerOptions {
  readonly config: ServerConfig;
  readonly view: WardBoard;
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
  /** Where the server tells the wards what is wrong with it. */
  readonly notices?: NoticeBoard | undefined;
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
  readonly #refusals: Refusals;
  /** Who may come in. */
  readonly access: Access;
  /** The one-off token, where this server makes its own. */
  readonly localToken: string | null;

  private constructor(parts: ServerParts, config: ServerConfig, localToken: string | null) {
    this.#app = parts.app;
    this.#push = parts.push;
    this.#trail = parts.trail;
    this.#refusals = parts.refusals;
    this.access = parts.access;
    this.#config = config;
    this.localToken = localToken;
  }

  /** @throws WardstreamError `WS_PORT_IN_USE`. */
  static async open(options: ServerOptions): Promise<WardServer> {
    const { config, view, store, model, replay, onTrouble = () => undefined } = options;
    const { tls, requestsPerMinute } = config;
    const now = () => WALL_CLOCK.now();
    const { verify, sessions, localToken } = await openAuth(config, WALL_CLOCK);
    const access = new Access({ ...config, verify, sessions, now });
    const sources = { view, history: new History(store, view), catchingUp: options.catchingUp };
    const { audit: settings } = config;
    const trail = new AuditTrail({ store, settings, now, onTrouble, notices: options.notices });
    const refusals = new Refusals(trail);
    const app = Fastify({
      bodyLimit: MAX_BODY_BYTES,
      // As long as a request line may be: what is too long for an id is answered by the rule of ids, with 400.
      routerOptions: { maxParamLength: 16_384 },
      requestTimeout: REQUEST_TIMEOUT_MS,
      frameworkErrors: sendProblem,
      ...(tls === undefined ? {} : { https: { cert: tls.cert, key: tls.key } }),
    }) as unknown as FastifyInstance;
    addDefaults(app, access);
    await app.register(fastifyRateLimit, {
      max: requestsPerMinute,
      timeWindow: '1 minute',
      keyGenerator: ({ raw }) => access.limitKeyOf(raw),
      // Both cost next to nothing; who watches this process must get through whoever else asks.
      allowList: ({ url }) => url.startsWith('/health/') || url === '/metrics',
      errorResponseBuilder: () => new HttpProblem(429, 'too many requests; wait a minute'),
    });
    app.setNotFoundHandler({ preHandler: app.rateLimit() }, async (request, reply) => {
      await sendProblem(new HttpProblem(404, 'there is nothing here'), request, reply);
    });
    const { observability } = options;
    const refuseScrape = (message: IncomingMessage) => {
      refusals.add(access.addressOf(message), 'GET /metrics', '401: the scrape token is needed');
      access.fail(message);
    };
    if (observability !== undefined) addObservability(app, observability, refuseScrape);
    else app.get('/health/live', async () => ({ status: 'live' }));
    const endpoints = [...endpointsOf({ ...options, access }), ...auditEndpoints(trail)];
    serve(app, endpoints, { access, sources, trail, refusals });
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
      trail,
      refusals,
    });
    if (observability !== undefined) {
      addPushMetrics(observability.metrics, push);
      addAuditMetrics(observability.metrics, trail);
    }
    await listen(app, config).catch((error: unknown) => {
      push.close();
      throw error;
    });
    return new WardServer({ app, push, trail, refusals, access }, config, localToken);
  }

  /** Where the server listens, without a token. */
  get url(): string {
    const { host, port, tls } = this.#config;
    return urlOf(this.#app, host, port, tls !== undefined);
  }

  async close(): Promise<void> {
    this.#push.close();
    // A connection on which nothing was ever asked, as browsers open in advance, would hold this up for a minute.
    const cutOff = setTimeout(() => this.#app.server.closeAllConnections(), GRACE_MS);
    await this.#app.close();
    clearTimeout(cutOff);
    this.#refusals.flush();
    await this.#trail.close();
  }
}

interface ServerParts {
  readonly app: FastifyInstance;
  readonly push: PushServer;
  readonly trail: AuditTrail;
  readonly refusals: Refusals;
  readonly access: Access;
}

type EndpointOptions = Pick<
  ServerOptions,
  'bus' | 'codec' | 'clock' | 'partitionOf' | 'model' | 'explain' | 'replay'
> & {
  readonly access: Access;
};

/** Every endpoint of the HTTP API but the audit trail's. */
export function endpointsOf({
  access,
  bus,
  codec,
  clock,
  partitionOf,
  model,
  explain,
  replay,
}: EndpointOptions): Endpoint[] {
  return [
    ...sessionEndpoints(() => WALL_CLOCK.now(), access),
    ...patientEndpoints(explain),
    ...alertEndpoints({ bus, codec, clock, partitionOf }),
    ...modelEndpoints(model.version, model.directory),
    ...replayEndpoints(replay),
    ...exportEndpoints(),
    ...fhirEndpoints(model.version, access),
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

function addDefaults(app: FastifyInstance, access: Access): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      ...(access.isSecure(request.raw) ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    });
    const { origin } = request.headers;
    if (origin === undefined || !access.origins.has(origin)) return;
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
}

/** Also for addresses that cannot be routed, such as `/%ff`. */
async function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const problem = problemOfError(error);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  if (error instanceof HttpProblem && error.retryAfterS !== null)
    reply.header('retry-after', String(error.retryAfterS));
  const isFhir = request.raw.url?.startsWith(FHIR_BASE) ?? false;
  if (isFhir) await reply.code(problem.status).type(FHIR).send(outcomeOf(problem.status, problem.detail));
  else await reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
}
