import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseFront } from '../../../store/front.js';

/** How ClickHouse fares. `cut-after` has written the rows, and its answer is lost. */
export type StoreMode =
  | 'ok'
  | 'down'
  | 'slow'
  | 'hang'
  | 'http-500'
  | 'http-502'
  | 'cut-before'
  | 'cut-after'
  | `code-${number}`;

/** Codes that ClickHouse answers with in trouble: memory, threads, connections, permissions, shards that are away. */
const CODES = [76, 202, 209, 236, 241, 252, 319, 425, 439, 497, 1000] as const;
export const STORE_MODES: readonly StoreMode[] = [
  'down',
  'slow',
  'hang',
  'http-500',
  'http-502',
  'cut-before',
  'cut-after',
  ...CODES.map((code) => `code-${code}` as const),
];

const SLOW_MS = 3000;

/** An HTTP proxy before ClickHouse that fails as servers and what stands before them do. */
export class FaultyStore {
  readonly #front: ClickHouseFront;
  readonly #silent = new Set<Socket>();
  #mode: StoreMode = 'ok';
  #server: Server | null = null;
  #port = 0;

  constructor(front: ClickHouseFront) {
    this.#front = front;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((done) => server.listen(this.#port, '127.0.0.1', done));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async become(mode: StoreMode): Promise<void> {
    this.#mode = mode;
    for (const socket of this.#silent) socket.destroy();
    this.#silent.clear();
    if (mode === 'down') await this.close();
    else if (this.#server === null) await this.open();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.closeAllConnections();
    await new Promise<void>((done) => server.close(() => done()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const mode = this.#mode;
    const isInsert = /INSERT/i.test(request.url ?? '');
    if (mode === 'hang') {
      this.#silent.add(request.socket);
      return;
    }
    if (mode === 'cut-before' && isInsert) {
      request.once('data', () => request.socket.destroy());
      return;
    }
    if (mode === 'slow') await sleep(SLOW_MS);
    if (mode === 'http-500') return refuse(request, response, 500, {}, 'upstream broken');
    if (mode === 'http-502') return refuse(request, response, 502, {}, '<html>Bad gateway</html>');
    if (mode.startsWith('code-')) {
      const code = mode.slice('code-'.length);
      const headers = { 'x-clickhouse-exception-code': code };
      return refuse(request, response, 500, headers, `Code: ${code}. DB::Exception: injected. (INJECTED)`);
    }
    this.#passOn(request, response, mode === 'cut-after' && isInsert);
  }

  #passOn(request: IncomingMessage, response: ServerResponse, isCut: boolean): void {
    const { method, headers, url = '/' } = request;
    const onward = ask(new URL(url, this.#front.url), { method, headers }, (answer) => {
      if (isCut) {
        answer.resume();
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.on('error', () => onward.destroy());
    request.pipe(onward);
  }
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string,
): void {
  request.resume();
  response.writeHead(status, headers).end(body);
}
