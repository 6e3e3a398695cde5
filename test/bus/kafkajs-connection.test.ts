import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';

const require = createRequire(import.meta.url);
const of = (file: string) => require(`../../src/bus/kafkajs/src/${file}.js`);
const Connection = of('network/connection');
const Encoder = of('protocol/encoder');
const socketFactory = of('network/socketFactory');

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const logger = { ...silent, namespace: () => silent };
const REQUEST = { apiKey: 3, apiVersion: 1, apiName: 'Metadata', encode: async () => new Encoder() };
const RESPONSE = {
  decode: async (bytes: Buffer) => ({ text: bytes.toString() }),
  parse: async (data: object) => data,
};

let server: Server;
let sockets: Socket[];
/** What the broker does with the requests of each connection, in the order of their coming. */
let behaviours: ((socket: Socket, request: Buffer) => void)[];
let connection: InstanceType<typeof Connection>;

beforeEach(async () => {
  sockets = [];
  behaviours = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    const behave = behaviours[sockets.length] ?? answer;
    sockets.push(socket);
    socket.on('data', (request) => behave(socket, request));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const times = { requestTimeout: 1000, connectionTimeout: 1000 };
  connection = new Connection({ host: '127.0.0.1', port, logger, socketFactory: socketFactory(), ...times });
});

afterEach(async () => {
  await connection.disconnect();
  for (const socket of sockets) socket.destroy();
  server.close();
});

function frame(request: Buffer, text: string): Buffer {
  const bytes = Buffer.alloc(8 + text.length);
  bytes.writeInt32BE(4 + text.length, 0);
  request.copy(bytes, 4, 8, 12);
  bytes.write(text, 8);
  return bytes;
}

function answer(socket: Socket, request: Buffer): void {
  socket.write(frame(request, 'whole'));
}

async function ask(): Promise<string> {
  await connection.connect();
  return (await connection.send({ request: REQUEST, response: RESPONSE })).text;
}

it('begins anew with each connection, also where the one before broke off in the middle of an answer', async () => {
  behaviours = [
    (socket, request) => {
      socket.write(frame(request, 'a long answer, of which a part comes').subarray(0, 20));
      setTimeout(() => socket.resetAndDestroy(), 20);
    },
  ];
  await expect(ask()).rejects.toThrow(/Connection error|Closed connection/);
  expect([await ask(), await ask()]).toEqual(['whole', 'whole']);
});

it('takes nothing of an earlier connection for its own, nor its end', async () => {
  behaviours = [() => undefined];
  const unanswered = ask().catch((error: Error) => error.message);
  await once(server, 'connection');
  const [first] = sockets;
  await once(first, 'data');
  // As when the broker has not answered in time: our side of the connection is closed, the other is still open.
  connection.rejectRequests(new Error('given up'));
  await connection.disconnect();
  expect(await unanswered).toBe('given up');
  expect(await ask()).toBe('whole');
  first.write(Buffer.from('late words of the first'));
  first.end();
  await once(first, 'close');
  expect([connection.isConnected(), await ask()]).toEqual([true, 'whole']);
});

it('ends a connection on which something comes that is no answer', async () => {
  behaviours = [(socket) => socket.write(Buffer.from([0, 0, 0, 2, 7, 7]))];
  await expect(ask()).rejects.toThrow(/no answer of Kafka/);
  expect(await ask()).toBe('whole');
});

it('is one connection for all who ask for it at once', async () => {
  await Promise.all([connection.connect(), connection.connect(), connection.connect()]);
  expect([await ask(), sockets.length]).toEqual(['whole', 1]);
});

it('gives up a broker that says nothing, with all that was asked, and asks again over another connection', async () => {
  behaviours = [() => undefined];
  await connection.connect();
  const asked = await Promise.allSettled([ask(), ask()]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect([connection.isConnected(), await ask(), sockets.length]).toEqual([false, 'whole', 2]);
});

it('waits for an answer that comes over slowly', async () => {
  behaviours = [
    async (socket, request) => {
      for (const byte of frame(request, 'slow')) {
        socket.write(Buffer.from([byte]));
        await sleep(200);
      }
    },
  ];
  expect(await ask()).toBe('slow');
});

it('reads what has come while the process stood still, before it gives up', async () => {
  await connection.connect();
  const asked = ask();
  await once(sockets[0] ?? (await once(server, 'connection'))[0], 'data');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  expect([await asked, sockets.length]).toEqual(['whole', 1]);
});
