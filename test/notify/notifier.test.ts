import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withOldName } from '../../src/contract/old-names.js';
import { TOPICS } from '../../src/contract/topics.js';
import { alert } from '../helpers.js';
import { NOW, SECRET, useScene } from './scene.js';

const scene = useScene();
const delivered = () => scene.current.receiver.deliveries;

describe('a webhook', () => {
  it('posts each record, signed so that the receiver can tell it is ours', async () => {
    await scene.current.start();
    await scene.current.raise('a1');
    await expect.poll(() => delivered().length).toBe(1);
    const [{ headers, body }] = scene.current.receiver.received;
    const seconds = NOW / 1000;
    const expected = createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest('hex');
    expect(headers['wardstream-signature']).toBe(`t=${seconds},v1=${expected}`);
    const said = JSON.parse(JSON.stringify(withOldName(alert('a1'))));
    expect(JSON.parse(body)).toMatchObject({ type: 'alert', version: 1, alert: said });
  });

  it('sends only what was asked for', async () => {
    await scene.current.start({ wards: ['W'], priorities: ['HIGH'] });
    const low = alert('low', 0, { priority: 'LOW' });
    const left = alert('left', 0, { wardId: 'V', leftWardId: 'W' });
    await scene.current.write(alert('other', 0, { wardId: 'V' }), low, left, alert('mine'));
    await expect.poll(delivered).toEqual(['left.0', 'mine.0']);
  });

  it('tries again, and then sets the record aside and goes on', async () => {
    const { receiver, aside } = scene.current;
    await scene.current.start();
    receiver.answers = [500, 429];
    await scene.current.raise('a1');
    await expect.poll(delivered).toEqual(['a1.0', 'a1.0', 'a1.0']);
    receiver.answers = [500, 302, 404];
    await scene.current.raise('a2');
    await expect.poll(() => aside.length).toBe(1);
    const { topic, reason, detail, raw, patientId } = aside[0];
    expect([topic, reason, patientId]).toEqual(['webhook', 'undeliverable', 'p1']);
    expect(detail).toBe('webhook pager: 3 attempts; the last: status 404');
    expect(JSON.parse(String(raw))).toMatchObject({ alertId: 'a2' });
    await scene.current.raise('a3');
    await expect.poll(() => delivered().at(-1)).toBe('a3.0');
  });

  it('is not done with a record that could not be set aside, and does not post it again', async () => {
    const { receiver } = scene.current;
    let refusals = 1;
    scene.current.setAside = async () => {
      if (refusals-- > 0) throw new Error('the log takes nothing');
    };
    receiver.answers = [422];
    const hook = await scene.current.start();
    await scene.current.raise('a1');
    await expect.poll(() => hook.counts.setAside).toBe(1);
    expect([delivered(), refusals]).toEqual([['a1.0'], -1]);
  });

  it('does not follow the receiver elsewhere', async () => {
    scene.current.receiver.answers = [302];
    await scene.current.start({ attempts: 1 });
    await scene.current.raise('a1');
    await expect.poll(() => scene.current.aside.length).toBe(1);
    expect(delivered()).toEqual(['a1.0']);
  });

  it('sets aside what is no alert, once, and goes on', async () => {
    const { bus, aside } = scene.current;
    await scene.current.start();
    await bus.produce(TOPICS.alerts, [{ key: 'p1', value: Buffer.from('no alert') }]);
    await scene.current.raise('a1');
    await expect.poll(delivered).toEqual(['a1.0']);
    await expect
      .poll(() => aside.map(({ topic, reason }) => `${topic} ${reason}`))
      .toEqual(['ward.alerts undecodable']);
  });

  it('begins with what is raised from its first start on', async () => {
    await scene.current.raise('before');
    scene.current.now += 1000;
    await scene.current.start();
    await scene.current.raise('after');
    await expect.poll(delivered).toEqual(['after.0']);
  });

  it('has a place in the log of its own: one that gets no answer holds up no other', async () => {
    await scene.current.start({ name: 'slow', url: 'http://127.0.0.1:1/', backoffMs: 60_000, attempts: 10 });
    await scene.current.start({ name: 'fast' });
    await scene.current.write(
      ...Array.from({ length: 200 }, (_, n) => alert(`a${n}`, 0, { patientId: `p${n}` })),
    );
    await expect.poll(() => delivered().length).toBe(200);
  });

  it('holds a bounded number of records in memory, and delivers the rest once it can', async () => {
    const { receiver } = scene.current;
    receiver.answerOf = () => 'never';
    const hook = await scene.current.start({ timeoutMs: 300, attempts: 1000 });
    const ids = Array.from({ length: 1200 }, (_, n) => `a${n}`);
    await scene.current.write(...ids.map((id) => alert(id, 0, { patientId: id })));
    await expect.poll(() => hook.open).toBe(900);
    await sleep(300);
    expect(hook.open).toBe(900);
    receiver.answerOf = () => undefined;
    await expect.poll(() => new Set(delivered()).size).toBe(1200);
    await expect.poll(() => hook.open).toBe(0);
  });
});

describe('patients', () => {
  const of = (patientId: string, id: string, sequence = 0) =>
    scene.current.write(alert(id, sequence, { patientId }));

  it('do not hold each other up: of one nothing is taken, of others all', async () => {
    scene.current.receiver.answerOf = ({ patientId }) => (patientId === 'stuck' ? 500 : undefined);
    await scene.current.start({ attempts: 10, backoffMs: 60_000 });
    for (let each = 0; each < 20; each++) await of('stuck', `s${each}`);
    for (let each = 0; each < 20; each++) await of(`p${each}`, `a${each}`);
    await expect.poll(() => delivered().length).toBe(21);
    expect(delivered().filter((each) => each.startsWith('s'))).toEqual(['s0.0']);
  });

  it('do not hold each other up where the receiver does not answer for many of them', async () => {
    const { receiver } = scene.current;
    receiver.answerOf = ({ patientId }) => (patientId.startsWith('stuck') ? 'never' : undefined);
    await scene.current.start({ attempts: 100, timeoutMs: 300, backoffMs: 1 });
    for (let each = 0; each < 20; each++) await of(`stuck${each}`, `s${each}`);
    await expect.poll(() => new Set(delivered()).size).toBe(20);
    const began = performance.now();
    for (let each = 0; each < 50; each++) await of(`p${each}`, `a${each}`);
    await expect.poll(() => delivered().filter((each) => each.startsWith('a')).length).toBe(50);
    // One after the other behind those, they would wait for 300 ms each.
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('are told of in order, also where something was not taken at first', async () => {
    let refusals = 2;
    scene.current.receiver.answerOf = ({ sequence }) => (sequence === 1 && refusals-- > 0 ? 503 : undefined);
    await scene.current.start();
    for (let sequence = 0; sequence < 4; sequence++) await of('p1', 'a1', sequence);
    await of('p1', 'a2');
    await expect.poll(delivered).toEqual(['a1.0', 'a1.1', 'a1.1', 'a1.1', 'a1.2', 'a1.3', 'a2.0']);
  });

  it('are told of further where a record is refused as it is', async () => {
    scene.current.receiver.answerOf = ({ alertId }) => (alertId === 'bad' ? 422 : undefined);
    await scene.current.start({ backoffMs: 60_000 });
    await of('p1', 'bad');
    await of('p1', 'good');
    await expect.poll(delivered).toEqual(['bad.0', 'good.0']);
    expect(scene.current.aside.map(({ detail }) => detail)).toEqual([
      'webhook pager: 1 attempts; the last: status 422',
    ]);
  });
});
