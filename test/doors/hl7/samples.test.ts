import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { textOf } from '../../../src/doors/hl7/charset.js';
import { translated } from './messages.js';

const MESSAGES = resolve('../shared/data/messages');
const FOLDERS = ['hl7v2', 'monitor-shapes'];

/** What each file comes to: answer, records by topic, reasons of what is set aside, unmapped values. */
const OUTCOMES: Readonly<Record<string, readonly [string, string, string, number]>> = {
  'hl7v2/ADT-A01-01.hl7': ['AA', 'adt:ADMIT', '', 0],
  'hl7v2/ADT-A02-01.hl7': ['AA', 'adt:TRANSFER', '', 0],
  'hl7v2/ADT-A03-01.hl7': ['AA', 'adt:DISCHARGE', '', 0],
  'hl7v2/ADT-A08-01.hl7': ['AA', 'adt:UPDATE', '', 0],
  'hl7v2/ADT-A11-01.hl7': ['AA', 'adt:DISCHARGE', '', 0],
  'hl7v2/ADT-A13-01.hl7': ['AA', 'adt:TRANSFER', '', 0],
  'hl7v2/ADT-A40-01.hl7': ['AE', '', 'unsupported-message', 0],
  'hl7v2/ADT-A45-01.hl7': ['AE', '', 'unsupported-message', 0],
  'hl7v2/ADT01-23.hl7': ['AA', 'adt:ADMIT', '', 0],
  'hl7v2/LAB-ORU-1.hl7': ['AA', 'labs:1', '', 7],
  'hl7v2/LRI_2.0-NG_CBC_Typ_Message.hl7': ['AA', 'notes:other labs:4', '', 21],
  'hl7v2/MDM-T02-01.hl7': ['AE', '', 'empty', 0],
  'hl7v2/MDM-T02-02.hl7': ['AA', 'notes:radiology', '', 0],
  // Not what its name says.
  'hl7v2/MDM_01.hl7': ['AA', 'adt:ADMIT', '', 0],
  'hl7v2/ORM-O01-01.hl7': ['AR', '', 'unsupported-message', 0],
  'hl7v2/ORU-R01-01.hl7': ['AE', '', 'not-a-number empty', 1],
  'hl7v2/ORU-R01-RMGEAD.hl7': ['AA', '', '', 1],
  'hl7v2/OUL-R22-01.hl7': ['AE', '', 'not-a-number not-a-number empty', 1],
  'monitor-shapes/gateway-ucum-pcd01.hl7': ['AA', 'vitals:4', '', 0],
  'monitor-shapes/ge-vsp-pcd01.hl7': ['AA', 'vitals:6', '', 1],
  'monitor-shapes/pcd04-alarm-end.hl7': ['AA', 'notes:monitor-alarm', '', 0],
  'monitor-shapes/pcd04-alarm-start.hl7': ['AA', 'notes:monitor-alarm', '', 0],
  'monitor-shapes/sentinel-minus-100.hl7': ['AE', '', 'unknown-time', 0],
};

const files = FOLDERS.flatMap((folder) => {
  const path = `${MESSAGES}/${folder}`;
  return existsSync(path) ? readdirSync(path).map((file) => `${folder}/${file}`) : [];
});

describe.skipIf(files.length === 0)('messages of real senders (skipped without shared data)', () => {
  it.each(files)('%s has one outcome', (file) => {
    const translation = translated(contentOf(file), {}, Date.UTC(2026, 10, 30));
    const produced = translation.messages.map(({ topic, record }) => {
      const { type, noteType, observations } = record as unknown as Record<string, string>;
      return `${topic.slice(5)}:${type ?? noteType ?? observations.length}`;
    });
    const reasons = translation.rejections.map(({ reason }) => reason).join(' ');
    const { answer, unmapped } = translation;
    expect([answer, produced.join(' '), reasons, unmapped.length]).toEqual(OUTCOMES[file]);
  });

  it('are told apart from nothing: none is without an outcome', () => {
    expect(Object.keys(OUTCOMES).sort()).toEqual([...files].sort());
  });

  it('a monitor that names no zone anywhere is read where its file does', () => {
    const text = contentOf('monitor-shapes/sentinel-minus-100.hl7');
    const sender = {
      timeZone: 'Europe/Berlin',
      codes: { '150344@1.2.2.150344': { variable: 'temperature', unit: 'Cel', factor: 0.1 } },
    };
    const translation = translated(text, sender, Date.UTC(2026, 0, 14, 9));
    const records = translation.messages.map(({ record }) => record as unknown as Record<string, unknown>);
    // What the file names is believed first. The cuff was measured a quarter of an hour before; -100 goes on, for the engine to tell staff of the probe.
    expect(records.map(({ eventTime, observations }) => [eventTime, observations])).toEqual([
      [
        Date.UTC(2026, 0, 14, 8, 8, 38),
        [
          { code: '59408-5', value: -100, unit: '%' },
          { code: '8867-4', value: -100, unit: '/min' },
          { code: '8310-5', value: 38.45, unit: 'Cel' },
        ],
      ],
      [
        Date.UTC(2026, 0, 14, 7, 53, 19),
        [
          { code: '76534-7', value: 142, unit: 'mm[Hg]' },
          { code: '76535-4', value: 100, unit: 'mm[Hg]' },
        ],
      ],
    ]);
  });
});

function contentOf(file: string): string {
  return textOf(readFileSync(`${MESSAGES}/${file}`));
}
