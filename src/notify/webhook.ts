import { createHmac } from 'node:crypto';
import type { Subscription } from 'rxjs';
import type { AlertMessage } from '../contract/messages.js';
import { withOldName } from '../contract/old-names.js';
import { within } from '../deadline.js';
import type { LoggedAlert } from '../ward/alert-order.js';
import type { WardBoard } from '../ward/ward-board.js';
import { type Delivery, DeliveryQueue } from './queue.js';

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

/** Where a webhook got to in one process's order of records (`place`), what it is done with, and what it could not deliver. */
export interface WebhookStore {
  cursor(place: string): Promise<string | null>;
  keepCursor(place: string, cursor: string): Promise<void>;
  /** Newest record of an alert that this webhook need not post again, in whichever process; null where there is none. */
  doneWith(name: string, alertId: string): Promise<number | null>;
  /** Keeps that, by alert id. */
  keepDone(name: string, done: ReadonlyMap<string, number>): Promise<void>;
  /** Keeps a record that could not be delivered. */
  setAside(name: string, alert: AlertMessage, reason: string): Promise<void>;
}

const MAX_BACKOFF_MS = 300_000;
/** Answers that say that this very body will never be taken (RFC 9110, 15.5). */
const REFUSALS = new Set([400, 413, 415, 422]);
/** Records that wait; where more come, the oldest is set aside. */
const CAPACITY = 20_000;
/** How long a start waits for the store. */
const START_MS = 2000;
const KEEP_MS = 1000;
/** How long a record waits to hear whether it has been delivered; it is posted once too often rather than late. */
const ASK_MS = 1000;
/** After the store has not said so it is not asked for so long. */
const ASK_PAUSE_MS = 30_000;
/** Posts under way when the process is told to stop may take so long. */
const GRACE_MS = 2000;
/** Alerts remembered. */
const REMEMBERED = 20_000;

/** `t=…,v1=…`: HMAC-SHA256 in hex of the seconds, a full stop, and the body. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  const hmac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${hmac}`;
}

/** Processes that share a configuration have webhooks of one name, and each an order of records, named in its cursors, of its own. */
function placeOf(name: string, cursor: string): string {
  return `${name} ${cursor.slice(0, cursor.indexOf('.'))}`;
}

/**
 * Posts each alert record to a URL, signed, at least once: tried again with growing waits, then set aside. Of a patient one at a
 * time, in order; patients hold each other up in nothing. Goes on after a restart where it got to, and posts nothing again that
 * was delivered, here or in another process of the same configuration, but for the last second before a kill.
 */
export class Webhook {
  readonly #options: WebhookOptions;
  readonly #view: WardBoard;
  readonly #store: WebhookStore;
  readonly #now: () => number;
  /** In order; done ones leave from the front, so that the cursor never passes one that is not. */
  readonly #deliveries: Delivery[] = [];
  readonly #queue: DeliveryQueue;
  #waiting = 0;
  /** By alert id the newest record that is done with; the oldest go first. */
  readonly #done = new Map<string, number>();
  /** Of these, what is not in the store yet. */
  #unkept = new Map<string, number>();
  #askAgainAt = Number.NEGATIVE_INFINITY;
  #listening: Subscription | undefined;
  #cursor: string | null = null;
  #keeping: NodeJS.Timeout | undefined;
  readonly #abort = new AbortController();

  constructor(options: WebhookOptions, view: WardBoard, store: WebhookStore, now: () => number) {
    this.#options = options;
    this.#view = view;
    this.#store = store;
    this.#now = now;
    this.#queue = new DeliveryQueue((delivery) => this.#attempt(delivery));
  }

  /** Delivers what was missed since the last run, then what comes. */
  async start(): Promise<void> {
    const { log } = this.#view;
    // A store that does not tell where the last run got to keeps no alert of this one back.
    const told = this.#store.cursor(placeOf(this.#options.name, log.cursor)).catch(() => null);
    const cursor = await within(START_MS, told, () => null);
    if (cursor === null) {
      // Kept at once: what this first run does not come to deliver is the next one's.
      this.#cursor = log.cursor;
      await within(START_MS, this.#keep(), () => null);
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
    // What the receiver may have taken already is waited for, so that it is not posted again.
    await this.#queue.close(GRACE_MS);
    this.#abort.abort();
    clearTimeout(this.#keeping);
    await this.#keep();
  }

  #add(logged: LoggedAlert): void {
    const { wards, priorities } = this.#options;
    const { wardId, leftWardId, priority } = logged.alert;
    // What belongs to no ward concerns every ward; one that an alert left is told so.
    const concerned = [wardId, leftWardId === '' ? null : (leftWardId ?? wardId)];
    const isWanted =
      (wards === undefined || concerned.some((each) => each === null || wards.includes(each))) &&
      (priorities === undefined || priorities.includes(priority));
    const delivery = { logged, attempts: 0, isDone: !isWanted || this.#isDone(logged.alert) };
    this.#deliveries.push(delivery);
    if (delivery.isDone) {
      this.#advance();
      return;
    }
    this.#queue.add(delivery);
    if (++this.#waiting > CAPACITY) {
      const oldest = this.#deliveries.find(({ isDone }) => !isDone)!;
      void this.#setAside(oldest, 'too many records wait');
    }
  }

  #isDone({ alertId, sequence }: AlertMessage): boolean {
    return sequence <= (this.#done.get(alertId) ?? -1);
  }

  /** One attempt; null when the record is done with, else how long to wait for the next. */
  async #attempt(delivery: Delivery): Promise<number | null> {
    const { attempts, backoffMs } = this.#options;
    if (delivery.attempts === 0) {
      await this.#ask(delivery.logged.alert);
      if (this.#isDone(delivery.logged.alert)) {
        this.#finish(delivery);
        return null;
      }
    }
    if (this.#abort.signal.aborted) return MAX_BACKOFF_MS;
    const answer = await this.#post(delivery.logged);
    if (answer.isTaken) {
      this.#finish(delivery);
      return null;
    }
    if (this.#abort.signal.aborted) return MAX_BACKOFF_MS;
    delivery.attempts++;
    if (delivery.attempts < attempts && !answer.isFinal) {
      return Math.min(MAX_BACKOFF_MS, backoffMs * 2 ** (delivery.attempts - 1));
    }
    await this.#setAside(delivery, `${delivery.attempts} attempts; the last: ${answer.fault}`);
    return null;
  }

  /** Learns what another run or process is done with. A store that does not say so holds nothing up for long. */
  async #ask({ alertId }: AlertMessage): Promise<void> {
    if (performance.now() < this.#askAgainAt) return;
    const { name } = this.#options;
    const asked = this.#store.doneWith(name, alertId).then(
      (sequence) => ({ sequence }),
      () => null,
    );
    const answer = await within(ASK_MS, asked, () => null);
    if (answer === null) this.#askAgainAt = performance.now() + ASK_PAUSE_MS;
    else if (answer.sequence !== null) this.#remember(alertId, answer.sequence);
  }

  #remember(alertId: string, sequence: number): void {
    const known = this.#done.get(alertId) ?? -1;
    this.#done.delete(alertId);
    this.#done.set(alertId, Math.max(known, sequence));
    if (this.#done.size > REMEMBERED) this.#done.delete(this.#done.keys().next().value as string);
  }

  async #post({ cursor, alert }: LoggedAlert): Promise<Answer> {
    const { url, secret, timeoutMs } = this.#options;
    const body = JSON.stringify({ type: 'alert', version: 1, cursor, alert: withOldName(alert) });
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
      const { ok, status } = response;
      return { isTaken: ok, isFinal: REFUSALS.has(status), fault: `status ${status}` };
    } catch (error) {
      const { cause, message } = error as Error & { cause?: { code?: string } };
      return { isTaken: false, isFinal: false, fault: cause?.code ?? message };
    }
  }

  async #setAside(delivery: Delivery, reason: string): Promise<void> {
    this.#finish(delivery);
    await this.#store.setAside(this.#options.name, delivery.logged.alert, reason).catch(() => undefined);
  }

  #finish(delivery: Delivery): void {
    if (delivery.isDone) return;
    delivery.isDone = true;
    this.#waiting--;
    const { alertId, sequence } = delivery.logged.alert;
    this.#remember(alertId, sequence);
    this.#unkept.set(alertId, this.#done.get(alertId)!);
    this.#advance();
  }

  #advance(): void {
    while (this.#deliveries[0]?.isDone) this.#cursor = this.#deliveries.shift()!.logged.cursor;
    this.#keeping ??= setTimeout(() => void this.#keep(), KEEP_MS);
  }

  /** Keeps where it got to, and before that what it is done with; what the store does not take now, it is given again. */
  async #keep(): Promise<void> {
    this.#keeping = undefined;
    const { name } = this.#options;
    const done = this.#unkept;
    this.#unkept = new Map();
    try {
      if (done.size > 0) await this.#store.keepDone(name, done);
    } catch {
      const newer = this.#unkept;
      this.#unkept = new Map([...done, ...newer].slice(-REMEMBERED));
    }
    if (this.#cursor === null) return;
    await this.#store.keepCursor(placeOf(name, this.#cursor), this.#cursor).catch(() => undefined);
  }
}

/** What came of a post. */
interface Answer {
  readonly isTaken: boolean;
  /** Whether trying again would be for nothing. */
  readonly isFinal: boolean;
  readonly fault: string;
}
