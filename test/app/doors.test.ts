import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { assembleLive, type LiveWard } from '../../src/app/assemble.js';
import { Deframer, framed } from '../../src/doors/hl7/framing.js';
import { Parts } from '../../src/parts.js';
import { parseConfig } from '../../src/settings/config.js';
import { temporaryDirectory } from '../helpers.js';
import { TestClient } from '../server/ward.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

/** Opens `run` over a log and store in a directory, with a door for HL7. */
async function openWard(
  directory: string,
): Promise<{ ward: LiveWard; port: number; close: () => Promise<void> }> {
  const config = parseConfig({
    bus: { kind: 'embedded', directory: `${directory}/log` },
    store: { kind: 'embedded', directory: `${directory}/store` },
    doors: [{ kind: 'hl7', port: 0 }],
    server: { port: 0 },
  });
  const parts = new Parts();
  const close = () => parts.close(() => undefined);
  onTestFinished(close);
  const life = { parts, stop: new Promise(() => undefined), allow: () => undefined };
  const ward = (await assembleLive(config, life)) as LiveWard;
  return { ward, port: Number(new URL(ward.doors[0].address).port), close };
}

/** Sends messages one by one, each once the one before is accepted. */
async function send(port: number, texts: readonly string[]): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const frames = new Deframer(100_000);
  for (const text of texts) {
    socket.write(framed(text));
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    const [answer] = frames.push(chunk);
    expect(answer.bytes.toString()).toContain('MSA|AA');
  }
  socket.destroy();
}

function hl7Time(time: number): string {
  return `${new Date(time).toISOString().replace(/\D/g, '').slice(0, 14)}+0000`;
}

function header(kind: string, time: number): string {
  return `MSH|^~\\&|MON|ICU|||${hl7Time(time)}||${kind}|${time}|P|2.6`;
}

it('a monitor and ADT come in by a door: a low pressure that lasts is alarmed, and a resend changes nothing', async () => {
  const directory = temporaryDirectory();
  const now = Date.now();
  const begin = now - 11 * MINUTE_MS;
  const pid = 'PID|||bed7^^^H^MR||DOE^JO||19600229|F';
  const admission = [header('ADT^A01', begin), `EVN|A01|${hl7Time(begin)}`, pid, 'PV1||I|ICU^7^1'].join('\r');
  // One in ten seconds, then one a second for a minute.
  const seconds = [
    ...Array.from({ length: 60 }, (_, index) => 10 * index + 1),
    ...Array.from({ length: 60 }, (_, index) => 600 + index),
  ];
  const pressures = seconds.map((second) => {
    const time = begin + second * SECOND_MS;
    const obr = `OBR|1|||x|||${hl7Time(time)}`;
    const obx = 'OBX||NM|150035^MDC_PRESS_BLD_ART_MEAN^MDC|1|45|266016^MDC_DIM_MMHG^MDC|||||R';
    return [header('ORU^R01', time), pid, 'PV1||I|ICU^7^1', obr, obx].join('\r');
  });

  const first = await openWard(directory);
  const client = new TestClient(first.ward.address.url, first.ward.address.localToken as string);
  await client.next('hello');
  client.send({ type: 'subscribe', wards: ['ICU'] });
  await client.next('snapshot');
  await send(first.port, [admission, ...pressures]);
  const { alert } = await client.next('alert');
  expect([alert.patientId, alert.rule, alert.wardId, alert.bedId]).toEqual([
    'bed7',
    'hypotension-severe',
    'ICU',
    '7-1',
  ]);
  const counts = () => first.ward.engine!.counts;
  await expect.poll(() => counts().observations).toBe(pressures.length);
  expect(counts().duplicates).toBe(0);
  await client.close();
  await first.close();

  // The door forgets with its process; what it produces again is what the engine knows.
  const second = await openWard(directory);
  await send(second.port, pressures.slice(-60));
  await expect.poll(() => second.ward.engine!.counts.duplicates).toBe(60);
  expect(second.ward.engine!.counts.alerts).toBe(0);
});
