import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { NO_SOFA, type Sofa } from '../../src/clinical/sofa.js';
import type { PresentState } from '../../src/clinical/state.js';
import { reasonCode } from '../../src/clinical/trust.js';
import { factsOf, type Outputs } from '../../src/engine/outputs.js';
import type { ObservationEvent, TreatmentClinicalEvent } from '../../src/events/event.js';
import { alertEvents, alertEventsOf, alertsOf } from '../../src/store/alerts.js';
import { type AuditEntry, appendAudit, auditOf } from '../../src/store/audit.js';
import { lastPlaceOf, thinnedScoresOf } from '../../src/store/chart.js';
import { exportOf } from '../../src/store/export.js';
import { doubtsOf, recordModel, scoresOf, timelineOf } from '../../src/store/queries.js';
import { select } from '../../src/store/select.js';
import { StoreSink } from '../../src/store/sink.js';
import { stateSpansOf } from '../../src/store/state-spans.js';
import {
  adt,
  alert,
  eventOf,
  HOUR_MS,
  labs,
  outputsOf,
  START,
  score,
  treatment,
  vitals,
} from '../helpers.js';

const MINUTE_MS = 60_000;
/** What both ClickHouse in process and a server must do. Everything is written twice: at least once is what the engine does. */
export function describeStore(name: string, open: () => Promise<ClickHouseClient>): void {
  describe(name, () => {
    let client: ClickHouseClient;
    beforeAll(async () => {
      client = await open();
    });
    afterAll(async () => {
      await client.close();
    });
    beforeEach(async () => {
      for (const table of await filled(client)) await client.command({ query: `TRUNCATE TABLE ${table}` });
    });

    /** The newest score of each patient who is not discharged, by patient id, as the dashboards of Grafana read it. */
    const currentScores = () =>
      select<{
        patientId: string;
        wardId: string;
        bedId: string;
        mortality: number;
        circulatory: number | null;
      }>(
        client,
        `SELECT patient_id AS patientId, ward_id AS wardId, bed_id AS bedId, mortality, circulatory, respiratory
         FROM current_scores FINAL
         WHERE stay_id NOT IN (SELECT stay_id FROM stays FINAL WHERE discharged_at IS NOT NULL) ORDER BY patientId`,
      );

    /** Written, written again, and asked before and after the parts are merged. */
    async function twice(outputs: Outputs, ask: () => Promise<void>): Promise<void> {
      for (let time = 0; time < 2; time++) {
        const sink = new StoreSink(unclosed(client), 'm1', { maxAgeMs: 60_000 });
        await sink.write(outputs);
        await sink.close();
      }
      await ask();
      for (const table of await filled(client))
        await client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
      await ask();
    }

    it('has each charting of a treatment once, in the vocabulary here, and exports it', async () => {
      const charted = (more: Parameters<typeof treatment>[0]) =>
        eventOf('treatments', treatment(more)) as TreatmentClinicalEvent;
      const treatments = [
        charted({ messageId: 't1', treatmentId: '=1', rate: 6, unit: 'ug/kg/h', weightKg: 80 }),
        charted({ messageId: 't2', drug: 'H01BA01', drugSystem: 'ATC', rate: 0.03, unit: 'U/min' }),
        charted({ messageId: 't3', action: 'STOP', rate: null, unit: null, corrects: 't1' }),
      ];
      await twice(outputsOf({ treatments }), async () => {
        const stream = await exportOf(client, { table: 'treatments', format: 'csv', patientId: 'p1' });
        let all = '';
        for await (const chunk of stream) all += String(chunk);
        const when = '"2026-01-01 00:00:00.000"';
        expect(all.trimEnd().split('\n').slice(1)).toEqual([
          `"p1",${when},${when},"t1","'=1","norepinephrine","START",0.1,"ug/kg/min",80,"",""`,
          `"p1",${when},${when},"t2","","vasopressin","START",0.03,"U/min",,"",""`,
          `"p1",${when},${when},"t3","","norepinephrine","STOP",,"",,"t1",""`,
        ]);
      });
    });

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
        await twice(outputsOf({ observations }), async () => {
          expect(await timelineOf(client, 'p1', { from: START, to: START + HOUR_MS, points: 10 })).toEqual([
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
            await timelineOf(client, "p'; DROP TABLE observations", { from: 0, to: 1, points: 10 }),
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
          eventOf(
            'vitals',
            vitals({ lactate: 5 }, { eventTime: START + 50 * MINUTE_MS }),
          ) as ObservationEvent,
        ];
        await twice(outputsOf({ observations }), async () => {
          const window = { from: START, to: START + 2 * HOUR_MS };
          const [{ times, values }] = await timelineOf(client, 'p1', { ...window, points: 100 });
          expect(times.map((time) => (time - START) / MINUTE_MS)).toEqual([10, 20, 30, 50]);
          expect(values).toEqual([1.5, 3, 2.5, 5]);
        });
      });

      it('keeps what is not used apart: in no course, and told with its reason', async () => {
        const flush = heart(1, 240);
        flush.verdicts = Uint8Array.of(reasonCode('flush'));
        const repeated = heart(1, 240);
        repeated.isRepeated = true;
        await twice(outputsOf({ observations: [heart(0, 80), flush, heart(2, 82), repeated] }), async () => {
          const window = { from: START, to: START + HOUR_MS };
          const [{ values }] = await timelineOf(client, 'p1', { ...window, points: 10 });
          expect(values).toEqual([80, 82]);
          expect(await doubtsOf(client, 'p1', window, 10)).toEqual([
            {
              variable: 'heartRate',
              at: START + MINUTE_MS,
              value: 240,
              verdict: 'artefact',
              reason: 'flush',
            },
          ]);
        });
      });

      it('keeps two messages of one moment apart, and both values of one message', async () => {
        const observations = [heart(0, 80, 'left arm'), heart(0, 80, 'right arm'), heart(0, 99, 'left arm')];
        await twice(outputsOf({ observations }), async () => {
          const rows = await select(client, 'SELECT value, message_hash FROM observations FINAL');
          expect(rows).toHaveLength(3);
        });
      });

      it('is thinned to the points asked for where there are more: mean, low and high of each stretch', async () => {
        const observations = Array.from({ length: 120 }, (_, minute) => heart(minute, 60 + (minute % 12)));
        await twice(outputsOf({ observations }), async () => {
          const [series] = await timelineOf(client, 'p1', {
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
        await twice(outputsOf({ observations: [late as ObservationEvent] }), async () => {
          const rows = await select(client, 'SELECT delay_ms FROM observations FINAL');
          expect(rows).toEqual([{ delay_ms: 90_000 }]);
        });
      });
    });

    describe('scores', () => {
      it('of a patient are the newest of a window, oldest first', async () => {
        const scores = [1, 2, 3, 4, 5].map((minute) => score(minute, minute / 100));
        await twice(outputsOf({ scores }), async () => {
          const newest = await scoresOf(client, 'p1', 2);
          expect(newest.map(({ mortality }) => mortality)).toEqual([0.04, 0.05]);
          const window = { from: START + 2 * MINUTE_MS, to: START + 4 * MINUTE_MS };
          expect((await scoresOf(client, 'p1', 10, window)).map(({ mortality }) => mortality)).toEqual([
            0.02, 0.03,
          ]);
          expect(await scoresOf(client, 'nobody', 10)).toEqual([]);
        });
      });

      it('have the states that were there, and SOFA part by part', async () => {
        await twice(
          outputsOf({ scores: [score(1, 0.1, { states: [LOW, STATE], sofa: SOFA }), score(2, 0.2)] }),
          async () => {
            const [told, none] = await scoresOf(client, 'p1', 10);
            const states = [LOW, STATE].map(({ criterion, value, since, variable }) => {
              return { criterion, value, since, variable };
            });
            expect(told).toMatchObject({ sofa: SOFA, states });
            expect(none).toMatchObject({ sofa: NO_SOFA, states: [] });
            const window = { from: START, to: START + HOUR_MS };
            expect(await thinnedScoresOf(client, 'p1', window, 1)).toEqual([told, none]);
          },
        );
      });

      it('tell from when to when a state was there, also of two models at once and of one that comes again', async () => {
        const low = (minute: number, value: number, since = 0, more = {}) =>
          score(minute, 0.1, { states: [{ ...LOW, value, since: START + since * MINUTE_MS }], ...more });
        const scores = [low(1, 61), low(2, 52), low(3, 60), score(4, 0.1), low(6, 64, 5)];
        const before = new StoreSink(unclosed(client), 'm0', { maxAgeMs: 60_000 });
        await before.write(outputsOf({ scores }));
        await before.close();
        await twice(outputsOf({ scores }), async () => {
          const window = { from: START, to: START + HOUR_MS };
          const spans = await stateSpansOf(client, 'p1', window);
          expect(spans).toEqual([
            { ...SPAN, since: START, to: START + 4 * MINUTE_MS, value: 60, lowest: 52, highest: 61 },
            { ...SPAN, since: START + 5 * MINUTE_MS, to: null, value: 64, lowest: 64, highest: 64 },
          ]);
          expect(await stateSpansOf(client, 'p1', { from: window.to, to: window.to + 1 })).toEqual([]);
        });
      });

      it('of a ward now are the newest of each patient who is still there', async () => {
        const scores = [
          score(1, 0.1),
          score(9, 0.9, { circulatory: 0.2 }),
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
        await twice(outputs, async () => {
          const all = await currentScores();
          expect(all.map(({ patientId, mortality }) => [patientId, mortality])).toEqual([
            ['moved', 0.6],
            ['p1', 0.9],
            ['p2', 0.3],
          ]);
          expect(all[1]).toMatchObject({ wardId: 'W', bedId: '1', circulatory: 0.2, respiratory: null });
          expect(await lastPlaceOf(client, 'moved')).toEqual({ wardId: 'V' });
          expect(await lastPlaceOf(client, 'nobody')).toBeNull();
        });
      });

      it('are of a patient who is here again where a discharge was taken back, and where the last move says', async () => {
        const patient = patientAt('p1', START);
        const gone = outputsOf({
          admitted: [patient],
          discharged: [patient],
          scores: [score(1, 0.1, { stayId: patient.stayId })],
        });
        await twice(gone, async () => {
          expect(await currentScores()).toHaveLength(0);
        });
        patient.reopened = 1;
        patient.wardId = 'V';
        const back = outputsOf({ updated: [factsOf(patient)] });
        await twice(back, async () => {
          expect(await currentScores()).toHaveLength(1);
          expect(await lastPlaceOf(client, 'p1')).toEqual({ wardId: 'V' });
        });
        await twice(outputsOf({ discharged: [patient] }), async () => {
          expect(await currentScores()).toHaveLength(0);
        });
        // What is read again after a crash changes nothing.
        patient.reopened = 0;
        await twice(gone, async () => {
          expect(await lastPlaceOf(client, 'p1')).toEqual({ wardId: 'V' });
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
        await twice(outputs, async () => {
          expect((await currentScores()).map(({ mortality }) => mortality)).toEqual([0.2]);
        });
      });
    });

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
        await twice(outputsOf({ alerts }), async () => {
          const ids = async (more: object) =>
            (await alertsOf(client, { ...shift, ...more })).alerts.map(({ alertId }) => alertId);
          expect(await ids({})).toEqual(['d', 'c', 'b', 'a']);
          expect(await ids({ withTakenOver: true })).toEqual(['d', 'c', 'b', 'a', 'ended', 'over']);
          expect(await ids({ wards: ['V'] })).toEqual(['b']);
          expect(await ids({ wards: [] })).toEqual([]);
          expect(await ids({ patientId: 'p2' })).toEqual(['c']);
          expect(await ids({ priority: 'LOW' })).toEqual(['b']);
          expect(await ids({ isOpen: true })).toEqual(['c', 'b', 'a']);
          expect(await ids({ isOpen: false })).toEqual(['d']);
          expect(await ids({ state: 'RAISED', from: undefined, to: undefined })).toContain('next shift');
          expect((await alertsOf(client, { limit: 1 })).alerts.map(({ alertId }) => alertId)).toEqual([
            'next shift',
          ]);
          const pages: string[][] = [];
          let after: string | undefined;
          do {
            const page = await alertsOf(client, { ...shift, limit: 2, after });
            pages.push(page.alerts.map(({ alertId }) => alertId));
            after = page.next ?? undefined;
          } while (after !== undefined);
          expect(pages).toEqual([
            ['d', 'c'],
            ['b', 'a'],
          ]);
        });
        for (const after of ['', 'x', '1', "1.'; DROP TABLE alerts"]) {
          const asked = alertsOf(client, { ...shift, after });
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
        await twice(outputsOf({ alerts }), async () => {
          const ids = async (...wards: string[]) =>
            (await alertsOf(client, { limit: 9, wards })).alerts.map(({ alertId }) => alertId);
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
        await twice(outputsOf({ alerts }), async () => {
          expect((await alertEvents(client, 'a')).map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
          expect(await alertEvents(client, 'nothing')).toEqual([]);
          const window = { from: at(5), to: at(21) };
          expect(
            (await alertEventsOf(client, 'p1', window)).map(({ alertId, sequence }) => [alertId, sequence]),
          ).toEqual([
            ['b', 0],
            ['a', 1],
            ['a', 2],
          ]);
          expect((await alertsOf(client, { limit: 9 })).alerts[1]).toEqual(alerts[3]);
        });
      });
    });

    it('keeps dead letters once, with their raw bytes', async () => {
      const letter = {
        deadLetterId: 'd1',
        topic: 'ward.labs',
        partition: 3,
        offset: 2 ** 40,
        reason: 'undecodable',
        detail: 'it’s "odd"\n',
        patientId: null,
        eventTime: null,
        raw: Buffer.from([0, 255, 10]),
        count: 40,
      };
      await twice(outputsOf({ deadLetters: [letter] }), async () => {
        const rows = await select(client, 'SELECT * EXCEPT recorded_on FROM dead_letters FINAL');
        expect(rows).toEqual([
          {
            topic: 'ward.labs',
            partition: 3,
            offset: 2 ** 40,
            dead_letter_id: 'd1',
            reason: 'undecodable',
            detail: 'it’s "odd"\n',
            patient_id: null,
            event_time: null,
            raw: 'AP8K',
            count: 40,
          },
        ]);
      });
    });

    it('knows the models that were put to use, the newest use first', async () => {
      await recordModel(client, { version: 'v1' });
      await recordModel(client, { version: 'v2' });
      await recordModel(client, { version: 'v1' });
      const models = await select<{ config: string }>(
        client,
        'SELECT config FROM models FINAL ORDER BY last_used DESC, model_version',
      );
      expect(models.map(({ config }) => JSON.parse(config))).toEqual([{ version: 'v1' }, { version: 'v2' }]);
    });

    it('adds to the audit, and shows an entry that was sent twice once', async () => {
      const entry = (auditId: string, minute: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
        auditId,
        at: START + minute * MINUTE_MS,
        actor: 'nurse.a',
        role: 'clinician',
        action: 'view-patient',
        patientId: 'p1',
        patients: [],
        wardId: 'W',
        target: '',
        outcome: 'allowed',
        source: '127.0.0.1',
        detail: '',
        ...more,
      });
      const entries = [entry('1', 0), entry('2', 1, { patientId: 'p2' }), entry('3', 2, { actor: "o'neil" })];
      await appendAudit(client, entries);
      await appendAudit(client, entries.slice(0, 1));
      await appendAudit(client, []);
      expect(await auditOf(client, { limit: 10 })).toEqual([entries[2], entries[1], entries[0]]);
      expect(await auditOf(client, { limit: 10, patientId: 'p1', to: START + MINUTE_MS })).toEqual([
        entries[0],
      ]);
      expect(await auditOf(client, { limit: 10, actor: "o'neil" })).toEqual([entries[2]]);
      expect(await auditOf(client, { limit: 1 })).toEqual([entries[2]]);
    });

    it('exports scores, alerts and observations of a ward and window as CSV', async () => {
      const outputs = outputsOf({
        scores: [
          score(1, 0.5, { outOfRange: ['ast', 'ph'], states: [LOW, STATE], sofa: SOFA }),
          score(2, 0.25, { patientId: 'p2', wardId: 'V' }),
        ],
        alerts: [alert('a')],
        observations: [observation('p1', 0, { heartRate: 80 }, 'm')],
      });
      await twice(outputs, async () => {
        const text = async (query: Partial<Parameters<typeof exportOf>[1]>) => {
          const stream = await exportOf(client, { table: 'scores', format: 'csv', ...query });
          let all = '';
          for await (const chunk of stream) all += String(chunk);
          return all.trimEnd().split('\n');
        };
        const [head, ...rows] = await text({});
        expect(head).toMatch(/^"patient_id","stay_id","ward_id","event_time","model_version","mortality"/);
        expect(rows).toEqual([
          '"p1","p1@s","W","2026-01-01 00:01:00.000","m1",0.5,,,,,,false,"ast ph","hypotension potassium-high",' +
            '"2025-12-31 23:50:00.000 2026-01-01 00:00:00.000","61.5 6.5","mapCuff potassium",5,,2,,,,3,0.5',
          '"p2","p1@s","V","2026-01-01 00:02:00.000","m1",0.25,,,,,,false,"","","","","",,,,,,,,0.25',
        ]);
        expect(await text({ wards: ['V'] })).toEqual([head, rows[1]]);
        expect(await text({ from: START + 2 * MINUTE_MS, patientId: 'p1' })).toEqual([head]);
        const [columns, crossing, ...others] = await text({ table: 'alerts', wards: ['W'] });
        expect(columns).toContain('"rule","signal","label","unit","value","threshold","priority"');
        expect(crossing).toContain(
          '"risk-high","mortality","Risk of death in hospital","1",0.6,0.5,"HIGH","RAISED"',
        );
        expect(others).toEqual([]);
        expect((await text({ table: 'observations', wards: ['W'] }))[1]).toBe(
          '"p1","2026-01-01 00:00:00.000","heartRate",80,0,"used",""',
        );
        expect(await text({ table: 'observations', wards: ['V'] })).toHaveLength(1);
      });
    });
  });
}

const LOW: PresentState = {
  criterion: 'hypotension',
  label: 'Low mean pressure',
  grade: 'failing',
  sign: 'map',
  value: 61.5,
  unit: 'mm[Hg]',
  since: START - 10 * MINUTE_MS,
  at: START,
  variable: 'mapCuff',
};
const SPAN = { criterion: 'hypotension', variable: 'mapCuff' };
const STATE: PresentState = {
  criterion: 'potassium-high',
  label: 'Very high potassium',
  grade: 'critical',
  sign: 'potassium',
  value: 6.5,
  unit: 'mmol/L',
  since: START,
  at: START,
  variable: 'potassium',
};
const SOFA: Sofa = { ...NO_SOFA, total: 5, coagulation: 2, renal: 3 };

/** Tables with rows. */
async function filled(client: ClickHouseClient): Promise<string[]> {
  const rows = await select<{ name: string }>(
    client,
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0 AND name != 'schema_migrations'`,
  );
  return rows.map(({ name }) => name);
}

/** The client, which the sink may not close. */
function unclosed(client: ClickHouseClient): ClickHouseClient {
  return { insert: (params: never) => client.insert(params), close: async () => undefined } as never;
}

function observation(
  patientId: string,
  ms: number,
  values: Record<string, number>,
  messageId: string,
): ObservationEvent {
  const message = vitals(values, { patientId, messageId, eventTime: START + ms });
  return eventOf('vitals', message) as ObservationEvent;
}

function patientAt(patientId: string, admittedAt: number): PatientState {
  const patient = new PatientState(
    { patientId, partition: 0, eventTime: admittedAt },
    { stepMs: HOUR_MS, steps: 4 },
    16,
  );
  patient.updateFrom(adt('ADMIT', { patientId, wardId: 'W', bedId: '1' }));
  return patient;
}
