import { WardstreamError } from '../errors.js';

/** Why a door does not listen: `WS_PORT_IN_USE` where the port is, else `WS_CONFIG`. */
export function cannotListen(
  door: string,
  { host, port }: { readonly host: string; readonly port: number },
  error: unknown,
): WardstreamError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'EADDRINUSE') return new WardstreamError('WS_CONFIG', `door ${door}: ${message}`);
  const where = `${host}:${port}`;
  return new WardstreamError('WS_PORT_IN_USE', `door ${door}: ${where} is in use by another process`);
}
