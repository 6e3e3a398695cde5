import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { admission, COUNT_BURSTS, signs, WELL } from './beds.js';
import { expectAccessible, HAS_CHROMIUM, keep, launch, openPage, SOON } from './browser.js';
import { type LiveWard, openLiveWard } from './live-ward.js';

const BEDS = ['1', '2', '3', '4', '5', '6'];
const PHONE = { viewport: { width: 390, height: 844 } };
/** Every monitor sends this often. */
const EVERY_MS = 1000;
/** The viewer's clock is two hours ahead. */
const WRONG_CLOCK = `
  const now = Date.now;
  Date.now = () => now() + 7_200_000;
`;

describe.skipIf(!HAS_CHROMIUM)('a ward that is not live (skipped without Chromium)', () => {
  let ward: LiveWard;
  let browser: Browser;
  let sending: NodeJS.Timeout;
  /** Beds whose monitors send. */
  let speaking: readonly string[] = BEDS;
  let sent = 0;

  beforeAll(async () => {
    [ward, browser] = await Promise.all([openLiveWard({ watchesFeeds: true }), launch()]);
    await ward.send(BEDS.map(admission));
    sending = setInterval(() => {
      sent += speaking.length;
      void ward.send(speaking.map((bed) => signs(bed, WELL)));
    }, EVERY_MS);
  });
  afterEach(async () => {
    speaking = BEDS;
    ward.presence = null;
    ward.catchingUp = null;
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(async () => {
    clearInterval(sending);
    await browser.close();
    await ward.close();
  });

  const tile = (page: Page, bed: string) => page.getByRole('article', { name: `Bed ${bed}`, exact: true });
  const data = (page: Page) => page.getByTestId('data').textContent();
  const banner = (page: Page) => page.getByTestId('banner').textContent();

  /** A page of the ward as it is live, and the same on a phone. */
  async function open(script = '') {
    // How often a monitor sends is known by its fourth interval.
    await expect.poll(() => sent, SOON).toBeGreaterThan(6 * BEDS.length);
    const desk = await openPage(browser, 'about:blank');
    if (script !== '') await desk.page.addInitScript(script);
    await desk.page.goto(ward.address);
    const phone = await openPage(browser, ward.address, PHONE);
    for (const { page } of [desk, phone]) {
      await expect.poll(() => page.getByTestId('bed-tile').count(), SOON).toBe(BEDS.length);
      await expect.poll(() => data(page), SOON).toBe('Live');
    }
    return { page: desk.page, phone: phone.page, faults: [...desk.faults, ...phone.faults] };
  }

  /** Fails where the page is wider than the screen, or a tile than its place. */
  async function expectWhole(page: Page) {
    const cut = `[document.documentElement, ...document.querySelectorAll('.tile')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)
      .map(({ tagName, textContent }) => tagName + ' ' + textContent)`;
    expect(await page.evaluate(cut)).toEqual([]);
  }

  async function picture(pages: { page: Page; phone: Page }, name: string) {
    await keep(pages.page, name);
    await keep(pages.phone, `${name}-phone`);
    await expectAccessible(pages.page);
    await expectWhole(pages.page);
    await expectWhole(pages.phone);
  }

  it('tells of one bed whose feed falls silent, with sound, and of its return', async () => {
    const pages = await open(COUNT_BURSTS);
    const { page, faults } = pages;
    expect(await page.getByTestId('connection').textContent()).toBe('Connected');
    await page.getByRole('heading', { name: 'ICU' }).click();
    expect(await page.evaluate('bursts')).toBe(0);
    speaking = BEDS.filter((bed) => bed !== '3');
    await expect.poll(() => tile(page, '3').textContent(), SOON).toContain('Feed silent');
    await expect.poll(() => data(page), SOON).toBe('Not live: 1 of 6 beds');
    await expect.poll(() => page.evaluate('bursts'), SOON).toBeGreaterThan(0);
    expect(await tile(page, '2').textContent()).not.toContain('silent');
    await expect.poll(() => tile(pages.phone, '3').textContent(), SOON).toContain('Feed silent');
    await picture(pages, 'liveness-silent-bed');
    await tile(page, '3').getByRole('button').click();
    await expect.poll(() => page.locator('.head').textContent(), SOON).toContain('Not live: feed silent');
    await expectAccessible(page);
    await keep(page, 'liveness-silent-patient');
    await page.goBack();
    speaking = BEDS;
    await expect.poll(() => data(page), SOON).toBe('Live');
    await expect.poll(() => tile(page, '3').textContent(), SOON).toContain('No alert');
    expect(faults).toEqual([]);
  });

  it('tells of a ward whose feeds all fall silent as one alarm', async () => {
    const pages = await open();
    const { page, faults } = pages;
    speaking = [];
    await expect.poll(() => data(page), SOON).toBe('Not live: 6 of 6 beds');
    await expect.poll(() => banner(page), SOON).toMatch(/^Nothing comes of 6 of 6 beds since/);
    const items = page.getByTestId('alert-item');
    await expect.poll(() => items.count(), SOON).toBe(1);
    expect(await items.textContent()).toContain('most beds of ICU');
    await expect.poll(() => data(pages.phone), SOON).toBe('Not live: 6 of 6 beds');
    await picture(pages, 'liveness-silent-ward');
    expect(faults).toEqual([]);
  });

  it('says of an engine that is away or behind that it is that, and not that the feed is silent', async () => {
    const pages = await open();
    const { page, phone, faults } = pages;
    ward.presence = { cause: 'unread', since: Date.now() - 70_000 };
    await expect.poll(() => tile(page, '1').textContent(), SOON).toContain('Not read 1 min');
    expect(await banner(page)).toMatch(
      /^Nothing is read of 6 of 6 beds since .* look at the bedside monitors/,
    );
    expect(await data(page)).toBe('Not live: 6 of 6 beds');
    expect(await page.getByTestId('connection').textContent()).toBe('Connected');
    await expect.poll(() => data(phone), SOON).toBe('Not live: 6 of 6 beds');
    await picture(pages, 'liveness-unread');
    ward.presence = { cause: 'behind', since: Date.now() - 130_000 };
    await expect.poll(() => tile(page, '1').textContent(), SOON).toContain('Engine behind 2 min');
    expect(await banner(page)).toMatch(/^Of 6 of 6 beds not all is read since/);
    await expect.poll(() => tile(phone, '1').textContent(), SOON).toContain('Engine behind 2 min');
    await picture(pages, 'liveness-behind');
    ward.presence = null;
    await expect.poll(() => data(page), SOON).toBe('Live');
    expect(faults).toEqual([]);
  });

  it('says while the server catches up of how many beds it knows the present', async () => {
    const pages = await open();
    const { page, phone, faults } = pages;
    ward.catchingUp = { partitions: 0, of: 4, restored: 2 };
    ward.presence = { cause: 'behind', since: Date.now() - 3_600_000 };
    await expect.poll(() => banner(page), SOON).toMatch(/^Catching up: 0 of at least 6 beds\./);
    expect(await data(page)).toBe('Catching up');
    await expect.poll(() => banner(phone), SOON).toMatch(/^Catching up/);
    await picture(pages, 'liveness-catching-up');
    expect(faults).toEqual([]);
  });

  it('counts ages by the server’s time, on a machine whose clock is wrong and after a reload', async () => {
    const pages = await open(WRONG_CLOCK);
    const { page, faults } = pages;
    await expect
      .poll(() => page.getByTestId('aside').textContent(), SOON)
      .toMatch(/^The clock of this computer is 2 h 00 ahead of the server/);
    await expect.poll(() => tile(page, '1').textContent(), SOON).not.toContain('2h');
    expect(await data(page)).toBe('Live');
    await picture(pages, 'liveness-clock');
    ward.presence = { cause: 'unread', since: Date.now() - 600_000 };
    await expect.poll(() => tile(page, '1').textContent(), SOON).toContain('Not read 10 min');
    await page.reload();
    await expect.poll(() => tile(page, '1').textContent(), SOON).toContain('Not read 10 min');
    expect(faults).toEqual([]);
  });
});
