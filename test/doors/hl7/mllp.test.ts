import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Block, Deframer, framed } from '../../../src/doors/hl7/framing.js';
import { Hl7Door } from '../../../src/doors/hl7/mllp.js';
import { DoorMeters } from '../../../src/doors/meters.js';
import { DEFAULT_LIMITS, parseConfig } from '../../../src/settings/config.js';
import type { Hl7DoorConfig } from '../../../src/settings/doors.js';
import { temporaryDirectory } from '../../helpers.js';
import { HeldLog } from '../held-log.js';
import { msh, NOW, oru } from './messages.js';

const VITAL = '147842^MDC_ECG_HEART_RATE^MDC|1|80|/min|||||F';

async function open(settings: object = {}, clock = { now: () => NOW, live: true }) {
  const [config] = parseConfig({ doors: [{ kind: 'hl7', port: 0, name: 'mon', ...settings }] })
    .doors as Hl7DoorConfig[];
  const bus = new HeldLog();
  const meters = new DoorMeters(clock);
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  const door = await Hl7Door.open(config, { bus, clock, limits: DEFAULT_LIMITS, meters, onWarning });
  onTestFinished(() => door.close());
  return { door, bus, meters, warnings, port: Number(new URL(door.address).port) };
}

/** A sender that reads the answers to what it sends. */
class Peer {
  readonly answers: string[] = [];
  readonly socket: Socket;
  readonly #frames = new Deframer(1_000_000);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      for (const { bytes } of this.#frames.push(chunk)) this.answers.push(bytes.toString());
    });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
  }

  static async to(port: number): Promise<Peer> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Peer(socket);
  }

  async ask(...texts: readonly string[]): Promise<string[]> {
    const before = this.answers.length;
    for (const text of texts) this.socket.write(framed(text));
    await expect.poll(() => this.answers.length).toBe(before + texts.length);
    return this.answers.slice(before).map((answer) => field(answer, 'MSA', 1));
  }
}

/** Without what frames a block. */
function unframed(text: string): string {
  return text.replaceAll('\v', '').replaceAll('\u001c', '');
}

function field(answer: string, segment: string, place: number): string {
  const line = answer.split('\r').find((each) => each.startsWith(segment));
  return line?.split('|')[place] ?? '';
}

describe('blocks', () => {
  it('are the same however the bytes are cut', () => {
    const texts = fc.array(
      fc.string({ maxLength: 30 }).map((text) => unframed(text)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sent, sizes) => {
        const all = Buffer.concat(sent.map((text) => framed(text)));
        const frames = new Deframer(1000);
        const blocks: Block[] = [];
        for (let at = 0, turn = 0; at < all.length; turn++) {
          const size = sizes[turn % sizes.length];
          blocks.push(...frames.push(all.subarray(at, at + size)));
          at += size;
        }
        expect(blocks.map(({ bytes }) => bytes.toString())).toEqual(sent);
        expect([frames.isWithin, frames.strayBytes]).toEqual([false, 0]);
      }),
      { numRuns: 100 },
    );
  });

  it('that are cut off, too large or without a frame are told apart', () => {
    const frames = new Deframer(20);
    const sent = `noise\r\n\x0bhalf\x0bwhole\x1c\r\x0b${'x'.repeat(100)}\x1c\r\x0bopen`;
    const blocks = [...frames.push(Buffer.from(sent))];
    expect(blocks.map(({ bytes, fault }) => [bytes.length, fault])).toEqual([
      [4, 'cut'],
      [5, null],
      [100, 'oversized'],
    ]);
    expect([frames.strayBytes, frames.isWithin, frames.end()?.fault]).toEqual([5, true, 'cut']);
  });

  it('that are too large do not fill the memory', () => {
    const frames = new Deframer(1_000_000);
    [...frames.push(Buffer.from('\x0bMSH|^~\\&|'))];
    const chunk = Buffer.alloc(1_000_000, 'x');
    for (let part = 0; part < 100; part++) expect([...frames.push(chunk)]).toEqual([]);
    const [block] = frames.push(Buffer.from('\x1c\r'));
    expect([block.fault, block.bytes.length, block.bytes.toString('latin1', 0, 3)]).toEqual([
      'oversized',
      65_536,
      'MSH',
    ]);
  });
});

describe('a door for HL7 v2', () => {
  it('answers each message once the log has it, and what it produces is decoded as it was sent', async () => {
    const { bus, meters, port } = await open();
    const peer = await Peer.to(port);
    expect(await peer.ask(oru(VITAL))).toEqual(['AA']);
    expect(bus.vitals()).toMatchObject([
      { patientId: 'p1', source: 'MON', observations: [{ code: '8867-4', value: 80, unit: '/min' }] },
    ]);
    expect(field(peer.answers[0], 'MSA', 2)).toBe('1');
    expect(field(peer.answers[0], 'MSH', 8)).toBe('ACK^R01^ACK');
    expect(meters.senders()).toMatchObject([
      { door: 'mon', sender: 'MON', values: { used: 1 }, silentSeconds: 0, lagSeconds: 21 * 60 },
    ]);
    expect(meters.connections.get('mon')).toBe(1);
  });

  it('does not answer while the log takes nothing, nor read on', async () => {
    const { bus, port } = await open();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    bus.work = () => held;
    const peer = await Peer.to(port);
    const filler = `\rNTE|1||${'x'.repeat(500_000)}`;
    let sent = 0;
    for (; sent < 200 && peer.socket.write(framed(oru(VITAL) + filler)); sent++) await sleep(1);
    const waiting = peer.socket.writableLength;
    await sleep(100);
    // The sender cannot get rid of what it has: the door is no bottomless buffer.
    expect([peer.answers, peer.socket.writableLength > 0, waiting > 0]).toEqual([[], true, true]);
    release();
    await expect.poll(() => peer.answers.length).toBe(sent + 1);
  });

  it('gives no answer where the log refuses, and takes the message when it is sent again', async () => {
    const { bus, meters, warnings, port } = await open();
    bus.work = async () => {
      throw new Error('no room');
    };
    const peer = await Peer.to(port);
    peer.socket.write(framed(oru(VITAL)));
    await once(peer.socket, 'close');
    expect([peer.answers, meters.cuts]).toEqual([[], [{ door: 'mon', reason: 'log', count: 1 }]]);
    expect(warnings[0]).toContain('no room');
    bus.work = async () => undefined;
    expect(await (await Peer.to(port)).ask(oru(VITAL))).toEqual(['AA']);
    expect(bus.vitals()).toHaveLength(1);
  });

  it('produces what a sender repeats once', async () => {
    const { bus, meters, port } = await open();
    const peer = await Peer.to(port);
    expect(await peer.ask(oru(VITAL), oru(VITAL))).toEqual(['AA', 'AA']);
    expect([bus.vitals().length, meters.senders()[0].repeated]).toEqual([1, 1]);
  });

  it('keeps the order of a patient across connections', async () => {
    const { bus, port } = await open();
    bus.work = () => sleep(bus.produced.length === 0 ? 50 : 0);
    const [first, second] = [await Peer.to(port), await Peer.to(port)];
    const slow = first.ask(oru('147842^MDC_ECG_HEART_RATE^MDC|1|60|/min|||||F'));
    await sleep(10);
    await second.ask(oru('147842^MDC_ECG_HEART_RATE^MDC|1|70|/min|||||F'));
    await slow;
    expect(bus.vitals().map(({ observations }) => observations[0].value)).toEqual([60, 70]);
  });

  it('sets aside what cannot be used, with its bytes, and says so', async () => {
    const { bus, meters, port } = await open();
    const peer = await Peer.to(port);
    const order = [msh('ORM^O01', '77'), 'PID|||p1'].join('\r');
    expect(await peer.ask(order, 'no message', oru('1^X^99LOC|1|5|/min|||||F'))).toEqual(['AR', 'AR', 'AA']);
    expect(field(peer.answers[0], 'ERR', 3)).toBe('200');
    expect([field(peer.answers[1], 'ERR', 3), field(peer.answers[1], 'MSH', 8)]).toEqual(['100', 'ACK']);
    const letters = bus.deadLetters();
    expect(letters.map(({ topic, reason }) => [topic, reason])).toEqual([
      ['door:mon', 'unsupported-message'],
      ['door:mon', 'undecodable'],
      ['door:mon', 'unknown-code'],
    ]);
    expect([letters[0].raw.toString(), letters[1].raw.toString()]).toEqual([order, 'no message']);
    // Of a code that nothing is known of the first message is kept, the others are counted.
    await peer.ask(oru('1^X^99LOC|1|6|/min|||||F'));
    expect(bus.deadLetters()).toHaveLength(3);
    expect(meters.unmapped).toMatchObject([{ code: '1^99LOC', text: 'X', example: '5 /min', count: 2 }]);
  });

  it('gives a resend the same dead letter', async () => {
    const { bus, port } = await open();
    const peer = await Peer.to(port);
    await peer.ask('no message', 'no message');
    const [first, second] = bus.deadLetters().map(({ deadLetterId }) => deadLetterId);
    expect(second).toBe(first);
  });

  it('answers several messages of a block one by one', async () => {
    const { bus, port } = await open();
    const peer = await Peer.to(port);
    const other = oru('147842^MDC_ECG_HEART_RATE^MDC|1|90|/min|||||F').replace('|1|P|', '|2|P|');
    peer.socket.write(framed(`${oru(VITAL)}\r${other}`));
    await expect.poll(() => peer.answers.length).toBe(2);
    expect(peer.answers.map((answer) => field(answer, 'MSA', 2))).toEqual(['1', '2']);
    expect(bus.vitals()).toHaveLength(2);
  });

  it('lets go of a sender that begins a message and waits', async () => {
    const { bus, meters, port } = await open({ idleMs: 50 });
    const peer = await Peer.to(port);
    await peer.ask(oru(VITAL));
    // Silence between messages is no fault.
    await sleep(150);
    expect(peer.socket.destroyed).toBe(false);
    peer.socket.write('\x0bMSH|^~\\&|MON');
    await once(peer.socket, 'close');
    expect(meters.cuts).toMatchObject([{ reason: 'idle', count: 1 }]);
    await expect.poll(() => bus.deadLetters().length).toBe(1);
    expect(bus.deadLetters()).toMatchObject([
      { reason: 'undecodable', detail: expect.stringContaining('cut off') },
    ]);
  });

  it('tells the sender of a message that is too large', async () => {
    const { bus, port } = await open({ maxMessageBytes: 10_000 });
    const peer = await Peer.to(port);
    expect(await peer.ask(`${oru(VITAL)}\rNTE|1||${'x'.repeat(50_000)}`)).toEqual(['AR']);
    expect(field(peer.answers[0], 'MSA', 2)).toBe('1');
    expect(bus.vitals()).toEqual([]);
    expect(bus.deadLetters()[0].detail).toContain('maxMessageBytes');
  });

  it('answers in enhanced mode where the sender’s file says so and MSH-15 asks for it', async () => {
    const directory = temporaryDirectory();
    const file = `${directory}/sender.yaml`;
    writeFileSync(file, 'acknowledge: enhanced\n');
    const { port } = await open({ sender: file });
    const asking = oru(VITAL).replace('|P|2.6', '|P|2.6|||AL|NE');
    expect(await (await Peer.to(port)).ask(asking, oru(VITAL))).toEqual(['CA', 'AA']);
  });

  it('answers what is under way before it closes', async () => {
    const { door, bus, port } = await open();
    bus.work = () => sleep(50);
    const peer = await Peer.to(port);
    peer.socket.write(framed(oru(VITAL)));
    await expect.poll(() => peer.socket.bytesWritten > 0).toBe(true);
    await sleep(20);
    await door.close();
    await expect.poll(() => peer.answers.length).toBe(1);
    expect(bus.vitals()).toHaveLength(1);
  });

  it.each(['the door closes', 'it breaks off'])(
    'lets go of a sender that reads no answers once %s',
    async (end) => {
      const { door, bus, meters, port } = await open();
      const socket = connect(port, '127.0.0.1').pause();
      onTestFinished(() => void socket.destroy());
      // The id stands in the answer.
      const large = (id: number) => oru(VITAL).replace('|1|P|', `|${`${id}`.padEnd(1_000_000, 'x')}|P|`);
      for (let id = 0; id < 20; id++) socket.write(framed(large(id)));
      await expect.poll(() => bus.vitals().length).toBeGreaterThan(0);
      await sleep(300);
      expect(meters.senders()[0].repeated).toBeLessThan(19);
      if (end === 'the door closes') await door.close();
      else socket.resetAndDestroy();
      await expect.poll(() => meters.connections.get('mon')).toBe(0);
      expect(meters.cuts.map(({ reason }) => reason)).toEqual(end === 'the door closes' ? [] : ['reset']);
    },
  );

  it('survives whatever comes', async () => {
    const { bus, port } = await open();
    const peer = await Peer.to(port);
    const samples = fc.sample(fc.string({ unit: 'binary', maxLength: 200 }), { numRuns: 100, seed: 1 });
    for (const [index, text] of samples.entries()) {
      const mutated = index % 2 === 0 ? text : oru(VITAL).replace('|1|80|', `|${text}|`);
      await peer.ask(unframed(mutated));
    }
    expect(await peer.ask(oru('147842^MDC_ECG_HEART_RATE^MDC|1|99|/min|||||F'))).toEqual(['AA']);
    expect(bus.vitals().at(-1)?.observations[0].value).toBe(99);
  });

  it.skipIf(spawnSync('openssl', ['version']).status !== 0)(
    'lets in only who has a certificate of the authority (skipped without openssl)',
    async () => {
      const directory = temporaryDirectory();
      const pair = (name: string) => {
        const [key, cert] = [`${directory}/${name}.key`, `${directory}/${name}.crt`];
        const made = [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ];
        execFileSync('openssl', [...made, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], {
          stdio: 'pipe',
        });
        return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
      };
      const [server, monitor, stranger] = ['door', 'monitor', 'stranger'].map(pair);
      const { bus, meters, port } = await open({ tls: { ...server, ca: monitor.cert } });
      const ask = async (own: object) => {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...own });
        const peer = new Peer(socket);
        socket.write(framed(oru(VITAL)));
        await Promise.race([
          once(socket, 'close').catch(() => undefined),
          expect.poll(() => peer.answers.length).toBe(1),
        ]);
        return peer.answers.length;
      };
      expect(await ask(monitor)).toBe(1);
      expect([await ask(stranger), await ask({})]).toEqual([0, 0]);
      expect(bus.vitals()).toHaveLength(1);
      await expect.poll(() => meters.cuts.find(({ reason }) => reason === 'tls')?.count).toBe(2);
    },
  );

  it('is refused where its port is taken, or its sender’s file is wrong', async () => {
    const { port } = await open();
    await expect(open({ port })).rejects.toMatchObject({ code: 'WS_PORT_IN_USE' });
    await expect(open({ sender: '/no/such/file' })).rejects.toMatchObject({ code: 'WS_CONFIG' });
    await expect(open({ tls: { cert: 'x', key: 'y' } })).rejects.toMatchObject({ code: 'WS_CONFIG' });
  });
});
