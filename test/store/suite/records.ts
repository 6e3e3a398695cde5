import { expect, it } from 'vitest';
import { MONITOR_ALARM, type NoteKind } from '../../../src/contract/note-kinds.js';
import type { NoteClinicalEvent, TreatmentClinicalEvent } from '../../../src/events/event.js';
import { type AuditEntry, appendAudit, auditOf } from '../../../src/store/audit.js';
import { notesOf } from '../../../src/store/chart.js';
import { exportOf } from '../../../src/store/export.js';
import { recordModel } from '../../../src/store/queries.js';
import { select } from '../../../src/store/select.js';
import { alert, eventOf, note, outputsOf, START, score, treatment } from '../../helpers.js';
import { LOW, MINUTE_MS, observation, SOFA, STATE, type TestedStore } from './tested-store.js';

/** All else that is kept: treatments, notes, dead letters, models, the audit trail, exports. */
export function describeRecords(store: TestedStore): void {
  it('tells what people wrote from what monitors alarmed, each with a limit of its own', async () => {
    const written = (messageId: string, noteType: string, minute: number) =>
      eventOf('notes', note(messageId, { messageId, noteType, eventTime: START + minute * MINUTE_MS }));
    const notes = [
      written('n1', 'nursing', 0),
      written('n2', 'progress', 2),
      ...[1, 3, 4].map((minute) => written(`a${minute}`, MONITOR_ALARM, minute)),
    ] as NoteClinicalEvent[];
    await store.twice(outputsOf({ notes }), async () => {
      const idsOf = async (limit: number, kind: NoteKind) =>
        (await notesOf(store.client, 'p1', {}, limit, kind)).map(({ noteId }) => noteId);
      expect([await idsOf(9, 'note'), await idsOf(2, MONITOR_ALARM)]).toEqual([
        ['n2', 'n1'],
        ['a4', 'a3'],
      ]);
    });
  });

  it('has each charting of a treatment once, in the vocabulary here, and exports it', async () => {
    const charted = (more: Parameters<typeof treatment>[0]) =>
      eventOf('treatments', treatment(more)) as TreatmentClinicalEvent;
    const treatments = [
      charted({ messageId: 't1', treatmentId: '=1', rate: 6, unit: 'ug/kg/h', weightKg: 80 }),
      charted({ messageId: 't2', drug: 'H01BA01', drugSystem: 'ATC', rate: 0.03, unit: 'U/min' }),
      charted({ messageId: 't3', action: 'STOP', rate: null, unit: null, corrects: 't1' }),
    ];
    await store.twice(outputsOf({ treatments }), async () => {
      const stream = await exportOf(store.client, { table: 'treatments', format: 'csv', patientId: 'p1' });
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
    await store.twice(outputsOf({ deadLetters: [letter] }), async () => {
      const rows = await select(store.client, 'SELECT * EXCEPT recorded_on FROM dead_letters FINAL');
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
    await recordModel(store.client, { version: 'v1' });
    await recordModel(store.client, { version: 'v2' });
    await recordModel(store.client, { version: 'v1' });
    const models = await select<{ config: string }>(
      store.client,
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
    await appendAudit(store.client, entries);
    await appendAudit(store.client, entries.slice(0, 1));
    await appendAudit(store.client, []);
    expect(await auditOf(store.client, { limit: 10 })).toEqual([entries[2], entries[1], entries[0]]);
    expect(await auditOf(store.client, { limit: 10, patientId: 'p1', to: START + MINUTE_MS })).toEqual([
      entries[0],
    ]);
    expect(await auditOf(store.client, { limit: 10, actor: "o'neil" })).toEqual([entries[2]]);
    expect(await auditOf(store.client, { limit: 1 })).toEqual([entries[2]]);
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
    await store.twice(outputs, async () => {
      const text = async (query: Partial<Parameters<typeof exportOf>[1]>) => {
        const stream = await exportOf(store.client, { table: 'scores', format: 'csv', ...query });
        let all = '';
        for await (const chunk of stream) all += String(chunk);
        return all.trimEnd().split('\n');
      };
      const [head, ...rows] = await text({});
      expect(head).toMatch(/^"patient_id","stay_id","ward_id","event_time","model_version","mortality"/);
      expect(rows).toEqual([
        '"p1","p1@s","W","2026-01-01 00:01:00.000","m1",0.5,,,,,,,,false,"ast ph","hypotension potassium-high",' +
          '"2025-12-31 23:50:00.000 2026-01-01 00:00:00.000","61.5 6.5","mapCuff potassium",5,,2,,,,3,0.5',
        '"p2","p1@s","V","2026-01-01 00:02:00.000","m1",0.25,,,,,,,,false,"","","","","",,,,,,,,0.25',
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
}
