import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { request } from '../../../src/doors/dicom/associate.js';
import { DicomClient } from '../../../src/doors/dicom/client.js';
import { command } from '../../../src/doors/dicom/command.js';
import { DicomDoor } from '../../../src/doors/dicom/dimse.js';
import { dataUnits, PDU, type Pdu, PduReader, unit } from '../../../src/doors/dicom/pdu.js';
import { COMPUTED_RADIOGRAPHY, VERIFICATION } from '../../../src/doors/dicom/sop-classes.js';
import { readImageHeader } from '../../../src/events/image.js';
import { openDoor } from './log.js';
import { EXPLICIT, objectOf } from './objects.js';

const OFFERS = [VERIFICATION, COMPUTED_RADIOGRAPHY].map((abstractSyntax) => ({
  abstractSyntax,
  transferSyntax: EXPLICIT,
}));

const open = (settings: object = {}) =>
  openDoor({ kind: 'dicom', ...settings }, (config, context) => DicomDoor.open(config as never, context));

async function peer(port: number, more: object = {}): Promise<DicomClient> {
  const titles = { callingAe: 'CR1', calledAe: 'WARD' };
  const client = await DicomClient.open({ host: '127.0.0.1', port, offers: OFFERS, ...titles, ...more });
  onTestFinished(() => client.abort());
  return client;
}

/** A peer that writes what a test says. */
async function raw(port: number) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const units: Pdu[] = [];
  const reader = new PduReader(1_000_000);
  socket.on('data', (chunk: Buffer) => units.push(...reader.push(chunk)));
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  const types = () => units.map(({ type }) => type);
  return { socket, types };
}

const REQUEST = request({
  calledAe: 'WARD',
  callingAe: 'CR1',
  offers: [{ id: 1, abstractSyntax: COMPUTED_RADIOGRAPHY, transferSyntaxes: [EXPLICIT] }],
  maxBytes: 16_384,
});

describe('data units', () => {
  it('are the same however the bytes are cut', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sent, sizes) => {
        const all = Buffer.concat(sent.map((body) => unit(PDU.data, Buffer.from(body))));
        const reader = new PduReader(1000);
        const got: Pdu[] = [];
        for (let at = 0, turn = 0; at < all.length; turn++) {
          const size = sizes[turn % sizes.length];
          got.push(...reader.push(all.subarray(at, at + size)));
          at += size;
        }
        expect(got.map(({ body }) => [...body])).toEqual(sent.map((body) => [...body]));
      }),
      { numRuns: 100 },
    );
  });
});

describe('a door for pictures', () => {
  it('answers C-ECHO, and C-STORE once the log has the picture as it was sent', async () => {
    const { bus, meters, port } = await open();
    const client = await peer(port);
    expect(await client.echo(VERIFICATION, EXPLICIT)).toBe(0);
    const object = objectOf({
      bodyPart: 'CHEST',
      taken: { date: '20260304', time: '105500.25' },
      zone: '+0000',
    });
    let inLog = 0;
    bus.work = async () => {
      await sleep(20);
      inLog++;
    };
    const status = await client.store(object);
    expect([status, inLog]).toEqual([0, 1]);
    const [image] = bus.images();
    expect(image).toMatchObject({
      patientId: 'p1',
      source: 'CR1',
      modality: 'DX',
      bodySite: 'CHEST',
      mediaType: 'application/dicom',
      eventTime: Date.UTC(2026, 2, 4, 12),
      observedAt: Date.UTC(2026, 2, 4, 10, 55, 0, 250),
    });
    expect(readImageHeader(image.image as Buffer)?.format).toBe('dicom');
    expect(image.image?.subarray(-object.dataSet.length)).toEqual(object.dataSet);
    const [sender] = meters.senders();
    expect([sender.sender, sender.values.used, [...sender.answers]]).toEqual([
      'CR1',
      1,
      [
        ['echo', 1],
        ['0000', 1],
      ],
    ]);
    await client.close();
  });

  it('produces a picture that is sent again once', async () => {
    const { bus, meters, port } = await open();
    const client = await peer(port);
    expect([await client.store(objectOf()), await client.store(objectOf())]).toEqual([0, 0]);
    expect(await (await peer(port)).store(objectOf())).toBe(0);
    expect([bus.images().length, meters.senders()[0].repeated]).toEqual([1, 2]);
  });

  it('answers A700 while the log refuses, and takes the picture when it is sent again', async () => {
    const { bus, warnings, port } = await open();
    bus.work = async () => {
      throw new Error('no room');
    };
    const client = await peer(port);
    expect(await client.store(objectOf())).toBe(0xa700);
    expect([bus.images().length, warnings[0]]).toEqual([0, expect.stringContaining('no room')]);
    bus.work = async () => undefined;
    expect(await client.store(objectOf())).toBe(0);
    expect(bus.images()).toHaveLength(1);
  });

  it('reads no further while the log takes nothing', async () => {
    const { bus, port } = await open();
    let release: () => void = () => undefined;
    bus.work = () => new Promise((resolve) => (release = resolve));
    const client = await peer(port);
    const answer = client.store(objectOf());
    expect(await Promise.race([answer, sleep(100, 'waits')])).toBe('waits');
    release();
    expect(await answer).toBe(0);
  });

  it('sets aside what cannot be used, with the reason, and tells the sender which', async () => {
    const { bus, port } = await open({ maxObjectBytes: 5000 });
    const client = await peer(port);
    const cases = [
      [objectOf({ patientId: '' }), 0xc001, 'missing-id'],
      [objectOf({ patientId: 'NULL' }), 0xc001, 'missing-id'],
      [objectOf({ pixels: null }), 0xc003, 'not-an-image'],
      [objectOf({ pixels: Buffer.alloc(6000) }), 0xc002, 'oversized'],
      [{ ...objectOf(), sopInstance: '9.9' }, 0xa900, 'unsupported-message'],
      [objectOf({ taken: { date: '20260305', time: '120000' }, zone: '+0000' }), 0xc004, 'future'],
      [{ ...objectOf(), dataSet: Buffer.from('noise, and no elements at all') }, 0xc000, 'undecodable'],
    ] as const;
    for (const [object, status, reason] of cases) {
      expect([await client.store(object), bus.deadLetters().at(-1)?.reason]).toEqual([status, reason]);
    }
    expect(bus.images()).toEqual([]);
    expect(bus.deadLetters()[0]).toMatchObject({ topic: 'door:pictures' });
    expect(await client.store(objectOf())).toBe(0);
  });

  it('accepts a picture of days ago without using it', async () => {
    const { bus, meters, port } = await open();
    const client = await peer(port);
    const old = objectOf({ taken: { date: '20260228', time: '120000' } });
    // Without a zone, this one may be of yesterday noon.
    const recent = objectOf({ sopInstance: '1.5', taken: { date: '20260303', time: '110000' } });
    expect([await client.store(old), await client.store(recent)]).toEqual([0, 0]);
    expect(bus.images().map(({ observedAt }) => observedAt)).toEqual([null]);
    expect(meters.senders()[0].values).toMatchObject({ used: 1, ignored: 1 });
  });

  it('gives back what an association that breaks off had, and produces nothing of it', async () => {
    const { bus, meters, port } = await open({ maxBytes: 1_000_000, maxObjectBytes: 900_000 });
    for (let time = 0; time < 5; time++) {
      const { socket, types } = await raw(port);
      socket.write(REQUEST);
      await expect.poll(types).toEqual([PDU.associateAccept]);
      for (const part of dataUnits(1, 'command', command(COMPUTED_RADIOGRAPHY, '1.2', 1), 16_384))
        socket.write(part);
      // All but the last part.
      const parts = [...dataUnits(1, 'data', Buffer.alloc(800_000), 16_384)].slice(0, -1);
      for (const part of parts) socket.write(part);
      await sleep(20);
      if (time % 2 === 0) socket.write(unit(PDU.abort, Buffer.alloc(4)));
      socket.destroySoon();
      await expect.poll(() => meters.connections.get('pictures')).toBe(0);
    }
    expect(bus.produced).toEqual([]);
    expect(meters.cuts.find(({ reason }) => reason === 'aborted')?.count).toBe(5);
    const large = objectOf({ pixels: Buffer.alloc(700_000) });
    expect(await (await peer(port)).store(large)).toBe(0);
  });

  it('answers A700 to a picture for which there is no room beside the others', async () => {
    const { port } = await open({ maxBytes: 100_000 });
    const client = await peer(port);
    expect(await client.store(objectOf({ pixels: Buffer.alloc(200_000) }))).toBe(0xa700);
    expect(await client.store(objectOf({ pixels: Buffer.alloc(40_000) }))).toBe(0);
  });

  it('lets in whom the settings name, and tells others why not', async () => {
    const { port } = await open({ aeTitle: 'WARD', callers: ['CR1'] });
    await expect(peer(port, { callingAe: 'CR2' })).rejects.toThrow(/refused \(0 1 1 3\)/);
    await expect(peer(port, { calledAe: 'PACS' })).rejects.toThrow(/refused \(0 1 1 7\)/);
    expect(await (await peer(port)).store(objectOf())).toBe(0);
  });

  it('tells whoever is one too many to come again', async () => {
    const { port } = await open({ maxConnections: 1 });
    const client = await peer(port);
    await expect(peer(port)).rejects.toThrow(/refused \(0 2 3 2\)/);
    await client.close();
    await expect.poll(async () => (await peer(port).catch(() => null)) !== null).toBe(true);
  });

  it('takes no other classes than those of radiographs, and says so before they are sent', async () => {
    const { port } = await open();
    const ct = [{ abstractSyntax: '1.2.840.10008.5.1.4.1.1.2', transferSyntax: EXPLICIT }];
    await expect(peer(port, { offers: ct })).rejects.toThrow(/nothing of what is offered/);
    const video = [{ abstractSyntax: COMPUTED_RADIOGRAPHY, transferSyntax: '1.2.840.10008.1.2.4.102' }];
    await expect(peer(port, { offers: video })).rejects.toThrow(/nothing of what is offered/);
  });

  it('aborts what is against the protocol, and goes on with others', async () => {
    const { meters, port } = await open({ idleMs: 500 });
    const long = Buffer.from([PDU.data, 0, 0xff, 0xff, 0xff, 0xff]);
    const cases: Buffer[][] = [
      [Buffer.from('GET / HTTP/1.1\r\n\r\n')],
      [unit(PDU.data, Buffer.alloc(10))],
      [REQUEST, REQUEST],
      [REQUEST, long],
      [REQUEST, unit(PDU.data, Buffer.from([0, 0, 0, 200, 1, 3]))],
      [REQUEST, unit(PDU.data, Buffer.from([0, 0, 0, 2, 7, 3]))],
      [REQUEST, unit(PDU.data, Buffer.from([0, 0, 0, 2, 1, 2]))],
      [REQUEST, ...dataUnits(1, 'command', Buffer.from('no command'), 16_384)],
    ];
    for (const sent of cases) {
      const { socket, types } = await raw(port);
      for (const bytes of sent) socket.write(bytes);
      await expect.poll(() => types().at(-1)).toBe(PDU.abort);
      await expect.poll(() => socket.closed).toBe(true);
    }
    expect(meters.cuts.find(({ reason }) => reason === 'protocol')?.count).toBe(cases.length);
    const silent = await raw(port);
    await expect.poll(() => silent.socket.closed).toBe(true);
    expect(meters.cuts.find(({ reason }) => reason === 'idle')?.count).toBe(1);
    expect(await (await peer(port)).store(objectOf())).toBe(0);
  });

  it('answers what it has taken before it closes', async () => {
    const { door, bus, port } = await open();
    bus.work = () => sleep(100);
    const client = await peer(port);
    const answer = client.store(objectOf());
    await sleep(30);
    await door.close();
    expect([await answer, bus.images().length]).toEqual([0, 1]);
  });
});
