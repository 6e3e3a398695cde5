import { describe, expect, it } from 'vitest';
import { NO_SOFA } from '../../../src/clinical/sofa.js';
import { factsOf } from '../../../src/engine/outputs.js';
import { lastPlaceOf, thinnedScoresOf } from '../../../src/store/chart.js';
import { scoresOf } from '../../../src/store/queries.js';
import { stateSpansOf } from '../../../src/store/state-spans.js';
import { HOUR_MS, outputsOf, START, score } from '../../helpers.js';
import { DirectSink } from '../direct-sink.js';
import { LOW, MINUTE_MS, patientAt, SOFA, STATE, type TestedStore, unclosed } from './tested-store.js';

/** Scores and states. */
export function describeScores(store: TestedStore): void {
  describe('scores', () => {
    it('of a patient are the newest of a window, oldest first', async () => {
      const scores = [1, 2, 3, 4, 5].map((minute) => score(minute, minute / 100));
      await store.twice(outputsOf({ scores }), async () => {
        const newest = await scoresOf(store.client, 'p1', 2);
        expect(newest.map(({ mortality }) => mortality)).toEqual([0.04, 0.05]);
        const window = { from: START + 2 * MINUTE_MS, to: START + 4 * MINUTE_MS };
        expect((await scoresOf(store.client, 'p1', 10, window)).map(({ mortality }) => mortality)).toEqual([
          0.02, 0.03,
        ]);
        expect(await scoresOf(store.client, 'nobody', 10)).toEqual([]);
      });
    });

    it('have the states that were there, and SOFA part by part', async () => {
      await store.twice(
        outputsOf({ scores: [score(1, 0.1, { states: [LOW, STATE], sofa: SOFA }), score(2, 0.2)] }),
        async () => {
          const [told, none] = await scoresOf(store.client, 'p1', 10);
          const states = [LOW, STATE].map(({ criterion, value, since, variable }) => {
            return { criterion, value, since, variable };
          });
          expect(told).toMatchObject({ sofa: SOFA, states });
          expect(none).toMatchObject({ sofa: NO_SOFA, states: [] });
          const window = { from: START, to: START + HOUR_MS };
          expect(await thinnedScoresOf(store.client, 'p1', window, 1)).toEqual([told, none]);
        },
      );
    });

    it('tell from when to when a state was there, also of two models at once and of one that comes again', async () => {
      const low = (minute: number, value: number, since = 0, more = {}) =>
        score(minute, 0.1, { states: [{ ...LOW, value, since: START + since * MINUTE_MS }], ...more });
      const scores = [low(1, 61), low(2, 52), low(3, 60), score(4, 0.1), low(6, 64, 5)];
      const before = new DirectSink(unclosed(store.client), 'm0');
      await before.write(outputsOf({ scores }));
      await before.close();
      await store.twice(outputsOf({ scores }), async () => {
        const window = { from: START, to: START + HOUR_MS };
        const spans = await stateSpansOf(store.client, 'p1', window);
        expect(spans).toEqual([
          { ...SPAN, since: START, to: START + 4 * MINUTE_MS, value: 60, lowest: 52, highest: 61 },
          { ...SPAN, since: START + 5 * MINUTE_MS, to: null, value: 64, lowest: 64, highest: 64 },
        ]);
        expect(await stateSpansOf(store.client, 'p1', { from: window.to, to: window.to + 1 })).toEqual([]);
      });
    });

    it('of a ward now are the newest of each patient who is still there', async () => {
      const scores = [
        score(1, 0.1),
        score(9, 0.9, { circulatory: 0.2, hypotension: 0.3, sepsis: 0.4 }),
        score(5, 0.5, { late: true }),
        score(3, 0.3, { patientId: 'p2', stayId: 'p2@s', wardId: 'V' }),
        score(4, 0.4, { patientId: 'p3', stayId: 'gone' }),
        score(2, 0.2, { patientId: 'moved', stayId: 'moved@s', wardId: 'W' }),
        score(6, 0.6, { patientId: 'moved', stayId: 'moved@s', wardId: 'V', bedId: null }),
      ];
      const gone = patientAt('p3', START);
      const outputs = outputsOf({
        scores: scores.map((each) => (each.stayId === 'gone' ? { ...each, stayId: gone.stayId } : each)),
        admitted: [gone],
        discharged: [gone],
      });
      await store.twice(outputs, async () => {
        const all = await store.currentScores();
        expect(all.map(({ patientId, mortality }) => [patientId, mortality])).toEqual([
          ['moved', 0.6],
          ['p1', 0.9],
          ['p2', 0.3],
        ]);
        expect(all[1]).toMatchObject({ wardId: 'W', bedId: '1', circulatory: 0.2, respiratory: null });
        expect(all[1]).toMatchObject({ hypotension: 0.3, sepsis: 0.4 });
        const [, newest] = await scoresOf(store.client, 'p1', 2);
        expect(newest).toMatchObject({ hypotension: 0.3, sepsis: 0.4 });
        expect(await lastPlaceOf(store.client, 'moved')).toEqual({ wardId: 'V' });
        expect(await lastPlaceOf(store.client, 'nobody')).toBeNull();
      });
    });

    it('are of a patient who is here again where a discharge was taken back, and where the last move says', async () => {
      const patient = patientAt('p1', START);
      const gone = outputsOf({
        admitted: [patient],
        discharged: [patient],
        scores: [score(1, 0.1, { stayId: patient.stayId })],
      });
      await store.twice(gone, async () => {
        expect(await store.currentScores()).toHaveLength(0);
      });
      patient.reopened = 1;
      patient.wardId = 'V';
      const back = outputsOf({ updated: [factsOf(patient)] });
      await store.twice(back, async () => {
        expect(await store.currentScores()).toHaveLength(1);
        expect(await lastPlaceOf(store.client, 'p1')).toEqual({ wardId: 'V' });
      });
      await store.twice(outputsOf({ discharged: [patient] }), async () => {
        expect(await store.currentScores()).toHaveLength(0);
      });
      // What is read again after a crash changes nothing.
      patient.reopened = 0;
      await store.twice(gone, async () => {
        expect(await lastPlaceOf(store.client, 'p1')).toEqual({ wardId: 'V' });
      });
    });

    it('of a patient who came back are there again', async () => {
      const first = patientAt('p1', START);
      const second = patientAt('p1', START + HOUR_MS);
      const outputs = outputsOf({
        admitted: [first, second],
        discharged: [first],
        scores: [score(1, 0.1, { stayId: first.stayId }), score(61, 0.2, { stayId: second.stayId })],
      });
      await store.twice(outputs, async () => {
        expect((await store.currentScores()).map(({ mortality }) => mortality)).toEqual([0.2]);
      });
    });
  });
}

const SPAN = { criterion: 'hypotension', variable: 'mapCuff' };
