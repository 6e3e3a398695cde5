import { describe, expect, it } from 'vitest';
import { reasonCode } from '../../../src/clinical/trust.js';
import type { ObservationEvent } from '../../../src/events/event.js';
import { doubtsOf, timelineOf } from '../../../src/store/queries.js';
import { select } from '../../../src/store/select.js';
import { eventOf, HOUR_MS, labs, outputsOf, START, vitals } from '../../helpers.js';
import { MINUTE_MS, observation, type TestedStore } from './tested-store.js';

/** Timelines of patients, as charts ask for them. */
export function describeTimelines(store: TestedStore): void {
  describe('a patient’s timeline', () => {
    const heart = (minute: number, value: number, messageId = `m${minute}`) =>
      observation('p1', minute * MINUTE_MS, { heartRate: value }, messageId);

    it('has each value once, by variable, within the window only', async () => {
      const observations = [
        heart(0, 80),
        heart(1, 81),
        heart(60, 90),
        observation('p1', MINUTE_MS, { respRate: 17.5 }, 'other'),
        observation('p2', MINUTE_MS, { heartRate: 200 }, 'm1'),
      ];
      await store.twice(outputsOf({ observations }), async () => {
        expect(
          await timelineOf(store.client, 'p1', { from: START, to: START + HOUR_MS, points: 10 }),
        ).toEqual([
          {
            variable: 'heartRate',
            times: [START, START + MINUTE_MS],
            values: [80, 81],
            low: [80, 81],
            high: [80, 81],
            isThinned: false,
          },
          expect.objectContaining({ variable: 'respRate', times: [START + MINUTE_MS], values: [17.5] }),
        ]);
        expect(
          await timelineOf(store.client, "p'; DROP TABLE observations", { from: 0, to: 1, points: 10 }),
        ).toEqual([]);
      });
    });

    it('shows a corrected result once, with its value of now, where it was first told', async () => {
      const lab = (minute: number, value: number, messageId: string, more = {}) => {
        const at = { eventTime: START + minute * MINUTE_MS, observedAt: START, messageId, ...more };
        return eventOf('labs', labs({ lactate: value }, at)) as ObservationEvent;
      };
      const other = { observedAt: START + 2 * MINUTE_MS };
      const named = { observedAt: null, specimenId: 'S1' };
      const observations = [
        lab(10, 19, 'a'),
        lab(80, 1.5, 'b'),
        lab(20, 3, 'c', other),
        lab(30, 8, 'd', named),
        lab(40, 2.5, 'e', named),
        eventOf('vitals', vitals({ lactate: 5 }, { eventTime: START + 50 * MINUTE_MS })) as ObservationEvent,
      ];
      await store.twice(outputsOf({ observations }), async () => {
        const window = { from: START, to: START + 2 * HOUR_MS };
        const [{ times, values }] = await timelineOf(store.client, 'p1', { ...window, points: 100 });
        expect(times.map((time) => (time - START) / MINUTE_MS)).toEqual([10, 20, 30, 50]);
        expect(values).toEqual([1.5, 3, 2.5, 5]);
      });
    });

    it('shows nothing of a result that is taken back, until it has a value again, and keeps all as it was told', async () => {
      const lab = (minute: number, specimenId: string, told: number | null) => {
        const at = { eventTime: START + minute * MINUTE_MS, specimenId, messageId: `${specimenId}${minute}` };
        const message =
          told === null ? labs({}, { ...at, withdrawn: ['lactate'] }) : labs({ lactate: told }, at);
        return eventOf('labs', message) as ObservationEvent;
      };
      const doubted = lab(50, 'S4', 9);
      doubted.verdicts = Uint8Array.of(reasonCode('maybe-unit'));
      const observations = [
        ...[lab(10, 'S1', 19), lab(20, 'S1', null)],
        ...[lab(11, 'S2', 18), lab(21, 'S2', null), lab(31, 'S2', 1.5)],
        ...[lab(12, 'S3', null), lab(22, 'S3', 2)],
        ...[lab(40, 'S4', 3), doubted],
      ];
      await store.twice(outputsOf({ observations }), async () => {
        const window = { from: START, to: START + HOUR_MS };
        const [{ times, values }] = await timelineOf(store.client, 'p1', { ...window, points: 100 });
        expect(times.map((time) => (time - START) / MINUTE_MS)).toEqual([11, 12]);
        expect(values).toEqual([1.5, 2]);
        expect(await doubtsOf(store.client, 'p1', window, 10)).toMatchObject([{ value: 9 }]);
        const rows = await select(store.client, 'SELECT verdict FROM observations FINAL');
        expect(rows).toHaveLength(observations.length);
      });
    });

    it('keeps what is not used apart: in no course, and told with its reason', async () => {
      const flush = heart(1, 240);
      flush.verdicts = Uint8Array.of(reasonCode('flush'));
      const repeated = heart(1, 240);
      repeated.isRepeated = true;
      await store.twice(
        outputsOf({ observations: [heart(0, 80), flush, heart(2, 82), repeated] }),
        async () => {
          const window = { from: START, to: START + HOUR_MS };
          const [{ values }] = await timelineOf(store.client, 'p1', { ...window, points: 10 });
          expect(values).toEqual([80, 82]);
          expect(await doubtsOf(store.client, 'p1', window, 10)).toEqual([
            {
              variable: 'heartRate',
              at: START + MINUTE_MS,
              value: 240,
              verdict: 'artefact',
              reason: 'flush',
            },
          ]);
        },
      );
    });

    it('keeps two messages of one moment apart, and both values of one message', async () => {
      const observations = [heart(0, 80, 'left arm'), heart(0, 80, 'right arm'), heart(0, 99, 'left arm')];
      await store.twice(outputsOf({ observations }), async () => {
        const rows = await select(store.client, 'SELECT value, message_hash FROM observations FINAL');
        expect(rows).toHaveLength(3);
      });
    });

    it('is thinned to the points asked for where there are more: mean, low and high of each stretch', async () => {
      const observations = Array.from({ length: 120 }, (_, minute) => heart(minute, 60 + (minute % 12)));
      await store.twice(outputsOf({ observations }), async () => {
        const [series] = await timelineOf(store.client, 'p1', {
          from: START,
          to: START + 2 * HOUR_MS,
          points: 10,
        });
        expect(series.isThinned).toBe(true);
        expect(series.times).toEqual(
          Array.from({ length: 10 }, (_, stretch) => START + (12 * stretch + 11) * MINUTE_MS),
        );
        expect(series.values).toEqual(new Array(10).fill(65.5));
        expect(series.low).toEqual(new Array(10).fill(60));
        expect(series.high).toEqual(new Array(10).fill(71));
      });
    });

    it('holds how long each value was under way', async () => {
      const late = eventOf('vitals', vitals({ heartRate: 70 }, { observedAt: START - 90_000 }));
      await store.twice(outputsOf({ observations: [late as ObservationEvent] }), async () => {
        const rows = await select(store.client, 'SELECT delay_ms FROM observations FINAL');
        expect(rows).toEqual([{ delay_ms: 90_000 }]);
      });
    });
  });
}
