import WebSocket from 'ws';
import { type ClientOptions, type Socket, WardClient } from './ward-client.js';

export { layerOf } from '../contract/layers.js';
export type * from '../contract/protocol.js';
export * from './ward-client.js';

/** Connects to a ward, from Node. */
export function connect(options: ClientOptions): WardClient {
  return new WardClient(options, (url, protocols) => new WebSocket(url, protocols) as unknown as Socket);
}
