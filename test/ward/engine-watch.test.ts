import { describe, expect, it } from 'vitest';
import type { EngineNowMessage } from '../../src/contract/now-messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import { MessageCodec } from '../../src/events/codec.js';
import { EngineWatch } from '../../src/ward/engine-watch.js';
import { START } from '../helpers.js';

const codec = new MessageCodec();

function beat(at: Partial<EngineNowMessage> = {}): EngineNowMessage {
  const of = { engine: 'a', partition: 0, epoch: 1, time: START, state: 'live' };
  return { ...of, readThrough: START, eventTime: START, lagMs: 0, patients: 4, ...at };
}

/** A watch of some partitions, which have so many records at the start, by a clock that the test moves. */
function watch(ends: readonly number[]) {
  const clock = { seconds: 0 };
  const told: string[] = [];
  const watched = new EngineWatch({
    codec,
    passed: () => 1000 * clock.seconds,
    onWarning: () => undefined,
    notices: {
      raise: ({ kind, subject, priority, detail }) => told.push(`${kind} ${subject} ${priority}: ${detail}`),
      clear: (kind, subject) => told.push(`${kind} ${subject} over`),
    },
  });
  watched.begun(ends.map((end) => ({ from: Math.max(0, end - 1), end })));
  const next = [...ends];
  const says = (at: Partial<EngineNowMessage> = {}, offset?: number) => {
    const now = beat(at);
    const { partition } = now;
    const record = {
      offset: offset ?? next[partition]++,
      key: String(partition),
      value: codec.encode('EngineNow', now),
    };
    watched.batch({ topic: TOPICS.engines, partition, records: [record], next: record.offset + 1 });
  };
  /** Looks every second, as a gateway does. */
  const pass = (seconds: number, each: () => void = () => undefined, isRead = true) => {
    for (let second = 0; second < seconds; second++) {
      clock.seconds++;
      each();
      watched.look(isRead);
    }
  };
  const states = () => [...ends.keys()].map((partition) => watched.stateOf(partition));
  return { watched, clock, told, says, pass, states };
}

describe('partitions as their engines tell of them', () => {
  it('are waited for at first, then what they say; what was said before we began is of nobody who is here', () => {
    const { watched, says, pass, states, told } = watch([1, 0, 0]);
    says({ epoch: 1, engine: 'before', patients: 7 }, 0);
    expect([states(), watched.notPresent(0)]).toEqual([
      ['waiting', 'waiting', 'waiting'],
      { cause: 'behind', since: START },
    ]);
    says({ partition: 1, state: 'restoring' });
    pass(9, () => says({ partition: 2 }));
    expect(states()).toEqual(['waiting', 'unread', 'live']);
    pass(3, () => says({ partition: 1, state: 'restoring' }));
    expect(states()).toEqual(['unread', 'restoring', 'unread'].with(2, 'live'));
    expect([watched.isKnown(0), watched.isKnown(1), watched.isKnown(2)]).toEqual([false, false, true]);
    expect(told.some((each) => /^engine-away before HIGH: .*partitions 0, with 7 patients/.test(each))).toBe(
      true,
    );
  });

  it('are unread 6 s after the last word, alarmed once for an engine, and over when another one has them', () => {
    const { watched, says, pass, states, told } = watch([0, 0]);
    const both = () => {
      says({ partition: 0 });
      says({ partition: 1 });
    };
    pass(20, both);
    expect([states(), told]).toEqual([['live', 'live'], []]);
    pass(6);
    expect(states()).toEqual(['live', 'live']);
    pass(1);
    expect([states(), watched.fault]).toEqual([['unread', 'unread'], 'no engine reads partitions 0, 1']);
    expect(watched.notPresent(1)).toEqual({ cause: 'unread', since: START });
    pass(3);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      /^engine-away a HIGH: Nothing has been heard of engine a for 6 s: .* 0, 1, with 8 patients/,
    );
    pass(1, () => says({ engine: 'b', epoch: 2, state: 'restoring' }));
    expect([states(), watched.isKnown(0), told.length]).toEqual([['restoring', 'unread'], false, 1]);
    pass(1, () => {
      says({ engine: 'b', epoch: 2 });
      says({ engine: 'b', epoch: 2, partition: 1 });
    });
    expect([states(), watched.fault, told.at(-1)]).toEqual([['live', 'live'], null, 'engine-away a over']);
  });

  it('are not told of by an engine that has lost them', () => {
    const { says, pass, states } = watch([0]);
    says({ engine: 'b', epoch: 2, state: 'behind' });
    says({ engine: 'a', epoch: 1 });
    expect(states()).toEqual(['behind']);
    pass(7, () => says({ engine: 'a', epoch: 1 }));
    expect(states()).toEqual(['unread']);
  });

  it('are unread while the log is not read, without blame of engines; then they have time to speak', () => {
    const { says, pass, states, told } = watch([0]);
    pass(5, says);
    pass(10, undefined, false);
    expect([states(), told]).toEqual([['unread'], []]);
    pass(5);
    expect([states(), told]).toEqual([['unread'], []]);
    says();
    pass(1);
    expect([states(), told]).toEqual([['live'], []]);
  });

  it('are as they were where this process stood still itself, until 6 s have passed', () => {
    const { clock, says, pass, states, told } = watch([0]);
    pass(5, says);
    clock.seconds += 60;
    pass(6);
    expect([states(), told]).toEqual([['live'], []]);
    pass(2);
    expect([states(), told.length]).toEqual([['unread'], 1]);
  });

  it('of an engine of before heartbeats are live while it writes of patients', () => {
    const { watched, pass, states, says } = watch([0]);
    pass(20, () => watched.noteWritten(0));
    expect(states()).toEqual(['live']);
    pass(61);
    expect(states()).toEqual(['unread']);
    says();
    pass(1);
    expect(states()).toEqual(['live']);
  });

  it('that say what this version does not know are not taken for live; noise is passed over', () => {
    const { watched, says, states } = watch([0]);
    says({ state: 'resting' });
    watched.batch({
      topic: TOPICS.engines,
      partition: 0,
      records: [{ offset: 9, key: '0', value: Buffer.from('x') }],
      next: 10,
    });
    expect([states(), watched.counts().get('behind')]).toEqual([['behind'], 1]);
  });
});
