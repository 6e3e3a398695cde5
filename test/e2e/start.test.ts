import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let ward: ChildProcess;
let address: URL;
let token: string;

beforeAll(async () => {
  ward = spawn(process.execPath, ['dist/main.js', 'start', '--port', '0', '--beds', '16'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    let output = '';
    ward.once('exit', (code) => reject(new Error(`the demo ended with ${code}`)));
    ward.stdout?.on('data', (data) => {
      output += String(data);
      const match = /http:\/\/\S+#token=\S+/.exec(output);
      if (match !== null) resolve(match[0]);
    });
  });
  address = new URL(line);
  token = address.hash.slice('#token='.length);
}, 30_000);

afterAll(async () => {
  const ended = new Promise((resolve) => ward.once('exit', resolve));
  ward.kill('SIGINT');
  expect(await ended).toBe(0);
});

const get = (path: string, bearer?: string) =>
  fetch(
    new URL(path, address),
    bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` } },
  );

describe('npm start', () => {
  it('answers nothing but health and the page without the token', async () => {
    for (const path of ['/api/v1/patients', '/api/v1/alerts', '/api/v1/scores?patientId=x']) {
      expect([path, (await get(path)).status]).toEqual([path, 401]);
      expect([path, (await get(path, 'wrong')).status]).toEqual([path, 401]);
    }
    expect((await get('/api//v1/patients')).status).toBe(404);
    expect((await get('/health/live')).status).toBe(200);
    expect((await get('/')).headers.get('content-security-policy')).toContain("default-src 'self'");
    const refused = new WebSocket(address.href.replace('http', 'ws').replace(/#.*/, 'ws'), [
      'wardstream.v1',
      'bearer.wrong',
    ]);
    await expect(new Promise((_, reject) => refused.once('error', reject))).rejects.toThrow('401');
  });

  it('serves patients, alerts and scores with it, and says what is wrong with a bad request', async () => {
    const { patients } = (await (await get('/api/v1/patients', token)).json()) as {
      patients: { patientId: string }[];
    };
    expect(patients).toHaveLength(16);
    await expect
      .poll(
        async () =>
          ((await (await get('/api/v1/alerts', token)).json()) as { alerts: unknown[] }).alerts.length,
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0);
    const scores = `/api/v1/scores?patientId=${patients[0].patientId}`;
    await expect
      .poll(async () => ((await (await get(scores, token)).json()) as { scores: unknown[] }).scores.length, {
        timeout: 20_000,
      })
      .toBeGreaterThan(5);
    const bad = await get('/api/v1/scores?limit=none', token);
    expect([bad.status, bad.headers.get('content-type')]).toEqual([
      400,
      expect.stringContaining('application/problem+json'),
    ]);
  });

  it('closes a client that does not speak the protocol, with a code that says so', async () => {
    const socket = new WebSocket(address.href.replace('http', 'ws').replace(/#.*/, 'ws'), [
      'wardstream.v1',
      `bearer.${token}`,
    ]);
    socket.once('open', () => socket.send('{"type":"nonsense"}'));
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(4400);
  });

  it.skipIf(!existsSync(CHROMIUM))(
    'shows 16 beds with risk and an alert, and acknowledges it (skipped without Chromium)',
    async () => {
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
      const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      await page.goto(address.href);
      await expect.poll(() => page.getByTestId('bed-tile').count(), { timeout: 15_000 }).toBe(16);
      await expect
        .poll(() => page.getByTestId('risk').first().textContent(), { timeout: 15_000 })
        .toMatch(/\d+ %/);
      await expect.poll(() => page.getByTestId('alert-item').count(), { timeout: 20_000 }).toBeGreaterThan(0);
      expect(page.url()).not.toContain('token');
      await page
        .getByRole('button', { name: /^Acknowledge/ })
        .last()
        .click();
      await expect
        .poll(() => page.getByText('acknowledged by local').count(), { timeout: 15_000 })
        .toBeGreaterThan(0);
      mkdirSync('test-artifacts', { recursive: true });
      await page.screenshot({ path: 'test-artifacts/ward.png' });
      expect(faults).toEqual([]);
      await browser.close();
    },
  );
});
