import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SchemaRegistryClient } from '../../src/bus/schema-registry.js';
import { WardstreamError } from '../../src/errors.js';
import { parseSchema, readSchema } from '../../src/events/avro.js';
import { MessageCodec } from '../../src/events/codec.js';
import { vitals } from '../helpers.js';

const [PROTOBUF, FORBIDDEN, BROKEN, NOT_A_REGISTRY, EMPTY, ENDLESS] = [20, 21, 22, 23, 24, 25];
const ANSWERS: Record<number, [status: number, body: string]> = {
  [PROTOBUF]: [200, '{"schemaType":"PROTOBUF","schema":"syntax = ..."}'],
  [FORBIDDEN]: [403, '{"error_code":40301}'],
  [BROKEN]: [500, '{"error_code":50001}'],
  [NOT_A_REGISTRY]: [404, '<html>'],
  [EMPTY]: [200, '{}'],
  [ENDLESS]: [200, JSON.stringify({ schema: 'x'.repeat(5_000_000) })],
};

let server: Server;
let url: string;
const asked: (string | undefined)[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    const id = Number(request.url?.split('/').at(-1));
    const [status, body] = ANSWERS[id] ?? [404, '{"error_code":40403}'];
    if (id !== 7) return void response.writeHead(status).end(body);
    response.end(JSON.stringify({ schema: JSON.stringify(readSchema('VitalSigns')) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

it('lets the codec read Confluent framing by the schema of the registry', async () => {
  const codec = new MessageCodec({ registry: new SchemaRegistryClient(`${url}/`) });
  const message = vitals({ heartRate: 88 });
  const datum = parseSchema(readSchema('VitalSigns')).toBuffer(message);
  const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), datum]);
  expect(codec.missingSchemaId(framed)).toBe(7);
  await codec.loadSchema(7);
  expect(codec.decode('VitalSigns', framed)).toMatchObject({ patientId: message.patientId });
});

it('tells that there is no such schema from that it cannot be asked, and sends the credentials of the address', async () => {
  const client = new SchemaRegistryClient(url.replace('http://', 'http://user:s%40crt@'));
  expect(await client.fetchSchema(8)).toBeNull();
  expect(asked.at(-1)).toBe(`Basic ${Buffer.from('user:s@crt').toString('base64')}`);
  expect(await client.fetchSchema(PROTOBUF)).toBeNull();
  for (const id of [FORBIDDEN, BROKEN, NOT_A_REGISTRY, EMPTY, ENDLESS]) {
    const error = await client.fetchSchema(id).catch((caught: unknown) => caught);
    expect([id, error]).toEqual([id, expect.any(WardstreamError)]);
    expect(error).toMatchObject({ code: 'WS_SCHEMA', isPassing: true });
    expect(String(error)).toContain(`schema ${id}`);
  }
});

it('does not name the password in its error', async () => {
  const client = new SchemaRegistryClient('http://user:secret@127.0.0.1:9');
  const error = await client.fetchSchema(1).catch((caught: unknown) => caught);
  expect(String(error)).toContain('schema 1');
  expect(String(error)).not.toContain('secret');
});
