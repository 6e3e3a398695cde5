import Fastify, { type FastifyInstance } from 'fastify';
import type { ObservabilityOptions } from '../metrics/readiness.js';
import type { ServerConfig } from '../settings/server.js';
import { listen, urlOf } from './listen.js';
import { addObservability } from './observability.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';

type HealthConfig = Pick<ServerConfig, 'host' | 'port' | 'tls'>;

/** A request must have come in whole by then. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Health and metrics of a process that shows no ward. */
export class HealthServer {
  readonly #app: FastifyInstance;
  readonly #config: HealthConfig;

  private constructor(app: FastifyInstance, config: HealthConfig) {
    this.#app = app;
    this.#config = config;
  }

  /** @throws WardstreamError `WS_PORT_IN_USE`. */
  static async open(config: HealthConfig, observability: ObservabilityOptions): Promise<HealthServer> {
    const { tls } = config;
    const app = Fastify({
      requestTimeout: REQUEST_TIMEOUT_MS,
      ...(tls === undefined ? {} : { https: { cert: tls.cert, key: tls.key } }),
    }) as unknown as FastifyInstance;
    app.setNotFoundHandler(async (_request, reply) => {
      const problem = problemOf(404, 'this process has no page; one with the role gateway has');
      await reply.code(404).type(PROBLEM_TYPE).send(problem);
    });
    addObservability(app, observability);
    await listen(app, config);
    return new HealthServer(app, config);
  }

  get url(): string {
    const { host, port, tls } = this.#config;
    return urlOf(this.#app, host, port, tls !== undefined);
  }

  async close(): Promise<void> {
    this.#app.server.closeAllConnections();
    await this.#app.close();
  }
}
