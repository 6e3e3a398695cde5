import { beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/settings/config.js';
import { headlineOf, ladderRows } from '../../src/study/probe/ladders.js';
import { type Probe, type ProbeOptions, probe } from '../../src/study/probe/run.js';
import { HAS_SET_A, SET_A } from '../helpers.js';

const STAYS = 40;
const run = (stays: number, workers: number, more: Partial<ProbeOptions> = {}) =>
  probe({ config: parseConfig({}), from: `physionet2012:${SET_A}`, stays, workers, ...more });

if (!HAS_SET_A)
  process.stderr.write('skipped: the stays of set A are not here (../shared/data/physionet2012)\n');

/** Two threads, both cores: one to two minutes where nothing else runs. */
describe.skipIf(!HAS_SET_A)(
  'the probe of 40 stays of set A (skipped where ../shared/data is missing)',
  () => {
    let found: Probe;
    beforeAll(async () => {
      found = await run(STAYS, 2);
    }, 1_800_000);

    it('moves every sign of as many stays as are asked for', () => {
      expect(found).toMatchObject({ stays: STAYS, partial: false });
      expect(new Set(found.patients).size).toBe(STAYS);
      const head = headlineOf(found);
      expect(head.signs).toBeGreaterThanOrEqual(14);
      expect(head.critical).toBeGreaterThan(100);
    });

    it('takes stays in which hardly anything alarms as charted', () => {
      expect(found.alertsAsCharted).toBeLessThanOrEqual(STAYS / 10);
    });

    it('has an open alert in every patient in shock before anything false is sent', () => {
      for (const { openBefore } of found.artefacts) expect(openBefore).toBeGreaterThanOrEqual(STAYS);
    });

    it('has somebody at every bed within 15 seconds where a heart stops', () => {
      expect(found.arrest).toMatchObject({ alarmed: 1 });
      expect(found.arrest.delaySeconds).toBeLessThanOrEqual(15);
    });

    it('alarms every sustained critical sign in every stay within ten minutes', () => {
      const late = found.interventions.filter(
        ({ isCritical, stateAlarm, delayMinutes }) => isCritical && !(stateAlarm === 1 && delayMinutes <= 10),
      );
      expect(late).toEqual([]);
    });

    it('raises no clinical alert for anything false, and ends none', () => {
      const wrong = found.artefacts.filter(
        ({ clinicalAlerts, wronglyResolved }) => clinicalAlerts + wronglyResolved > 0,
      );
      expect(wrong).toEqual([]);
    });

    it('says of each sign in each direction what the report says', () => {
      const rows = ladderRows(found);
      expect(rows.length).toBeGreaterThan(found.interventions.length / 30);
      for (const { shown, criticalFrom } of rows) expect(shown.isCritical).toBe(criticalFrom !== null);
    });
  },
);

it.skipIf(!HAS_SET_A)(
  'the figures are the same whatever the number of threads',
  async () => {
    const [one, two] = [await run(2, 1), await run(2, 2)];
    const { interventions, monotone, artefacts, patients } = one;
    expect({ interventions, monotone, artefacts, patients }).toEqual({
      interventions: two.interventions,
      monotone: two.monotone,
      artefacts: two.artefacts,
      patients: two.patients,
    });
  },
  600_000,
);

it.skipIf(!HAS_SET_A)(
  'interrupted, it gives the stays that were over, and no thread dies',
  async () => {
    const stop = new AbortController();
    const onProgress = (what: string, done: number) => what === 'probe' && done > 0 && stop.abort();
    const found = await run(6, 2, { signal: stop.signal, onProgress });
    expect(found.partial).toBe(true);
    expect(found.stays).toBeLessThan(6);
    expect(found.interventions.every(({ deltaMortality }) => Number.isFinite(deltaMortality))).toBe(true);
  },
  600_000,
);
