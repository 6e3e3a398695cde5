import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { verifiedFile } from '../../src/encoders/verified-file.js';
import { parseConfig } from '../../src/settings/config.js';
import { temporaryDirectory } from '../helpers.js';

const CONTENT = 'the weights';
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

async function serve(content: string) {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    if (request.url === '/model.onnx') response.end(content);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { base, requests: () => requests };
}

describe('verifiedFile', () => {
  it('takes a file as it is, or if its sha256 is the one expected', async () => {
    const file = join(temporaryDirectory(), 'model.onnx');
    await expect(verifiedFile({ file })).rejects.toThrow(`there is no file ${file}`);
    writeFileSync(file, CONTENT);
    expect(await verifiedFile({ file })).toBe(file);
    expect(await verifiedFile({ file, sha256: SHA256 })).toBe(file);
    const other = '0'.repeat(64);
    await expect(verifiedFile({ file, sha256: other })).rejects.toThrow(
      `its sha256 is ${SHA256}, not ${other}`,
    );
  });

  it('fetches by URL once, and again only where the kept file is damaged', async () => {
    const cache = join(temporaryDirectory(), 'cache');
    const { base, requests } = await serve(CONTENT);
    const source = { url: `${base}/model.onnx`, sha256: SHA256 };
    const path = await verifiedFile(source, cache);
    expect(readFileSync(path, 'utf8')).toBe(CONTENT);
    expect(await verifiedFile(source, cache)).toBe(path);
    expect(requests()).toBe(1);
    writeFileSync(path, 'rot');
    await verifiedFile(source, cache);
    expect([requests(), readFileSync(path, 'utf8')]).toEqual([2, CONTENT]);
  });

  it('refuses another content than was meant, keeps nothing of it, and says what cannot be fetched', async () => {
    const cache = temporaryDirectory();
    const { base } = await serve('something else');
    const url = `${base}/model.onnx`;
    await expect(verifiedFile({ url, sha256: SHA256 }, cache)).rejects.toThrow(
      /is not the file the configuration means: its sha256 is/,
    );
    expect(readdirSync(cache)).toEqual([]);
    const gone = { url: `${base}/gone`, sha256: SHA256 };
    await expect(verifiedFile(gone, cache)).rejects.toThrow(/gone cannot be fetched: HTTP 404/);
    const nobody = { url: 'http://127.0.0.1:1/x', sha256: SHA256 };
    await expect(verifiedFile(nobody, cache)).rejects.toThrow(/cannot be fetched: fetch failed/);
  });

  it('is configured with https and a sha256, or with a file', () => {
    const model = (source: object) =>
      parseConfig({
        encoders: { text: { kind: 'custom', name: 'x', model: source, tokenizer: { file: 't' } } },
      });
    expect(() => model({ url: 'https://example.org/m.onnx', sha256: SHA256 })).not.toThrow();
    expect(() => model({ file: 'm.onnx' })).not.toThrow();
    expect(() => model({ url: 'https://example.org/m.onnx' })).toThrow(/encoders.text.model/);
    expect(() => model({ url: 'http://example.org/m.onnx', sha256: SHA256 })).toThrow(/encoders.text.model/);
    expect(() => model({ file: 'm.onnx', sha256: 'short' })).toThrow(/encoders.text.model/);
  });
});
