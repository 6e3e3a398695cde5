import { describe, expect, it } from 'vitest';
import { type Notice, TechnicalNotices } from '../../src/alerts/notices.js';
import { ReplayClock } from '../../src/clock.js';
import type { AlertMessage } from '../../src/contract/messages.js';

const AWAY: Notice = { kind: 'store-away', priority: 'HIGH', detail: 'ClickHouse does not answer.' };

function boardOf(instance?: string) {
  const clock = new ReplayClock();
  clock.advanceTo(1000);
  const board = new TechnicalNotices(clock, instance);
  const records: AlertMessage[] = [];
  board.changes$.subscribe((record) => records.push(record));
  return { board, clock, records };
}

describe('a technical notice', () => {
  it('is raised once and resolved once, under one id, at the times of the clock', () => {
    const { board, clock, records } = boardOf();
    board.raise(AWAY);
    board.raise(AWAY);
    clock.advanceTo(5000);
    board.clear('store-away');
    board.clear('store-away');
    expect(
      records.map(({ state, sequence, onsetTime, eventTime }) => [state, sequence, onsetTime, eventTime]),
    ).toEqual([
      ['RAISED', 0, 1000, 1000],
      ['RESOLVED', 1, 1000, 5000],
    ]);
    expect(new Set(records.map(({ alertId }) => alertId)).size).toBe(1);
    expect(records[0]).toMatchObject({
      class: 'technical',
      rule: 'store-away',
      priority: 'HIGH',
      patientId: '',
    });
    expect(records[0]).toMatchObject({ value: null, threshold: null, mortality: null, detail: AWAY.detail });
    expect(board.open()).toEqual([]);
  });

  it('has another id each time it is raised, and for each subject and process', () => {
    const { board, clock, records } = boardOf('a');
    board.raise({ ...AWAY, subject: '1' });
    board.raise({ ...AWAY, subject: '2' });
    board.clear('store-away', '1');
    clock.advanceTo(2000);
    board.raise({ ...AWAY, subject: '1' });
    const other = boardOf('b');
    other.board.raise({ ...AWAY, subject: '1' });
    const raised = [...records, ...other.records].filter(({ state }) => state === 'RAISED');
    expect(new Set(raised.map(({ alertId }) => alertId)).size).toBe(4);
    expect(board.open()).toHaveLength(2);
  });

  it('ends with the process, which says so', () => {
    const { board, records } = boardOf();
    board.raise(AWAY);
    board.close();
    expect(records.at(-1)).toMatchObject({ state: 'RESOLVED', reason: 'the process ended' });
    expect(board.open()).toEqual([]);
  });
});
