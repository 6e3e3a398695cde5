import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { HAS_CHROMIUM, keep, launch, openPage, SOON } from './browser.js';

/** Tiles whose content does not fit them. */
const CUT_OFF = `[...document.querySelectorAll('.tile')]
  .filter((tile) => tile.scrollHeight > tile.clientHeight + 1 || tile.scrollWidth > tile.clientWidth + 1)
  .map((tile) => tile.ariaLabel)`;

let ward: ChildProcess;
let address: URL;
let token: string;

beforeAll(async () => {
  ward = spawn(process.execPath, ['dist/main.js', 'start', '--port', '0', '--beds', '48'], {
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
    expect(patients).toHaveLength(48);
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

  it.skipIf(!HAS_CHROMIUM)(
    'shows 48 beds on one screen, at a desk and on a wall (skipped without Chromium)',
    async () => {
      const browser = await launch();
      for (const [name, query, colorScheme] of [
        ['48-beds', '', 'light'],
        ['wall', '?wall', 'dark'],
      ] as const) {
        const { page, faults } = await openPage(browser, address.href.replace('#', `${query}#`), {
          colorScheme,
        });
        const tiles = page.getByTestId('bed-tile');
        await expect.poll(() => tiles.count(), SOON).toBe(48);
        await expect.poll(() => page.getByTestId('risk').first().textContent(), SOON).toMatch(/\d+ %/);
        // Once the typeface is there, nothing is cut off and nothing has to be scrolled to.
        await expect.poll(() => page.evaluate(CUT_OFF), SOON).toEqual([]);
        const boxes = await Promise.all((await tiles.all()).map((tile) => tile.boundingBox()));
        for (const box of boxes) {
          expect(box?.x).toBeGreaterThanOrEqual(0);
          expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(1920);
          expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(1080);
        }
        expect(faults).toEqual([]);
        await keep(page, name);
      }
      await browser.close();
    },
  );
});
