import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fileOf } from '../../../src/doors/dicom/part10.js';
import { DicomWebDoor } from '../../../src/doors/dicom/stow.js';
import { openDoor } from './log.js';
import { type ObjectFields, objectOf } from './objects.js';

const open = (settings: object = {}) =>
  openDoor({ kind: 'dicomweb', ...settings }, (config, context) =>
    DicomWebDoor.open(config as never, context),
  );

function dicom(fields: ObjectFields = {}): Buffer {
  const { dataSet, ...meta } = objectOf(fields);
  return fileOf({ ...meta, source: 'PACS' }, dataSet);
}

function multipart(...files: readonly Buffer[]): Buffer {
  const parts = files.flatMap((file) => [
    Buffer.from('\r\n--B\r\nContent-Type: application/dicom\r\n\r\n'),
    file,
  ]);
  return Buffer.concat([...parts, Buffer.from('\r\n--B--\r\n')]);
}

const MULTIPART = 'multipart/related; type="application/dicom"; boundary=B';

async function post(address: string, body: Buffer, more: Record<string, string> = {}) {
  const headers = { 'content-type': MULTIPART, ...more };
  const response = await fetch(address, { method: 'POST', body: new Uint8Array(body), headers });
  return { status: response.status, body: (await response.json()) as Record<string, { Value: object[] }> };
}

describe('STOW-RS', () => {
  it('answers once the log has all pictures of a request, and takes them again without harm', async () => {
    const { door, bus, meters } = await open();
    const files = [dicom(), dicom({ sopInstance: '1.9', patientId: 'p2' })];
    for (let time = 0; time < 2; time++) {
      const { status, body } = await post(door.address, multipart(...files));
      expect([status, body['00081199'].Value.length, body['00081198']]).toEqual([200, 2, undefined]);
    }
    expect(bus.images().map(({ patientId, image }) => [patientId, image?.length])).toEqual([
      ['p1', files[0].length],
      ['p2', files[1].length],
    ]);
    expect(meters.senders()[0].repeated).toBe(2);
    expect((await post(door.address, dicom(), { 'content-type': 'application/dicom' })).status).toBe(200);
  });

  it('ends though somebody has connected and asks for nothing, or for half', async () => {
    const { door } = await open();
    const { port } = new URL(door.address);
    const sockets = ['', 'POST /dicom-web/studies HTTP/1.1\r\nhost: x\r\n'].map((said) => {
      const socket = connect({ host: '127.0.0.1', port: Number(port) });
      socket.on('error', () => undefined);
      socket.write(said);
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const ends = Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve))),
    );
    await door.close();
    await ends;
  });

  it('tells which pictures cannot be used, and why', async () => {
    const { door, bus } = await open({ maxObjectBytes: 5000 });
    const ct = dicom({ sopClass: '1.2.840.10008.5.1.4.1.1.2' });
    const bad = [dicom({ patientId: '' }), dicom({ pixels: Buffer.alloc(6000) }), Buffer.from('noise'), ct];
    const some = await post(door.address, multipart(dicom(), ...bad));
    const reasons = some.body['00081198'].Value.map(
      (each) => (each as Record<string, { Value: number[] }>)['00081197'].Value[0],
    );
    expect([some.status, reasons]).toEqual([202, [0xc001, 0xc002, 0xc000, 0x0122]]);
    expect((await post(door.address, multipart(...bad))).status).toBe(409);
    expect(bus.deadLetters().map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['missing-id', 'oversized', 'undecodable']),
    );
  });

  it('answers 503 where the log takes nothing, and nothing is acknowledged', async () => {
    const { door, bus } = await open();
    bus.work = async () => {
      throw new Error('no room');
    };
    expect((await post(door.address, multipart(dicom()))).status).toBe(503);
    bus.work = async () => undefined;
    expect((await post(door.address, multipart(dicom()))).status).toBe(200);
    expect(bus.images()).toHaveLength(1);
  });

  it('refuses what is no STOW-RS, too much, or without the token', async () => {
    const { door } = await open({ token: 'secret', maxBytes: 20_000 });
    const token = { authorization: 'Bearer secret' };
    const status = async (body: Buffer, more: Record<string, string>) =>
      (await post(door.address, body, more)).status;
    expect(await status(multipart(dicom()), token)).toBe(200);
    expect(await status(multipart(dicom()), {})).toBe(401);
    expect(await status(multipart(dicom()), { authorization: 'Bearer secrets' })).toBe(401);
    expect(await status(Buffer.from('{}'), { ...token, 'content-type': 'application/json' })).toBe(415);
    expect(await status(Buffer.from('no parts'), token)).toBe(400);
    expect(await status(multipart(dicom()).subarray(0, -8), token)).toBe(400);
    expect(await status(Buffer.alloc(30_000), token)).toBe(503);
  });
});
