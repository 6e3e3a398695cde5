import { setTimeout as sleep } from 'node:timers/promises';
import { DAY_MS } from '../../durations.js';
import { type Pace, replay } from '../../replay/replay.js';
import type { Config } from '../../settings/config.js';
import { FIRST_ADMISSION, wardMessages } from '../../sources/historic-stay.js';
import { noCounts, type ReplaySource } from '../../sources/source.js';
import { compareStay, type StaySeen } from './compare.js';
import { courseOf, VARIANTS } from './courses.js';
import { type Seen, Watcher } from './observed.js';
import type { StableStay } from './stays.js';

/** Some stays to probe, as plain data, so that it can go to a worker thread. */
export interface ProbeShare {
  readonly config: Config;
  readonly stays: readonly StableStay[];
}

/**
 * Replays every variant of some stays through the pipeline, each as a patient of its own. The variants of a stay lie side by side, the
 * stays come one after the other, so memory holds one. Each stay is told when it is over; with `signal` the others are left.
 */
export async function probeShare(
  { config, stays }: ProbeShare,
  onStay: (seen: StaySeen) => void,
  signal?: AbortSignal,
): Promise<void> {
  const waiting = stays.map(() => ({ left: VARIANTS.length, seen: new Array<Seen>(VARIANTS.length) }));
  const watcher = new Watcher((patientId, seen) => {
    const [stay, variant] = patientId.split('.').map(Number);
    waiting[stay].seen[variant] = seen;
    if (--waiting[stay].left > 0) return;
    onStay(compareStay(stays[stay], waiting[stay].seen, admittedAt(stay)));
    waiting[stay].seen = [];
  });
  const pace = new MomentByMoment(signal);
  await replay(sideBySide(stays), {
    config: { ...config, store: { kind: 'none' } },
    speed: 'max',
    pace,
    onOpened: ({ engine, bus }) => pace.follow(() => bus.unread > 0 || engine.inFlight > 0),
    sinks: [watcher],
    explainsAlerts: false,
    watchesBeds: true,
    signal,
  });
}

/** Each moment is dealt with before the next happens, as it is live: so what the clock says fits what is at the beds. */
export class MomentByMoment implements Pace {
  readonly #signal: AbortSignal | undefined;
  #isBusy: () => boolean = () => false;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  follow(isBusy: () => boolean): void {
    this.#isBusy = isBusy;
  }

  async reach(): Promise<boolean> {
    while (this.#isBusy() && this.#signal?.aborted !== true) await sleep(1);
    return this.#signal?.aborted !== true;
  }
}

function admittedAt(stay: number): number {
  return FIRST_ADMISSION + stay * DAY_MS;
}

function sideBySide(stays: readonly StableStay[]): ReplaySource {
  const counts = noCounts();
  return {
    counts,
    total: stays.length,
    *messages() {
      for (let stay = 0; stay < stays.length; stay++) {
        const courses = VARIANTS.map((variant, index) => courseOf(stays[stay], variant, `${stay}.${index}`));
        yield* wardMessages(courses, admittedAt(stay), 'probe');
        counts.patients++;
      }
    },
  };
}
