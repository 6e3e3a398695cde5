import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { type ObservabilityOptions, type ReadinessReport, readinessOf } from '../metrics/readiness.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';

/** An answer about readiness serves for so long: whoever asks, and however often, the store is asked once. */
const READY_MS = 1000;

/**
 * `/health/live` (is there sense in waiting for this process?), `/health/ready` (is it of use now, and if not, why?) and
 * `/metrics`. Health needs no token and tells nothing of patients; metrics need their own.
 */
export function addObservability(
  app: FastifyInstance,
  options: ObservabilityOptions,
  /** Told of requests without the scrape token; may throw to answer something else. */
  onRefused: (message: IncomingMessage) => void = () => undefined,
): void {
  const { metrics, conditions, failure, scrapeToken } = options;
  let asked: { readonly at: number; readonly report: Promise<ReadinessReport> } | null = null;
  const ready = () => {
    if (asked === null || performance.now() - asked.at > READY_MS)
      asked = { at: performance.now(), report: readinessOf(conditions) };
    return asked.report;
  };
  app.get('/health/live', async (_, reply) => {
    const isDead = failure() !== null;
    return reply.code(isDead ? 503 : 200).send({ status: isDead ? 'failed' : 'live' });
  });
  app.get('/health/ready', async (_, reply) => {
    const report = await ready();
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
      onRefused(request.raw);
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
