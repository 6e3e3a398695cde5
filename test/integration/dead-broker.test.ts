import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KafkaBus } from '../../src/bus/kafka.js';
import type { KafkaBusConfig } from '../../src/bus/kafka-client.js';
import { MessageCodec } from '../../src/events/codec.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { produceAll } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { HAS_CHROMIUM, keep, launch, openPage } from '../e2e/browser.js';
import { adt, vitals } from '../helpers.js';
import { type Broker, startOwnBroker } from './kafka/broker.js';

const BEDS = ['1', '2', '3', '4', '5', '6', '7', '8'];
const SIGNS = { respRate: 14, spo2: 98, heartRate: 72 };
const EVERY_MS = 1000;
/** So soon staff must know. */
const WITHIN_MS = 10_000;
const codec = new MessageCodec();
/** What is waited for in a wait is looked at this often. */
const POLL = { timeout: 90_000, interval: 100 };

describe.skipIf(!HAS_CHROMIUM)('a broker that is lost (skipped without Chromium)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-dead-broker-'));
  let broker: Broker;
  let bus: KafkaBus;
  let engine: ChildProcess;
  let browser: Browser;
  let page: Page;
  let url: URL;
  let said = '';
  let sending: NodeJS.Timeout;
  let sent = 0;

  beforeAll(async () => {
    broker = await startOwnBroker();
    const settings = { kind: 'kafka', brokers: broker.brokers, partitions: 4, topicPrefix: 'dead.' };
    const config = {
      bus: settings,
      store: { kind: 'embedded', directory: join(directory, 'store') },
      server: { port: 0 },
    };
    const file = join(directory, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    engine = spawn('node', ['dist/main.js', 'run', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const address = await new Promise<string>((found, fail) => {
      const read = (data: Buffer) => {
        said += String(data);
        const [match] = /http:\/\/\S+#token=\S+/.exec(said) ?? [];
        if (match !== undefined) found(match);
      };
      engine.stdout?.on('data', read);
      engine.stderr?.on('data', read);
      engine.once('exit', (code) => fail(new Error(`run ended with ${code}: ${said}`)));
    });
    url = new URL(address);
    const { bus: parsed } = parseConfig({ bus: { ...settings, groupId: 'sender' } });
    bus = await KafkaBus.open(parsed as KafkaBusConfig);
    await produceAll(BEDS.map(admission), bus, codec);
    // While the broker is away, what is sent waits.
    sending = setInterval(
      () => void produceAll(BEDS.map(signs), bus, codec).catch(() => undefined),
      EVERY_MS,
    );
    browser = await launch();
    ({ page } = await openPage(browser, address));
  });
  afterAll(async () => {
    clearInterval(sending);
    await browser?.close();
    engine?.kill('SIGKILL');
    await bus?.close();
    await broker?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function admission(bed: string): SourceMessage {
    const eventTime = Date.now();
    const where = { wardId: 'ICU', bedId: `Bed ${bed}`, ageYears: 63, sex: 'FEMALE' as const };
    const record = adt('ADMIT', { messageId: `a${bed}`, patientId: `p${bed}`, eventTime, ...where });
    return { topic: 'ward.adt', key: `p${bed}`, eventTime, record };
  }

  function signs(bed: string): SourceMessage {
    const eventTime = Date.now();
    const record = vitals(SIGNS, { messageId: `v${++sent}`, patientId: `p${bed}`, eventTime });
    return { topic: 'ward.vitals', key: `p${bed}`, eventTime, record };
  }

  const textOf = (id: string) => async () => (await page.getByTestId(id).allTextContents()).join(' | ');
  const ready = async () => (await fetch(new URL('/health/ready', url))).text();

  async function live() {
    await expect.poll(() => page.getByTestId('bed-tile').count(), POLL).toBe(BEDS.length);
    await expect.poll(textOf('data'), POLL).toBe('Live');
    await expect.poll(ready, POLL).toContain('"ready":true');
    await expect.poll(textOf('alert-item'), POLL).toBe('');
  }

  /** Milliseconds from now until each shows. */
  async function told(shows: Readonly<Record<string, readonly [() => Promise<string>, RegExp]>>) {
    const began = performance.now();
    const each = Object.entries(shows).map(async ([name, [read, pattern]]) => {
      await expect.poll(read, POLL).toMatch(pattern);
      return [name, Math.round(performance.now() - began)] as const;
    });
    return Object.fromEntries(await Promise.all(each));
  }

  const shows = () => {
    const before = said.length;
    return {
      page: [textOf('data'), /^Not live: 8 of 8 beds$/],
      banner: [textOf('banner'), /^Nothing is read of 8 of 8 beds since/],
      tile: [textOf('bed-tile'), /Not read/],
      alarm: [textOf('alert-item'), /HIGH.*Input away/],
      ready: [ready, /"ready":false.*nothing is read from Kafka/],
      log: [async () => said.slice(before), /input-away/],
    } as const;
  };

  it('is told within 10 s on the page, by readiness and in the log, whether it is killed or hangs, and so is its return', async () => {
    await live();
    const killed = shows();
    await broker.kill();
    const whenKilled = await told(killed);
    await keep(page, 'dead-broker');
    expect(await page.getByTestId('connection').textContent()).toBe('Connected');
    await broker.restart();
    await live();
    const frozen = shows();
    await broker.freeze();
    const whenFrozen = await told(frozen);
    await broker.thaw();
    await live();
    process.stdout.write(
      `told after, in ms: killed ${JSON.stringify(whenKilled)}, frozen ${JSON.stringify(whenFrozen)}\n`,
    );
    for (const times of [whenKilled, whenFrozen])
      for (const [name, ms] of Object.entries(times)) expect([name, ms <= WITHIN_MS]).toEqual([name, true]);
  }, 300_000);
});
