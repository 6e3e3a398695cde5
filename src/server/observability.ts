import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { type Condition, readinessOf } from '../metrics/readiness.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';

export interface ObservabilityOptions {
  readonly metrics: Registry;
  /** What must be so for the process to be of use. */
  readonly conditions: readonly Condition[];
  /** Why the pipeline has stopped; null while it runs. */
  readonly failure: () => Error | null;
  /** The bearer token of Prometheus; without one, /metrics is not served. */
  readonly scrapeToken: string | undefined;
}

/**
 * `/health/live` (is there sense in waiting for this process?), `/health/ready` (is it of use now, and if not, why?) and
 * `/metrics`. Health needs no token and tells nothing of patients; metrics need their own.
 */
export function addObservability(app: FastifyInstance, options: ObservabilityOptions): void {
  const { metrics, conditions, failure, scrapeToken } = options;
  app.get('/health/live', async (_, reply) => {
    const isDead = failure() !== null;
    return reply.code(isDead ? 503 : 200).send({ status: isDead ? 'failed' : 'live' });
  });
  app.get('/health/ready', async (_, reply) => {
    const report = await readinessOf(conditions);
    return reply.code(report.ready ? 200 : 503).send(report);
  });
  app.get('/metrics', async (request, reply) => {
    if (scrapeToken === undefined) {
      return reply
        .code(404)
        .type(PROBLEM_TYPE)
        .send(problemOf(404, 'metrics are served where metrics.token is set'));
    }
    if (!isSame(request.headers.authorization ?? '', `Bearer ${scrapeToken}`)) {
      reply.header('www-authenticate', 'Bearer');
      return reply.code(401).type(PROBLEM_TYPE).send(problemOf(401, 'the scrape token is needed'));
    }
    return reply.type(metrics.contentType).send(await metrics.metrics());
  });
}

/** Compares in a time that does not depend on where they differ. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}
