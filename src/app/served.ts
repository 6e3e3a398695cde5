import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { type Observable, Subject } from 'rxjs';
import type { EventBus } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import { StayCollector } from '../cohort/stays.js';
import type { ReplayEvent, ReplayState } from '../contract/protocol.js';
import type { Explanation } from '../engine/explanations.js';
import type { Outputs, Sink } from '../engine/outputs.js';
import type { EpochMs } from '../events/event.js';
import type { History } from '../replay/history.js';
import { Pacer } from '../replay/pacer.js';
import { replay } from '../replay/replay.js';
import type { ReplayControl } from '../server/replay-control.js';
import type { Config } from '../settings/config.js';
import type { ReplaySource } from '../sources/source.js';
import { emptyResults } from '../store/empty.js';
import { ENDPOINTS, endpointEvents } from '../study/events.js';
import type { WardView } from '../ward/ward-view.js';

/** What truly happened in a history, and when it begins and ends. */
export interface Truth {
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly events: readonly ReplayEvent[];
}

const POLL_MS = 5;
const SHOWN_ENDPOINTS = new Set(['hypotension', 'respiratoryFailure']);

/** Replays a history once, as fast as it goes, for what truly happened: onsets of hypotension and respiratory failure. */
export async function truthOf(source: ReplaySource, config: Config, signal?: AbortSignal): Promise<Truth> {
  const collector = new StayCollector();
  await replay(source, {
    config: { ...config, store: { kind: 'none' } },
    speed: 'max',
    sinks: [collector],
    signal,
  });
  const stays = collector.stays();
  const endpoints = ENDPOINTS.filter(({ id }) => SHOWN_ENDPOINTS.has(id));
  const events = stays.flatMap(({ patientId, wardId, charted, admittedAt }) =>
    endpoints.flatMap(({ id, label }) =>
      endpointEvents(id, { charted, admittedAt }).map(({ start }) => ({
        patientId,
        wardId,
        kind: id,
        time: start,
        label,
      })),
    ),
  );
  events.sort((a, b) => a.time - b.time);
  return {
    from: Math.min(...stays.map(({ admittedAt }) => admittedAt)),
    to: Math.max(...stays.map(({ endAt }) => endAt)),
    events,
  };
}

export interface ServedReplayOptions {
  /** Opens the history from its beginning. */
  readonly open: () => ReplaySource;
  readonly config: Config;
  readonly truth: Truth;
  readonly view: WardView;
  readonly store: ClickHouseClient;
  /** Event time per real time; null is as fast as it goes. */
  readonly speed: number | null;
  readonly isPlaying: boolean;
}

/** One way through the history, from its beginning. */
interface Run {
  readonly pacer: Pacer;
  history: History | null;
  /** Nobody looks at it any more. */
  leave: () => void;
  ended: Promise<void>;
}

/**
 * A replay that people watch and steer. Forward it runs ahead; back, it begins anew and runs ahead from the beginning, since
 * the state of a ward at a time is what led to it. What is scored does not depend on how it is watched.
 */
export class ServedReplay implements ReplayControl {
  /** Actions on alerts go into the run that is watched. */
  readonly bus: Pick<EventBus, 'produce'> = {
    produce: async (topic, messages) => {
      await this.#run?.history?.bus.produce(topic, messages);
    },
  };
  readonly clock: Clock = { live: false, now: () => this.#options.view.clock };
  readonly changes$: Observable<ReplayState>;
  readonly #options: ServedReplayOptions;
  readonly #changes = new Subject<ReplayState>();
  #run: Run | null = null;
  #seeking: Promise<void> = Promise.resolve();
  #reportFailure: (error: unknown) => void = () => undefined;
  readonly #failed = new Promise<never>((_, reject) => {
    this.#reportFailure = reject;
  });

  constructor(options: ServedReplayOptions) {
    this.#options = options;
    this.changes$ = this.#changes;
    this.#failed.catch(() => undefined);
    const { speed, isPlaying } = options;
    this.#begin(new Pacer({ speed, isPlaying }));
  }

  get state(): ReplayState {
    const { from, to, events } = this.#options.truth;
    const paced = this.#run?.pacer.state;
    return {
      isPlaying: paced?.isPlaying ?? false,
      speed: paced?.speed ?? null,
      time: Number.isFinite(paced?.time) ? (paced?.time as number) : from,
      from,
      to,
      isAtEnd: paced?.isAtEnd ?? false,
      events,
    };
  }

  /** Rejects when the pipeline has failed. */
  failed(): Promise<never> {
    return this.#failed;
  }

  play(): void {
    this.#run?.pacer.play();
  }

  pause(): void {
    this.#run?.pacer.pause();
  }

  setSpeed(speed: number | null): void {
    this.#run?.pacer.setSpeed(speed);
  }

  seek(time: EpochMs): Promise<void> {
    this.#seeking = this.#seeking.then(() => this.#seek(time));
    return this.#seeking;
  }

  async explain(patientId: string): Promise<Explanation | null> {
    return (await this.#run?.history?.engine.explain(patientId)) ?? null;
  }

  async close(): Promise<void> {
    const run = this.#run;
    this.#run = null;
    run?.pacer.stop();
    run?.leave();
    await run?.ended;
  }

  async #seek(time: EpochMs): Promise<void> {
    const before = this.#run;
    if (before === null) return;
    if (time >= this.state.time) {
      await this.#runTo(before, time);
      return;
    }
    const { view, store } = this.#options;
    const { speed, isPlaying } = before.pacer.state;
    await this.close();
    await emptyResults(store);
    view.reset();
    const pacer = new Pacer({ speed, isPlaying });
    await this.#runTo(this.#begin(pacer), time);
  }

  /** Resolves when all before `time` has happened and shows. */
  async #runTo(run: Run, time: EpochMs): Promise<void> {
    await run.pacer.runTo(time);
    const isUnderWay = ({ bus, engine }: History) => bus.unread > 0 || engine.inFlight > 0;
    while (this.#run === run && run.history !== null && isUnderWay(run.history)) await sleep(POLL_MS);
    if (this.#run === run) await run.history?.settle();
  }

  #begin(pacer: Pacer): Run {
    const { config, open, view, store } = this.#options;
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const run: Run = { pacer, history: null, leave, ended: Promise.resolve() };
    // What an abandoned run still has under way is of no interest.
    const only = (sink: Sink): Sink => ({
      write: async (outputs: Outputs) => {
        if (this.#run === run) await sink.write(outputs);
      },
    });
    this.#run = run;
    pacer.changes$.subscribe(() => {
      if (this.#run === run) this.#changes.next(this.state);
    });
    run.ended = replay(open(), {
      config: { ...config, store: { kind: 'none' } },
      speed: 'max',
      pace: pacer,
      // Who watches the ward is told first.
      sinks: [only(view)],
      store,
      onOpened: (history) => {
        run.history = history;
      },
      // Whoever stays at the end may still ask why a risk is what it is.
      onDrained: () => {
        pacer.end();
        return left;
      },
    }).then(
      () => undefined,
      (error: unknown) => this.#reportFailure(error),
    );
    return run;
  }
}
