import { describe, expect, it } from 'vitest';
import { INPUT_TOPICS } from '../../src/contract/topics.js';
import { CatchUp } from '../../src/engine/catch-up.js';

/** Word of how far two topics of a partition are read. */
const word = (partition: number, isRead: boolean) => ({
  progress: INPUT_TOPICS.slice(0, 2).map((topic, index) => {
    const through = isRead || index === 0 ? 1000 : Number.NEGATIVE_INFINITY;
    return { partition, topic, readThrough: through, completeThrough: through, silentMs: 0, unansweredMs: 0 };
  }),
});

/** Tells that all topics of a partition are read, or all but one, and lets that through the pipeline. */
function readAll(catchUp: CatchUp, partition: number, isRead: boolean): void {
  catchUp.accept(word(partition, isRead));
  catchUp.settle();
}

/** Partitions of 0 to 9 that are the present. */
const presentIn = (catchUp: CatchUp) => [...Array(10).keys()].filter((each) => catchUp.isPresent(each));

describe('what a process knows of a partition is not the present', () => {
  it('before it has been assigned it', () => {
    const catchUp = new CatchUp();
    readAll(catchUp, 3, true);
    expect(presentIn(catchUp)).toEqual([]);
    catchUp.begin([]);
    readAll(catchUp, 3, true);
    expect(presentIn(catchUp)).toEqual([]);
  });

  it('until every topic of it has been read to its end once', () => {
    const catchUp = new CatchUp();
    catchUp.begin([3, 7]);
    readAll(catchUp, 3, false);
    expect(presentIn(catchUp)).toEqual([]);
    readAll(catchUp, 3, true);
    expect(presentIn(catchUp)).toEqual([3]);
    readAll(catchUp, 7, true);
    expect(presentIn(catchUp)).toEqual([3, 7]);
    readAll(catchUp, 7, false);
    expect(presentIn(catchUp)).toEqual([3, 7]);
  });

  it('while what was read is still on its way through the pipeline', () => {
    const catchUp = new CatchUp();
    catchUp.begin([0]);
    catchUp.accept(word(0, true));
    catchUp.accept(word(0, true));
    expect(presentIn(catchUp)).toEqual([]);
    catchUp.settle();
    expect(presentIn(catchUp)).toEqual([0]);
  });

  it('again, once it is taken over; one that is given up does not count', () => {
    const catchUp = new CatchUp();
    catchUp.begin([0]);
    readAll(catchUp, 0, true);
    catchUp.begin([1, 2]);
    expect(presentIn(catchUp)).toEqual([0]);
    catchUp.forget([0, 2]);
    readAll(catchUp, 2, true);
    expect(presentIn(catchUp)).toEqual([]);
    readAll(catchUp, 1, true);
    expect(presentIn(catchUp)).toEqual([1]);
    catchUp.begin([1]);
    expect(presentIn(catchUp)).toEqual([]);
  });
});
