import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdFault, isPlainId, MAX_ID_LENGTH, readId } from '../../src/contract/ids.js';
import { Validator } from '../../src/events/validate.js';
import { ack, adt, LIMITS, labs, START, vitals } from '../helpers.js';

const ORIGIN = { topic: 'ward.vitals', partition: 0, offset: 0 };

describe('ids', () => {
  it.each(['p1', 'ICU-0042', 'Müller, Änne', '李雷', 'a b', '*', '0'])('are any text: %s', (id) => {
    expect(readId(id)).toBe(id);
  });

  it('are the same where they look the same', () => {
    expect(readId('Mu\u0308ller')).toBe('M\u00fcller');
    expect(readId(' 17\t')).toBe('17');
    expect(readId('\ufeff17')).toBe('17');
  });

  it.each(['', '  ', 'null', 'NULL', 'None', 'undefined', 'NaN', 'n/a', '""', '\\N', '[object Object]', '-'])(
    'are not what says that there is none: %j',
    (text) => expect(readId(text)).toMatchObject({ reason: 'missing-id' }),
  );

  it.each([
    ['too long', 'x'.repeat(MAX_ID_LENGTH + 1)],
    ['far too long', 'u\u0308'.repeat(300_000)],
    ['a control character', 'p\u00071'],
    ['half a surrogate pair', 'p\ud8001'],
    ['a mark that turns the text', 'p\u202e1'],
    ['no width', 'p\u200b1'],
    ['bytes that were no UTF-8', Buffer.from('4dfc6c6c6572', 'hex').toString('utf8')],
  ])('are not texts with %s', (_, text) => {
    const fault = readId(text) as IdFault;
    expect(fault).toMatchObject({ reason: 'invalid-id' });
    expect(fault.detail.length).toBeLessThan(80);
  });

  it('stay as they are when they are read again, and are never long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (text) => {
        const id = readId(text);
        if (id instanceof IdFault) return;
        expect(readId(id)).toBe(id);
        expect(id.length).toBeLessThanOrEqual(MAX_ID_LENGTH);
      }),
    );
  });

  it('are known by their bytes where they are plain', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'binary' })), (text) => {
        const bytes = Buffer.from(text);
        if (isPlainId(bytes, 0, bytes.length)) expect(readId(text)).toBe(text);
      }),
    );
  });

  it('of 600 000 characters cost nothing', () => {
    const long = 'u\u0308'.repeat(300_000);
    const began = performance.now();
    for (let time = 0; time < 1000; time++) readId(long);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe('the ids of a message', () => {
  function setUp() {
    const rejections: { reason: string; patientId: string | null; index: number }[] = [];
    return { validator: new Validator(LIMITS, (rejection) => rejections.push(rejection)), rejections };
  }

  it('are cleaned, and what is none sets the message aside under no patient', () => {
    const { validator, rejections } = setUp();
    const decomposed = vitals({ heartRate: 80 }, { patientId: 'Mu\u0308ller', messageId: ' m1' });
    expect(validator.observations('vitals', decomposed, ORIGIN, START)).toMatchObject({
      patientId: 'M\u00fcller',
      messageId: 'm1',
    });
    const endless = vitals({ heartRate: 80 }, { patientId: 'x'.repeat(600_000) });
    expect(validator.observations('vitals', endless, ORIGIN, START)).toBeNull();
    expect(
      validator.note({ ...endless, patientId: 'p1', messageId: 'null' } as never, ORIGIN, START),
    ).toBeNull();
    expect(validator.acknowledgement(ack('a\u0000'), ORIGIN, START)).toBeNull();
    expect(validator.acknowledgement(ack('a1', { actor: '' }), ORIGIN, START)).toBeNull();
    expect(rejections).toMatchObject([
      { reason: 'invalid-id', patientId: null, index: -1 },
      { reason: 'missing-id', patientId: 'p1', index: -1 },
      { reason: 'invalid-id', patientId: 'p1', index: -1 },
      { reason: 'missing-id', patientId: 'p1', index: -1 },
    ]);
  });

  it('of ward, bed and specimen are set aside alone; a word for none is none', () => {
    const { validator, rejections } = setUp();
    const move = adt('TRANSFER', { wardId: 'null', bedId: 'b\u0000' });
    expect(validator.adt(move, ORIGIN, START)).toMatchObject({ body: { wardId: null, bedId: null } });
    const result = labs({ lactate: 2 }, { specimenId: 's'.repeat(1000) });
    expect(validator.observations('labs', result, ORIGIN, START)).not.toBeNull();
    expect(rejections).toMatchObject([
      { reason: 'invalid-id', patientId: 'p1', index: 4 },
      { reason: 'invalid-id', patientId: 'p1', index: 1 },
    ]);
    expect(validator.counts.rejectedFields).toBe(2);
  });
});
