import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clientOptions, type KafkaBusConfig, patiently, tokenSource } from '../../src/bus/kafka-client.js';
import kafkajs from '../../src/bus/kafkajs/index.js';
import { WardstreamError } from '../../src/errors.js';
import { parseConfig } from '../../src/settings/config.js';
import { temporaryDirectory } from '../helpers.js';

const kafka = (more: object) =>
  parseConfig({ bus: { kind: 'kafka', brokers: ['b:9092'], ...more } }).bus as KafkaBusConfig;
const oauth = (more: object) => ({ mechanism: 'oauthbearer' as const, ...more });

describe('options of the Kafka client', () => {
  it('carry certificates given as files, and no TLS by default', () => {
    const directory = temporaryDirectory();
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(directory, name), `the ${name}\n`);
    const ssl = Object.fromEntries(
      ['ca', 'cert', 'key'].map((name) => [name, { file: join(directory, name) }]),
    );
    expect(clientOptions(kafka({ ssl })).ssl).toEqual({ ca: 'the ca', cert: 'the cert', key: 'the key' });
    expect(clientOptions(kafka({}))).toMatchObject({ ssl: false, brokers: ['b:9092'] });
    expect(clientOptions(kafka({}))).not.toHaveProperty('sasl');
  });

  it('carry user and password', () => {
    const sasl = { mechanism: 'scram-sha-512', username: 'u', password: 'p' };
    expect(clientOptions(kafka({ sasl })).sasl).toEqual(sasl);
  });

  it('need one place that tokens come from', () => {
    const needs = /bus.sasl: needs either tokenFile, or tokenUrl/;
    expect(() => kafka({ sasl: oauth({}) })).toThrow(needs);
    expect(() => kafka({ sasl: oauth({ tokenUrl: 'http://t/', clientId: 'c' }) })).toThrow(needs);
    expect(() => kafka({ sasl: oauth({ tokenUrl: 'http://t/', tokenFile: 'f' }) })).toThrow(needs);
  });
});

describe('what is asked of a cluster', () => {
  const CLOSED = new kafkajs.KafkaJSConnectionError('Closed connection');

  /** The errors in order, then an answer. */
  function ask(...errors: Error[]) {
    return async () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      return 'answer';
    };
  }

  it('is asked again while a broker is away', async () => {
    expect(await patiently(ask(CLOSED, CLOSED))).toBe('answer');
    expect(await patiently(ask(new WardstreamError('WS_BUS', 'not yet', { isPassing: true })))).toBe(
      'answer',
    );
  });

  it('is not asked again where that does not help, or nobody waits', async () => {
    const differs = new WardstreamError('WS_BUS', 'topic t has 3 partitions');
    await expect(patiently(ask(differs))).rejects.toBe(differs);
    await expect(patiently(ask(CLOSED), AbortSignal.abort())).rejects.toBe(CLOSED);
  });
});

describe('bearer tokens', () => {
  it('are read from their file at each connection', async () => {
    const tokenFile = join(temporaryDirectory(), 'token');
    const next = tokenSource(oauth({ tokenFile }));
    await expect(next()).rejects.toMatchObject({
      code: 'WS_BUS',
      message: expect.stringContaining('ENOENT'),
    });
    writeFileSync(tokenFile, 'one\n');
    expect(await next()).toBe('one');
    writeFileSync(tokenFile, 'two\n');
    expect(await next()).toBe('two');
  });

  it('come from the token endpoint, and are kept for as long as they are good', async () => {
    const asked: string[] = [];
    let answer: object = {};
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      asked.push(`${request.headers.authorization} ${body}`);
      response.writeHead('access_token' in answer ? 200 : 401).end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const tokenUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
    const next = tokenSource(oauth({ tokenUrl, clientId: 'me', clientSecret: 'p:w', scope: 'kafka' }));
    await expect(next()).rejects.toMatchObject({ code: 'WS_BUS', message: expect.stringContaining('401') });
    answer = { access_token: 'short', expires_in: 10 };
    expect(await next()).toBe('short');
    answer = { access_token: 'long', expires_in: 3600 };
    expect(await next()).toBe('long');
    expect(await next()).toBe('long');
    const credentials = Buffer.from('me:p%3Aw').toString('base64');
    expect(asked).toEqual(Array(3).fill(`Basic ${credentials} grant_type=client_credentials&scope=kafka`));
  });
});
