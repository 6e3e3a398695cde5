import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/contract/topics.js';
import { msh, NOW, records, translated } from './messages.js';

const PID = 'PID|1||p1^^^H^MR~x9^^^US^SS||DOE^JO||19600229|F';
const ICU = 'PV1|1|I|ICU^2^05^H||||||||||||||||';

function adt(trigger: string, ...lines: readonly string[]): string {
  return [msh(`ADT^${trigger}`), `EVN|${trigger}|20260114090500+0000`, ...lines].join('\r');
}

describe('a stay', () => {
  it.each([
    ['A01', 'ADMIT'],
    ['A02', 'TRANSFER'],
    ['A03', 'DISCHARGE'],
    ['A04', 'ADMIT'],
    ['A06', 'TRANSFER'],
    ['A07', 'TRANSFER'],
    ['A08', 'UPDATE'],
    ['A11', 'DISCHARGE'],
    ['A12', 'TRANSFER'],
    ['A13', 'TRANSFER'],
  ])('%s is %s', (trigger, type) => {
    const [record] = records(translated(adt(trigger, PID, ICU)), TOPICS.adt);
    expect(record).toMatchObject({
      type,
      patientId: 'p1',
      eventTime: Date.UTC(2026, 0, 14, 9, 5),
      ageYears: 65,
      sex: 'FEMALE',
      wardId: type === 'DISCHARGE' ? null : 'ICU',
      bedId: type === 'DISCHARGE' ? null : '2-05',
    });
  });

  it.each(['A05', 'A28', 'A60', 'A20'])('%s is of no stay: accepted and not used', (trigger) => {
    const translation = translated(adt(trigger, PID, ICU));
    expect([translation.answer, translation.messages, translation.counts.ignored]).toEqual(['AA', [], 1]);
  });

  it.each(['A18', 'A24', 'A30', 'A34', 'A40', 'A41', 'A42', 'A43', 'A44', 'A45'])(
    '%s joins ids: the sender is told that it is not done',
    (trigger) => {
      const translation = translated(adt(trigger, PID, 'MRG|old7^^^H^MR'));
      expect([translation.answer, translation.messages]).toEqual(['AE', []]);
      expect(translation.rejections).toMatchObject([
        { reason: 'unsupported-message', patientId: 'p1', detail: expect.stringContaining('old7') },
      ]);
    },
  );

  it('A17 moves two patients', () => {
    const other = ['PID|2||p2^^^H^MR', 'PV1|1|I|ICU^1^01^H'];
    const moved = records(translated(adt('A17', PID, ICU, ...other)), TOPICS.adt);
    expect(moved.map(({ patientId, type, bedId }) => [patientId, type, bedId])).toEqual([
      ['p1', 'TRANSFER', '2-05'],
      ['p2', 'TRANSFER', '1-01'],
    ]);
  });

  it('begins when EVN-6 or PV1-44 says, not when it is entered', () => {
    const times = (text: string) => records(translated(text), TOPICS.adt)[0].eventTime;
    const evn = 'EVN|A01|20260114090500+0000||||20260114070000+0000';
    const happened = [msh('ADT^A01'), evn, PID, ICU].join('\r');
    expect(times(happened)).toBe(Date.UTC(2026, 0, 14, 7));
    const admitted = `PV1|1|I|ICU^2^05${'|'.repeat(41)}20260114073000+0000`;
    expect(times(adt('A01', PID, admitted))).toBe(Date.UTC(2026, 0, 14, 7, 30));
  });

  it('of a day off is refused, and the sender told', () => {
    const ahead = adt('A01', PID, ICU).replace('20260114090500', '20260115090500');
    const translation = translated(ahead);
    expect([translation.answer, translation.rejections[0].reason]).toEqual(['AE', 'future']);
    const header = translated(adt('A01', PID, ICU).replace('20260114091000', '20260115091000'));
    expect([header.answer, header.rejections[0].reason]).toEqual(['AE', 'future']);
  });

  it('has height and weight of its OBX', () => {
    const obx = ['OBX|1|NM|8302-2^^LN||1.82|m', 'OBX|2|NM|29463-7^^LN||180|lb'];
    const [record] = records(translated(adt('A08', PID, ICU, ...obx)), TOPICS.adt);
    expect([record.heightCm, record.weightKg]).toEqual([182, 81.6466]);
  });

  it.each([
    ['3137-7', 'NM', '182', 'cm', [182, null]],
    ['8302-2', 'NM', '70', 'in', [177.8, null]],
    ['3141-9', 'ST', '80 kg', 'kg', [null, 80]],
    ['3142-7', 'NM', '80000', 'g', [null, 80]],
    ['8302-2', 'NM', '182', '', [null, null]],
    ['8302-2', 'NM', '182', 'kg', [null, null]],
    ['8867-4', 'NM', '82', 'kg', [null, null]],
  ])('%s, %s %s %j: height and weight are %j', (code, type, value, unit, expected) => {
    const text = adt('A08', PID, ICU, `OBX|1|${type}|${code}^^LN||${value}|${unit}`);
    const [record] = records(translated(text), TOPICS.adt);
    expect([record.heightCm, record.weightKg]).toEqual(expected);
  });

  it.each([
    ['ICU', 'MEDICAL'],
    ['EYE', null],
    ['constructor', null],
  ])('at %s is of the unit type that the sender’s file gives: %s', (ward, unitType) => {
    const sender = { unitTypes: { ICU: 'MEDICAL' } };
    const [record] = records(translated(adt('A01', PID, `PV1|1|I|${ward}^1`), sender), TOPICS.adt);
    expect(record.unitType).toBe(unitType);
  });

  it.each([
    ['A01', 'ICU^1', '', 'ADMIT'],
    ['A01', 'EYE^1', '', null],
    ['A02', 'ICU^1', 'EYE^4', 'TRANSFER'],
    ['A02', 'EYE^1', 'ICU^4', 'DISCHARGE'],
    ['A02', 'EYE^1', 'EAR^4', null],
    ['A08', 'EYE^1', '', null],
  ])('of the wards of the sender’s file: %s at %s from %j is %s', (trigger, at, from, type) => {
    const translation = translated(adt(trigger, PID, `PV1|1|I|${at}|||${from}`), { wards: ['ICU'] });
    expect(records(translation, TOPICS.adt).map((record) => record.type)).toEqual(
      type === null ? [] : [type],
    );
    expect(translation.answer).toBe('AA');
  });
});

describe('the patient', () => {
  const idOf = (pid: string, patient: object = {}) => {
    const translation = translated(adt('A08', pid, `PV1|1|I|ICU${'|'.repeat(16)}v77`), { patient });
    return translation.patientId ?? translation.rejections[0].reason;
  };

  it.each([
    ['PID|||123-45^^^US^SS~p1^^^H^MR', {}, 'p1'],
    ['PID|||p1', {}, 'p1'],
    ['PID|||8888^^^^AN', {}, '8888'],
    ['PID|||a^^^H^PI~b^^^K^PI', { type: 'PI', authority: 'K' }, 'b'],
    ['PID||old1|p1', { field: 'PID-2' }, 'old1'],
    ['PID|||p1', { field: 'PV1-19' }, 'v77'],
    ['PID|||a^^^H^PI', { type: 'MR' }, 'missing-id'],
    ['PID|||', {}, 'missing-id'],
    ['PID|||""', {}, 'missing-id'],
    ['PID|||NULL^^^H^MR', {}, 'missing-id'],
    [`PID|||${'9'.repeat(201)}`, {}, 'invalid-id'],
    ['PID|||Mu\u0308ller', {}, 'M\u00fcller'],
  ])('%s with %j is %s', (pid, patient, id) => {
    expect(idOf(pid, patient)).toBe(id);
  });

  it('that is not named makes an error, which the sender is told', () => {
    const translation = translated([msh('ORU^R01'), 'OBX|1|NM|8867-4^^LN||80|/min'].join('\r'));
    expect([translation.answer, translation.rejections[0].reason]).toEqual(['AE', 'missing-id']);
  });
});

describe('a message', () => {
  it('of a kind that the sender’s file ignores is accepted', () => {
    const order = [msh('ORM^O01'), PID].join('\r');
    expect(translated(order).answer).toBe('AR');
    expect(translated(order, { ignore: ['ORM'] }).answer).toBe('AA');
    expect(translated(adt('A31', PID), { ignore: ['ADT^A31'] }).messages).toEqual([]);
  });

  it('of training is rejected where the sender’s file takes production alone', () => {
    const training = adt('A01', PID, ICU).replace('|P|2.6', '|T|2.6');
    expect(translated(training, { processing: ['P'] }).answer).toBe('AR');
    expect(translated(training).answer).toBe('AA');
  });

  it('sent again has the same ids; what says something else has others', () => {
    const ids = (text: string) =>
      translated(text).messages.map(({ record }) => (record as { messageId: string }).messageId);
    const first = adt('A08', PID, ICU);
    const again = first.replace('|1|P|', '|2|P|').replace('20260114091000', '20260114092000');
    expect(ids(again)).toEqual(ids(first));
    expect(ids(first.replace('^05', '^06'))).not.toEqual(ids(first));
    // Two senders with one control id.
    expect(ids(first.replace('|MON|', '|LAB|'))).not.toEqual(ids(first));
  });

  it('without any zone is refused; the zone of its header is that of all its times', () => {
    const bare = adt('A01', PID, ICU).replaceAll('+0000', '');
    expect(translated(bare).rejections[0].reason).toBe('unknown-time');
    const header = bare.replace('20260114091000', '20260114091000+0100');
    expect(records(translated(header), TOPICS.adt)[0].eventTime).toBe(Date.UTC(2026, 0, 14, 8, 5));
    const named = translated(bare, { timeZone: 'Europe/Berlin' }, NOW);
    expect(records(named, TOPICS.adt)[0].eventTime).toBe(Date.UTC(2026, 0, 14, 8, 5));
    expect(() => translated(bare, { timeZone: 'Berlin' }, NOW)).toThrow('timeZone: is no time zone');
  });
});
