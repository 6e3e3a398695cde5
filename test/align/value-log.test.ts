import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ValueLog } from '../../src/align/value-log.js';

it('is a list sorted by time with one value a time, whatever was put in, taken back and forgotten', () => {
  const time = fc.integer({ min: 0, max: 30 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), time, value: fc.integer() }),
    fc.record({ kind: fc.constant('remove' as const), time, value: fc.constant(0) }),
    fc.record({ kind: fc.constant('drop' as const), time, value: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const log = new ValueLog();
      const plain = new Map<number, number>();
      for (const { kind, time: at, value } of steps) {
        if (kind === 'put') {
          log.put(at, value);
          plain.set(at, value);
        } else if (kind === 'remove') {
          log.remove(at);
          plain.delete(at);
        } else {
          log.dropBefore(log.placeAfter(at));
          for (const each of [...plain.keys()]) if (each <= at) plain.delete(each);
        }
      }
      const sorted = [...plain].sort(([a], [b]) => a - b);
      const entries = Array.from({ length: log.length }, (_, place) => [
        log.timeAt(place),
        log.valueAt(place),
      ]);
      expect(entries).toEqual(sorted);
      for (let at = -1; at <= 31; at++) {
        expect(log.placeAfter(at)).toBe(sorted.filter(([each]) => each <= at).length);
      }
      const again = new ValueLog();
      again.restore(log.cells);
      expect([...again.cells]).toEqual([...log.cells]);
    }),
  );
});
