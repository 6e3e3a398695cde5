import type { Browser } from 'playwright-core';
import { Subject } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReplayState } from '../../src/server/protocol.js';
import type { ReplayControl } from '../../src/server/replay-control.js';
import { HOUR_MS, START, score } from '../helpers.js';
import { openTestStore, openWard, stay, type TestWard, tokenOf } from '../server/ward.js';
import { expectAccessible, HAS_CHROMIUM, keep, launch, openPage, SOON } from './browser.js';

/** A replay that does what it is told and nothing by itself. */
class StandingReplay implements ReplayControl {
  readonly changes$ = new Subject<ReplayState>();
  state: ReplayState = {
    isPlaying: false,
    speed: 60,
    time: START + HOUR_MS,
    from: START,
    to: START + 48 * HOUR_MS,
    isAtEnd: false,
    events: [{ patientId: 'p1', wardId: 'ICU', kind: 'death', time: START + 30 * HOUR_MS, label: 'died' }],
  };

  play(): void {
    this.#change({ isPlaying: true });
  }

  pause(): void {
    this.#change({ isPlaying: false });
  }

  setSpeed(speed: number | null): void {
    this.#change({ speed });
  }

  async seek(time: number): Promise<void> {
    this.#change({ time });
  }

  #change(change: Partial<ReplayState>): void {
    this.state = { ...this.state, ...change };
    this.changes$.next(this.state);
  }
}

describe.skipIf(!HAS_CHROMIUM)('the page on a replay (skipped without Chromium)', () => {
  const replay = new StandingReplay();
  let test: Awaited<ReturnType<typeof openTestStore>>;
  let ward: TestWard;
  let browser: Browser;

  beforeAll(async () => {
    test = await openTestStore();
    ward = await openWard(test.store, { replay });
    await ward.write({
      admitted: [stay('p1', 'ICU', 'Bed 1')],
      scores: [score(60, 0.4, { bedId: 'Bed 1' })],
    });
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await ward.close();
    await test.close();
  });

  it('plays, pauses, changes speed, and goes to where something truly happened', async () => {
    const { page, faults } = await openPage(browser, `${ward.server.url}/#token=${await tokenOf()}`);
    const bar = page.getByTestId('replay');
    await expect.poll(() => bar.isVisible(), SOON).toBe(true);
    expect(await page.getByTestId('connection').textContent()).toBe('Replay, not live');
    await expectAccessible(page);
    await keep(page, 'replay');

    await bar.getByRole('button', { name: 'Play' }).click();
    await expect.poll(() => bar.getByRole('button', { name: 'Pause' }).count(), SOON).toBe(1);
    expect(replay.state.isPlaying).toBe(true);
    await bar.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => replay.state.isPlaying, SOON).toBe(false);
    await bar.getByLabel('Speed').selectOption('300×');
    await expect.poll(() => replay.state.speed, SOON).toBe(300);

    await bar.getByRole('button', { name: /^Go to two hours before Bed 1: died/ }).click();
    await expect.poll(() => replay.state.time, SOON).toBe(START + 28 * HOUR_MS);
    await bar.getByLabel('Time').focus();
    await page.keyboard.press('Home');
    await expect.poll(() => replay.state.time, SOON).toBe(START);
    expect(faults).toEqual([]);
  });
});
