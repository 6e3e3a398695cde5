import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SourceMessage } from '../../src/events/source-message.js';
import { labs, note } from '../helpers.js';
import { admission, COUNT_BURSTS, signs, WELL } from './beds.js';
import { expectAccessible, HAS_CHROMIUM, keep, launch, openPage, SOON } from './browser.js';
import { type LiveWard, openLiveWard } from './live-ward.js';

const MAX_SCRIPT_BYTES = 150 * 1024;
const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script> lactate rising';

// NEWS2 7, and not all signs at once: those would be doubted as another patient's.
const ILL = { ...WELL, respRate: 31, spo2: 95, heartRate: 135 };

it('brings at most 150 KiB of script, gzipped', () => {
  const folder = new URL('../../dashboards/ward/dist/assets/', import.meta.url);
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));
  const sizes = scripts.map((name) => gzipSync(readFileSync(new URL(name, folder))).length);
  expect(scripts.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MAX_SCRIPT_BYTES);
});

describe.skipIf(!HAS_CHROMIUM)('the ward page (skipped without Chromium)', () => {
  let ward: LiveWard;
  let browser: Browser;
  let sent = 0;

  beforeAll(async () => {
    [ward, browser] = await Promise.all([openLiveWard(), launch()]);
    await ward.send(['1', '2', '3'].map((bed) => admission(bed)));
    for (const bed of ['1', '2', '3']) await ward.send([signs(bed, WELL)]);
  });
  afterEach(async () => {
    for (const bed of ['1', '2', '3']) await ward.send([signs(bed, WELL)]);
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await ward.close();
  });

  function results(bed: string, values: Record<string, number>): SourceMessage {
    const eventTime = Date.now();
    const at = { messageId: `l${++sent}`, patientId: `p${bed}`, eventTime };
    return { topic: 'ward.labs', key: `p${bed}`, eventTime, record: labs(values, at) };
  }

  const tile = (page: Page, bed: string) => page.getByRole('article', { name: `Bed ${bed}`, exact: true });
  const chosen = (page: Page) => page.getByTestId('alert-detail');
  const shown = (page: Page) => page.getByTestId('bed-tile');

  /** Whatever was raised for a bed is over. */
  async function recover(page: Page, bed: string) {
    await ward.send([signs(bed, WELL)]);
    await expect.poll(() => tile(page, bed).textContent(), SOON).toContain('No alert');
  }

  it('goes from ward to patient to acknowledgement, and a late joiner sees the same at once', async () => {
    const { page, faults } = await openPage(browser, ward.address);
    await expect.poll(() => shown(page).count(), SOON).toBe(3);
    expect(page.url()).not.toContain('token');
    expect(await tile(page, '2').textContent()).toContain('63 F');
    expect(await tile(page, '2').textContent()).toMatch(/124\/70.*\(88\)/);
    await expectAccessible(page);

    await ward.send([signs('2', ILL)]);
    await expect.poll(() => tile(page, '2').textContent(), SOON).toContain('HIGH raised');
    expect(await page.title()).toBe('(1) Wardstream');
    const text = { messageId: 'n1', patientId: 'p2', eventTime: Date.now() };
    await ward.send([
      { topic: 'ward.notes', key: 'p2', eventTime: text.eventTime, record: note(HOSTILE, text) },
    ]);
    await expectAccessible(page);
    await keep(page, 'ward');

    await tile(page, '2').getByRole('button').click();
    await expect.poll(() => page.getByTestId('charts').isVisible(), SOON).toBe(true);
    expect(page.url()).not.toContain('p2');
    await expect.poll(() => page.getByTestId('charts').textContent(), SOON).toMatch(/Heart rate.*135/);
    await page.getByRole('button', { name: /^Notes/ }).click();
    await expect.poll(() => page.getByTestId('notes').textContent(), SOON).toContain(HOSTILE);
    expect(await page.title()).toBe('(1) Wardstream');
    await expectAccessible(page);
    await keep(page, 'patient');

    await page.getByRole('button', { name: 'Alerts 1', exact: true }).first().click();
    await page.getByTestId('alert-item').getByRole('button').click();
    await expect.poll(() => page.getByTestId('life').textContent(), SOON).toContain('Raised');
    await expectAccessible(page);
    await chosen(page).getByRole('button', { name: 'Acknowledge for Bed 2' }).click();
    await expect.poll(() => chosen(page).textContent(), SOON).toContain('acknowledged by dr.lee');
    await chosen(page).getByRole('button', { name: 'Comment…' }).click();
    await chosen(page).getByLabel('Comment', { exact: true }).fill('fluids given');
    await chosen(page).getByRole('button', { name: 'Add comment' }).click();
    await expect
      .poll(() => page.getByTestId('life').textContent(), SOON)
      .toMatch(/Raised.*Acknowledged by dr\.lee.*Comment by dr\.lee.*fluids given/);
    await keep(page, 'alerts');

    const late = await openPage(browser, ward.address);
    await expect.poll(() => tile(late.page, '2').textContent(), SOON).toContain('HIGH acknowledged');
    await page.goBack();
    await page.goBack();
    await expect.poll(() => page.getByTestId('charts').isVisible(), SOON).toBe(true);
    await page.getByRole('button', { name: 'Back to the beds' }).click();
    await recover(page, '2');
    expect([...faults, ...late.faults]).toEqual([]);
  });

  it('snoozes only with a reason, and escalates', async () => {
    const { page, faults } = await openPage(browser, ward.address);
    await ward.send([signs('3', ILL)]);
    await expect.poll(() => tile(page, '3').textContent(), SOON).toContain('HIGH raised');
    await page.getByRole('button', { name: /^Bed 3: NEWS2/ }).click();
    await chosen(page).getByRole('button', { name: 'Snooze…' }).click();
    const snooze = chosen(page).getByRole('button', { name: 'Snooze', exact: true });
    expect(await snooze.getAttribute('aria-disabled')).toBe('true');
    await chosen(page).getByRole('button', { name: '10 min' }).click();
    await chosen(page).getByLabel('Why it may wait').fill('being turned');
    await snooze.click();
    await expect.poll(() => chosen(page).textContent(), SOON).toMatch(/snoozed by dr\.lee.*being turned/);
    await chosen(page).getByRole('button', { name: 'Escalate…' }).click();
    await chosen(page).getByRole('button', { name: 'Escalate', exact: true }).click();
    await expect.poll(() => chosen(page).textContent(), SOON).toContain('escalated by dr.lee');
    await page.getByRole('button', { name: 'Beds 3' }).click();
    await recover(page, '3');
    await page.getByRole('button', { name: 'Alerts 0', exact: true }).click();
    await page.getByRole('button', { name: 'Resolved' }).click();
    await expect.poll(() => page.getByTestId('inbox').textContent(), SOON).toMatch(/Bed 3NEWS2.*resolved/);
    expect(faults).toEqual([]);
  });

  it('says that the connection is lost, greys the data, and loses or doubles no alert of the time away', async () => {
    const { page, faults } = await openPage(browser, ward.address);
    await ward.send([signs('1', ILL)]);
    await expect.poll(() => tile(page, '1').textContent(), SOON).toContain('HIGH raised');
    await ward.stopServer();
    await expect.poll(() => page.getByTestId('banner').textContent(), SOON).toContain('Connection lost');
    expect(await page.getByTestId('connection').textContent()).toBe('Connection lost');
    expect(await page.evaluate("getComputedStyle(document.querySelector('main')).filter")).toBe(
      'grayscale(1)',
    );
    await keep(page, 'lost');
    // While nobody can be told, the first alert resolves and two more are raised.
    await ward.send([signs('1', WELL)]);
    await ward.send([signs('2', ILL)]);
    await ward.send([signs('3', ILL)]);
    await ward.startServer();
    await expect.poll(() => page.getByTestId('connection').textContent(), SOON).toBe('Connected');
    await expect.poll(() => tile(page, '1').textContent(), SOON).toContain('No alert');
    const open = page.getByTestId('alert-item');
    await expect.poll(() => open.getByRole('heading').allTextContents(), SOON).toHaveLength(2);
    expect((await open.getByRole('heading').allTextContents()).sort()).toEqual([
      'Bed 2: NEWS2',
      'Bed 3: NEWS2',
    ]);
    await recover(page, '2');
    await recover(page, '3');
    expect(faults).toEqual([]);
  });

  it('can be used by keyboard alone, in the viewer’s zone, without motion where that is wanted', async () => {
    const options = { timezoneId: 'Asia/Kolkata', reducedMotion: 'reduce', colorScheme: 'dark' } as const;
    const { page, faults } = await openPage(browser, ward.address, options);
    await expect.poll(() => shown(page).count(), SOON).toBe(3);
    expect(await page.locator('.zone').textContent()).toBe('GMT+5:30');
    await ward.send([signs('1', ILL)]);
    await expect.poll(() => tile(page, '1').textContent(), SOON).toContain('HIGH raised');
    await expectAccessible(page);
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
    const focused = () => page.evaluate('document.activeElement.textContent');
    for (let press = 0; press < 20 && (await focused()) !== 'Bed 1'; press++)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByTestId('charts').isVisible(), SOON).toBe(true);
    await page.getByTestId('charts').focus();
    await page.keyboard.press('ArrowLeft');
    expect(await page.getByTestId('reading').textContent()).toMatch(/^\d\d:\d\d:\d\d$/);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByTestId('reading').count()).toBe(0);
    await page.keyboard.press('+');
    await expect.poll(() => page.getByRole('button', { name: 'Back to now' }).count()).toBe(1);
    await expectAccessible(page);
    await page.goBack();
    await recover(page, '1');
    expect(faults).toEqual([]);
  });

  it('sounds an alert once the viewer has touched the page; muting it leaves it visible', async () => {
    const { page, faults } = await openPage(browser, 'about:blank');
    await page.addInitScript(COUNT_BURSTS);
    await page.goto(ward.address);
    const bursts = () => page.evaluate('bursts');
    await expect.poll(() => shown(page).count(), SOON).toBe(3);
    await page.getByRole('heading', { name: 'ICU' }).click();
    expect(await bursts()).toBe(0);
    await ward.send([signs('1', ILL)]);
    await expect.poll(bursts, SOON).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Sound on' }).click();
    expect(await page.getByRole('button', { name: 'Muted' }).getAttribute('class')).toContain('missed');
    expect(await tile(page, '1').textContent()).toContain('HIGH raised');
    await recover(page, '1');
    expect(faults).toEqual([]);
  });

  // The last: its notices stay for a minute after their cause.
  it('keeps state, doubt and risk apart, on the tile, the patient’s page and in the list of alerts', async () => {
    const { page, faults } = await openPage(browser, ward.address);
    await expect.poll(() => shown(page).count(), SOON).toBe(3);
    const flushed = { ...WELL, sbpInvasive: 300, mapInvasive: 298, dbpInvasive: 296 };
    await ward.send([results('2', { potassium: 6.8 }), signs('1', flushed)]);
    await expect
      .poll(() => tile(page, '2').getByTestId('state').textContent(), SOON)
      .toMatch(/State now, critical: Very high potassium.*6\.8 mmol\/L/);
    const doubt = tile(page, '1').getByTestId('doubt');
    await expect.poll(() => doubt.textContent(), SOON).toMatch(/BP art not used.*flush/);
    expect(await tile(page, '1').textContent()).toContain('124/70');
    expect(await tile(page, '1').getByTestId('state').textContent()).not.toMatch(/critical:|failing:/);
    // Whatever the risk says, who is in a critical state comes first.
    expect(await shown(page).first().getAttribute('aria-label')).toBe('Bed 2');
    expect(await tile(page, '2').textContent()).toMatch(/forecast/);
    await expectAccessible(page);

    await tile(page, '2').getByRole('button').click();
    await expect
      .poll(() => page.getByTestId('state-card').textContent(), SOON)
      .toMatch(/Very high potassium critical6\.8 mmol\/L.*at least 6\.2 mmol\/L/);
    await expect
      .poll(() => page.getByTestId('charts').textContent(), SOON)
      .toMatch(/Very high potassium, critical, since/);
    await page.getByRole('button', { name: /^States/ }).click();
    expect(await page.getByTestId('state-history').textContent()).toContain('goes on');
    expect(await page.getByTestId('scores-card').textContent()).toMatch(/CirculationMean BP 88 mmHg.*0\/4/);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Back to the beds' }).click();

    await tile(page, '1').getByRole('button').click();
    await expect
      .poll(() => page.getByTestId('doubt-card').textContent(), SOON)
      .toMatch(/BP art artefact.*Mean BP \(arterial line\) 298 mmHg.*being flushed/);
    await page.getByRole('button', { name: /^Not used/ }).click();
    await expect
      .poll(() => page.getByTestId('doubt-history').textContent(), SOON)
      .toContain('296 to 300 mmHg');
    await expectAccessible(page);

    await page
      .getByRole('button', { name: /^Alerts \d/ })
      .first()
      .click();
    await page.getByRole('button', { name: /^Risk or score/ }).click();
    expect(await page.getByTestId('alert-item').count()).toBe(0);
    await page.getByRole('button', { name: /^State now/ }).click();
    await page.getByTestId('alert-item').getByRole('button').click();
    expect(await chosen(page).textContent()).toMatch(/State now.*Bed 2: Very high potassium/);
    await expectAccessible(page);
    await ward.send([results('2', { potassium: 4 }), signs('1', WELL)]);
    await expect.poll(() => page.getByTestId('alert-item').count(), SOON).toBe(0);
    expect(faults).toEqual([]);
  });
});
