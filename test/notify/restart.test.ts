import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Consumer, RecordHandler } from '../../src/bus/bus.js';
import { alert } from '../helpers.js';
import { useScene } from './scene.js';

const scene = useScene();
const delivered = () => scene.current.receiver.deliveries;

describe('after a clean restart', () => {
  it('it goes on with what was not delivered, and posts nothing again', async () => {
    await scene.current.start();
    await scene.current.raise('a1');
    await expect.poll(delivered).toEqual(['a1.0']);
    await scene.current.restart();
    await scene.current.raise('a2', 'a3');
    await scene.current.start();
    await scene.current.raise('a4');
    await expect.poll(delivered).toEqual(['a1.0', 'a2.0', 'a3.0', 'a4.0']);
  });

  it('nothing is left out that came while it was away, also of partitions that had nothing before', async () => {
    const hook = await scene.current.start();
    await expect.poll(() => hook.partitions).toBe(3);
    await scene.current.restart();
    const ids = Array.from({ length: 12 }, (_, n) => `a${n}`);
    await scene.current.write(...ids.map((id) => alert(id, 0, { patientId: id })));
    scene.current.now += 1000;
    await scene.current.start();
    await expect.poll(() => delivered().sort()).toEqual(ids.map((id) => `${id}.0`).sort());
  });

  it('only what was not delivered is posted, also what stands before the rest', async () => {
    const { receiver } = scene.current;
    receiver.answerOf = ({ alertId }) => (alertId.startsWith('stuck') ? 500 : undefined);
    await scene.current.start({ attempts: 10, backoffMs: 60_000 });
    await scene.current.write(
      alert('stuck1', 0, { patientId: 'q1' }),
      ...Array.from({ length: 30 }, (_, n) => alert(`a${n}`, 0, { patientId: `p${n}` })),
      alert('stuck2', 0, { patientId: 'q2' }),
      alert('last', 0, { patientId: 'p1' }),
    );
    await expect.poll(() => delivered().length).toBe(33);
    await scene.current.restart();
    receiver.answerOf = () => undefined;
    receiver.received.length = 0;
    await scene.current.start();
    await scene.current.raise('new');
    await expect.poll(() => delivered().sort()).toEqual(['new.0', 'stuck1.0', 'stuck2.0']);
  });

  it('what an engine writes again after a fault is not posted again', async () => {
    const hook = await scene.current.start();
    await scene.current.write(alert('a1'), alert('a1', 1));
    await scene.current.write(alert('a1'), alert('a1', 1), alert('a1', 2));
    await expect.poll(delivered).toEqual(['a1.0', 'a1.1', 'a1.2']);
    await expect.poll(() => hook.counts.repeated).toBe(2);
    await scene.current.restart();
    const next = await scene.current.start();
    await scene.current.write(alert('a1'), alert('a1', 1), alert('a1', 2), alert('a1', 3));
    await expect.poll(delivered).toEqual(['a1.0', 'a1.1', 'a1.2', 'a1.3']);
    expect(next.counts).toEqual({ delivered: 1, setAside: 0, repeated: 3 });
  });

  it('a post that was under way is waited for, and not posted again', async () => {
    scene.current.receiver.answerOf = () => (response) => {
      setTimeout(() => response.writeHead(204).end(), 300);
    };
    await scene.current.start();
    await scene.current.raise('a1');
    await expect.poll(() => delivered().length).toBe(1);
    await scene.current.restart();
    await scene.current.start();
    await scene.current.raise('a2');
    await expect.poll(() => delivered().length).toBe(2);
    expect(delivered()).toEqual(['a1.0', 'a2.0']);
  });

  it('a post that got no answer is posted again, with the same id', async () => {
    scene.current.receiver.answers = [500];
    await scene.current.start({ backoffMs: 60_000 });
    await scene.current.raise('a1');
    await expect.poll(delivered).toEqual(['a1.0']);
    await scene.current.restart();
    await scene.current.start();
    await expect.poll(delivered).toEqual(['a1.0', 'a1.0']);
  });
});

describe('a hook that kept its positions in the store', () => {
  it('goes on from there: what it had delivered is not posted again, what it had not is', async () => {
    await scene.current.raise('old');
    scene.current.now += 1000;
    const since = scene.current.now;
    await scene.current.write(alert('done'), alert('done', 1), alert('missed'));
    scene.current.now += 1000;
    scene.current.beginning = async () => ({ since, done: new Map([['done', 1]]) });
    await scene.current.start();
    await scene.current.write(alert('done', 2));
    await expect.poll(delivered).toEqual(['missed.0', 'done.2']);
    await scene.current.restart();
    await scene.current.start();
    await scene.current.raise('new');
    await expect.poll(delivered).toEqual(['missed.0', 'done.2', 'new.0']);
  });
});

describe('partitions that are shared anew', () => {
  /** A group whose changes the test makes. */
  async function follow(): Promise<RecordHandler> {
    let handler: RecordHandler | undefined;
    const { bus } = scene.current;
    await scene.current.start(
      { attempts: 10 },
      {
        consume: (topics, given, clock, reader) => {
          handler = given;
          return bus.consume(topics, given, clock, reader);
        },
      },
    );
    await expect.poll(() => handler).toBeDefined();
    return handler as RecordHandler;
  }

  it('are let go only when what is under way is answered and kept', async () => {
    let answer: () => void = () => undefined;
    scene.current.receiver.answerOf = () => (response) => {
      answer = () => void response.writeHead(204).end();
    };
    const handler = await follow();
    await scene.current.raise('a1');
    await expect.poll(() => delivered().length).toBe(1);
    const released = handler.releasing?.().then(() => 'released');
    await scene.current.raise('a2');
    expect(await Promise.race([released, sleep(300, 'waits')])).toBe('waits');
    answer();
    expect(await released).toBe('released');
    await sleep(300);
    // The next record of the patient is whose the partition is then.
    expect(delivered()).toEqual(['a1.0']);
    handler.shared?.();
    await expect.poll(delivered).toEqual(['a1.0', 'a2.0']);
    answer();
  });

  it('and are another process’s are posted by this one no more', async () => {
    scene.current.receiver.answers = [500, 500, 500];
    const handler = await follow();
    await scene.current.raise('a1');
    await expect.poll(() => delivered().length).toBeGreaterThan(0);
    await handler.revoked([0, 1, 2]);
    const posted = delivered().length;
    await scene.current.raise('a2');
    await sleep(500);
    expect(delivered().length - posted).toBeLessThanOrEqual(1);
    expect(delivered()).not.toContain('a2.0');
  });
});

describe('a log that refuses a hook', () => {
  it('is told of in one sentence, and asked again', async () => {
    const { bus, troubles } = scene.current;
    let refusals = 1;
    await scene.current.start(
      {},
      {
        consume: async (...given): Promise<Consumer> => {
          if (refusals-- > 0) throw new Error('Not authorized to access group');
          return bus.consume(...given);
        },
      },
    );
    await expect.poll(() => troubles.isOpen('webhook-not-read', 'pager')).toBe(true);
    await scene.current.raise('a1');
    await expect.poll(delivered).toEqual(['a1.0']);
    expect(troubles.isOpen('webhook-not-read', 'pager')).toBe(false);
  });
});
