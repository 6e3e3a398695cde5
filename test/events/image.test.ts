import fc from 'fast-check';
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { readImageHeader } from '../../src/events/image.js';

const PNG = Buffer.from(encode({ width: 6, height: 4, data: new Uint8Array(24), channels: 1, depth: 8 }));
const JPEG = Buffer.from(jpeg.encode({ width: 6, height: 4, data: Buffer.alloc(6 * 4 * 4, 0x80) }, 80).data);
const DICOM = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(16)]);

describe('readImageHeader', () => {
  it('reads format and size of a PNG and a JPEG that real encoders wrote', () => {
    expect(readImageHeader(PNG)).toEqual({ format: 'png', width: 6, height: 4 });
    expect(readImageHeader(JPEG)).toEqual({ format: 'jpeg', width: 6, height: 4 });
  });

  it('knows a DICOM file, whose size it does not tell', () => {
    expect(readImageHeader(DICOM)).toEqual({ format: 'dicom', width: 0, height: 0 });
    expect(readImageHeader(DICOM.subarray(0, 132))).toMatchObject({ format: 'dicom' });
    expect(readImageHeader(DICOM.subarray(0, 131))).toBeNull();
  });

  it.each([0xc0, 0xc1, 0xc2, 0xc3, 0xc9, 0xcf])('reads the size from frame marker %i', (marker) => {
    const frame = Buffer.from([0xff, marker, 0, 11, 8, 0, 4, 0, 6, 1, 1, 0x11, 0]);
    const application = Buffer.from([0xff, 0xe0, 0, 4, 1, 2]);
    const bytes = Buffer.concat([Buffer.from([0xff, 0xd8]), application, frame]);
    expect(readImageHeader(bytes)).toEqual({ format: 'jpeg', width: 6, height: 4 });
  });

  it.each([0xc4, 0xc8, 0xcc])('does not take table marker %i for a frame', (marker) => {
    const bytes = Buffer.from([0xff, 0xd8, 0xff, marker, 0, 11, 8, 0, 4, 0, 6, 1, 1, 0x11, 0]);
    expect(readImageHeader(bytes)).toBeNull();
  });

  it('passes over fill bytes before a JPEG marker', () => {
    const filled = Buffer.concat([JPEG.subarray(0, 2), Buffer.alloc(5, 0xff), JPEG.subarray(2)]);
    expect(readImageHeader(filled)).toEqual({ format: 'jpeg', width: 6, height: 4 });
  });

  it('refuses a picture without pixels', () => {
    const flat = Buffer.from(PNG);
    flat.writeUInt32BE(0, 20);
    expect(readImageHeader(flat)).toBeNull();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('<html>502 Bad Gateway</html>'.repeat(9))],
    ['zeros', Buffer.alloc(1000)],
    ['a PNG without IHDR', Buffer.concat([PNG.subarray(0, 12), Buffer.from('IDAT'), PNG.subarray(16)])],
    ['a PNG cut within its header', PNG.subarray(0, 32)],
    ['a JPEG cut before its frame', JPEG.subarray(0, 20)],
    [
      'a JPEG with a segment of impossible length',
      Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 1, 2, 3, 4, 5]),
    ],
    ['a GIF', Buffer.from('GIF89a'.padEnd(64, '\0'))],
  ])('is null for %s', (_, bytes) => {
    expect(readImageHeader(bytes)).toBeNull();
  });

  it('never throws, whatever follows a true beginning', () => {
    const beginnings = [PNG.subarray(0, 16), JPEG.subarray(0, 4), Buffer.alloc(0)];
    fc.assert(
      fc.property(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 200 }), (beginning, noise) => {
        const header = readImageHeader(Buffer.concat([beginning, noise]));
        if (header !== null && header.format !== 'dicom')
          expect(header.width * header.height).toBeGreaterThan(0);
      }),
    );
  });

  it('is done at once with megabytes of fill', () => {
    const bytes = Buffer.alloc(8_000_000, 0xff);
    bytes[1] = 0xd8;
    const started = performance.now();
    expect(readImageHeader(bytes)).toBeNull();
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
