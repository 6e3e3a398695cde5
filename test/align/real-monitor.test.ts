import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Bed } from './trust-helpers.js';

const FOLDER = resolve('../shared/data/wfdb-icu-samples');
const COLUMNS: Readonly<Record<string, string>> = {
  HR: 'heartRate',
  ABPSys: 'sbpInvasive',
  ABPDias: 'dbpInvasive',
  ABPMean: 'mapInvasive',
  RESP: 'respRate',
  SpO2: 'spo2',
  NBPSys: 'sbpCuff',
  NBPDias: 'dbpCuff',
  NBPMean: 'mapCuff',
};

/** What a real monitor told minute by minute, and what became of it: reasons by sign, and whether it may be an arrest. */
function watch(record: string) {
  const [head, ...rows] = readFileSync(resolve(FOLDER, `${record}.csv`), 'utf8')
    .trimEnd()
    .split('\n');
  const names = head.split(',').map((column) => COLUMNS[column]);
  const bed = new Bed();
  return rows.map((row) => {
    const cells = row.split(',');
    const values = Object.fromEntries(
      names.flatMap((name, index) => (name && cells[index] ? [[name, Number(cells[index])]] : [])),
    );
    // Breaths below 1 a minute are none that the data contract knows.
    if (Number(values.respRate) < 1 && values.respRate !== 0) delete values.respRate;
    const reasons = bed.tell(Number(cells[0]), values);
    return { minute: Number(cells[0]), values, reasons, isArrest: bed.isArrest };
  });
}

describe.skipIf(!existsSync(FOLDER))('real monitors (skipped where ../shared/data is missing)', () => {
  it('a patient in extremis: each minute without a heart beat and a saturation is told as a possible arrest', () => {
    const minutes = watch('s25047-2704-05-04-10-44n');
    // The ECG was off for a minute, with a saturation of 99.9 %: told at once, over with the next heart beat.
    expect(minutes.slice(5, 8).map(({ isArrest }) => isArrest)).toEqual([false, true, false]);
    // From minute 45 on the heart rate is 0 for good; the saturation is lost, or falls, again and again.
    expect(minutes[45]).toMatchObject({ values: { heartRate: 0 }, isArrest: true });
    for (const { minute, values, isArrest } of minutes.slice(46)) {
      if (values.spo2 === 0) expect([minute, isArrest]).toEqual([minute, true]);
    }
    expect(minutes.at(-1)?.isArrest).toBe(true);
    // What was told of the real course before is used: a saturation of 42 %, breaths that cease, a pressure of 45/18.
    for (const minute of [33, 40, 41, 42]) {
      expect([minute, minutes[minute].reasons]).toEqual([minute, {}]);
    }
  });

  it('a day and a half of a quiet patient: zeros are no readings, and every other value but one is used', () => {
    const minutes = watch('s00001-2896-10-10-00-31n');
    expect(minutes).toHaveLength(1936);
    const odd: string[] = [];
    for (const { minute, values, reasons } of minutes) {
      for (const [sign, value] of Object.entries(values)) {
        if (value !== 0 && reasons[sign] !== undefined)
          odd.push(`${minute} ${sign} ${value} ${reasons[sign]}`);
        if (value === 0) expect([minute, sign, reasons[sign]]).not.toContain(undefined);
      }
    }
    expect(odd).toEqual(['1389 heartRate 11.5 maybe-arrest']);
    // The monitor was off at the beginning, disconnected or without ECG six times, and a line is open while it is put in.
    const begins = minutes.filter(({ isArrest }, index) => isArrest && !minutes[index - 1]?.isArrest);
    expect(begins.map(({ minute }) => minute)).toEqual([0, 591, 612, 1382, 1405, 1923, 1932]);
  });
});
