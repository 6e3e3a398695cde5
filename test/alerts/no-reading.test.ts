import { describe, expect, it } from 'vitest';
import { NoReadings } from '../../src/alerts/no-reading.js';
import { TechnicalNotices } from '../../src/alerts/notices.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { ReplayClock } from '../../src/clock.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import type { ObservationEvent } from '../../src/events/event.js';
import { eventOf, START, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;
const SPO2 = variableIndex('spo2');

function setUp() {
  const clock = new ReplayClock();
  clock.advanceTo(START);
  const board = new TechnicalNotices(clock);
  const records: AlertMessage[] = [];
  board.changes$.subscribe((record) => records.push(record));
  const noReadings = new NoReadings(board, () => 'ICU1');
  const read = (minute: number, values: Record<string, number>, more = {}) => {
    const event = eventOf('vitals', vitals(values, { eventTime: START + minute * MINUTE_MS }));
    const observations = [event as ObservationEvent];
    noReadings.note({ observations, discharged: [], released: [], ...more }, START + minute * MINUTE_MS);
  };
  const zero = (minute: number, now = minute) =>
    noReadings.zero('p1', SPO2, START + minute * MINUTE_MS, START + now * MINUTE_MS);
  const said = () => records.map(({ rule, state, priority }) => `${rule} ${priority} ${state}`);
  return { board, records, read, said, zero };
}

describe('zeros for no reading', () => {
  it('are one technical notice about the patient until the variable is read again', () => {
    const { read, records, said, zero } = setUp();
    zero(0);
    zero(1);
    read(2, { heartRate: 80 });
    expect(said()).toEqual(['no-reading LOW RAISED']);
    expect(records[0]).toMatchObject({ class: 'technical', patientId: 'p1', wardId: 'ICU1' });
    expect(records[0].detail).toContain('SpO2');
    read(3, { spo2: 97 });
    expect(said()).toEqual(['no-reading LOW RAISED', 'no-reading LOW RESOLVED']);
  });

  it('are not ended by a reading from before them, nor said of what is long past', () => {
    const { board, read, zero } = setUp();
    zero(5);
    read(4, { spo2: 97 });
    expect(board.open()).toHaveLength(1);
    read(6, { spo2: 97 });
    zero(10, 30);
    expect(board.open()).toEqual([]);
  });

  it('of the heart rate, which may be asystole, are said at once as HIGH and used', () => {
    const { read, records, said } = setUp();
    read(0, { heartRate: 0 });
    expect(said()).toEqual(['no-reading HIGH RAISED']);
    expect(records[0].detail).toContain('asystole');
    read(1, { heartRate: 80 });
    expect(said()).toEqual(['no-reading HIGH RAISED', 'no-reading HIGH RESOLVED']);
  });

  it('end with the stay', () => {
    const { board, read, zero } = setUp();
    zero(0);
    read(1, { heartRate: 80 }, { discharged: [{ patientId: 'p1' }] });
    expect(board.open()).toEqual([]);
  });
});
