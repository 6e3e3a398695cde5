import { describe, expect, it, onTestFinished } from 'vitest';
import type { OutgoingMessage } from '../../src/bus/bus.js';
import { ReplayClock } from '../../src/clock.js';
import type { EngineNowMessage } from '../../src/contract/now-messages.js';
import { Epochs } from '../../src/engine/epochs.js';
import { Heartbeat } from '../../src/engine/heartbeat.js';
import type { PartitionNow, Presence } from '../../src/engine/presence.js';
import { MessageCodec } from '../../src/events/codec.js';
import { START } from '../helpers.js';

const codec = new MessageCodec();
const LIVE: PartitionNow = { state: 'live', readThrough: START, eventTime: START - 1000, lagMs: 40 };

describe('an engine says how it stands', () => {
  function beating(produce: (messages: readonly OutgoingMessage[]) => Promise<void>) {
    const clock = new ReplayClock();
    clock.advanceTo(START);
    const claims = new Map([
      [0, 5],
      [1, 6],
    ]);
    const group = { isMember: true };
    const mended: number[] = [];
    const troubles: string[] = [];
    const states: PartitionNow[] = [LIVE, { ...LIVE, state: 'restoring', readThrough: null }];
    const heart = new Heartbeat({
      bus: { produce: (_, messages) => produce(messages) },
      codec,
      clock,
      name: 'a',
      engine: { partitions: new Set([0, 1]), presence: { of: (each: number) => states[each] } as Presence },
      epochs: new Epochs({ epochOf: (each) => claims.get(each) }, async () => group.isMember),
      patients: { count: () => 3, mend: async (each) => void mended.push(each) },
      onTrouble: (message) => troubles.push(message),
    });
    onTestFinished(() => heart.close());
    return { heart, claims, group, mended, troubles };
  }

  const collecting = () => {
    const said: EngineNowMessage[] = [];
    const produce = async (messages: readonly OutgoingMessage[]) => {
      for (const { value, key, partition } of messages) {
        const now = codec.decode('EngineNow', value as Buffer) as EngineNowMessage;
        expect([key, partition]).toEqual([String(now.partition), now.partition]);
        said.push(now);
      }
    };
    return { said, produce };
  };

  it('of each partition, with its claim; what is the present is mended', async () => {
    const { said, produce } = collecting();
    const { heart, mended } = beating(produce);
    await heart.beat();
    expect(said.sort((a, b) => a.partition - b.partition)).toEqual([
      { engine: 'a', partition: 0, epoch: 5, time: START, ...LIVE, patients: 3 },
      {
        engine: 'a',
        partition: 1,
        epoch: 6,
        time: START,
        ...LIVE,
        state: 'restoring',
        readThrough: null,
        patients: 3,
      },
    ]);
    expect(mended).toEqual([0]);
  });

  it('only of what the group says is its own, which is asked once a claim', async () => {
    const { said, produce } = collecting();
    const { heart, claims, group } = beating(produce);
    claims.delete(1);
    group.isMember = false;
    await heart.beat();
    expect(said).toEqual([]);
    group.isMember = true;
    await heart.beat();
    group.isMember = false;
    await heart.beat();
    expect(said.map(({ epoch }) => epoch)).toEqual([5, 5]);
    claims.set(0, 9);
    await heart.beat();
    expect(said).toHaveLength(2);
  });

  it('with one record waiting, not more, where the log takes nothing; a refusal is told once', async () => {
    let asked = 0;
    const { heart, claims, troubles } = beating(() => {
      asked++;
      return asked === 1 ? new Promise(() => undefined) : Promise.reject(new Error('no'));
    });
    claims.delete(1);
    void heart.beat();
    await Promise.resolve();
    await heart.beat();
    await heart.beat();
    expect(asked).toBe(1);
    claims.set(1, 6);
    await heart.beat();
    await heart.beat();
    expect([asked, troubles]).toEqual([3, ['ward.engines takes nothing: Error: no']]);
  });
});
