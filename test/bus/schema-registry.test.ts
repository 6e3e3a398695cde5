import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SchemaRegistryClient } from '../../src/bus/schema-registry.js';
import { parseSchema, readSchema } from '../../src/events/avro.js';
import { MessageCodec } from '../../src/events/codec.js';
import { vitals } from '../helpers.js';

let server: Server;
let url: string;
const asked: (string | undefined)[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    if (request.url !== '/schemas/ids/7') {
      response.writeHead(404).end('{"error_code":40403}');
      return;
    }
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

it('says which schema cannot be had, and sends the credentials of the address', async () => {
  const client = new SchemaRegistryClient(url.replace('http://', 'http://user:s%40crt@'));
  await expect(client.fetchSchema(8)).rejects.toMatchObject({
    code: 'WS_SCHEMA',
    message: expect.stringContaining('schema 8'),
  });
  expect(asked.at(-1)).toBe(`Basic ${Buffer.from('user:s@crt').toString('base64')}`);
});

it('does not name the password in its error', async () => {
  const client = new SchemaRegistryClient('http://user:secret@127.0.0.1:9');
  const error = await client.fetchSchema(1).catch((caught: unknown) => caught);
  expect(String(error)).toContain('schema 1');
  expect(String(error)).not.toContain('secret');
});
