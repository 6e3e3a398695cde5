import { describe, expect, it } from 'vitest';
import { parseRange } from '../../src/sources/kafka-range.js';
import { openSource } from '../../src/sources/open-source.js';

const OPEN = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

describe('a range of topics', () => {
  it.each([
    ['', 'time', ...OPEN],
    ['2026-01-05T06:00Z..2026-01-06T06:00Z', 'time', Date.UTC(2026, 0, 5, 6), Date.UTC(2026, 0, 6, 6)],
    ['2026-01-05T06:00Z..', 'time', Date.UTC(2026, 0, 5, 6), OPEN[1]],
    ['offset=10..20', 'offset', 10, 20],
    ['offset=..20', 'offset', OPEN[0], 20],
  ])('%s', (text, by, from, to) => {
    expect(parseRange(text)).toEqual({ by, from, to });
  });

  it.each(['yesterday', '2026-01-06..2026-01-05', 'a..b', '1..2..3', 'offset=5..x', 'offset=5'])(
    '%s is none',
    (text) => {
      expect(() => parseRange(text)).toThrow(`--from kafka:${text}: not a range; use kafka: for all`);
    },
  );

  it('needs to know where Kafka is', () => {
    expect(() => openSource('kafka:')).toThrow('needs --config FILE with bus.kind kafka');
  });
});
