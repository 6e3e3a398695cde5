import { concatMap, from, type MonoTypeOperatorFunction, of } from 'rxjs';
import type { Checkpoint } from './checkpoint.js';
import type { OrderedBatch } from './stages.js';

/** Brings silent patients back into memory before the first event of theirs is applied. */
export function recallSilent(checkpoint: Checkpoint | null): MonoTypeOperatorFunction<OrderedBatch> {
  return concatMap((batch) => {
    const silent = checkpoint?.silentAmong(batch.events) ?? [];
    if (checkpoint === null || silent.length === 0) return of(batch);
    return from(checkpoint.recall(silent).then((recalled) => ({ ...batch, recalled })));
  });
}
