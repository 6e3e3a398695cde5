import type { FastifyInstance } from 'fastify';

/** Requests under way when the door closes may take so long. */
const GRACE_MS = 1000;

/** Takes no more; what is under way has a moment to be answered. A connection on which nothing is asked holds nobody up. */
export async function closeSoon(app: FastifyInstance): Promise<void> {
  const cutOff = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
  await app.close();
  clearTimeout(cutOff);
}
