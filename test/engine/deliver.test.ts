import { concatMap, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Position } from '../../src/bus/bus.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { ReplayClock } from '../../src/clock.js';
import { TOPICS } from '../../src/contract/topics.js';
import { deliver } from '../../src/engine/deliver.js';
import { Engine } from '../../src/engine/engine.js';
import type { Outputs, Sink } from '../../src/engine/outputs.js';
import { parseConfig } from '../../src/settings/config.js';
import { outputsOf } from '../helpers.js';
import { at, diagram, heartRate, Marbles } from './marbles.js';

describe('deliver', () => {
  const outputs = (offset: number) => outputsOf({ positions: [{ topic: 't', partition: 0, offset }] });
  const [A, B, C] = [outputs(1), outputs(2), outputs(3)];
  const name = (written: Outputs) => 'ABC'[[A, B, C].indexOf(written)];

  /** A sink that takes some frames for a write, and the log of its writes. */
  function sink(marbles: Marbles, called: string, frames: number, log: string[], failsOn?: Outputs): Sink {
    return {
      async write(written) {
        log.push(`${marbles.frame} ${called} begins ${name(written)}`);
        await marbles.after(frames);
        if (written === failsOn) throw new Error('the disk is full');
        log.push(`${marbles.frame} ${called} has ${name(written)}`);
      },
    };
  }
  const commit = (marbles: Marbles, log: string[]) =>
    concatMap(async (delivered: Outputs) => {
      log.push(`${marbles.frame} commit ${delivered.positions[0].offset}`);
      return delivered;
    });
  const run = (marbles: Marbles, sinks: Sink[], log: string[], input: string) =>
    marbles.play(input, { a: A, b: B, c: C }, (input$: Observable<Outputs>) =>
      commit(marbles, log)(deliver(sinks)(input$)),
    );

  it('hands each batch to all sinks at once, and passes it on, in order, when every sink has it', async () => {
    const marbles = new Marbles();
    const log: string[] = [];
    const sinks = [
      sink(marbles, 'view', 0, log),
      sink(marbles, 'store', 3, log),
      sink(marbles, 'bus', 1, log),
    ];
    const out = await run(marbles, sinks, log, 'ab---------c|');
    expect(out).toEqual(diagram('---a--b-------(c|)', { a: A, b: B, c: C }));
    expect(log).toEqual([
      '0 view begins A',
      '0 store begins A',
      '0 bus begins A',
      '0 view has A',
      // The view does not wait for the store, nor the bus: each has its own queue.
      '1 view begins B',
      '1 bus has A',
      '1 bus begins B',
      '1 view has B',
      '2 bus has B',
      '3 store has A',
      '3 store begins B',
      '3 commit 1',
      '6 store has B',
      '6 commit 2',
      '11 view begins C',
      '11 store begins C',
      '11 bus begins C',
      '11 view has C',
      '12 bus has C',
      '14 store has C',
      '14 commit 3',
    ]);
  });

  it('fails where a sink fails: it is not written to after it, nothing is committed, and others are not held up', async () => {
    const marbles = new Marbles();
    const log: string[] = [];
    const sinks = [sink(marbles, 'view', 0, log), sink(marbles, 'store', 1, log, B)];
    const out = await run(marbles, sinks, log, 'abc');
    expect(out).toEqual(diagram('-a#', { a: A }, new Error('the disk is full')));
    expect(log.filter((line) => line.includes('store') || line.includes('commit'))).toEqual([
      '0 store begins A',
      '1 store has A',
      '1 store begins B',
      '1 commit 1',
    ]);
    expect(log).toContain('1 view has B');
  });
});

/** The embedded bus, with what is committed. */
class WatchedBus extends MemoryBus {
  readonly committed: Position[] = [];

  override async consume(...options: Parameters<MemoryBus['consume']>) {
    const consumer = await super.consume(...options);
    return {
      ...consumer,
      commit: async (positions: readonly Position[]) => {
        this.committed.push(...positions);
        return consumer.commit(positions);
      },
    };
  }
}

/** A sink whose writes wait until it is opened. */
class GatedSink implements Sink {
  begun = 0;
  done = 0;
  open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });

  async write(): Promise<void> {
    this.begun++;
    await this.#opened;
    this.done++;
  }
}

describe('the stages in the engine', () => {
  const VITALS = { topic: TOPICS.vitals, partition: 0 };

  async function start(capacity: number, sinks: readonly Sink[]) {
    const bus = new WatchedBus({ partitions: 1, capacity });
    const clock = new ReplayClock();
    const engine = await Engine.open({ config: parseConfig({}), bus, clock, sinks });
    await engine.start();
    const produce = async (minute: number) => {
      const { eventTime, messageId } = at(minute);
      clock.advanceTo(eventTime);
      await bus.produce(TOPICS.vitals, [{ key: 'p1', value: heartRate(messageId, { eventTime }) }]);
    };
    const stop = async () => {
      await bus.close();
      await engine.close();
    };
    return { bus, engine, produce, stop };
  }
  /** Lets everything that can go on go on. */
  const settle = async () => {
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  it('hand a technical notice to the sinks while the pipeline stands still', async () => {
    const told: string[] = [];
    const stuck: Sink = {
      write: async ({ alerts, scores }) => {
        told.push(...alerts.map(({ rule, state }) => `${rule} ${state}`));
        if (scores.length > 0) await new Promise(() => undefined);
      },
    };
    const { engine, produce } = await start(100, [stuck]);
    await produce(0);
    await produce(1);
    engine.notices.raise({ kind: 'store-away', priority: 'HIGH', detail: 'it does not answer' });
    engine.notices.clear('store-away');
    expect(told).toEqual(['store-away RAISED', 'store-away RESOLVED']);
  });

  it('commit when all sinks are done, and not before', async () => {
    const [first, second] = [new GatedSink(), new GatedSink()];
    const { bus, engine, produce, stop } = await start(100, [first, second]);
    await produce(0);
    await expect.poll(() => [first.begun, second.begun]).toEqual([1, 1]);
    first.open();
    await settle();
    expect([first.done, second.done, bus.committed]).toEqual([1, 0, []]);
    second.open();
    // The event is held until the end of the stream: its offset is not yet passed.
    await expect.poll(() => bus.committed).toEqual([{ ...VITALS, offset: 0 }]);
    await engine.finish();
    expect(bus.committed.at(-1)).toEqual({ ...VITALS, offset: 1 });
    await stop();
  });

  it('hold the producer back while a sink is slow, and lose nothing', async () => {
    const sink = new GatedSink();
    const { bus, engine, produce, stop } = await start(8, [sink]);
    let produced = 0;
    const producing = (async () => {
      for (; produced < 200; produced++) await produce(produced);
    })();
    await expect.poll(() => sink.begun).toBe(1);
    await settle();
    const held = produced;
    expect(held).toBeLessThan(50);
    await settle();
    expect([produced, sink.done]).toEqual([held, 0]);
    sink.open();
    await producing;
    await expect.poll(() => bus.unread).toBe(0);
    await engine.finish();
    expect(engine.counts).toMatchObject({ messages: 200, observations: 200, scores: 200 });
    expect(bus.committed.at(-1)).toEqual({ ...VITALS, offset: 200 });
    await stop();
  });

  it('stop at a sink that fails: the engine says why and commits nothing more', async () => {
    let writes = 0;
    const failing: Sink = {
      write: async () => {
        if (++writes > 1) throw new Error('the disk is full');
      },
    };
    const { bus, engine, produce, stop } = await start(100, [failing]);
    await produce(0);
    await expect.poll(() => bus.committed).toEqual([{ ...VITALS, offset: 0 }]);
    await produce(1);
    expect((await engine.failed()).message).toBe('the disk is full');
    await produce(2);
    await settle();
    await expect(engine.finish()).rejects.toThrow('the disk is full');
    expect([writes, bus.committed]).toEqual([2, [{ ...VITALS, offset: 0 }]]);
    await stop();
  });
});
