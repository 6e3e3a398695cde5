import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ImageFault } from '../../src/encoders/image-fault.js';
import { ImageFetcher } from '../../src/encoders/image-fetcher.js';
import { parseConfig } from '../../src/settings/config.js';
import { temporaryDirectory } from '../helpers.js';

/** What comes of fetching: the text, or flag and reason. */
async function outcome(allow: string[], uri: string, more: { maxBytes?: number; timeoutMs?: number } = {}) {
  const fetcher = new ImageFetcher({ allow, maxBytes: 10, timeoutMs: 2000, ...more });
  try {
    return (await fetcher.fetch(uri)).toString();
  } catch (error) {
    return error instanceof ImageFault ? `${error.flag}: ${error.message}` : `not a fault: ${error}`;
  }
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('ImageFetcher of files', () => {
  function folder() {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'in'));
    writeFileSync(join(root, 'in', 'a b.png'), 'picture');
    writeFileSync(join(root, 'in', '100%.png'), 'percent');
    writeFileSync(join(root, 'in', 'large.png'), 'x'.repeat(11));
    writeFileSync(join(root, 'secret'), 'secret');
    symlinkSync(join(root, 'secret'), join(root, 'in', 'link.png'));
    return { base: pathToFileURL(root).href, allow: [`${pathToFileURL(join(root, 'in')).href}/`] };
  }

  it('reads what lies below an allowed folder', async () => {
    const { base, allow } = folder();
    expect(await outcome(allow, `${base}/in/a%20b.png`)).toBe('picture');
    expect(await outcome(allow, `${base}/in/100%25.png`)).toBe('percent');
  });

  it('refuses everything else, however it is written', async () => {
    const { base, allow } = folder();
    const outside = ['secret', 'in/../secret', 'in/%2e%2e/secret', 'in-other/a', 'in'];
    for (const path of outside) expect(await outcome(allow, `${base}/${path}`)).toMatch(/^uri-refused: /);
    expect(await outcome(allow, `${base}/in/link.png`)).toMatch(/^uri-refused: .* leads out of/);
    expect(await outcome(allow, 'urn:image:1')).toMatch(/^uri-refused: /);
    expect(await outcome(allow, '')).toMatch(/^uri-refused: /);
    expect(await outcome([], `${base}/in/a%20b.png`)).toMatch(/^uri-refused: /);
    const encoded = [
      '..%2fsecret',
      '%2e%2e%2fsecret',
      '..%252fsecret',
      '..%5csecret',
      'a%2f..%2f..%2fsecret',
      '%00',
      '..%c0%afsecret',
    ];
    for (const path of encoded) expect(await outcome(allow, `${base}/in/${path}`)).toMatch(/^uri-refused: /);
  });

  it('says what is not there, no file, or too large', async () => {
    const { base, allow } = folder();
    expect(await outcome(allow, `${base}/in/none.png`)).toMatch(/^uri-unavailable: .*ENOENT/);
    expect(await outcome([`${base}/`], `${base}/in`)).toMatch(/^uri-unavailable: .*not a file/);
    expect(await outcome(allow, `${base}/in/large.png`)).toMatch(/^image-too-large: .*more than 10 bytes/);
  });
});

describe('ImageFetcher of servers', () => {
  it('downloads from an allowed place, and no more than the bound', async () => {
    const base = await serve((request, response) =>
      response.end(request.url === '/i/a' ? 'picture' : 'x'.repeat(50)),
    );
    expect(await outcome([`${base}/i/`], `${base}/i/a`)).toBe('picture');
    expect(await outcome([`${base}/i/`], `${base}/i/large`)).toMatch(/^image-too-large: /);
    expect(await outcome([`${base}/i/`], `${base}/i/../other`)).toMatch(/^uri-refused: /);
    // Servers and proxies decode what URLs leave as it is.
    for (const up of ['..%2fother', '%2e%2e%2fother', '..%252fother', 'a/..%2F..%2fother', '..%5cother'])
      expect(await outcome([`${base}/i/`], `${base}/i/${up}`)).toMatch(/^uri-refused: /);
    expect(await outcome([`${base}/i/`], `${base.replace('127.0.0.1', 'x@127.0.0.1')}/i/a`)).toMatch(
      /^uri-refused/,
    );
  });

  it('follows no redirect, and tells errors and silence', async () => {
    const base = await serve((request, response) => {
      if (request.url === '/i/away') response.writeHead(302, { location: '/secret' }).end();
      else if (request.url === '/i/gone') response.writeHead(404).end();
    });
    const allow = [`${base}/i/`];
    expect(await outcome(allow, `${base}/i/away`)).toMatch(/^uri-unavailable: .*redirect/);
    expect(await outcome(allow, `${base}/i/gone`)).toMatch(/^uri-unavailable: .*HTTP 404/);
    expect(await outcome(allow, `${base}/i/silent`, { timeoutMs: 50 })).toMatch(
      /^uri-unavailable: .*timeout/,
    );
    expect(await outcome(['http://127.0.0.1:1/'], 'http://127.0.0.1:1/a')).toMatch(/^uri-unavailable: /);
  });
});

describe('encoders.imageUris.allow', () => {
  it('takes folders by file: and https: only', () => {
    const allow = (...each: string[]) => parseConfig({ encoders: { imageUris: { allow: each } } });
    expect(() => allow('file:///data/images/', 'https://pacs.example/wado/')).not.toThrow();
    for (const wrong of [
      'http://pacs.example/',
      'https://u@pacs.example/',
      'file:///data',
      'https://pacs.example',
    ]) {
      expect(() => allow(wrong), wrong).toThrow(/encoders.imageUris.allow.0/);
    }
  });
});
