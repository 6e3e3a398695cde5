import type { ClickHouseClient } from '@clickhouse/client';
import type { KafkaBusConfig } from '../bus/kafka-client.js';
import type { Clock } from '../clock.js';
import type { Engine } from '../engine/engine.js';
import type { Sink } from '../engine/outputs.js';
import type { DoorSource } from './doors.js';
import { KafkaLag } from './kafka-lag.js';
import {
  type KafkaSource,
  type MetricsSources,
  openMetrics,
  openProcessMetrics,
  type ProcessSources,
} from './metrics.js';
import type { Condition, ObservabilityOptions } from './readiness.js';
import { MetricsSink } from './sink.js';
import { traced } from './tracing.js';

/** An insert that failed is tried again at least this often; after so long without a complaint the store is back. */
const AWAY_MS = 15_000;
const NONE: ReadonlyMap<string, number> = new Map();

/** What the writer of the store tells of itself. */
export interface StoreMeasures {
  /** Rows in memory, and the bytes they take. */
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly isAway: boolean;
  /** By table. */
  readonly refused: ReadonlyMap<string, number>;
  /** Messages that wait for the engine to decide on them. */
  readonly undecided: number;
}

export interface StoreParts {
  readonly client: ClickHouseClient;
  /** Null where another process fills it. */
  readonly writer: StoreMeasures | null;
}

/** What only a process on live topics has. */
export interface LiveParts {
  readonly bus: KafkaSource;
  /** What is added to the machine's clock, in milliseconds. */
  readonly clock: { readonly correctionMs: number };
  readonly doors?: DoorSource;
}

/** Makes the parts of a process observable: wraps its sinks, and gives what health and metrics are read from. */
export class Observer {
  readonly #metrics: MetricsSink;
  readonly #lag: KafkaLag | null;
  #storeMissedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, kafka: KafkaBusConfig | null = null) {
    this.#metrics = new MetricsSink(clock);
    this.#lag = kafka === null ? null : new KafkaLag(kafka);
  }

  /** The sinks in their order, each in a span of its name, and behind them the one that takes the measurements. */
  around(sinks: readonly (readonly [name: string, sink: Sink])[]): Sink[] {
    return [...sinks.map(([name, sink]) => traced(name, sink)), this.#metrics];
  }

  /** The store has just not answered. */
  missStore(): void {
    this.#storeMissedAt = performance.now();
  }

  /** What health and metrics say of a process with these parts; null of a role that it has not. */
  options(
    engine: Engine | null,
    store: StoreParts | null,
    scrapeToken: string | undefined,
    live?: LiveParts,
  ): ObservabilityOptions {
    const own = this.#ownSources(store, live);
    return {
      metrics: engine === null ? openProcessMetrics(own) : openMetrics(this.#engineSources(engine, own)),
      conditions: [
        ...(engine === null ? [] : engineConditions(engine)),
        busCondition(engine, this.#lag !== null, live),
        ...(store === null ? [] : [storeCondition(store.client)]),
      ],
      failure: () => engine?.failure ?? null,
      scrapeToken,
    };
  }

  #ownSources(store: StoreParts | null, live: LiveParts | undefined): ProcessSources {
    const isAway = () => performance.now() - this.#storeMissedAt < AWAY_MS;
    const doors = live?.doors;
    const ofLive = live === undefined ? {} : { live, ...(doors === undefined ? {} : { doors }) };
    if (store === null) return ofLive;
    const { writer } = store;
    const state = () => ({
      rowsWaiting: writer?.waiting ?? 0,
      bytesWaiting: writer?.waitingBytes ?? 0,
      isAway: isAway() || writer?.isAway === true,
      refused: writer?.refused ?? NONE,
      undecided: writer?.undecided ?? 0,
    });
    return { ...ofLive, store: state };
  }

  #engineSources(engine: Engine, own: ProcessSources): MetricsSources {
    const lag = this.#lag;
    return {
      ...own,
      counts: () => engine.counts,
      sink: this.#metrics,
      modelVersion: engine.model.config.version,
      inFlight: () => engine.inFlight,
      patients: () => engine.patients,
      misplaced: () => engine.watch.misplaced,
      silent: () => engine.silentPatients,
      partitions: () => engine.partitions.size,
      scoring: () => engine.scoring,
      drift: () => engine.drift,
      delays: () => engine.delays.all,
      ...(lag === null ? {} : { lag: () => lag.read(), snapshots: () => engine.checkpoints }),
    };
  }

  async close(): Promise<void> {
    await this.#lag?.close();
  }
}

function engineConditions(engine: Engine): Condition[] {
  return [
    { name: 'pipeline', check: () => (engine.failure === null ? null : 'it has stopped; see the log') },
    { name: 'model', check: () => (engine.model.config.version === '' ? 'none is loaded' : null) },
    { name: 'input', check: () => behindOf(engine) },
    {
      name: 'schemas',
      check: () => {
        const waiting = engine.waitingForSchemas;
        return waiting.length === 0 ? null : `partitions ${waiting.join(', ')} wait for the schema registry`;
      },
    },
  ];
}

function busCondition(engine: Engine | null, isShared: boolean, live?: LiveParts): Condition {
  const check = () => {
    if (engine !== null && isShared && engine.partitions.size === 0) return 'no partitions are assigned';
    return live?.bus.troubles.faults.join('; ') || null;
  };
  return { name: 'bus', check };
}

function storeCondition(client: ClickHouseClient): Condition {
  const check = async () => {
    const answer = client.query({ query: 'SELECT 1', format: 'JSONEachRow' });
    return answer.then(
      (result) => result.json().then(() => null),
      () => 'it does not answer',
    );
  };
  return { name: 'store', check };
}

/** Which partitions are not read to their end, for so long that it has been told. */
function behindOf(engine: Engine): string | null {
  const { behind } = engine.delays;
  if (behind.length === 0) return null;
  const each = behind.map(({ partition, topics, seconds }) => {
    return `${partition} (${topics.join(', ')}, ${Math.round(seconds)} s)`;
  });
  return `partitions that are not read to their end: ${each.join(', ')}`;
}
