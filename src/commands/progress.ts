import { SingleBar } from 'cli-progress';

/** A bar on a terminal with stays, rate and time left; nothing where stderr is none. */
export class StayProgress {
  readonly #bar = new SingleBar({
    format: '{what} {bar} {value}/{total} stays | {rate} stays/s | {eta_formatted} left',
    clearOnComplete: true,
    etaBuffer: 50,
  });
  readonly #isShown = process.stderr.isTTY === true;
  #what = '';
  #began = 0;

  /** `what` is done next, or goes on. */
  update(what: string, done: number, total: number): void {
    if (!this.#isShown) return;
    if (what !== this.#what) {
      this.stop();
      this.#what = what;
      this.#began = performance.now();
      this.#bar.start(total, done, { what, rate: '–' });
    }
    const seconds = (performance.now() - this.#began) / 1000;
    this.#bar.setTotal(total);
    this.#bar.update(done, { what, rate: Math.round(done / Math.max(0.001, seconds)) });
  }

  stop(): void {
    if (this.#what !== '') this.#bar.stop();
    this.#what = '';
  }
}
