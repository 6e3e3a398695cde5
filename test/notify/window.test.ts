import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Window } from '../../src/notify/window.js';

it('commits the first record that is not done with, and notes which behind it are not', () => {
  const window = new Window();
  expect(window.committed).toBeNull();
  for (const offset of [10, 11, 14, 15]) expect(window.take(offset)).toBe(true);
  expect(window.committed).toEqual({ offset: 10, note: '6.1.3.1' });
  window.done(10);
  window.done(14);
  expect(window.committed).toEqual({ offset: 11, note: '5.4' });
  window.done(11);
  window.done(15);
  expect(window.committed).toEqual({ offset: 16 });
  window.readTo(20);
  expect(window.committed).toEqual({ offset: 20 });
});

it('of what is committed takes again only what was not done with, whatever is read once more before it', () => {
  const window = new Window({ offset: 11, note: '5.4' });
  expect([9, 10, 11, 12, 13, 14, 15, 16].filter((offset) => window.take(offset))).toEqual([11, 15, 16]);
});

it('waits for nothing that retention has removed', () => {
  const window = new Window({ offset: 11, note: '5.4' });
  window.take(15);
  window.done(15);
  expect(window.committed).toEqual({ offset: 16 });
});

it.each(['', '-1', 'A', '5..1', 'topic made by hand'])('takes the note %j for none', (note) => {
  const window = new Window({ offset: 11, note });
  expect([10, 11, 12].map((offset) => window.take(offset))).toEqual([false, true, true]);
});

it('over any restarts has each record done with once, as a plain list of them would say', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('read' as const), skip: fc.nat(3) }),
    fc.record({ kind: fc.constant('done' as const), which: fc.nat(20) }),
    fc.record({ kind: fc.constant('restart' as const), back: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let window = new Window();
      const log: number[] = [];
      const done = new Set<number>();
      let open = new Set<number>();
      for (const each of steps) {
        if (each.kind === 'read') {
          const offset = (log.at(-1) ?? -1) + 1 + each.skip;
          log.push(offset);
          expect(window.take(offset)).toBe(true);
          open.add(offset);
        } else if (each.kind === 'done') {
          const offset = [...open][each.which % Math.max(1, open.size)];
          if (offset === undefined) continue;
          window.done(offset);
          open.delete(offset);
          done.add(offset);
        } else if (window.committed !== null) {
          const { committed } = window;
          window = new Window(committed);
          open = new Set();
          // All that is in the log is read again from a little before the position on.
          for (const offset of log.filter((at) => at >= committed.offset - each.back)) {
            const isTaken = window.take(offset);
            expect(isTaken).toBe(!done.has(offset));
            if (isTaken) open.add(offset);
          }
        }
      }
      const all = log.filter((offset) => !done.has(offset));
      expect([...open].sort((a, b) => a - b)).toEqual(all);
    }),
  );
});
