import { describe, expect, it } from 'vitest';
import { MemoryBus } from '../../src/bus/memory.js';
import { VARIABLES } from '../../src/clinical/variables.js';
import { ReplayClock } from '../../src/clock.js';
import { type Config, parseConfig } from '../../src/config.js';
import { Engine } from '../../src/engine/engine.js';
import type { AlertMessage } from '../../src/events/messages.js';
import { ScoresDigest } from '../../src/replay/digest.js';
import { produceAll } from '../../src/replay/replay.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { START } from '../helpers.js';

const WARD = [
  ...simulateWard({
    beds: 4,
    hours: 20,
    seed: 3,
    startTime: START,
    wardId: 'W',
    vitalsIntervalMs: 300_000,
    scenarios: ['septic-shock', 'haemorrhage', 'recovery'],
  }),
];

interface Settings {
  readonly config?: Config;
  /** Messages sent at once. */
  readonly chunk?: number;
  /** Called between two chunks. */
  readonly between?: (engine: Engine) => Promise<void>;
}

/** The ward through an engine: its alerts, by id and sequence, and the digest of all scores. */
async function run({ config = parseConfig({}), chunk = 200, between }: Settings = {}) {
  const bus = new MemoryBus({ partitions: 2, capacity: 8192 });
  const clock = new ReplayClock();
  const digest = new ScoresDigest();
  const alerts: AlertMessage[] = [];
  const contributions: number[] = [];
  const collect = {
    write: async (outputs: Parameters<ScoresDigest['write']>[0]) => {
      alerts.push(...structuredClone(outputs.alerts));
      for (const { risk, contributions: each } of outputs.scores)
        contributions.push(risk - each.base - each.structured);
    },
  };
  const engine = await Engine.open({ config, bus, clock, sinks: [digest, collect] });
  await engine.start();
  for (let start = 0; start < WARD.length; start += chunk) {
    const messages = WARD.slice(start, start + chunk);
    clock.advanceTo(messages[messages.length - 1].eventTime);
    await produceAll(messages, bus, engine.codec);
    await between?.(engine);
  }
  await expect.poll(() => bus.unread).toBe(0);
  await engine.finish();
  const { drift } = engine;
  await engine.close();
  const key = ({ alertId, sequence }: AlertMessage) => `${alertId} ${sequence}`;
  alerts.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return { alerts, digest: digest.digest(), contributions, drift };
}

describe('an alert', () => {
  it('carries the variables that move its signal, the most moving first, with value and direction', async () => {
    const { alerts, contributions, drift } = await run();
    const raised = alerts.filter(({ sequence }) => sequence === 0);
    expect(raised.length).toBeGreaterThan(1);
    const effects: number[] = [];
    for (const { evidence, risk, contributions: each } of raised) {
      expect(evidence.length).toBeGreaterThan(3);
      const sizes = evidence.map(({ effect }) => Math.abs(effect ?? 0));
      const leading = sizes.slice(0, 5).filter((size) => size >= 0.005);
      expect(leading).toEqual([...leading].sort((a, b) => b - a));
      if (leading.length > 0) expect(Math.max(...sizes)).toBe(leading[0]);
      expect(new Set(evidence.map(({ variable }) => variable)).size).toBe(evidence.length);
      for (const { variable, value, unit } of evidence) {
        expect(VARIABLES.find(({ id }) => id === variable)?.unit).toBe(unit);
        expect(Number.isFinite(value)).toBe(true);
      }
      expect(each!.base + each!.structured).toBeCloseTo(risk, 12);
      effects.push(sizes[0]);
    }
    expect(Math.max(...effects)).toBeGreaterThan(0.01);
    // Everybody has a heart rate at every score.
    expect(drift.find(({ variable }) => variable === 'heartRate')?.scores).toBe(contributions.length);
    // Nobody has a note or an image that this model reads: all but the base is structured.
    for (const rest of contributions) expect(Math.abs(rest)).toBeLessThan(1e-12);
  });

  it('keeps its evidence through all that follows', async () => {
    const { alerts } = await run();
    const first = new Map(
      alerts.filter(({ sequence }) => sequence === 0).map((alert) => [alert.alertId, alert]),
    );
    const later = alerts.filter(({ sequence }) => sequence > 0);
    expect(later.length).toBeGreaterThan(0);
    for (const { alertId, evidence } of later) expect(evidence).toEqual(first.get(alertId)!.evidence);
  });

  it('is the same to the bit in whatever batches its ward arrives and is scored', async () => {
    const whole = await run();
    const inBits = await run({ chunk: 7, config: parseConfig({ model: { maxBatch: 3 } }) });
    expect(inBits.alerts).toEqual(whole.alerts);
    expect(inBits.digest).toBe(whole.digest);
  });
});

describe('engine.explain', () => {
  it('tells why, at any time, without touching a score or an alert', async () => {
    const plain = await run();
    let asked = 0;
    let agreed = 0;
    const asking = await run({
      between: async (engine) => {
        const known = WARD.map(({ key }) => key);
        const explanation = await engine.explain(known[asked++ % known.length]);
        if (explanation === null) return;
        const { value, contributions, variables } = explanation;
        expect(contributions.base + contributions.structured).toBeCloseTo(value!, 12);
        expect(variables.length).toBeGreaterThan(0);
        agreed++;
      },
    });
    expect(agreed).toBeGreaterThan(3);
    expect(asking.digest).toBe(plain.digest);
    expect(asking.alerts).toEqual(plain.alerts);
  });

  it('knows nothing of a patient who is not here', async () => {
    const bus = new MemoryBus({ partitions: 1, capacity: 8 });
    const engine = await Engine.open({ config: parseConfig({}), bus, clock: new ReplayClock(), sinks: [] });
    expect(await engine.explain('nobody')).toBeNull();
    await engine.close();
  });
});
