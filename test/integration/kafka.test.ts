import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KafkaBus } from '../../src/bus/kafka.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { ReplayClock, WALL_CLOCK } from '../../src/clock.js';
import type { RiskScoreMessage } from '../../src/contract/messages.js';
import { INPUT_TOPICS, TOPICS } from '../../src/contract/topics.js';
import { BusSink, OUTPUT_TOPICS } from '../../src/engine/bus-sink.js';
import { Engine } from '../../src/engine/engine.js';
import type { Outputs, Sink } from '../../src/engine/outputs.js';
import { produceAll } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { LOUD_RULES } from '../helpers.js';
import {
  busConfig,
  codec,
  committed,
  expected,
  Kept,
  MINUTE_MS,
  openEngine,
  readTopic,
  useBroker,
  ward,
} from './kafka/engines.js';

useBroker();

describe('an engine on Kafka', () => {
  it('gives the scores a replay gives, commits all, and produces scores and alerts', async () => {
    const config = busConfig();
    const bus = await KafkaBus.open(config);
    await bus.createTopics([...INPUT_TOPICS, ...OUTPUT_TOPICS, TOPICS.state]);
    const messages = ward(101);
    const reference = await expected(messages);
    await produceAll(messages, bus, codec);
    const kept = new Kept(101);
    const engine = await openEngine(bus, [new BusSink(bus, codec, 'm'), kept]);
    await engine.start();
    await expect.poll(() => kept.scores.length, { timeout: 60_000 }).toBe(reference.scores);
    await committed(config);
    expect(kept.digest()).toBe(reference.scoresDigest);
    await engine.close();
    await bus.close();
    const alerts = await readTopic(config, TOPICS.alerts);
    const raised = alerts.filter((value) => {
      const alert = codec.decode('Alert', value) as { patientId: string; sequence: number };
      return alert.patientId.startsWith('SIM-101-') && alert.sequence === 0;
    });
    expect(raised).toHaveLength(reference.alerts + reference.stateAlerts);
    expect(reference.alerts).toBeGreaterThan(0);
  });

  it('lets silent patients leave memory, leaves them in the log at an assignment, and scores on as if they had stayed', async () => {
    const config = busConfig();
    const bus = await KafkaBus.open(config);
    await bus.createTopics([...INPUT_TOPICS, TOPICS.state]);
    const messages = ward(707, 4);
    const reference = await expected(messages);
    const middle = messages.findIndex(({ eventTime }) => eventTime > messages[0].eventTime + 2 * 3_600_000);
    const kept = new Kept(707);
    const state = { checkpointIntervalMs: 100, evictAfterMs: 60 * MINUTE_MS };
    const open = async () => {
      const engine = await Engine.open({
        config: parseConfig({ state, alerts: { rules: LOUD_RULES } }),
        bus,
        clock: WALL_CLOCK,
        sinks: [kept],
      });
      await engine.start();
      return engine;
    };
    await produceAll(messages.slice(0, middle), bus, codec);
    const first = await open();
    await expect.poll(() => first.silentPatients, { timeout: 30_000 }).toBe(4);
    expect(first.patients).toBe(0);
    await committed(config);
    await first.close();
    const second = await open();
    await expect.poll(() => second.silentPatients, { timeout: 30_000 }).toBe(4);
    expect(second.patients).toBe(0);
    await second.close();
    // While nobody reads, so that the topics are merged by event time like any backlog.
    await produceAll(messages.slice(middle), bus, codec);
    const third = await open();
    await expect.poll(() => kept.scores.length, { timeout: 30_000 }).toBe(reference.scores);
    expect(kept.digest()).toBe(reference.scoresDigest);
    await third.close();
    await bus.close();
  });

  it('shares the work: two engines in a group score every patient once between them', async () => {
    const config = busConfig();
    const buses = [await KafkaBus.open(config), await KafkaBus.open(config)];
    const kept = [new Kept(202), new Kept(202)];
    const engines = [await openEngine(buses[0], [kept[0]]), await openEngine(buses[1], [kept[1]])];
    await buses[0].createTopics(INPUT_TOPICS);
    const messages = ward(202, 16);
    const reference = await expected(messages);
    await produceAll(messages, buses[0], codec);
    await Promise.all(engines.map((engine) => engine.start()));
    await expect
      .poll(() => kept[0].scores.length + kept[1].scores.length, { timeout: 60_000 })
      .toBe(reference.scores);
    const patients = kept.map(({ scores }) => new Set(scores.map(({ patientId }) => patientId)));
    expect(patients[0].size).toBeGreaterThan(0);
    expect(patients[1].size).toBeGreaterThan(0);
    expect([...patients[0]].filter((id) => patients[1].has(id))).toEqual([]);
    const union = new Kept(202);
    for (const { scores } of kept) await union.write({ scores } as unknown as Outputs);
    expect(union.digest()).toBe(reference.scoresDigest);
    for (const engine of engines) await engine.close();
    for (const bus of buses) await bus.close();
  });

  it('reads on where it left off, and a message sent again changes nothing', async () => {
    const config = busConfig();
    const messages = ward(303, 4, 2);
    const first = await KafkaBus.open(config);
    const kept = new Kept(303);
    const engine = await openEngine(first, [kept]);
    await first.createTopics(INPUT_TOPICS);
    await produceAll(messages, first, codec);
    await engine.start();
    const reference = await expected(messages);
    await expect.poll(() => kept.scores.length, { timeout: 60_000 }).toBe(reference.scores);
    await produceAll(messages, first, codec);
    await expect.poll(() => engine.counts.duplicates, { timeout: 60_000 }).toBe(messages.length);
    await committed(config);
    expect(kept.digest()).toBe(reference.scoresDigest);
    await engine.close();
    await first.close();
    const second = await KafkaBus.open(config);
    const again = await openEngine(second, []);
    await again.start();
    await produceAll(ward(304, 1, 1), second, codec);
    await expect.poll(() => again.counts.messages, { timeout: 60_000 }).toBeGreaterThan(0);
    await committed(config);
    expect(again.counts.messages).toBe(ward(304, 1, 1).length);
    await again.close();
    await second.close();
  });
});

describe('the command line on Kafka', () => {
  it('makes topics, simulates into them, and runs until it is told to stop', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wardstream-run-'));
    const file = join(directory, 'ward.yaml');
    const bus = busConfig();
    const store = { kind: 'embedded', directory: join(directory, 'store') };
    writeFileSync(file, JSON.stringify({ bus, store, server: { port: 0 } }));
    const cli = (...args: string[]) => promisify(execFile)('node', ['dist/main.js', ...args]);
    const made = JSON.parse((await cli('topics', 'create', '--config', file, '--json')).stdout);
    expect(made.missing).toEqual([]);
    const args = ['--beds', '6', '--hours', '5', '--seed', '404', '--ward', 'CLI'];
    const sent = JSON.parse(
      (await cli('simulate', ...args, '--to', 'kafka', '--config', file, '--json')).stdout,
    );
    expect(sent.messages).toBeGreaterThan(500);
    const child = spawn('node', ['dist/main.js', 'run', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { url, token } = await addressOf(child);
    const alerts = async () => {
      const response = await fetch(`${url}/api/v1/alerts?limit=1000`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const body = (await response.json()) as { alerts: { wardId: string }[] };
      return body.alerts.filter(({ wardId }) => wardId === 'CLI').length;
    };
    await expect.poll(alerts, { timeout: 60_000 }).toBeGreaterThan(0);
    await committed(bus);
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  });
});

describe('faults', () => {
  it('loses nothing and changes nothing when work moves to a second process and the first one is killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wardstream-faults-'));
    const bus = { ...busConfig(), sessionTimeoutMs: 6000 };
    const fileOf = (name: string) => {
      const file = join(directory, `${name}.yaml`);
      const store = { kind: 'embedded', directory: join(directory, name) };
      const state = { checkpointIntervalMs: 500 };
      writeFileSync(file, JSON.stringify({ bus, store, state, server: { port: 0 } }));
      return file;
    };
    const run = (name: string) =>
      spawn('node', ['dist/main.js', 'run', '--config', fileOf(name)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const messages = ward(505, 16, 30);
    const reference = new Map<string, number>();
    const keep: Sink = {
      write: async ({ scores }) => {
        for (const { patientId, eventTime, mortality } of scores)
          reference.set(`${patientId} ${eventTime}`, mortality);
      },
    };
    const memory = new MemoryBus({ partitions: 4, capacity: 8192 });
    const clock = new ReplayClock();
    const engine = await Engine.open({ config: parseConfig({}), bus: memory, clock, sinks: [keep] });
    await engine.start();
    for (let start = 0; start < messages.length; start += 500) {
      const chunk = messages.slice(start, start + 500);
      clock.advanceTo(chunk.at(-1)!.eventTime);
      await produceAll(chunk, memory, codec);
    }
    while (memory.unread > 0) await sleep(5);
    await engine.finish();
    const kafka = await KafkaBus.open(bus);
    await kafka.createTopics(Object.values(TOPICS));
    await produceAll(messages, kafka, codec);
    await kafka.close();
    const children: ChildProcess[] = [];
    try {
      const first = run('first');
      children.push(first);
      const { url, token } = await addressOf(first);
      const hoursDone = async () => {
        const response = await fetch(`${url}/api/v1/patients`, {
          headers: { authorization: `Bearer ${token}` },
        });
        const { clock: now } = (await response.json()) as { clock: number };
        return (now - messages[0].eventTime) / 3_600_000;
      };
      await expect.poll(hoursDone, { timeout: 60_000, interval: 50 }).toBeGreaterThan(2);
      const second = run('second');
      children.push(second);
      await addressOf(second);
      await sleep(1500);
      first.kill('SIGKILL');
      await committed(bus);
      second.kill('SIGTERM');
      expect(await new Promise((resolve) => second.once('exit', resolve))).toBe(0);
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
    const scores = new Map<string, number>();
    const differing: string[] = [];
    for (const value of await readTopic(bus, TOPICS.scores)) {
      const { patientId, eventTime, mortality } = codec.decode('RiskScore', value) as RiskScoreMessage;
      if (!patientId.startsWith('SIM-505-')) continue;
      const id = `${patientId} ${eventTime}`;
      if ((scores.get(id) ?? mortality) !== mortality) differing.push(id);
      scores.set(id, mortality);
    }
    expect(differing).toEqual([]);
    expect(scores.size).toBe(reference.size);
    expect(new Map([...scores].sort())).toEqual(new Map([...reference].sort()));
  });
});

/** Where its server listens, and the token it printed. */
function addressOf(child: ChildProcess): Promise<{ readonly url: string; readonly token: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (data: Buffer) => {
      text += String(data);
      const [, url, token] = /(http:\/\/[\d.]+:\d+)\/#token=(\S+)/.exec(text) ?? [];
      if (url !== undefined) resolve({ url, token });
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`run ended with ${code}: ${text}`)));
  });
}
