import { type ChildProcess, spawn } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, HAS_CHROMIUM, keep, launch, openPage, SOON } from './browser.js';

const FROM = 'simulate:beds=6,hours=20,seed=7';

/** A replay that stands still, under its address. */
async function serve(...words: string[]): Promise<{ replay: ChildProcess; address: string }> {
  const command = ['dist/main.js', 'replay', '--from', FROM, '--serve', '0', ...words];
  const replay = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise<string>((resolve, reject) => {
    replay.once('exit', (code) => reject(new Error(`the replay ended with ${code}`)));
    replay.stdout?.on('data', (data) => {
      const found = /http:\/\/\S+#token=\S+/.exec(String(data))?.[0];
      if (found !== undefined) resolve(found);
    });
  });
  return { replay, address };
}

describe.skipIf(!HAS_CHROMIUM)('the page on a replay (skipped without Chromium)', () => {
  const replays: ChildProcess[] = [];
  let address: string;
  let ofOne: string;
  let browser: Browser;

  beforeAll(async () => {
    const begun = [serve('--speed', 'step'), serve('--stay', 'SIM-7-003', '--at', '10')];
    browser = await launch();
    const all = await Promise.all(begun);
    replays.push(...all.map(({ replay }) => replay));
    [address, ofOne] = all.map((each) => each.address);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    const ended = replays.map((replay) => new Promise((resolve) => replay.once('exit', resolve)));
    for (const replay of replays) replay.kill('SIGINT');
    expect(await Promise.all(ended)).toEqual([0, 0]);
  });

  it('of one stay opens its page, over a span that shows it, and keeps the patient out of the address', async () => {
    const { page, faults } = await openPage(browser, ofOne);
    const patient = page.getByTestId('patient');
    await expect.poll(() => patient.textContent(), SOON).toContain('SIM-7-003 · admitted');
    expect(new URL(page.url()).hash).toBe('');
    // Ten hours after admission.
    const pressed = patient.locator('.span button[aria-pressed=true]');
    await expect.poll(() => pressed.allTextContents(), SOON).toEqual(['12 h']);
    await page.reload();
    await expect.poll(() => pressed.allTextContents(), SOON).toEqual(['12 h']);
    expect(faults).toEqual([]);
  });

  it('goes to where something truly happened, plays, pauses, goes back, and alerts can be acted on meanwhile', async () => {
    const { page, faults } = await openPage(browser, address);
    const bar = page.getByTestId('replay');
    const slider = bar.getByLabel('Time');
    const time = async () => Number(await slider.inputValue());
    await expect.poll(() => bar.isVisible(), SOON).toBe(true);
    expect(await page.getByTestId('data').textContent()).toBe('Replay, not live');
    const [from, to] = [Number(await slider.getAttribute('min')), Number(await slider.getAttribute('max'))];
    expect(to - from).toBe(20 * 3_600_000);
    expect(await time()).toBe(from);

    await bar
      .getByRole('button', { name: /^Go to two hours before .*: Respiratory failure/ })
      .last()
      .click();
    await expect.poll(() => page.locator('.tile').count(), SOON).toBe(6);
    await expect.poll(() => bar.textContent(), SOON).not.toContain('going there');
    const there = await time();
    expect(there).toBeGreaterThan(from + 4 * 3_600_000);
    await expectAccessible(page);
    await keep(page, 'replay');

    await page
      .getByRole('button', { name: /^Alerts [1-9]/ })
      .first()
      .click();
    await page.getByTestId('alert-item').first().getByRole('button').click();
    await page.getByRole('button', { name: /^Acknowledge for/ }).click();
    await expect.poll(() => page.getByTestId('life').textContent(), SOON).toMatch(/Acknowledged by/);
    expect(await time()).toBe(there);

    await bar.getByLabel('Speed').selectOption('300×');
    await bar.getByRole('button', { name: 'Play' }).click();
    await expect.poll(time, SOON).toBeGreaterThan(there);
    await bar.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => bar.getByRole('button', { name: 'Play' }).count(), SOON).toBe(1);

    await slider.focus();
    await page.keyboard.press('Home');
    await expect.poll(time, SOON).toBe(from);
    await expect.poll(() => page.getByTestId('alert-item').count(), SOON).toBe(0);
    await page.keyboard.press('End');
    await expect.poll(time, SOON).toBeGreaterThan(to - 120_000);
    await bar.getByRole('button', { name: 'Play' }).click();
    await expect.poll(() => bar.textContent(), SOON).toContain('at the end');
    expect(faults).toEqual([]);
  });
});
