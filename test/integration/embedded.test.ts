import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { EmbeddedLog } from '../../src/bus/embedded/log.js';
import type { AlertMessage, RiskScoreMessage } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import type { Outputs } from '../../src/engine/outputs.js';
import { MessageCodec } from '../../src/events/codec.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { noCounts } from '../../src/sources/source.js';
import { temporaryDirectory } from '../helpers.js';

const WARD = new URL('embedded-ward.mjs', import.meta.url).pathname;
const RULE = { id: 'news2', signal: 'news2', priority: 'HIGH', raiseAt: 5, resolveBelow: 4, holdMs: 0 };
const SETTINGS = {
  align: { minScoreIntervalMs: 200 },
  alerts: { rules: [{ ...RULE, refractoryMs: 0, escalateAfterMs: 2000 }] },
  // All of the stream is in the log from the beginning on, and waits for its time.
  limits: { maxFutureSkewMs: 3_600_000 },
};
const LIVE_MS = 12_000;
/** Until the stream is live: the process starts and appends it. */
const LEAD_MS = 15_000;

/** A simulated ward of a day within seconds of the present; without its images, which JSON does not hold. */
function messages(start: number): SourceMessage[] {
  const startTime = Date.UTC(2026, 0, 5);
  const ward = { beds: 6, hours: 24, seed: 3, startTime, wardId: 'ICU', vitalsIntervalMs: 20 * 60_000 };
  const all = [...simulateWard(ward)].filter(({ topic }) => topic !== TOPICS.imaging);
  const last = Math.max(...all.map(({ eventTime }) => eventTime));
  const timeOf = (time: number) => Math.round(start + ((time - startTime) / (last - startTime)) * LIVE_MS);
  return all
    .map((message) => {
      const record = message.record as { observedAt?: number | null };
      const eventTime = timeOf(message.eventTime);
      const observed = record.observedAt == null ? {} : { observedAt: timeOf(record.observedAt) };
      return { ...message, eventTime, record: { ...record, ...observed, eventTime } } as SourceMessage;
    })
    .sort((a, b) => a.eventTime - b.eventTime);
}

interface Found {
  readonly scores: string[];
  readonly alerts: string[];
}
const scoreText = ({
  patientId,
  eventTime,
  mortality,
}: Pick<RiskScoreMessage, 'patientId' | 'eventTime' | 'mortality'>) =>
  `${patientId} ${eventTime} ${Math.fround(mortality)}`;
const alertText = ({ alertId, sequence, state, eventTime }: AlertMessage) =>
  `${alertId} ${sequence} ${state} ${eventTime}`;
const each = (texts: readonly string[]) => [...new Set(texts)].sort();

async function undisturbed(all: readonly SourceMessage[]): Promise<Found> {
  const found: Found = { scores: [], alerts: [] };
  const write = async ({ scores, alerts }: Outputs) => {
    found.scores.push(...scores.map(scoreText));
    found.alerts.push(...alerts.filter((alert) => alert.class === 'clinical').map(alertText));
  };
  const source = { counts: noCounts(), total: 0, messages: () => all };
  await replay(source, {
    config: parseConfig(SETTINGS),
    speed: 'max',
    sinks: [{ write }],
    explainsAlerts: false,
  });
  return { scores: each(found.scores), alerts: each(found.alerts) };
}

function inLog(directory: string): Found {
  const log = EmbeddedLog.open(join(directory, 'log'), () => 0);
  const codec = new MessageCodec();
  const read = <Message>(topic: string, schema: 'RiskScore' | 'Alert') =>
    [0, 1, 2, 3].flatMap((partition) =>
      [...log.all(topic, partition)].map(({ value }) => codec.decode(schema, value as Buffer) as Message),
    );
  const scores = each(read<RiskScoreMessage>(TOPICS.scores, 'RiskScore').map(scoreText));
  const clinical = read<AlertMessage>(TOPICS.alerts, 'Alert').filter((alert) => alert.class === 'clinical');
  void log.close();
  return { scores, alerts: each(clinical.map(alertText)) };
}

it('watches a ward through kill -9 again and again, and says what an undisturbed run says', async () => {
  const directory = temporaryDirectory();
  const start = Date.now() + LEAD_MS;
  const all = messages(start);
  const file = join(directory, 'messages.json');
  writeFileSync(file, JSON.stringify(all));
  let child: ChildProcess | undefined;
  onTestFinished(() => void child?.kill('SIGKILL'));
  /** Resolves when the process reads the log. */
  const begin = async (from: string | null) => {
    const task = JSON.stringify({ directory, messages: from, settings: SETTINGS });
    child = spawn(process.execPath, [WARD, task], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    await Promise.race([once(child.stdout!, 'data'), exited]);
    return { child, exited };
  };
  let running = await begin(file);
  expect(Date.now()).toBeLessThan(start);
  for (const share of [0.2, 0.5, 0.8]) {
    await sleep(Math.max(0, start + share * LIVE_MS - Date.now()));
    running.child.kill('SIGKILL');
    expect(await running.exited).toEqual([null, 'SIGKILL']);
    running = await begin(null);
  }
  // What time alone brings, an escalation, comes within two seconds of the last message.
  await sleep(Math.max(0, start + LIVE_MS + 4000 - Date.now()));
  running.child.kill('SIGTERM');
  expect(await running.exited).toEqual([0, null]);
  const wanted = await undisturbed(all);
  const found = inLog(directory);
  expect(wanted.alerts.length).toBeGreaterThan(0);
  expect(found.scores).toEqual(wanted.scores);
  const untilEnd = (texts: readonly string[]) => texts.filter((text) => !text.includes('ESCALATED'));
  expect(untilEnd(found.alerts)).toEqual(untilEnd(wanted.alerts));
});
