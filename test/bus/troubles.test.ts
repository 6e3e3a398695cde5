import { describe, expect, it } from 'vitest';
import { LateNotices, Troubles } from '../../src/bus/troubles.js';

function board() {
  const told: string[] = [];
  return {
    told,
    raise: ({ kind, subject = '' }: { kind: string; subject?: string }) =>
      void told.push(`+${kind} ${subject}`),
    clear: (kind: string, subject = '') => void told.push(`-${kind} ${subject}`),
  };
}
const HELD = { kind: 'output-held', subject: 'ward.scores/1', priority: 'HIGH', detail: 'held' } as const;
const UNLED = { kind: 'input-unled', priority: 'HIGH', detail: 'unled', stopsInput: true } as const;

describe('what is wrong with the bus', () => {
  it('is said and put up once while it lasts, and keeps a process from being ready where input is not read', () => {
    const notices = board();
    const said: string[] = [];
    const troubles = new Troubles({ notices, onWarning: (message) => void said.push(message) });
    troubles.raise(HELD);
    troubles.raise(HELD);
    troubles.raise(UNLED);
    expect(said).toEqual(['output-held: held', 'input-unled: unled']);
    expect(troubles.faults).toEqual(['unled']);
    expect(troubles.counts.get('output-held')).toBe(1);
    troubles.clear('output-held', 'ward.scores/1');
    troubles.clear('output-held', 'ward.scores/1');
    expect(troubles.counts.get('output-held')).toBe(0);
    expect(notices.told).toEqual([
      '+output-held ward.scores/1',
      '+input-unled ',
      '-output-held ward.scores/1',
    ]);
  });

  it('of before there is a notice board is put up when there is one, unless it is over', () => {
    const late = new LateNotices();
    const troubles = new Troubles({ notices: late });
    troubles.raise(HELD);
    troubles.raise(UNLED);
    troubles.clear('input-unled');
    const notices = board();
    late.open(notices);
    troubles.clear('output-held', 'ward.scores/1');
    expect(notices.told).toEqual(['+output-held ward.scores/1', '-output-held ward.scores/1']);
  });
});
