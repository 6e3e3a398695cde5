import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AlertMessage } from '../../src/contract/messages.js';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly alert: AlertMessage;
  /** `wardstream-delivery`. */
  readonly delivery: string;
}

/** A status; `never` for no answer; or what writes one itself. */
export type Reply = number | 'never' | ((response: ServerResponse) => void);

/** Somebody's endpoint: keeps what is posted to it. */
export class Receiver {
  readonly received: Received[] = [];
  /** How a record is answered; where it does not say, 204 and in turn `answers`. */
  answerOf: (alert: AlertMessage) => Reply | undefined = () => undefined;
  answers: Reply[] = [];
  readonly #server = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => {
      body += String(data);
    });
    request.on('end', () => {
      const { alert } = JSON.parse(body) as { alert: AlertMessage };
      const delivery = String(request.headers['wardstream-delivery']);
      this.received.push({ headers: request.headers, body, alert, delivery });
      const reply = this.answerOf(alert) ?? this.answers.shift() ?? 204;
      if (typeof reply === 'function') reply(response);
      else if (reply !== 'never') response.writeHead(reply, { location: 'http://127.0.0.1:1/' }).end();
    });
  });

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Of each post, in order. */
  get deliveries(): string[] {
    return this.received.map(({ delivery }) => delivery);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
