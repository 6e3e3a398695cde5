import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AuditEntry,
  appendAudit,
  appendOrSetAside,
  auditOf,
  setAsideAudit,
} from '../../src/store/audit.js';
import { exportedPatients, exportOf } from '../../src/store/export.js';
import { select } from '../../src/store/select.js';
import { alert, outputsOf, START } from '../helpers.js';
import { openTestStore } from '../server/ward.js';
import { DirectSink } from './direct-sink.js';

const ENTRY: AuditEntry = {
  auditId: '1',
  at: START,
  actor: 'nurse.a',
  role: 'clinician',
  action: 'list-patients',
  patientId: '',
  patients: [],
  wardId: '',
  target: '',
  outcome: 'allowed',
  source: '127.0.0.1',
  detail: '',
};

let opened: Awaited<ReturnType<typeof openTestStore>>;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

describe('the audit table', () => {
  it('says of a patient who was shown them, also among others', async () => {
    const entry = (auditId: string, patients: string[]): AuditEntry => ({ ...ENTRY, auditId, patients });
    await appendAudit(opened.store, [entry('1', ['pa', 'pb']), entry('2', ['pc']), entry('3', ['pb'])]);
    expect(await auditOf(opened.store, { limit: 10, patientId: 'pb' })).toEqual([
      entry('1', ['pa', 'pb']),
      entry('3', ['pb']),
    ]);
  });

  it('takes any text that a browser or client can send', async () => {
    const evil = '\u0000a\ud800b\udc00\u001b[2J';
    const long = `${'x'.repeat(3999)}\ud83d\ude00`;
    const fields = { actor: evil, patientId: evil, wardId: evil, target: evil, source: evil, detail: long };
    await appendAudit(opened.store, [{ ...ENTRY, ...fields, patients: [evil], at: Number.MAX_SAFE_INTEGER }]);
    const [kept] = await auditOf(opened.store, { limit: 1 });
    const shown = '\ufffda\ufffdb\ufffd\ufffd[2J';
    expect(kept).toMatchObject({ actor: shown, patientId: shown, target: shown, patients: [shown] });
    expect([kept.detail.length, !/\p{Surrogate}/u.test(kept.detail)]).toEqual([4000, true]);
  });

  it('sets what it refuses aside by itself, and takes the rest', async () => {
    const command = (query: string) => opened.store.command({ query });
    await command(`ALTER TABLE audit ADD CONSTRAINT none CHECK actor != 'refused'`);
    const entries = Array.from({ length: 100 }, (_, each) => ({
      ...ENTRY,
      auditId: `s${each}`,
      action: 'set-aside',
      actor: each === 17 || each === 99 ? 'refused' : 'taken',
    }));
    const aside = await appendOrSetAside(opened.store, entries);
    expect(aside).toEqual([entries[17], entries[99]]);
    expect(await auditOf(opened.store, { limit: 200, action: 'set-aside' })).toHaveLength(98);
    await setAsideAudit(opened.store, aside);
    const rows = await select<{ raw: string }>(
      opened.store,
      `SELECT raw FROM dead_letters WHERE topic = 'audit'`,
    );
    expect(
      rows.map(({ raw }) => (JSON.parse(Buffer.from(raw, 'base64').toString()) as AuditEntry).auditId).sort(),
    ).toEqual(['s17', 's99']);
    // Where it takes nothing, no entry is to blame: all of them wait.
    const refused = entries.map((each) => ({ ...each, actor: 'refused' }));
    await expect(appendOrSetAside(opened.store, refused)).rejects.toThrow('is violated');
    await command('ALTER TABLE audit DROP CONSTRAINT none');
  });
});

describe('an export', () => {
  const EVIL = ["=cmd|' /C calc'!A0", '+1+cmd', '@SUM(A1)', '-2+3', '\t=1', '\r=1', ' =1', '\uff1d1'];
  const HARMLESS = ['-12', '+3.5', '007', 'a=1', 'p-1'];

  it('as CSV holds nothing that a spreadsheet runs; numbers stay numbers', async () => {
    const ids = [...EVIL, ...HARMLESS];
    const alerts = ids.map((patientId, at) =>
      alert(`c${at}`, 0, { patientId, wardId: 'CSV', rule: patientId }),
    );
    const sink = new DirectSink(opened.store, 'm1');
    await sink.write(outputsOf({ alerts }));
    const query = { table: 'alerts', wards: ['CSV'] } as const;
    const csvOf = async (patientId?: string) => {
      let all = '';
      for await (const chunk of await exportOf(opened.store, { ...query, format: 'csv', patientId }))
        all += String(chunk);
      return all;
    };
    const csv = await csvOf();
    const cells: string[] = csv.match(/(?<=^|,)"(?:[^"]|"")*"/gms) ?? [];
    for (const id of EVIL)
      expect([id, cells.includes(`"'${id}"`), cells.includes(`"${id}"`)]).toEqual([id, true, false]);
    for (const id of HARMLESS) expect([id, csv.includes(`"${id}"`)]).toEqual([id, true]);
    // The data itself is as it is, and found by what it is.
    expect((await csvOf(EVIL[0])).trim().split('\n')).toHaveLength(2);
    expect(await exportedPatients(opened.store, { ...query, format: 'csv' })).toEqual(ids.sort());
  });
});
