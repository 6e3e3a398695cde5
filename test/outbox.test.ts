import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Outbox, OutboxBudget } from '../src/outbox.js';

/** A place that notes what it gets, and can be shut. */
class Place {
  readonly got: number[][] = [];
  #isOpen = true;
  #opened: () => void = () => undefined;
  #whenOpen: Promise<void> = Promise.resolve();
  fails = 0;

  shut(): void {
    this.#isOpen = false;
    this.#whenOpen = new Promise((resolve) => {
      this.#opened = resolve;
    });
  }

  open(): void {
    this.#isOpen = true;
    this.#opened();
  }

  send = async (items: readonly number[]) => {
    if (!this.#isOpen) await this.#whenOpen;
    if (this.fails-- > 0) throw new Error('away');
    this.got.push([...items]);
  };
}

const add = (outbox: Outbox<number>, ...items: number[]) => {
  for (const item of items) outbox.add(item, 10);
};

describe('an outbox', () => {
  it('collects for a while, then sends in order, in parcels of so many items and bytes', async () => {
    const place = new Place();
    const outbox = new Outbox<number>({ send: place.send, maxItems: 3, maxBytes: 40, lingerMs: 20 });
    add(outbox, 1, 2);
    await sleep(0);
    expect([place.got, outbox.items]).toEqual([[], 2]);
    add(outbox, 3, 4, 5);
    outbox.add(6, 50);
    add(outbox, 7);
    await outbox.flush();
    expect(place.got).toEqual([[1, 2, 3], [4, 5], [6], [7]]);
    expect([outbox.items, outbox.oldestMs]).toEqual([0, 0]);
  });

  it('sends at once what somebody waits for, however long it would collect', async () => {
    const place = new Place();
    const outbox = new Outbox<number>({ send: place.send, maxItems: 9, maxBytes: 900, lingerMs: 60_000 });
    add(outbox, 1);
    await outbox.flush();
    add(outbox, 2);
    await outbox.close();
    expect(place.got).toEqual([[1], [2]]);
  });

  it('takes on while a send hangs, and a flush waits only for what was there before it', async () => {
    const place = new Place();
    const outbox = new Outbox<number>({ send: place.send, maxItems: 9, maxBytes: 900 });
    place.shut();
    add(outbox, 1);
    await sleep(5);
    add(outbox, 2, 3);
    let isThere = false;
    const flushed = outbox.flush().then(() => {
      isThere = true;
    });
    await sleep(5);
    expect(isThere).toBe(false);
    expect(outbox.oldestMs).toBeGreaterThan(0);
    place.open();
    await flushed;
    expect(place.got).toEqual([[1], [2, 3]]);
  });

  it('sends again what did not get through, and says so each time', async () => {
    const place = new Place();
    const said: unknown[] = [];
    const onFailure = (error: unknown) => said.push(error);
    const outbox = new Outbox<number>({ send: place.send, maxItems: 9, maxBytes: 900, onFailure });
    place.fails = 2;
    add(outbox, 1);
    await sleep(5);
    add(outbox, 2);
    await outbox.flush();
    expect([place.got, said.length]).toEqual([[[1], [2]], 2]);
  });

  it('tries each parcel once more when it is closed, and tells what did not get through', async () => {
    const place = new Place();
    const outbox = new Outbox<number>({ send: place.send, maxItems: 1, maxBytes: 900 });
    place.fails = 2;
    add(outbox, 1, 2, 3);
    await sleep(5);
    await expect(outbox.close()).rejects.toThrow('away');
    expect(place.got).toEqual([[2], [3]]);
  });

  it('takes of a budget until its items are there', async () => {
    const place = new Place();
    const budget = new OutboxBudget(100);
    const outbox = new Outbox<number>({ send: place.send, maxItems: 1, maxBytes: 900, budget });
    place.shut();
    add(outbox, 1, 2);
    expect([budget.used, budget.isMoving(1000)]).toEqual([20, false]);
    await budget.change(5);
    expect(budget.used).toBe(20);
    const changed = budget.change(60_000);
    place.open();
    await changed;
    await outbox.flush();
    expect([budget.used, budget.isMoving(1000)]).toEqual([0, true]);
  });
});
