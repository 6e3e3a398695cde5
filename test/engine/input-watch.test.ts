import { describe, expect, it } from 'vitest';
import { TechnicalNotices } from '../../src/alerts/notices.js';
import { crc32Partition, murmur2Partition } from '../../src/bus/partitioners.js';
import { TOPICS } from '../../src/contract/topics.js';
import { InputWatch, type Misplacement } from '../../src/engine/input-watch.js';
import { RawRecord } from '../../src/events/record.js';
import { START } from '../helpers.js';

const PARTITIONS = 12;
const MINUTE_MS = 60_000;

function setUp() {
  let now = START;
  const asked: string[] = [];
  const notices = new TechnicalNotices({ live: true, now: () => now });
  const homeOf = (_: string, patientId: string) => {
    asked.push(patientId);
    return { partition: murmur2Partition(patientId, PARTITIONS), partitions: PARTITIONS };
  };
  const watch = new InputWatch(homeOf, notices);
  const see = (patientId: string, key: string | null, partition: number) => {
    const source = { key: key === null ? null : Buffer.from(key) };
    const record = new RawRecord(TOPICS.vitals, partition, 0, Buffer.alloc(0), 0, 0, source);
    watch.place({ patientId }, record, now);
  };
  return { watch, notices, asked, see, pass: (ms: number) => (now += ms) };
}

const home = (key: string) => murmur2Partition(key, PARTITIONS);
const byCrc = (key: string) => crc32Partition(Buffer.from(key), PARTITIONS);

describe('InputWatch', () => {
  it.each<[Misplacement, string, string | null, number]>([
    ['crc32', 'p1', 'p1', byCrc('p1')],
    ['no-key', 'p1', null, home('p1') + 1],
    ['no-key', 'p1', '', home('p1') + 1],
    ['another-key', 'p1', 'monitor-7', home('monitor-7')],
    ['another-form', 'M\u00fcller', 'Mu\u0308ller', home('Mu\u0308ller')],
    ['unknown-partitioner', 'p1', 'p1', 0],
  ])('knows a message apart from its patient: %s', (cause, patientId, key, partition) => {
    expect(partition).not.toBe(home(patientId));
    const { watch, notices, see } = setUp();
    see(patientId, key, partition);
    see(patientId, key, partition);
    expect(watch.misplaced).toEqual([{ topic: TOPICS.vitals, cause, messages: 2 }]);
    expect(notices.open()).toMatchObject([
      { class: 'technical', rule: 'wrong-partitioner', priority: 'HIGH', wardId: null, patientId: '' },
    ]);
    expect(notices.open()[0].detail).toContain(TOPICS.vitals);
  });

  it('computes nothing again for a patient in their place, and says nothing', () => {
    const { watch, notices, asked, see } = setUp();
    for (let time = 0; time < 100; time++) see('p1', 'p1', home('p1'));
    expect([asked.length, watch.misplaced, notices.open()]).toEqual([1, [], []]);
  });

  it('does not mind an acknowledgement, which goes where its alert came from', () => {
    const { watch } = setUp();
    const source = { key: Buffer.from('p1') };
    const record = new RawRecord(TOPICS.acks, byCrc('p1'), 0, Buffer.alloc(0), 0, 0, source);
    watch.place({ patientId: 'p1' }, record, START);
    expect(watch.misplaced).toEqual([]);
  });

  it('does not mind another key in the right partition, which splits nobody', () => {
    const { watch, see } = setUp();
    see('p1', null, home('p1'));
    expect(watch.misplaced).toEqual([]);
  });

  it('ends a notice when its cause has not been seen for a quarter of an hour', () => {
    const { notices, see, pass } = setUp();
    see('p1', 'p1', byCrc('p1'));
    pass(14 * MINUTE_MS);
    see('p1', 'p1', byCrc('p1'));
    pass(14 * MINUTE_MS);
    see('p2', 'p2', home('p2'));
    expect(notices.open()).toHaveLength(1);
    pass(MINUTE_MS);
    see('p2', 'p2', home('p2'));
    expect(notices.open()).toEqual([]);
  });

  it('tells of a batch that is set aside', () => {
    const { watch, notices } = setUp();
    watch.unread(new RawRecord(TOPICS.notes, 3, 9, Buffer.alloc(0)), 'too large', START);
    expect(notices.open()).toMatchObject([{ rule: 'batch-set-aside', priority: 'HIGH' }]);
    expect(notices.open()[0].detail).toMatch(/ward\.notes, partition 3, .*too large/);
  });
});
