import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the network of one process fares: as it should, silent for good, slow, or closed to new connections. */
export type NetworkMode = 'pass' | 'blackhole' | 'delay' | 'refuse';

const DELAY_MS = 2000;

/** A TCP proxy between one process and its broker, which can fail as networks do. */
export class Network {
  mode: NetworkMode = 'pass';
  readonly #port: number;
  readonly #target: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #server: Server | null = null;

  /** Listens on `port` and passes on to `target`, both on this machine. */
  constructor(port: number, target: number) {
    this.#port = port;
    this.#target = target;
  }

  async open(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#serve(client));
    await new Promise<void>((done) => server.listen(this.#port, '127.0.0.1', done));
    this.#server = server;
  }

  /** Ends every connection at once, without a farewell. */
  reset(): void {
    for (const [client, server] of [...this.#pairs]) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** Says to every client that nothing more will come. */
  halfClose(): void {
    for (const [client] of [...this.#pairs]) client.end();
  }

  async close(): Promise<void> {
    this.reset();
    const server = this.#server;
    await new Promise<void>((done) => (server === null ? done() : server.close(() => done())));
  }

  #serve(client: Socket): void {
    if (this.mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    const forget = () => this.#pairs.delete(pair);
    this.#pipe(client, server, forget);
    this.#pipe(server, client, forget);
  }

  /** In order, also where some of it is delayed. What falls into a black hole is lost, as behind a firewall that forgets. */
  #pipe(from: Socket, to: Socket, forget: () => void): void {
    let chain: Promise<unknown> = Promise.resolve();
    from.on('data', (data) => {
      if (this.mode === 'blackhole') return;
      if (this.mode === 'delay') chain = chain.then(() => sleep(DELAY_MS));
      chain = chain.then(() => to.destroyed || to.write(data));
    });
    from.on('end', () => {
      chain = chain.then(() => to.end());
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      void chain.then(() => to.destroy());
      forget();
    });
  }
}
