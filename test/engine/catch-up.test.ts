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

describe('what a process shows is not the present', () => {
  it('before it has been assigned its partitions; being assigned none is to be in the present', () => {
    const catchUp = new CatchUp();
    expect(catchUp.progress).toEqual({ partitions: 0, of: 0, restored: 0 });
    catchUp.begin([]);
    expect(catchUp.progress).toBeNull();
  });

  it('until every topic of each partition has been read to its end once', () => {
    const catchUp = new CatchUp();
    catchUp.begin([3, 7]);
    readAll(catchUp, 3, false);
    expect(catchUp.progress).toMatchObject({ partitions: 0, of: 2 });
    readAll(catchUp, 3, true);
    expect(catchUp.progress).toMatchObject({ partitions: 1, of: 2 });
    readAll(catchUp, 7, true);
    expect(catchUp.progress).toBeNull();
    readAll(catchUp, 7, false);
    expect(catchUp.progress).toBeNull();
  });

  it('while what was read is still on its way through the pipeline', () => {
    const catchUp = new CatchUp();
    catchUp.begin([0]);
    catchUp.accept(word(0, true));
    catchUp.accept(word(0, true));
    expect(catchUp.progress).toMatchObject({ partitions: 0, of: 1 });
    catchUp.settle();
    expect(catchUp.progress).toBeNull();
  });

  it('again, once it takes partitions over; those that it gives up do not count', () => {
    const catchUp = new CatchUp();
    catchUp.begin([0]);
    readAll(catchUp, 0, true);
    catchUp.begin([1, 2]);
    expect(catchUp.progress).toMatchObject({ partitions: 1, of: 3 });
    catchUp.forget([0, 2]);
    expect(catchUp.progress).toMatchObject({ partitions: 0, of: 1 });
    readAll(catchUp, 1, true);
    expect(catchUp.progress).toBeNull();
  });
});
