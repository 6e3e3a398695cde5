import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Session } from 'chdb';

/** Parameters of a request that are not settings of its query, or that only a server's background threads carry out. */
const NOT_SETTINGS = new Set([
  'query',
  'query_id',
  'database',
  'enable_http_compression',
  'async_insert',
  'wait_for_async_insert',
]);

/** ClickHouse's HTTP interface over chDB, so that the network client meets the real engine. It can go away and come back. */
export class ClickHouseFront {
  readonly #directory = mkdtempSync(join(tmpdir(), 'wardstream-front-'));
  readonly #session = new Session(this.#directory);
  readonly #tls: ServerOptions | null;
  #server: (Server & { closeAllConnections(): void }) | null = null;
  #port = 0;
  requests = 0;
  /** How long each answer takes. */
  delayMs = 0;
  /** What becomes of requests: `hang`; and of inserts: `http500`, `cut-before` they are read, `cut-after` they are done, or `code:N`. */
  fault: string | null = null;
  /** Inserts with this text in them are refused with this code. */
  refuses: { readonly text: string; readonly code: string } | null = null;
  readonly #hanging = new Set<ServerResponse>();
  /** What the newest request said of itself. */
  newest = { isCompressed: false, settings: new URLSearchParams() };

  constructor(tls: ServerOptions | null = null) {
    this.#tls = tls;
  }

  get url(): string {
    return `${this.#tls === null ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** Begins to answer; on the same port as before. */
  async come(): Promise<void> {
    this.fault = null;
    for (const response of this.#hanging) response.destroy();
    this.#hanging.clear();
    if (this.#server !== null) return;
    // A request that is cut off has nobody to answer.
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response).catch(() => response.destroy());
    const server = this.#tls === null ? createServer(answer) : createTlsServer(this.#tls, answer);
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
    const isInsert = /INSERT/i.test(request.url ?? '');
    const fault = isInsert || this.fault === 'hang' ? this.fault : null;
    if (this.delayMs > 0) await sleep(this.delayMs);
    if (fault === 'cut-before') {
      request.once('data', () => request.socket.destroy());
      return;
    }
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // Whoever asked is gone.
      return;
    }
    if (fault === 'hang') {
      this.#hanging.add(response);
      return;
    }
    if (fault === 'http500') {
      response.writeHead(500).end('upstream broken');
      return;
    }
    if (fault?.startsWith('code:') === true) {
      refuseWith(response, fault.slice(5));
      return;
    }
    const isCompressed = request.headers['content-encoding'] === 'gzip';
    const sent = Buffer.concat(chunks);
    const body = (isCompressed ? gunzipSync(sent) : sent).toString();
    const { searchParams } = new URL(request.url ?? '/', this.url);
    this.newest = { isCompressed, settings: searchParams };
    if (!searchParams.has('query') && body === '') {
      response.end('Ok.\n');
      return;
    }
    if (isInsert && this.refuses !== null && body.includes(this.refuses.text)) {
      refuseWith(response, this.refuses.code);
      return;
    }
    try {
      this.#session.query(`USE ${searchParams.get('database') ?? 'default'}`);
      for (const [name, value] of searchParams) {
        if (NOT_SETTINGS.has(name)) continue;
        this.#session.query(`SET ${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`);
      }
      const answer = this.#session.query([searchParams.get('query'), body].filter(Boolean).join('\n'));
      if (fault === 'cut-after') {
        request.socket.destroy();
        return;
      }
      const wantsGzip = /gzip/.test(String(request.headers['accept-encoding']));
      if (wantsGzip && searchParams.get('enable_http_compression') === '1') {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(answer));
      } else {
        response.end(answer);
      }
    } catch (error) {
      const text = String(error).replace(/^Error: /, '');
      const code = /Code: (\d+)/.exec(text)?.[1] ?? '1000';
      response.writeHead(500, { 'x-clickhouse-exception-code': code }).end(text);
    }
  }
}

function refuseWith(response: ServerResponse, code: string): void {
  const text = `Code: ${code}. DB::Exception: as told. (INJECTED)`;
  response.writeHead(500, { 'x-clickhouse-exception-code': code }).end(text);
}
