import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/contract/topics.js';
import { msh, NOW, oru, records, translated, valuesOf } from './messages.js';

const HR = '147842^MDC_ECG_HEART_RATE^MDC';
const SPO2 = '150456^MDC_PULS_OXIM_SAT_O2^MDC';
const TEMP = '150344^MDC_TEMP^MDC';
const CELSIUS = '268192^MDC_DIM_DEGC^MDC';
const PERCENT = '262688^MDC_DIM_PERCENT^MDC';
const MMHG = '266016^MDC_DIM_MMHG^MDC';

/** An OBX of a laboratory: code, value, unit, status, and its type where it is no number. */
function lab(code: string, value: string, unit: string, status = 'F', type = 'NM'): string {
  return `OBX|1|${type}|${code}^^LN||${value}|${unit}|||||${status}|||20260114080000+0000`;
}
function report(...lines: readonly string[]): string {
  return [msh('ORU^R01'), 'PID|||p1', 'OBR|1|o1|lab7|CHEM|||20260114080000+0000', ...lines].join('\r');
}

describe('vital signs', () => {
  it('come at the time of OBX-14, else of OBR-7, else of the message', () => {
    const obr = 'OBR|1|||x|||20260114090900+0000';
    const at = (text: string) => records(translated(text), TOPICS.vitals).map(({ eventTime }) => eventTime);
    const own = oru(`${HR}|1|80|/min|||||F|||20260114090700+0000`);
    expect(at(own)).toEqual([Date.UTC(2026, 0, 14, 9, 7)]);
    expect(at(oru(`${HR}|1|80|/min|||||F`))).toEqual([Date.UTC(2026, 0, 14, 9, 9)]);
    expect(at(oru(`${HR}|1|80|/min|||||F`).replace(obr, 'OBR|1'))).toEqual([Date.UTC(2026, 0, 14, 9, 10)]);
  });

  it('with a time that cannot be read are set aside: an old value is not taken for a new one', () => {
    const translation = translated(oru(`${HR}|1|80|/min|||||F|||19990702`));
    expect(translation.messages).toEqual([]);
    expect([translation.answer, translation.rejections[0].reason]).toEqual(['AE', 'unknown-time']);
  });

  it('of the future are set aside, the others of the message used', () => {
    const translation = translated(
      oru(`${HR}|1|80|/min|||||F|||20260114110000+0000`, `${SPO2}|2|97|%|||||F`),
    );
    expect(valuesOf(translation)).toEqual({ '59408-5': 97 });
    expect([translation.answer, translation.rejections[0].reason]).toEqual(['AA', 'future']);
  });

  it.each([
    ['MDC by number and name', '150035^MDC_PRESS_BLD_ART_MEAN^MDC', MMHG, '76214-6'],
    ['MDC by name alone', 'MDC_PRESS_BLD_ART_ABP_MEAN^^MDC', MMHG, '76214-6'],
    ['MDC with a wrong number and the right name', '150031^MDC_PRESS_CUFF_SYS^MDC', MMHG, '76534-7'],
    ['LOINC', '8867-4^Heart rate^LN', '/min', '8867-4'],
    ['LOINC without its system', '9279-1', '/min', '9279-1'],
    ['LOINC as the second code of an own one', 'HR^Puls^99LOC^8867-4^Heart rate^LN', 'bpm', '8867-4'],
    ['LOINC of a site', '8332-9^Rectal^LN', 'Cel', '8310-5'],
  ])('are known by %s', (_, code, unit, expected) => {
    expect(valuesOf(translated(oru(`${code}|1|37|${unit}|||||F`)))).toEqual({ [expected]: 37 });
  });

  it('whose number and name contradict each other are believed in neither', () => {
    const translation = translated(oru(`147842^MDC_PULS_OXIM_SAT_O2^MDC|1|97|%|||||F`));
    expect(translation.messages).toEqual([]);
    expect(translation.rejections[0]).toMatchObject({ reason: 'unknown-code' });
  });

  it('of no named site, 150017, are mapped by nobody but the sender’s file', () => {
    const text = oru(`150017^MDC_PRESS_BLD_SYS^MDC|1|120|${MMHG}|||||F`);
    expect(translated(text).unmapped).toEqual([
      { code: '150017^MDC', text: 'MDC_PRESS_BLD_SYS', example: '120 266016' },
    ]);
    const codes = { '150017': { variable: 'sbpCuff' } };
    expect(valuesOf(translated(text, { codes }))).toEqual({ '76534-7': 120 });
  });

  it('have their code in OBX-4 where the sender’s file says so', () => {
    const text = oru(`150031^Systolic^MDC|1.1.9.150301|142|${MMHG}|||||F`);
    expect(translated(text).unmapped).toHaveLength(1);
    expect(valuesOf(translated(text, { codeIn: 'OBX-4' }))).toEqual({ '76534-7': 142 });
  });

  it.each([
    [
      'the first',
      [`${TEMP}|1.26.1.1|38.9|${CELSIUS}|||||R`, `${TEMP}|1.26.2.1|36.1|${CELSIUS}|||||R`],
      {},
      38.9,
    ],
    ['the one with a reading', [`${SPO2}|1|-100|${PERCENT}|||||F`, `${SPO2}|2|96|${PERCENT}|||||F`], {}, 96],
    [
      'the one that is not ignored, by OBX-4',
      [`${TEMP}|1.26.1.1|36.1|${CELSIUS}|||||R`, `${TEMP}|1.26.2.1|38.9|${CELSIUS}|||||R`],
      { codes: { '150344@1.26.1.1': 'ignore' } },
      38.9,
    ],
    [
      'the core temperature',
      [`${TEMP}|1|36.1|${CELSIUS}|||||R`, `150368^MDC_TEMP_CORE^MDC|2|38.9|${CELSIUS}|||||R`],
      {},
      38.9,
    ],
    [
      'the heart rate of the ECG, not that of the probe',
      [`149530^MDC_PULS_OXIM_PULS_RATE^MDC|1|60|/min|||||R`, `${HR}|2|140|/min|||||R`],
      {},
      140,
    ],
  ])('of two probes under one code: %s', (_, values, sender, expected) => {
    const translation = translated(oru(...values), sender);
    expect(Object.values(valuesOf(translation))).toEqual([expected]);
    expect(translation.counts).toMatchObject({ used: 1, ignored: 1 });
  });

  it('ten times too big are put right by the sender’s file', () => {
    const codes = { '150344': { variable: 'temperature', unit: 'Cel', factor: 0.1 } };
    expect(valuesOf(translated(oru(`${TEMP}|1|384|${CELSIUS}|||||F`), { codes }))).toEqual({
      '8310-5': 38.4,
    });
  });

  it('of containers, and without a value, are no values and no faults', () => {
    const translation = translated(
      oru('69965^MDC_DEV_MON^MDC|1.0||||||||X', `${HR}|1||/min|||||F`, `${SPO2}|2|""|%|||||F`),
    );
    expect(translation.rejections).toEqual([]);
    expect([translation.answer, translation.counts.ignored]).toEqual(['AA', 3]);
  });
});

describe('a value', () => {
  it.each([
    ['NM', '5.2', 5.2],
    ['NM', ' 5,2', 5.2],
    ['ST', '80', 80],
    ['NM', '<0.3', 0.3],
    ['ST', '> 89', 89],
    ['SN', '^182', 182],
    ['SN', '<^2.5', 2.5],
    ['SN', '>=^2.5', 2.5],
    ['ST', '5.2 mmol/L', 5.2],
    ['NM', '1.2e1', 12],
    ['CWE', '4^four', 4],
  ])('%s %j is %d', (type, text, value) => {
    const translation = translated(report(lab('2524-7', text, 'mmol/L', 'F', type)));
    expect(valuesOf(translation)).toEqual({ '2524-7': value });
    expect(translation.counts.bounds).toBe(/[<>]/.test(text) ? 1 : 0);
  });

  it.each([
    ['ST', 'hemolysed'],
    ['NM', '10T'],
    ['NM', '1,234'],
    ['NM', '60~120'],
    ['SN', '^1^:^2'],
    ['NM', '5.2 mmHg'],
    ['NM', '--'],
    ['ED', '^application^pdf^Base64^AAAA'],
    ['NM', 'NaN'],
    ['NM', '0x10'],
  ])('%s %j is set aside with its reason', (type, text) => {
    const translation = translated(report(lab('2524-7', text, 'mmol/L', 'F', type)));
    expect(translation.messages).toEqual([]);
    expect(translation.rejections.map(({ reason }) => reason)).toEqual(['not-a-number']);
    expect(translation.answer).toBe('AE');
  });

  it('in words is the number that the sender’s file gives', () => {
    const codes = { '67775-7': { variable: 'acvpu', values: { A: 0, 'Responds to voice': 2 } } };
    const value = (text: string) =>
      Object.values(valuesOf(translated(report(lab('67775-7', text, '', 'F', 'CWE')), { codes })));
    expect([value('A^Alert'), value('X^Responds to voice')]).toEqual([[0], [2]]);
  });

  it.each([
    ['in a unit of another quantity', 'mmHg', {}],
    ['without a unit', '', {}],
  ])('%s is set aside', (_, unit, sender) => {
    const translation = translated(report(lab('2524-7', '5', unit)), sender);
    expect(translation.rejections.map(({ reason }) => reason)).toEqual(['unknown-unit']);
  });

  it('has the unit that the sender’s file teaches', () => {
    const units = { 'Mill.': 'mmol/L' };
    expect(valuesOf(translated(report(lab('2524-7', '5', 'Mill.')), { units }))).toEqual({ '2524-7': 5 });
  });

  it.each(['constructor', 'toString', '__proto__'])(
    'called %s, in such a unit or such a word, is none that the sender’s file names',
    (name) => {
      const codes = { '67775-7': { variable: 'acvpu', values: { A: 0 } } };
      const of = (...values: readonly string[]) => translated(oru(...values), { codes });
      expect(of(`${name}|1|80|/min|||||F`).unmapped).toMatchObject([{ code: name }]);
      expect(of(`${HR}|1|80|${name}|||||F`).rejections).toMatchObject([{ reason: 'unknown-unit' }]);
      expect(of(`67775-7^^LN|1|${name}||||||F`).rejections).toMatchObject([{ reason: 'not-a-number' }]);
    },
  );
});

it('of a monitor name its bed as admissions do, unless the file says that it is not to be looked at', () => {
  const bedOf = (sender: object, text = oru('8867-4||72|/min|||||F')) =>
    records(translated(text, sender), TOPICS.vitals)[0].bedId;
  expect([bedOf({}), bedOf({ bed: 'bed' }), bedOf({ checkBed: false })]).toEqual(['2-05', '05', undefined]);
  expect(bedOf({}, oru('8867-4||72|/min|||||F').replace('ICU^2^05', 'ICU'))).toBeUndefined();
});

describe('laboratory results', () => {
  it('come when they are sent, of the time and number of their specimen', () => {
    const spm = 'SPM|1|S1&A^S2&B||BLD|||||||P||||||20260114073000+0000';
    const expected = { eventTime: Date.UTC(2026, 0, 14, 9, 10), source: 'MON' };
    const of = (text: string) => records(translated(text), TOPICS.labs)[0];
    expect(of(report(lab('2524-7', '5', 'mmol/L')))).toMatchObject({
      ...expected,
      observedAt: Date.UTC(2026, 0, 14, 8),
      specimenId: 'lab7',
    });
    const taken = { ...expected, observedAt: Date.UTC(2026, 0, 14, 7, 30), specimenId: 'S1' };
    expect(of(report(lab('2524-7', '5', 'mmol/L'), spm))).toMatchObject(taken);
    const oul = [msh('OUL^R22'), 'PID|||p1', spm, 'OBR|1||f1', lab('2524-7', '5', 'mmol/L')].join('\r');
    expect(of(oul)).toMatchObject(taken);
  });

  it.each(['F', 'C', 'P', 'R', ''])('of status %j are used', (status) => {
    expect(valuesOf(translated(report(lab('2524-7', '5', 'mmol/L', status))))).toEqual({ '2524-7': 5 });
  });

  it.each(['W', 'D'])('of status %s take back what was told of the specimen', (status) => {
    const lines = [lab('2524-7', '5', 'mmol/L', status), lab('2823-3', '4', 'mmol/L')];
    const translation = translated(report(...lines));
    expect([translation.answer, translation.rejections]).toEqual(['AA', []]);
    const [record] = records(translation, TOPICS.labs);
    expect(record).toMatchObject({ specimenId: 'lab7', withdrawn: ['2524-7'] });
    expect(valuesOf(translation)).toEqual({ '2823-3': 4 });
    const alone = translated(report(lab('2524-7', '', '', status)));
    expect(records(alone, TOPICS.labs)).toMatchObject([{ observations: [], withdrawn: ['2524-7'] }]);
  });

  it('that are taken back and told anew in one message have the new value', () => {
    const lines = [lab('2524-7', '19', 'mmol/L', 'W'), lab('2524-7', '1.9', 'mmol/L', 'C')];
    const [record] = records(translated(report(...lines)), TOPICS.labs);
    expect(record.withdrawn).toBeUndefined();
    expect(record.observations).toMatchObject([{ value: 1.9 }]);
  });

  it('and what corrects them have one specimen, and the correction is later', () => {
    const first = records(translated(report(lab('2524-7', '19', 'mmol/L', 'P'))), TOPICS.labs)[0];
    const later = report(lab('2524-7', '1.9', 'mmol/L', 'C')).replace('20260114091000', '20260114092000');
    const second = records(translated(later), TOPICS.labs)[0];
    expect(second.specimenId).toBe(first.specimenId);
    expect(second.observedAt).toBe(first.observedAt);
    expect((second.eventTime as number) - (first.eventTime as number)).toBe(600_000);
  });

  it('in words are a note', () => {
    const text = (title: string, line: string) => `OBX|1|TX|18^${title}^L||${line}||||||F`;
    const obr = 'OBR|1||r1|24^Chest X-ray^L|||20260114080000+0000|||||||||||||||||RAD';
    const lines = [
      msh('ORU^R01'),
      'PID|||p1',
      obr,
      text('Findings', 'Clear.~No effusion.'),
      text('Impression', 'Normal.'),
    ];
    const [note] = records(translated(lines.join('\r')), TOPICS.notes);
    expect(note).toMatchObject({
      noteType: 'radiology',
      text: 'Findings:\nClear.\nNo effusion.\nImpression:\nNormal.',
      language: 'en',
    });
  });
});

describe('a document', () => {
  const mdm = (status: string, obx: string) =>
    [msh('MDM^T02'), 'PID|||p1', `TXA|1|PN|TX|20260114080000+0000||||||||d1|||||${status}`, obx].join('\r');

  it('is a note, also as base64', () => {
    const plain = records(translated(mdm('AU', 'OBX|1|TX|n^Note||All well.||||||F')), TOPICS.notes);
    const data = Buffer.from('All well.').toString('base64');
    const coded = records(
      translated(mdm('AU', `OBX|1|ED|n^Note||^TEXT^plain^Base64^${data}||||||F`)),
      TOPICS.notes,
    );
    expect(plain).toMatchObject([{ noteType: 'progress', text: 'All well.', observedAt: NOW - 90 * 60_000 }]);
    expect(coded).toEqual(plain);
  });

  it('that is not signed is not used', () => {
    const translation = translated(mdm('DI', 'OBX|1|TX|n^Note||All well.||||||F'));
    expect([translation.answer, translation.messages, translation.counts.ignored]).toEqual(['AA', [], 1]);
  });
});
