import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { WALL_CLOCK } from '../../src/clock.js';
import { Histogram } from '../../src/histogram.js';
import { addAuditMetrics, addPushMetrics, addWardMetrics, openMetrics } from '../../src/metrics/metrics.js';
import { addNotLive, addPartitionStates } from '../../src/metrics/not-live.js';
import { MetricsSink } from '../../src/metrics/sink.js';
import { DEFAULT_CONFIG, loadConfig } from '../../src/settings/config.js';
import { openStore } from '../../src/store/open-store.js';
import { select } from '../../src/store/select.js';

interface Service {
  readonly hostname?: string;
  readonly command?: readonly string[];
  readonly extra_hosts?: readonly string[];
  readonly image: string;
  readonly ports?: readonly string[];
  readonly environment?: Record<string, unknown>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address?: string } | null>>;
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
}
interface Target {
  readonly expr?: string;
  readonly rawSql?: string;
  readonly datasource: { readonly uid: string };
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly { readonly title: string; readonly targets: readonly Target[] }[];
}

const text = (file: string) => readFileSync(file, 'utf8');
const composeText = text('docker-compose.yml');
const compose = parse(composeText, { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
};
const services = Object.entries(compose.services);
const DASHBOARDS = 'dashboards/grafana';
const dashboards = readdirSync(DASHBOARDS)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(text(join(DASHBOARDS, name))) as Dashboard);
const targets = dashboards.flatMap(({ panels }) =>
  panels.flatMap((panel) => panel.targets.map((target) => ({ ...target, title: panel.title }))),
);
const rulesText = text('deploy/prometheus/rules.yml');
const operations = text('docs/operations.md');

/** Names as Prometheus has them, of every metric that a process can have. */
async function metricNames(): Promise<Set<string>> {
  const none = new Histogram([1]);
  const tables = { deadLettersByReason: {}, untrustedByVariable: [] };
  const counts = new Proxy(tables, { get: (on, key) => Reflect.get(on, key) ?? 0 });
  const registry = openMetrics({
    counts: () => counts as never,
    sink: new MetricsSink(WALL_CLOCK),
    modelVersion: 'v',
    inFlight: () => 0,
    patients: () => 0,
    silent: () => 0,
    partitions: () => 0,
    misplaced: () => [],
    delays: () => [],
    scoring: () => ({ tokens: 0, batches: 0, seconds: none }),
    lag: async () => [],
    store: () => ({ rowsWaiting: 0, bytesWaiting: 0, isAway: false, refused: new Map(), undecided: 0 }),
    snapshots: () => ({ checkpoints: 0, written: 0, lastSeconds: 0 }),
    drift: () => [],
    live: {
      bus: { troubles: { faults: [], counts: new Map() }, dropped: new Map(), lost: 0 },
      clock: { correctionMs: 0 },
    },
  });
  addPushMetrics(registry, { connections: 0, queuedBytes: 0 });
  addAuditMetrics(registry, { awayMs: 0 });
  addWardMetrics(registry, { patients: new Map(), undecodable: new Map(), fenced: 0 });
  addNotLive(registry, () => new Map());
  addPartitionStates(registry, () => new Map());
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  const all = (await registry.getMetricsAsJSON()).flatMap(({ name, type }) =>
    String(type) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [],
  );
  return new Set([...names, ...all]);
}

const metricsIn = (content: string) => content.match(/\b(?:wardstream|process|nodejs)_[a-z0-9_]+\b/g) ?? [];

/** Processes of the program itself. */
const OURS = ['engine', 'gateway', 'writer', 'notifier'].flatMap((role) => [`${role}-1`, `${role}-2`]);
const roleOf = (name: string) => name.replace(/-\d$/, '');

describe('docker-compose.yml', () => {
  it('brings Kafka, ClickHouse, two processes of each role, nginx, Prometheus and Grafana', () => {
    const others = ['clickhouse', 'grafana', 'kafka', 'nginx', 'prometheus'];
    expect(services.map(([name]) => name).sort()).toEqual([...others, ...OURS].sort());
    for (const name of OURS) {
      expect(compose.services[name].command).toEqual([
        'run',
        '--config',
        '/etc/wardstream/wardstream.yaml',
        '--roles',
        roleOf(name),
      ]);
      expect(compose.services[name].hostname).toBe(name);
    }
  });

  it.each(services)(
    'has %s pinned, health-checked, restarted, and reachable from this machine at most',
    (_, service) => {
      expect(service.image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*$/);
      expect(service.healthcheck?.test.length).toBeGreaterThan(1);
      // In YAML a colon between blanks makes a mapping of what was meant as text.
      expect(service.healthcheck?.test.filter((part) => typeof part !== 'string')).toEqual([]);
      expect(service.restart).toBe('unless-stopped');
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    },
  );

  it('keeps Kafka and ClickHouse off every network but the inner one, and publishes no port of theirs', () => {
    expect(compose.networks.inside?.internal).toBe(true);
    for (const name of ['kafka', 'clickhouse']) {
      expect(compose.services[name].networks).toEqual(['inside']);
      expect(compose.services[name].ports).toBeUndefined();
    }
  });

  it('has no password in it: each comes from .env, which must have it', () => {
    const names = [...composeText.matchAll(/\$\{(\w+)([^}]*)\}/g)].map(([, name, rest]) => {
      expect(rest).toBe(':?set it in .env');
      return name;
    });
    const example = new Map(
      text('.env.example')
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .map((line) => line.split('=') as [string, string]),
    );
    expect([...new Set(names)].sort()).toEqual([...example.keys()].sort());
    expect([...example.values()].every((value) => value === '')).toBe(true);
    for (const [name, { environment = {} }] of services) {
      for (const [key, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|TOKEN/.test(key)) expect(String(value), `${name} ${key}`).toMatch(/^\$\{\w+:\?/);
      }
    }
  });

  it.each([...OURS, 'nginx'])('runs %s without rights and without a file system to write to', (name) => {
    const { read_only: isReadOnly, cap_drop: dropped, volumes = [] } = compose.services[name];
    expect([isReadOnly, dropped]).toEqual([true, ['ALL']]);
    expect(
      volumes.filter((volume) => volume.startsWith('./')).every((volume) => volume.endsWith(':ro')),
    ).toBe(true);
    expect(text('Dockerfile')).toMatch(/\nUSER 10001:10001\n/);
  });

  it('publishes nginx alone of the ward, which knows the gateways by fixed addresses and whose word they take', () => {
    for (const name of OURS) expect(compose.services[name].ports).toBeUndefined();
    const addressOf = (name: string) =>
      (compose.services[name].networks as Record<string, { ipv4_address?: string } | null>).front
        ?.ipv4_address;
    const gateways = ['gateway-1', 'gateway-2'];
    expect(compose.services.nginx.extra_hosts).toEqual(gateways.map((name) => `${name}:${addressOf(name)}`));
    const upstreams = [...text('deploy/nginx/nginx.conf').matchAll(/^\s*server (\S+:\d+)/gm)];
    expect(upstreams.map(([, address]) => address)).toEqual(gateways.map((name) => `${name}:8080`));
    const { server } = parse(text('deploy/wardstream.yaml')) as { server: { trustedProxies: string[] } };
    expect(server.trustedProxies).toEqual([addressOf('nginx')]);
  });

  it('has settings that the program accepts, with the secrets of the environment', () => {
    const wanted = {
      CLICKHOUSE_PASSWORD: 'a password',
      WARDSTREAM_AUTH_SECRET: 'a secret of thirty-two characters or more',
      WARDSTREAM_SCRAPE_TOKEN: 'a token of sixteen',
    };
    for (const name of OURS) {
      expect(Object.keys(compose.services[name].environment ?? {})).toEqual(Object.keys(wanted));
    }
    const before = { ...process.env };
    // Containers have their host's name in the environment.
    Object.assign(process.env, wanted, { HOSTNAME: compose.services['engine-1'].hostname });
    try {
      const { store, metrics, server, bus } = loadConfig('deploy/wardstream.yaml');
      expect(store).toMatchObject({ kind: 'server', password: 'a password' });
      expect(metrics.token).toBe('a token of sixteen');
      expect(server.auth).toMatchObject({ kind: 'secret' });
      expect(bus).toMatchObject({ kind: 'kafka', brokers: ['kafka:9092'], groupInstanceId: 'engine-1' });
      for (const name of Object.keys(wanted)) delete process.env[name];
      expect(() => loadConfig('deploy/wardstream.yaml')).toThrow(/CLICKHOUSE_PASSWORD is not set/);
    } finally {
      process.env = before;
    }
  });

  it('has Prometheus ask every process, with the token, where compose has it', () => {
    const { scrape_configs: jobs } = parse(text('deploy/prometheus/prometheus.yml')) as {
      scrape_configs: {
        authorization: { credentials_file: string };
        static_configs: { targets: string[]; labels: { role: string } }[];
      }[];
    };
    const asked = jobs[0].static_configs;
    expect(asked.flatMap(({ targets }) => targets).sort()).toEqual(OURS.map((name) => `${name}:8080`).sort());
    for (const { targets, labels } of asked) {
      for (const target of targets) expect(roleOf(target.replace(/:8080$/, ''))).toBe(labels.role);
    }
    expect(jobs[0].authorization.credentials_file).toBe('/run/secrets/scrape_token');
  });
});

describe('what Prometheus, Grafana and docs/operations.md name', () => {
  it('is every time a metric that there is', async () => {
    const names = await metricNames();
    const sources = [rulesText, operations, ...targets.flatMap(({ expr = '' }) => expr)];
    const named = sources.flatMap(metricsIn).filter((name) => !name.endsWith('_'));
    expect(named.length).toBeGreaterThan(60);
    expect([...new Set(named.filter((name) => !names.has(name)))]).toEqual([]);
  });

  it('is every metric of ours: each is explained to operators', async () => {
    const ours = [...(await metricNames())].filter((name) =>
      /^wardstream_.*(?<!_bucket|_sum|_count)$/.test(name),
    );
    expect(ours.length).toBeGreaterThan(20);
    expect(ours.filter((name) => !operations.includes(`\`${name}`))).toEqual([]);
  });

  it('is every alert of Prometheus: operators are told what to do about each', () => {
    const { groups } = parse(rulesText) as {
      groups: {
        rules: { alert: string; labels: { severity: string }; annotations: { summary: string } }[];
      }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    for (const { alert, labels, annotations } of rules) {
      expect(operations, alert).toContain(`\`${alert}\``);
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(annotations.summary).not.toBe('');
    }
  });
});

describe('Grafana', () => {
  const { datasources } = parse(text('deploy/grafana/datasources/datasources.yml')) as {
    datasources: { uid: string; secureJsonData?: Record<string, string> }[];
  };

  it('has dashboards of its own id, with panels whose sources are provisioned and whose passwords are not written down', () => {
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length);
    expect(targets.length).toBeGreaterThan(20);
    for (const { datasource } of targets) expect(datasources.map(({ uid }) => uid)).toContain(datasource.uid);
    for (const { secureJsonData = {} } of datasources) {
      for (const secret of Object.values(secureJsonData)) expect(secret).toMatch(/^\$[A-Z_]+$/);
    }
  });

  describe('asks ClickHouse', () => {
    const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
    let client: Awaited<ReturnType<typeof openStore>>;
    beforeAll(async () => {
      client = await openStore({ kind: 'embedded', directory });
    });
    afterAll(async () => {
      await client.close();
      rmSync(directory, { recursive: true, force: true });
    });

    it.each(targets.filter(({ rawSql }) => rawSql !== undefined))(
      'what the schema can answer: $title',
      async ({ rawSql = '' }) => {
        // What the plugin makes of its macro.
        const query = rawSql.replaceAll(/\$__timeFilter\((\w+)\)/g, '$1 >= toDateTime(0) AND $1 <= now()');
        expect(query).not.toContain('$');
        await expect(select(client, query)).resolves.toBeInstanceOf(Array);
      },
    );
  });
});

it('the profile for wards is the shipped rules and NEWS2, which no shipped rule watches', () => {
  const shipped = DEFAULT_CONFIG.alerts.rules;
  expect(shipped.map(({ signal }) => signal)).not.toContain('news2');
  const { rules } = loadConfig('deploy/ward-profile.yaml').alerts;
  expect(rules.slice(0, -1)).toEqual(shipped);
  expect(rules.at(-1)).toMatchObject({ signal: 'news2', raiseAt: 7 });
});
