import { type ClientOptions, type Socket, WardClient } from './ward-client.js';

export { layerOf } from '../contract/layers.js';
export type * from '../contract/protocol.js';
export * from './ward-client.js';

/** The browser's own WebSocket; its type is not there when the server is compiled. */
declare const WebSocket: new (url: string, protocols: string[]) => unknown;

/** Connects to a ward, from a page. */
export function connect(options: ClientOptions): WardClient {
  return new WardClient(options, (url, protocols) => new WebSocket(url, protocols) as Socket);
}
