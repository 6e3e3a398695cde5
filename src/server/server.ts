import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance } from 'fastify';
import type { EventBus } from '../bus/bus.js';
import { type Clock, WALL_CLOCK } from '../clock.js';
import { WardstreamError } from '../errors.js';
import type { MessageCodec } from '../events/codec.js';
import { Access } from './access/access.js';
import { openAuth } from './access/open.js';
import type { ServerConfig } from './config.js';
import { type Endpoint, serve } from './endpoint.js';
import { History } from './history.js';
import { addObservability, type ObservabilityOptions } from './observability.js';
import { PROBLEM_TYPE, problemOf, problemOfError } from './problem.js';
import { PushServer } from './push/push-server.js';
import type { ReplayControl } from './replay-control.js';
import { alertEndpoints } from './routes/alerts.js';
import { modelEndpoints } from './routes/models.js';
import { type Explain, patientEndpoints } from './routes/patients.js';
import { replayEndpoints } from './routes/replay.js';
import { sessionEndpoints } from './routes/session.js';
import type { WardView } from './ward-view.js';

export interface ServerOptions {
  readonly config: ServerConfig;
  readonly view: WardView;
  readonly store: ClickHouseClient;
  readonly bus: EventBus;
  readonly codec: MessageCodec;
  /** The stream's clock: the time of day where live, the newest event time in a replay. */
  readonly clock: Clock;
  readonly model: { readonly version: string; readonly directory?: string | undefined };
  /** Left out where the model cannot explain. */
  readonly explain?: Explain | undefined;
  /** Where left out, only `/health/live` answers. */
  readonly observability?: ObservabilityOptions | undefined;
  /** Only where history is replayed. */
  readonly replay?: ReplayControl | undefined;
}

/** The page's own files, built by Vite. */
const PAGE = fileURLToPath(new URL('../../dashboards/ward/dist', import.meta.url));
const MAX_BODY_BYTES = 65_536;

/** HTTP API, WebSocket push and the ward page on one port. Without a token only health and the page's files answer. */
export class WardServer {
  readonly #app: FastifyInstance;
  readonly #push: PushServer;
  readonly #config: ServerConfig;
  /** The one-off token, where this server makes its own. */
  readonly localToken: string | null;

  private constructor(
    app: FastifyInstance,
    push: PushServer,
    config: ServerConfig,
    localToken: string | null,
  ) {
    this.#app = app;
    this.#push = push;
    this.#config = config;
    this.localToken = localToken;
  }

  /** @throws WardstreamError `WS_PORT_IN_USE`. */
  static async open(options: ServerOptions): Promise<WardServer> {
    const { config, view, store, model, replay } = options;
    const { host, port, origins } = config;
    const { verify, localToken } = await openAuth(config.auth, WALL_CLOCK);
    const access = new Access({ verify, origins });
    const sources = { view, history: new History(store, view) };
    const app = Fastify({ bodyLimit: MAX_BODY_BYTES, routerOptions: { maxParamLength: 400 } });
    addDefaults(app);
    if (options.observability !== undefined) addObservability(app, options.observability);
    else app.get('/health/live', async () => ({ status: 'live' }));
    serve(app, endpointsOf(options), (request) => access.identify(request.raw), sources);
    if (existsSync(PAGE)) await app.register(fastifyStatic, { root: PAGE });
    const push = new PushServer({
      server: app.server,
      sources,
      access,
      modelVersion: model.version,
      now: () => WALL_CLOCK.now(),
      maxConnections: config.maxConnections,
      compression: config.compression,
      replay,
    });
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
    return new WardServer(app, push, config, localToken);
  }

  /** Where the server listens, without a token. */
  get url(): string {
    const address = this.#app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : this.#config.port;
    return `http://${this.#config.host}:${port}`;
  }

  async close(): Promise<void> {
    this.#push.close();
    await this.#app.close();
  }
}

/** Every endpoint of the HTTP API. */
export function endpointsOf({
  bus,
  codec,
  clock,
  model,
  explain,
  replay,
}: Pick<ServerOptions, 'bus' | 'codec' | 'clock' | 'model' | 'explain' | 'replay'>): Endpoint[] {
  return [
    ...sessionEndpoints(() => WALL_CLOCK.now(), false),
    ...patientEndpoints(explain),
    ...alertEndpoints({ bus, codec, clock }),
    ...modelEndpoints(model.version, model.directory),
    ...replayEndpoints(replay),
  ];
}

function addDefaults(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy':
        "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });
  app.setErrorHandler(async (error, _request, reply) => {
    const problem = problemOfError(error);
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    await reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
  });
  app.setNotFoundHandler(async (_request, reply) => {
    await reply.code(404).type(PROBLEM_TYPE).send(problemOf(404, 'there is nothing here'));
  });
}
