import { concatMap, defer, map, type OperatorFunction } from 'rxjs';
import type { Clock } from '../clock.js';
import { DeadLetterLimit, type DeadLetterRate } from '../events/dead-letter.js';
import type { Outputs, Sink } from './outputs.js';

/** Keeps the dead letters of live input within a rate. History is read for all that is wrong with it. */
export function boundDeadLetters(clock: Clock, rate: DeadLetterRate): OperatorFunction<Outputs, Outputs> {
  const limit = new DeadLetterLimit(rate);
  return map((outputs) => {
    if (!clock.live || (outputs.deadLetters.length === 0 && !limit.isOwing)) return outputs;
    return { ...outputs, deadLetters: limit.keep(outputs.deadLetters, clock.now()) };
  });
}

/**
 * Hands results to every sink, in the order of the sinks, without one waiting for another: each has a queue of its own and
 * gets the results in order. They are passed on, in order too, when every sink has taken them.
 */
export function deliver(sinks: readonly Sink[]): OperatorFunction<Outputs, Outputs> {
  return (outputs$) =>
    defer(() => {
      const queues = sinks.map(() => Promise.resolve());
      const take = (outputs: Outputs) => {
        const taken = sinks.map((sink, index) => {
          queues[index] = queues[index].then(() => sink.write(outputs));
          return queues[index];
        });
        const all = Promise.all(taken);
        // A sink that fails ends the pipeline when its turn comes; those behind it must not end the process before.
        all.catch(() => undefined);
        return { outputs, all };
      };
      return outputs$.pipe(
        map(take),
        concatMap(async ({ outputs, all }) => {
          await all;
          return outputs;
        }),
      );
    });
}
