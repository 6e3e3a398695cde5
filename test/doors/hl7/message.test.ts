import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Hl7Message as OtherMessage } from '@medplum/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textOf } from '../../../src/doors/hl7/charset.js';
import { Hl7Message, messagesIn, Unreadable } from '../../../src/doors/hl7/message.js';
import { msh, read } from './messages.js';

const SAMPLES = resolve('../shared/data/messages/hl7v2');
const HEADER = msh('ADT^A08');

describe('a message', () => {
  it.each([
    ['CR', '\r'],
    ['LF', '\n'],
    ['CR LF', '\r\n'],
    ['empty lines between', '\r\r\n\n'],
  ])('is the same with %s at the ends of its lines', (_, end) => {
    const message = read(`\ufeff${HEADER}${end}PID|||p1${end}PV1||I|ICU${end}`);
    expect(message.segments.map(({ name }) => name)).toEqual(['MSH', 'PID', 'PV1']);
    expect([message.type, message.trigger, message.controlId, message.sender]).toEqual([
      'ADT',
      'A08',
      '1',
      'MON',
    ]);
  });

  it('goes on with a line that is no segment', () => {
    const message = read(`${HEADER}\rOBX|1|TX|n||first\nTHE second: a|b\r  third\rPID|||p1`);
    expect(message.segments.map(({ name }) => name)).toEqual(['MSH', 'OBX', 'PID']);
    expect(message.find('OBX')?.first(5).raw).toBe('first\nTHE second: a');
  });

  it('is cut by the characters that its header names', () => {
    const message = read('MSH#*%!?#MON####20260114##ADT*A08#7#P#2.3\rPID###a*b?c%d');
    expect(
      message
        .find('PID')
        ?.repetitions(3)
        .map((each) => [each.text(1), each.text(2)]),
    ).toEqual([
      ['a', 'b'],
      ['d', ''],
    ]);
  });

  it.each([
    ['\\F\\\\S\\\\T\\\\R\\\\E\\', '|^&~\\'],
    ['line\\.br\\next', 'line\nnext'],
    ['\\H\\bold\\N\\', 'bold'],
    ['M\\X C3BC\\', 'M\\X C3BC\\'],
    ['M\\XC3BC\\ller', 'Müller'],
    ['M\\XFC\\ller', 'Müller'],
    ['\\Zlocal\\a\\C2842\\b', 'ab'],
    ['a\\b', 'a\\b'],
    ['C:\\temp\\data', 'C:\\temp\\data'],
    ['a\\toString\\b', 'a\\toString\\b'],
    ['""', ''],
  ])('reads %s as %j', (escaped, text) => {
    expect(read(`${HEADER}\rPID|||${escaped}`).find('PID')?.text(3)).toBe(text);
  });

  it.each([
    ['', 'empty'],
    ['hello', 'MSH'],
    ['MSH', 'separator'],
    ['MSHA^~', 'separator'],
    ['MSH|^^\\&|a||||||ADT^A01|1|P|2.5', 'twice'],
    ['MSH|^~\\&|a|b', 'MSH-9'],
    [`${HEADER}\r${'NTE|1\r'.repeat(20_001)}`, 'segments'],
  ])('is refused with a reason: %.20s', (text, words) => {
    const [{ read: fault }] = messagesIn(text);
    expect(fault).toBeInstanceOf(Unreadable);
    expect((fault as Unreadable).detail).toContain(words);
  });

  it('is one of several in a block, within the envelope of a batch', () => {
    const block = `FHS|^~\\&|a\rBHS|^~\\&|a\r${HEADER}\rPID|||p1\r${msh('ADT^A03', '2')}\rPID|||p2\rBTS|2\rFTS|1`;
    const read = messagesIn(block).map((each) => each.read as Hl7Message);
    expect(read.map(({ controlId }) => controlId)).toEqual(['1', '2']);
    expect(read.map((each) => each.find('PID')?.text(3))).toEqual(['p1', 'p2']);
  });

  it('never throws, whatever the text', () => {
    const piece = fc.constantFrom(
      'MSH',
      '|',
      '^',
      '~',
      '\\',
      '&',
      '\r',
      '\n',
      'PID',
      '""',
      'OBX',
      'ü',
      '\\X',
      'E',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 60 }), (parts) => {
        for (const { read: each } of messagesIn(`MSH|^~\\&|${parts.join('')}`)) {
          if (each instanceof Unreadable) continue;
          for (const segment of each.segments) {
            segment.text(3, 2);
            segment.repetitions(5).map((value) => value.prose());
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it.skipIf(!existsSync(SAMPLES))(
    'has the fields that another parser finds, in messages of real senders (skipped without shared data)',
    () => {
      let compared = 0;
      for (const file of readdirSync(SAMPLES)) {
        const text = textOf(readFileSync(`${SAMPLES}/${file}`));
        const ours = messagesIn(text)[0].read as Hl7Message;
        const other = OtherMessage.parse(
          text
            .replace(/^\ufeff/, '')
            .trim()
            .replace(/\r?\n/g, '\r'),
        );
        expect(ours).toBeInstanceOf(Hl7Message);
        expect(ours.segments.map(({ name }) => name)).toEqual(other.segments.map(({ name }) => name));
        for (const [index, segment] of ours.segments.entries()) {
          const theirs = other.segments[index];
          for (let field = segment.name === 'MSH' ? 3 : 1; field < 25; field++) {
            const raw = segment.raw(field);
            expect([file, segment.name, field, raw]).toEqual([
              file,
              segment.name,
              field,
              (theirs.getField(field)?.toString() ?? '').trim(),
            ]);
            if (raw !== '') compared++;
          }
        }
      }
      expect(compared).toBeGreaterThan(1000);
    },
  );
});

describe('the encoding of a message', () => {
  const name = 'Müller-Łoś';
  it.each([
    ['8859/2', [0xb3], 'ł'],
    ['8859/1', [0xfc], 'ü'],
    ['UNICODE UTF-8', [0xc3, 0xbc], 'ü'],
    ['', [0xfc], 'ü'],
    ['UNICODE UTF-8', [0xfc], 'ü'],
    ['GB 18030-2000', [0xc1, 0xf5], '刘'],
    ['KS X 1001', [0xb1, 0xe8], '김'],
    ['no such', [0xc3, 0xbc], 'ü'],
  ])('%s of MSH-18 is that of its bytes', (named, bytes, character) => {
    const header = `MSH|^~\\&|MON||||20260114||ADT^A08|1|P|2.6||||||${named}~x|`;
    const block = Buffer.concat([Buffer.from(`${header}\rPID|||p`, 'latin1'), Buffer.from(bytes)]);
    expect(read(textOf(block)).find('PID')?.text(3)).toBe(`p${character}`);
  });

  it('is what a setting says, whatever MSH-18 does', () => {
    const block = Buffer.from(`${msh('ADT^A08', '1', '||||||8859/1')}\rPID|||${name}`);
    expect(read(textOf(block, 'utf-8')).find('PID')?.text(3)).toBe(name);
  });
});
