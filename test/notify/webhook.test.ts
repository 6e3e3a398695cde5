import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlertMessage } from '../../src/contract/messages.js';
import { withOldName } from '../../src/contract/old-names.js';
import { Webhook, type WebhookOptions, type WebhookStore } from '../../src/notify/webhook.js';
import { webhookStore } from '../../src/notify/webhook-store.js';
import { WardView } from '../../src/ward/ward-view.js';
import { alert, outputsOf } from '../helpers.js';
import { openTestStore, stay } from '../server/ward.js';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const SECRET = 'a secret of at least thirty-two characters';
const NOW = 1_767_225_600_000;
let receiver: Server;
let received: Received[];
/** Status of each answer in turn; 204 when there are no more. */
let answers: number[];
let view: WardView;
let store: WebhookStore & { cursors: Map<string, string>; aside: [string, AlertMessage, string][] };
/** How the receiver answers a record; 204 and in turn `answers` where it does not say. */
let answerOf: (alert: AlertMessage) => number | 'never' | undefined;
const hooks: Webhook[] = [];

beforeEach(async () => {
  received = [];
  answers = [];
  answerOf = () => undefined;
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => {
      body += String(data);
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      const own = answerOf((JSON.parse(body) as { alert: AlertMessage }).alert);
      if (own === 'never') return;
      response.writeHead(own ?? answers.shift() ?? 204, { location: 'http://127.0.0.1:1/' }).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  view = new WardView();
  const cursors = new Map<string, string>();
  const aside: [string, AlertMessage, string][] = [];
  const done = new Map<string, number>();
  store = {
    cursors,
    aside,
    cursor: async (name) => cursors.get(name) ?? null,
    keepCursor: async (name, cursor) => void cursors.set(name, cursor),
    doneWith: async (name, alertId) => done.get(`${name} ${alertId}`) ?? null,
    keepDone: async (name, all) => {
      for (const [alertId, sequence] of all) done.set(`${name} ${alertId}`, sequence);
    },
    setAside: async (name, record, reason) => void aside.push([name, record, reason]),
  };
});
afterEach(async () => {
  for (const hook of hooks.splice(0)) await hook.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

async function start(more: Partial<WebhookOptions> = {}): Promise<Webhook> {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const given = { name: 'pager', url, secret: SECRET, attempts: 3, timeoutMs: 2000, backoffMs: 1 };
  const hook = new Webhook({ ...given, ...more }, view, store, () => NOW);
  hooks.push(hook);
  await hook.start();
  return hook;
}

const raise = (...ids: string[]) => view.write(outputsOf({ alerts: ids.map((id) => alert(id)) }));
const delivered = () => received.map(({ headers }) => String(headers['wardstream-delivery']));

describe('a webhook', () => {
  it('posts each record, signed so that the receiver can tell it is ours', async () => {
    await start();
    await raise('a1');
    await expect.poll(() => received.length).toBe(1);
    const [{ headers, body }] = received;
    const seconds = NOW / 1000;
    const expected = createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest('hex');
    expect(headers['wardstream-signature']).toBe(`t=${seconds},v1=${expected}`);
    expect(JSON.parse(body)).toMatchObject({ type: 'alert', version: 1, alert: withOldName(alert('a1')) });
  });

  it('sends only what was asked for', async () => {
    await start({ wards: ['W'], priorities: ['HIGH'] });
    const low = alert('low', 0, { priority: 'LOW' });
    await view.write(outputsOf({ alerts: [alert('other', 0, { wardId: 'V' }), low, alert('mine')] }));
    await expect.poll(delivered).toEqual(['mine.0']);
  });

  it('tries again, and then sets the record aside and goes on', async () => {
    await start();
    answers = [500, 429];
    await raise('a1');
    await expect.poll(delivered).toEqual(['a1.0', 'a1.0', 'a1.0']);
    answers = [500, 302, 404];
    await raise('a2');
    await expect.poll(() => store.aside.length).toBe(1);
    expect(store.aside[0].slice(0, 2)).toEqual(['pager', alert('a2')]);
    expect(store.aside[0][2]).toBe('3 attempts; the last: status 404');
    await raise('a3');
    await expect.poll(() => delivered().at(-1)).toBe('a3.0');
  });

  it('does not follow the receiver elsewhere', async () => {
    answers = [302];
    await start({ attempts: 1 });
    await raise('a1');
    await expect.poll(() => store.aside.length).toBe(1);
    expect(delivered()).toEqual(['a1.0']);
  });

  it('goes on after a restart with what was not delivered', async () => {
    const hook = await start();
    await raise('a1');
    await expect.poll(delivered).toEqual(['a1.0']);
    await hook.close();
    await raise('a2', 'a3');
    await start();
    await raise('a4');
    // At least once: of the first the answer may not have come before the restart.
    const once = () => [...new Set(delivered())].sort();
    await expect.poll(once, { timeout: 10_000 }).toEqual(['a1.0', 'a2.0', 'a3.0', 'a4.0']);
  });

  it('forgets nothing of a first run that delivered nothing', async () => {
    answers = [500];
    const hook = await start({ backoffMs: 60_000 });
    await raise('a1');
    await expect.poll(delivered).toEqual(['a1.0']);
    await hook.close();
    await start();
    await expect.poll(delivered, { timeout: 10_000 }).toEqual(['a1.0', 'a1.0']);
  });

  it('of two processes with one configuration goes on in each where that one got to', async () => {
    const hook = await start();
    await raise('a1');
    await expect.poll(delivered).toEqual(['a1.0']);
    await hook.close();
    await raise('a2');
    const first = view;
    view = new WardView();
    const other = await start();
    await raise('b1');
    await expect.poll(() => delivered().at(-1)).toBe('b1.0');
    await other.close();
    view = first;
    await start();
    await expect.poll(() => delivered().at(-1)).toBe('a2.0');
  });

  it('keeps where it got to, and what it could not deliver, in the store', async () => {
    const opened = await openTestStore();
    const kept = webhookStore(opened.store);
    expect(await kept.cursor('pager')).toBeNull();
    await kept.keepCursor('pager', 'e.1');
    await kept.keepCursor('pager', 'e.2');
    expect(await kept.cursor('pager')).toBe('e.2');
    expect(await kept.doneWith('pager', 'a1')).toBeNull();
    await kept.keepDone(
      'pager',
      new Map([
        ['a1', 2],
        ['a2', 0],
      ]),
    );
    await kept.keepDone('pager', new Map([['a1', 1]]));
    expect([await kept.doneWith('pager', 'a1'), await kept.doneWith('pager', 'a2')]).toEqual([2, 0]);
    expect(await kept.doneWith('other', 'a1')).toBeNull();
    await kept.setAside('pager', alert('a1'), 'status 500');
    const result = await opened.store.query({
      query: 'SELECT topic, reason, detail FROM dead_letters',
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([
      { topic: 'webhook', reason: 'undeliverable', detail: 'webhook pager: status 500' },
    ]);
    await opened.close();
  });
});

describe('patients', () => {
  const of = (patientId: string, id: string, sequence = 0, more: Partial<AlertMessage> = {}) =>
    view.write(outputsOf({ alerts: [alert(id, sequence, { patientId, ...more })] }));

  it('do not hold each other up: of one nothing is taken, of others all', async () => {
    answerOf = ({ patientId }) => (patientId === 'stuck' ? 500 : undefined);
    await start({ attempts: 10, backoffMs: 60_000 });
    for (let each = 0; each < 20; each++) await of('stuck', `s${each}`);
    for (let each = 0; each < 20; each++) await of(`p${each}`, `a${each}`);
    await expect.poll(() => received.length, { timeout: 5000 }).toBe(21);
    expect(delivered().filter((each) => each.startsWith('s'))).toEqual(['s0.0']);
  });

  it('do not hold each other up where the receiver does not answer for many of them', async () => {
    answerOf = ({ patientId }) => (patientId.startsWith('stuck') ? 'never' : undefined);
    await start({ attempts: 100, timeoutMs: 300, backoffMs: 1 });
    for (let each = 0; each < 20; each++) await of(`stuck${each}`, `s${each}`);
    await expect.poll(() => new Set(delivered()).size, { timeout: 5000 }).toBe(20);
    const began = performance.now();
    for (let each = 0; each < 50; each++) await of(`p${each}`, `a${each}`);
    await expect
      .poll(() => delivered().filter((each) => each.startsWith('a')).length, { timeout: 5000 })
      .toBe(50);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('are told of in order, also where something was not taken at first', async () => {
    let refusals = 2;
    answerOf = ({ sequence }) => (sequence === 1 && refusals-- > 0 ? 503 : undefined);
    await start();
    for (let sequence = 0; sequence < 4; sequence++) await of('p1', 'a1', sequence);
    await of('p1', 'a2');
    await expect.poll(delivered).toEqual(['a1.0', 'a1.1', 'a1.1', 'a1.1', 'a1.2', 'a1.3', 'a2.0']);
  });

  it('are told of further where a record is refused as it is', async () => {
    answerOf = ({ alertId }) => (alertId === 'bad' ? 422 : undefined);
    await start({ backoffMs: 60_000 });
    await of('p1', 'bad');
    await of('p1', 'good');
    await expect.poll(delivered).toEqual(['bad.0', 'good.0']);
    expect(store.aside.map(([, , reason]) => reason)).toEqual(['1 attempts; the last: status 422']);
  });
});

describe('after a clean restart', () => {
  /** The engine takes its patients over from their snapshots and tells of their open alerts again. */
  const restore = (...alerts: AlertMessage[]) =>
    view.write(outputsOf({ restored: [{ patient: stay('p1', 'W'), alerts }] as never }));

  it('nothing that was delivered is posted again, in this process or another', async () => {
    const first = await start();
    await raise('a1', 'a2');
    await expect.poll(() => received.length).toBe(2);
    await first.close();
    for (const next of [view, new WardView(), new WardView()]) {
      view = next;
      const hook = await start();
      await restore(alert('a1'), alert('a2'));
      const id = `new${received.length}`;
      await raise(id);
      await expect.poll(() => delivered().at(-1)).toBe(`${id}.0`);
      await hook.close();
    }
    expect(delivered()).toEqual(['a1.0', 'a2.0', 'new2.0', 'new3.0', 'new4.0']);
  });

  it('only what was not delivered is posted, also what stands before the rest', async () => {
    answerOf = ({ patientId }) => (patientId === 'stuck' ? 500 : undefined);
    const first = await start({ attempts: 10, backoffMs: 60_000 });
    await view.write(
      outputsOf({ alerts: [alert('s', 0, { patientId: 'stuck' }), alert('a1'), alert('a1', 1)] }),
    );
    await expect.poll(() => received.length).toBe(3);
    await first.close();
    answerOf = () => undefined;
    received = [];
    await start();
    await raise('last');
    await expect.poll(delivered).toEqual(expect.arrayContaining(['s.0', 'last.0']));
    expect(received).toHaveLength(2);
  });

  it('a post that was under way is waited for, and not posted again', async () => {
    let release: () => void = () => undefined;
    receiver.removeAllListeners('request');
    receiver.on('request', (request, response) => {
      request.resume();
      received.push({ headers: request.headers, body: '' });
      release = () => void response.writeHead(204).end();
    });
    const first = await start();
    await raise('a1');
    await expect.poll(() => received.length).toBe(1);
    setTimeout(() => release(), 100);
    await first.close();
    view = new WardView();
    await start();
    await restore(alert('a1'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(delivered()).toEqual(['a1.0']);
  });
});

describe('a store that does not answer', () => {
  it('holds up a first record by a second, and the next not at all', async () => {
    store.doneWith = () => new Promise(() => undefined);
    await start();
    await raise('a1');
    await expect.poll(delivered, { timeout: 3000 }).toEqual(['a1.0']);
    const began = performance.now();
    await raise('a2');
    await expect.poll(delivered, { interval: 10 }).toEqual(['a1.0', 'a2.0']);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
