import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { InputAway } from '../../src/bus/input-away.js';
import { Troubles } from '../../src/bus/troubles.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function away() {
  const said: string[] = [];
  const troubles = new Troubles({
    onWarning: (message) => void said.push(message),
    onRelief: (message) => void said.push(message),
  });
  const state = { unansweredMs: 0 };
  const watch = new InputAway({ troubles, unansweredMs: () => state.unansweredMs });
  watch.start();
  return { said, troubles, state, watch };
}

it('tells of brokers that do not answer, though the client says nothing, and of their return', () => {
  const { said, troubles, state, watch } = away();
  state.unansweredMs = 5900;
  vi.advanceTimersByTime(3000);
  expect(said).toEqual([]);
  state.unansweredMs = 6900;
  vi.advanceTimersByTime(2000);
  expect(said).toEqual([expect.stringContaining('input-away: nothing is read from Kafka for 6 s')]);
  expect(troubles.faults).toHaveLength(1);
  state.unansweredMs = 0;
  vi.advanceTimersByTime(1000);
  expect(said.slice(1)).toEqual(['input-away: over']);
  expect(troubles.faults).toEqual([]);
  watch.close();
});

it('finds nothing wrong with brokers where its own process was stopped: they answer before the second look', () => {
  const { said, state, watch } = away();
  state.unansweredMs = 60_000;
  vi.advanceTimersByTime(1000);
  state.unansweredMs = 0;
  vi.advanceTimersByTime(10_000);
  expect(said).toEqual([]);
  watch.close();
});

it('tells of a membership that broke off, until another is taken up, whatever was answered last', () => {
  const { said, troubles, watch } = away();
  watch.broke('ECONNREFUSED');
  watch.broke('ECONNREFUSED');
  expect(said).toEqual(['reading from Kafka is interrupted, and tried again: ECONNREFUSED']);
  vi.advanceTimersByTime(6000);
  expect(troubles.faults[0]).toContain('ECONNREFUSED');
  vi.advanceTimersByTime(60_000);
  expect(troubles.faults).toHaveLength(1);
  watch.joined();
  expect(troubles.faults).toEqual([]);
  watch.close();
});
