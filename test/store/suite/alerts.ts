import { describe, expect, it } from 'vitest';
import { alertEvents, alertEventsOf, alertsOf } from '../../../src/store/alerts.js';
import { alert, HOUR_MS, outputsOf, START } from '../../helpers.js';
import { MINUTE_MS, type TestedStore } from './tested-store.js';

/** Alerts and their records. */
export function describeAlerts(store: TestedStore): void {
  describe('alerts', () => {
    const at = (minute: number) => START + minute * MINUTE_MS;
    const raised = (alertId: string, minute: number, more = {}) =>
      alert(alertId, 0, { onsetTime: at(minute - 10), eventTime: at(minute), ...more });
    const resolved = (alertId: string, minute: number, until: number, more = {}) => [
      raised(alertId, minute, more),
      alert(alertId, 1, { onsetTime: at(minute - 10), eventTime: at(until), state: 'RESOLVED', ...more }),
    ];

    it('of a shift come newest first, in pages, as they are now', async () => {
      const alerts = [
        ...resolved('before', -30, -20),
        raised('over', -15),
        ...resolved('ended', -12, 3),
        raised('a', 0),
        raised('b', 5, { wardId: 'V', priority: 'LOW' }),
        raised('c', 5, { patientId: 'p2' }),
        ...resolved('d', 7, 8),
        raised('next shift', 60),
      ];
      const shift = { from: START, to: START + HOUR_MS, limit: 100 };
      await store.twice(outputsOf({ alerts }), async () => {
        const ids = async (more: object) =>
          (await alertsOf(store.client, { ...shift, ...more })).alerts.map(({ alertId }) => alertId);
        expect(await ids({})).toEqual(['d', 'c', 'b', 'a']);
        expect(await ids({ withTakenOver: true })).toEqual(['d', 'c', 'b', 'a', 'ended', 'over']);
        expect(await ids({ wards: ['V'] })).toEqual(['b']);
        expect(await ids({ wards: [] })).toEqual([]);
        expect(await ids({ patientId: 'p2' })).toEqual(['c']);
        expect(await ids({ priority: 'LOW' })).toEqual(['b']);
        expect(await ids({ isOpen: true })).toEqual(['c', 'b', 'a']);
        expect(await ids({ isOpen: false })).toEqual(['d']);
        expect(await ids({ state: 'RAISED', from: undefined, to: undefined })).toContain('next shift');
        expect((await alertsOf(store.client, { limit: 1 })).alerts.map(({ alertId }) => alertId)).toEqual([
          'next shift',
        ]);
        const pages: string[][] = [];
        let after: string | undefined;
        do {
          const page = await alertsOf(store.client, { ...shift, limit: 2, after });
          pages.push(page.alerts.map(({ alertId }) => alertId));
          after = page.next ?? undefined;
        } while (after !== undefined);
        expect(pages).toEqual([
          ['d', 'c'],
          ['b', 'a'],
        ]);
      });
      for (const after of ['', 'x', '1', "1.'; DROP TABLE alerts"]) {
        const asked = alertsOf(store.client, { ...shift, after });
        if (after.startsWith('1.')) expect((await asked).alerts).toEqual([]);
        else await expect(asked).rejects.toMatchObject({ code: 'WS_USAGE' });
      }
    });

    it('are those of the patients who are on a ward now, wherever they were raised', async () => {
      const moved = { wardId: 'V', leftWardId: 'W' };
      const alerts = [
        raised('moved', 1),
        alert('moved', 1, { onsetTime: at(-9), eventTime: at(2), ...moved }),
        raised('unplaced', 3, { wardId: null }),
        raised('placed', 4, { wardId: null }),
        alert('placed', 1, { onsetTime: at(-6), eventTime: at(5), wardId: 'W', leftWardId: '' }),
      ];
      await store.twice(outputsOf({ alerts }), async () => {
        const ids = async (...wards: string[]) =>
          (await alertsOf(store.client, { limit: 9, wards })).alerts.map(({ alertId }) => alertId);
        expect(await ids('W')).toEqual(['placed', 'unplaced']);
        expect(await ids('V')).toEqual(['unplaced', 'moved']);
        expect(await ids('V', 'W')).toEqual(['placed', 'unplaced', 'moved']);
      });
    });

    it('have all their records, oldest first', async () => {
      const alerts = [
        ...resolved('a', 0, 20),
        raised('b', 5),
        alert('a', 2, { onsetTime: at(-10), eventTime: at(20), state: 'RESOLVED', reason: 'comment' }),
      ];
      await store.twice(outputsOf({ alerts }), async () => {
        expect((await alertEvents(store.client, 'a')).map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
        expect(await alertEvents(store.client, 'nothing')).toEqual([]);
        const window = { from: at(5), to: at(21) };
        expect(
          (await alertEventsOf(store.client, 'p1', window)).map(({ alertId, sequence }) => [
            alertId,
            sequence,
          ]),
        ).toEqual([
          ['b', 0],
          ['a', 1],
          ['a', 2],
        ]);
        expect((await alertsOf(store.client, { limit: 9 })).alerts[1]).toEqual(alerts[3]);
      });
    });
  });
}
