import { Counter, Gauge, type Registry } from 'prom-client';
import type { Histogram } from '../histogram.js';

const PREFIX = 'wardstream_';

/** A counter that reads its value where it is asked for. */
export function addCounter(registry: Registry, name: string, help: string, value: () => number): void {
  new Counter({
    name: PREFIX + name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}

/** A gauge that reads its value where it is asked for. */
export function addGauge(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name: PREFIX + name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}

interface Labelled {
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/** A counter or gauge with labels; what `values` no longer gives is gone. */
export function addLabelled(
  registry: Registry,
  kind: 'counter' | 'gauge',
  name: string,
  help: string,
  labelNames: string[],
  values: () => readonly Labelled[] | Promise<readonly Labelled[]>,
): void {
  const options = { name: PREFIX + name, help, labelNames, registers: [registry] };
  if (kind === 'counter') {
    new Counter({
      ...options,
      async collect() {
        const found = await values();
        this.reset();
        for (const { labels, value } of found) this.inc(labels, value);
      },
    });
  } else {
    new Gauge({
      ...options,
      async collect() {
        const found = await values();
        this.reset();
        for (const { labels, value } of found) this.set(labels, value);
      },
    });
  }
}

/** prom-client's own histogram allocates with every value; this one only shows what `Histogram` has counted. */
export function addHistogram(registry: Registry, name: string, help: string, histogram: Histogram): void {
  const metricName = PREFIX + name;
  const shown = {
    name: metricName,
    help,
    type: 'histogram',
    aggregator: 'sum',
    labelNames: [],
    reset: () => undefined,
    get: async () => {
      const counts = histogram.cumulative();
      const total = counts[counts.length - 1];
      const buckets = counts.map((value, index) => ({
        metricName: `${metricName}_bucket`,
        labels: { le: histogram.bounds[index] ?? '+Inf' },
        value,
      }));
      const sums = [
        { metricName: `${metricName}_sum`, labels: {}, value: histogram.sum },
        { metricName: `${metricName}_count`, labels: {}, value: total },
      ];
      return { name: metricName, help, type: 'histogram', aggregator: 'sum', values: [...buckets, ...sums] };
    },
  };
  registry.registerMetric(shown as never);
}
