import { createHmac } from 'node:crypto';
import type { Subscription } from 'rxjs';
import type { AlertMessage } from '../events/messages.js';
import type { LoggedAlert } from '../server/alert-log.js';
import type { WardView } from '../server/ward-view.js';

export interface WebhookOptions {
  /** Names the webhook: where it got to outlives the process under this name. */
  readonly name: string;
  readonly url: string;
  /** Signs what is sent. */
  readonly secret: string;
  /** Only alerts of these wards, and of these priorities; by default all. */
  readonly wards?: readonly string[] | undefined;
  readonly priorities?: readonly string[] | undefined;
  /** Attempts before a record is set aside. */
  readonly attempts: number;
  readonly timeoutMs: number;
  /** Wait after the first failed attempt; doubled after each. */
  readonly backoffMs: number;
}

/** Where a webhook got to in one process's order of records (`place`), and what it could not deliver. */
export interface WebhookStore {
  cursor(place: string): Promise<string | null>;
  keepCursor(place: string, cursor: string): Promise<void>;
  /** Keeps a record that could not be delivered. */
  setAside(name: string, alert: AlertMessage, reason: string): Promise<void>;
}

const MAX_BACKOFF_MS = 300_000;
/** Deliveries under way at once. */
const CONCURRENCY = 8;
/** Records that wait; where more come, the oldest is set aside. */
const CAPACITY = 20_000;
const KEEP_CURSOR_MS = 1000;
/** How long a start waits for the store. */
const START_MS = 2000;

/** `t=…,v1=…`: HMAC-SHA256 in hex of the seconds, a full stop, and the body. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  const hmac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${hmac}`;
}

/** Processes that share a configuration have webhooks of one name, and each an order of records, named in its cursors, of its own. */
function placeOf(name: string, cursor: string): string {
  return `${name} ${cursor.slice(0, cursor.indexOf('.'))}`;
}

interface Delivery {
  readonly logged: LoggedAlert;
  isDone: boolean;
}

/**
 * Posts each alert record to a URL, signed, at least once: tried again with growing waits, then set aside. Goes on after
 * a restart where it got to. Records may overtake each other; their `sequence` tells their order.
 */
export class Webhook {
  readonly #options: WebhookOptions;
  readonly #view: WardView;
  readonly #store: WebhookStore;
  readonly #now: () => number;
  /** In order; done ones leave from the front, so that the cursor never passes one that is not. */
  readonly #deliveries: Delivery[] = [];
  readonly #ready: Delivery[] = [];
  #underWay = 0;
  #listening: Subscription | undefined;
  #cursor: string | null = null;
  #keeping: NodeJS.Timeout | undefined;
  readonly #waits = new Set<NodeJS.Timeout>();
  readonly #abort = new AbortController();

  constructor(options: WebhookOptions, view: WardView, store: WebhookStore, now: () => number) {
    this.#options = options;
    this.#view = view;
    this.#store = store;
    this.#now = now;
  }

  /** Delivers what was missed since the last run, then what comes. */
  async start(): Promise<void> {
    const { log } = this.#view;
    // A store that does not tell where the last run got to keeps no alert of this one back.
    const told = this.#store.cursor(placeOf(this.#options.name, log.cursor)).catch(() => null);
    const cursor = await Promise.race([told, this.#wait(START_MS).then(() => null)]);
    if (cursor === null) {
      // Kept at once: what this first run does not come to deliver is the next one's.
      this.#cursor = log.cursor;
      await Promise.race([this.#keepCursor(), this.#wait(START_MS)]);
    } else {
      const missed = (await log.after(cursor)) ?? [];
      const since = log.publishedAfter(missed.at(-1)?.cursor ?? cursor);
      for (const logged of [...missed, ...since]) this.#add(logged);
    }
    this.#listening = this.#view.alerts$.subscribe((logged) => this.#add(logged));
  }

  /** Stops; what is not delivered is delivered by the next run. */
  async close(): Promise<void> {
    this.#listening?.unsubscribe();
    this.#abort.abort();
    clearTimeout(this.#keeping);
    for (const wait of this.#waits) clearTimeout(wait);
    await this.#keepCursor();
  }

  #add(logged: LoggedAlert): void {
    const { wards, priorities } = this.#options;
    const { wardId, priority } = logged.alert;
    const isWanted =
      (wards === undefined || (wardId !== null && wards.includes(wardId))) &&
      (priorities === undefined || priorities.includes(priority));
    const delivery = { logged, isDone: !isWanted };
    this.#deliveries.push(delivery);
    if (delivery.isDone) {
      this.#advance();
      return;
    }
    this.#ready.push(delivery);
    if (this.#ready.length > CAPACITY) void this.#setAside(this.#ready.shift()!, 'too many records wait');
    this.#pump();
  }

  #pump(): void {
    while (this.#underWay < CONCURRENCY && this.#ready.length > 0) {
      this.#underWay++;
      void this.#deliver(this.#ready.shift()!).finally(() => {
        this.#underWay--;
        this.#pump();
      });
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { attempts, backoffMs } = this.#options;
    let fault = '';
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await this.#wait(Math.min(MAX_BACKOFF_MS, backoffMs * 2 ** (attempt - 1)));
      if (this.#abort.signal.aborted) return;
      const answer = await this.#post(delivery.logged);
      if (answer === null) {
        delivery.isDone = true;
        this.#advance();
        return;
      }
      fault = answer;
    }
    if (!this.#abort.signal.aborted)
      await this.#setAside(delivery, `${attempts} attempts; the last: ${fault}`);
  }

  /** Null where it was taken; else why not. */
  async #post({ cursor, alert }: LoggedAlert): Promise<string | null> {
    const { url, secret, timeoutMs } = this.#options;
    const body = JSON.stringify({ type: 'alert', version: 1, cursor, alert });
    const seconds = Math.floor(this.#now() / 1000);
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'error',
        headers: {
          'content-type': 'application/json',
          'wardstream-delivery': `${alert.alertId}.${alert.sequence}`,
          'wardstream-signature': signatureOf(secret, seconds, body),
        },
        body,
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#abort.signal]),
      });
      await response.body?.cancel();
      return response.ok ? null : `status ${response.status}`;
    } catch (error) {
      const { cause, message } = error as Error & { cause?: { code?: string } };
      return cause?.code ?? message;
    }
  }

  async #setAside(delivery: Delivery, reason: string): Promise<void> {
    await this.#store.setAside(this.#options.name, delivery.logged.alert, reason).catch(() => undefined);
    delivery.isDone = true;
    this.#advance();
  }

  #advance(): void {
    while (this.#deliveries[0]?.isDone) this.#cursor = this.#deliveries.shift()!.logged.cursor;
    this.#keeping ??= setTimeout(() => void this.#keepCursor(), KEEP_CURSOR_MS);
  }

  async #keepCursor(): Promise<void> {
    this.#keeping = undefined;
    if (this.#cursor === null) return;
    const { name } = this.#options;
    await this.#store.keepCursor(placeOf(name, this.#cursor), this.#cursor).catch(() => undefined);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waits.delete(timer);
        resolve();
      }, ms);
      timer.unref();
      this.#waits.add(timer);
    });
  }
}
