import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';

/** ClickHouse's HTTP interface over chDB, so that the network client meets the real engine. It can go away and come back. */
export class ClickHouseFront {
  readonly #directory = mkdtempSync(join(tmpdir(), 'wardstream-front-'));
  readonly #session = new Session(this.#directory);
  #server: Server | null = null;
  #port = 0;
  requests = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Begins to answer; on the same port as before. */
  async come(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Answers no more. */
  async go(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  }

  async close(): Promise<void> {
    await this.go();
    this.#session.cleanup();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { searchParams } = new URL(request.url ?? '/', this.url);
    if (!searchParams.has('query') && body === '') {
      response.end('Ok.\n');
      return;
    }
    try {
      this.#session.query(`USE ${searchParams.get('database') ?? 'default'}`);
      for (const [name, value] of searchParams) {
        if (name.startsWith('param_')) this.#session.query(`SET ${name} = '${value.replaceAll("'", "\\'")}'`);
      }
      response.end(this.#session.query([searchParams.get('query'), body].filter(Boolean).join('\n')));
    } catch (error) {
      const text = String(error).replace(/^Error: /, '');
      const code = /Code: (\d+)/.exec(text)?.[1] ?? '1000';
      response.writeHead(500, { 'x-clickhouse-exception-code': code }).end(text);
    }
  }
}
