import type { FastifyInstance } from 'fastify';
import { WardstreamError } from '../errors.js';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** @throws WardstreamError `WS_PORT_IN_USE`. */
export async function listen(app: FastifyInstance, { host, port }: Address): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw error;
    const what = `port ${port} on ${host} is in use`;
    throw new WardstreamError('WS_PORT_IN_USE', `${what}; stop what uses it or choose another with --port`, {
      cause: error,
    });
  }
}

/** Where it listens, without a token. */
export function urlOf(app: FastifyInstance, host: string, port: number, isSecure: boolean): string {
  const address = app.server.address();
  const at = typeof address === 'object' && address !== null ? address.port : port;
  return `${isSecure ? 'https' : 'http'}://${host}:${at}`;
}
