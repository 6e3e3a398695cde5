import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { request } from '../../../src/doors/dicom/associate.js';
import { Association } from '../../../src/doors/dicom/association.js';
import { command } from '../../../src/doors/dicom/command.js';
import { Room } from '../../../src/doors/dicom/gathering.js';
import { fileOf } from '../../../src/doors/dicom/part10.js';
import { dataUnits, PduFault, PduReader, releaseRequest } from '../../../src/doors/dicom/pdu.js';
import type { DicomReceiver } from '../../../src/doors/dicom/receiver.js';
import { loadDicomSender } from '../../../src/doors/dicom/sender.js';
import { COMPUTED_RADIOGRAPHY } from '../../../src/doors/dicom/sop-classes.js';
import { translate } from '../../../src/doors/dicom/translate.js';
import { NOW } from './log.js';
import { EXPLICIT, objectOf } from './objects.js';

/** Changes of bytes: at a place, to a value, and where all is cut off. */
const MUTATIONS = fc.record({
  changes: fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 6 }),
  cut: fc.option(fc.nat(2000)),
});
const OPTIONS = {
  sender: loadDicomSender(undefined),
  now: NOW,
  maxFutureSkewMs: 60_000,
  maxAgeMs: 86_400_000,
};
const { dataSet, ...META } = objectOf({ bodyPart: 'CHEST', otherIds: [{ id: '7', issuer: 'A' }] });

function mutated(
  whole: Buffer,
  { changes, cut }: { changes: [number, number][]; cut: number | null },
): Buffer {
  const bytes = Buffer.from(whole);
  for (const [place, value] of changes) bytes[place % bytes.length] = value;
  return cut === null ? bytes : bytes.subarray(0, cut % bytes.length);
}

describe('whatever comes', () => {
  it('as a file is produced or set aside with a reason', () => {
    const whole = fileOf({ ...META, source: 'CR1' }, dataSet);
    fc.assert(
      fc.property(MUTATIONS, (mutation) => {
        const file = mutated(whole, mutation);
        const { status, messages, rejections, text } = translate(
          { file, sopClass: '', sopInstance: '', source: '' },
          OPTIONS,
        );
        if (status === 0) expect([rejections.length, messages.length > 0 || text !== '']).toEqual([0, true]);
        else expect([messages.length, rejections.length, text === '']).toEqual([0, 1, false]);
      }),
      { numRuns: 2500 },
    );
  });

  it('over an association is answered, or ends it by the protocol, and leaves no memory taken', async () => {
    const stream = Buffer.concat([
      request({
        calledAe: 'WARD',
        callingAe: 'CR1',
        offers: [{ id: 1, abstractSyntax: COMPUTED_RADIOGRAPHY, transferSyntaxes: [EXPLICIT] }],
        maxBytes: 16_384,
      }),
      ...dataUnits(1, 'command', command(COMPUTED_RADIOGRAPHY, '1.2.3.4', 1), 16_384),
      ...dataUnits(1, 'data', dataSet, 200),
      releaseRequest(),
    ]);
    const receiver = {
      receive: async () => ({ status: 0, text: '' }),
      answered: () => undefined,
    } as unknown as DicomReceiver;
    await fc.assert(
      fc.asyncProperty(MUTATIONS, async (mutation) => {
        const room = new Room(1_000_000);
        const written: Buffer[] = [];
        const socket = { write: (bytes: Buffer) => written.push(bytes) > 0 };
        const association = new Association(socket as never, {
          receiver,
          aeTitle: undefined,
          callers: undefined,
          maxPduBytes: 16_384,
          maxObjectBytes: 100_000,
          room,
          isBusy: () => false,
        });
        const reader = new PduReader(16_384);
        try {
          for (const unit of reader.push(mutated(stream, mutation)))
            if (!(await association.take(unit))) break;
        } catch (error) {
          expect(error).toBeInstanceOf(PduFault);
        }
        association.end();
        expect(room.take(1_000_000)).toBe(true);
        // What is written is itself by the protocol.
        const answers = new PduReader(1_000_000);
        expect(written.flatMap((bytes) => [...answers.push(bytes)]).length).toBe(written.length);
      }),
      { numRuns: 2500 },
    );
  });
});
