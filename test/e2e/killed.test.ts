import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { titleOf } from '../../src/contract/amounts.js';
import type { AlertsResponse } from '../../src/contract/protocol.js';
import { temporaryDirectory } from '../helpers.js';
import { SECRET, tokenOf } from '../server/ward.js';
import { HAS_CHROMIUM, launch, openPage, SOON } from './browser.js';

/** One process of the ward, with the lines it printed. */
class WardProcess {
  readonly #child: ChildProcess;
  #output = '';

  constructor(options: Record<string, unknown>) {
    const script = new URL('ward-process.mjs', import.meta.url).pathname;
    this.#child = spawn(process.execPath, [script, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child.stdout?.on('data', (data) => {
      this.#output += String(data);
    });
  }

  /** What it printed, once it matches. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match[0];
      if (this.#child.exitCode !== null) throw new Error(`the ward ended with ${this.#child.exitCode}`);
      await sleep(20);
    }
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

describe.skipIf(!HAS_CHROMIUM)('a server killed in the middle (skipped without Chromium)', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
  });

  const rows = (page: Page) => page.getByTestId('alert-item');
  const open = async (address: string, token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${address}/api/v1/alerts?open=true`, { headers });
    return ((await response.json()) as AlertsResponse).alerts;
  };

  it('has the page show every alert once when it is back', async () => {
    const began = Date.now();
    const options = { directory: temporaryDirectory(), secret: SECRET, began, msPerMinute: 15, minutes: 360 };
    const start = (port: number) => {
      const started = new WardProcess({ ...options, port });
      // Before its directory goes.
      onTestFinished(() => started.kill());
      return started;
    };
    const first = start(0);
    const address = await first.line(/http:\S+/);
    const token = await tokenOf();
    const { page, faults } = await openPage(browser, `${address}/#token=${token}`);
    await expect.poll(() => rows(page).count(), SOON).toBeGreaterThan(1);

    await first.kill();
    await expect.poll(() => page.getByTestId('connection').textContent(), SOON).toBe('Connection lost');
    const second = start(Number(new URL(address).port));
    await second.line(/ended/);
    const expected = await open(address, token);
    expect(expected.length).toBeGreaterThan(1);
    const titles = async () => (await rows(page).getByRole('heading').allTextContents()).sort();
    await expect.poll(async () => (await titles()).length, SOON).toBe(expected.length);
    await expect.poll(() => page.getByTestId('connection').textContent(), SOON).toBe('Connected');
    expect(await titles()).toEqual(expected.map((each) => `${each.bedId}: ${titleOf(each)}`).sort());
    expect(faults).toEqual([]);
  });
});
