import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/engine/flow.js';

const INPUT = { revoked: [] };
/** Lets everything that can go on do so. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A pipeline that takes in and ends nothing by itself; `done` tells which calls have come back. */
function pipeline() {
  let taken = 0;
  const flow = new Flow(() => {
    taken++;
  });
  const done: string[] = [];
  const call = (name: string, promise: Promise<unknown>) =>
    promise.then(
      () => done.push(name),
      (error: Error) => done.push(`${name}: ${error.message}`),
    );
  return { flow, done, call, taken: () => taken };
}

describe('the flow of input', () => {
  it('takes in three at once, and the next as one ends', async () => {
    const { flow, done, call, taken } = pipeline();
    for (const name of ['a', 'b', 'c', 'd']) void call(name, flow.accept(INPUT));
    await turn();
    expect([taken(), flow.inFlight, done]).toEqual([3, 3, ['a', 'b', 'c']]);
    flow.settle();
    await turn();
    expect([taken(), flow.inFlight, done]).toEqual([4, 3, ['a', 'b', 'c', 'd']]);
  });

  it('takes nothing in while something is copied, and is not under way then', async () => {
    const { flow, done, call, taken } = pipeline();
    await flow.accept(INPUT);
    let inFlight = Number.NaN;
    const copied = call(
      'copied',
      flow.atRest(() => {
        inFlight = flow.inFlight;
      }),
    );
    void call('next', flow.accept(INPUT));
    await turn();
    expect([taken(), done]).toEqual([1, []]);
    flow.settle();
    await copied;
    await turn();
    expect([inFlight, taken(), done]).toEqual([0, 2, ['copied', 'next']]);
  });

  it('gives what a call says as of when there is room', async () => {
    const { flow, call } = pipeline();
    let asked = 0;
    const input = () => {
      asked++;
      return INPUT;
    };
    for (let count = 0; count < 4; count++) void call('', flow.accept(input));
    await turn();
    expect(asked).toBe(3);
  });

  it('ends with the first failure: nobody waits any more, and nothing more is taken in', async () => {
    const { flow, done, call, taken } = pipeline();
    for (const name of ['a', 'b', 'c', 'd']) void call(name, flow.accept(INPUT));
    void call('idle', flow.idle());
    void call(
      'rest',
      flow.atRest(() => undefined),
    );
    flow.fail(new Error('first'));
    flow.fail(new Error('second'));
    await turn();
    await flow.accept(INPUT);
    expect([taken(), flow.failure?.message, (await flow.failed()).message]).toEqual([3, 'first', 'first']);
    expect(done.sort()).toEqual(['a', 'b', 'c', 'd', 'idle', 'rest: first']);
  });

  it('leaves what comes after its end to others', async () => {
    const { flow, taken } = pipeline();
    flow.end();
    await flow.accept(INPUT);
    expect([taken(), flow.isEnding]).toEqual([0, true]);
  });
});
