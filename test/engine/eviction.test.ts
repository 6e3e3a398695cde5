import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import type { StateEntry } from '../../src/bus/bus.js';
import { ReplayClock } from '../../src/clock.js';
import type { AckMessage, AlertMessage } from '../../src/contract/messages.js';
import { type InputTopic, TOPICS } from '../../src/contract/topics.js';
import { Engine } from '../../src/engine/engine.js';
import type { Outputs, Sink } from '../../src/engine/outputs.js';
import { silentIn } from '../../src/engine/silent.js';
import { MessageCodec } from '../../src/events/codec.js';
import { RawRecord } from '../../src/events/record.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { bytesOf } from '../../src/sources/source.js';
import { WardView } from '../../src/ward/ward-view.js';
import { ack, adt, alert, eventOf, HOUR_MS, LOUD_RULES, START } from '../helpers.js';
import { LoggedBus, positionsOf } from './state-log.js';

const codec = new MessageCodec();
const simulated: SourceMessage[] = [
  ...simulateWard({
    beds: 3,
    hours: 18,
    seed: 3,
    startTime: START,
    wardId: 'W',
    vitalsIntervalMs: 900_000,
    scenarios: ['septic-shock', 'haemorrhage', 'recovery'],
  }),
];
const patients = [...new Set(simulated.map(({ key }) => key))];
/** Among them one whose alerts end by time, later than who is silent may leave. */
const RULES = LOUD_RULES.map((rule) =>
  rule.endAfterMs === undefined ? rule : { ...rule, endAfterMs: 4 * HOUR_MS },
);

interface Gap {
  readonly bed: number;
  readonly from: number;
  readonly hours: number;
}
const isIn = ({ bed, from, hours }: Gap, { key, eventTime, topic }: SourceMessage) =>
  topic !== TOPICS.adt &&
  key === patients[bed] &&
  eventTime > START + from * HOUR_MS &&
  eventTime < START + (from + hours) * HOUR_MS;

type LoggedRecord = RawRecord & { readonly time: number };

/** The stream with silences; what `late` names comes an hour after its time instead. */
function streamOf(
  gaps: readonly Gap[],
  late: readonly number[],
  acks: readonly AckMessage[] = [],
): LoggedRecord[] {
  const acked = acks.map((record): SourceMessage => {
    return {
      topic: TOPICS.acks,
      key: record.patientId,
      eventTime: record.eventTime,
      record,
    } as SourceMessage;
  });
  const kept = [...simulated.filter((message) => !gaps.some((gap) => isIn(gap, message))), ...acked];
  const arrival = (message: SourceMessage, index: number) =>
    message.eventTime + (message.topic === TOPICS.labs && late.includes(index % 20) ? HOUR_MS : 0);
  const next = new Map<string, number>();
  return kept
    .map((message, index) => ({ message, at: arrival(message, index) }))
    .sort((a, b) => a.at - b.at)
    .map(({ message, at }) => {
      const offset = next.get(message.topic) ?? 0;
      next.set(message.topic, offset + 1);
      const record = new RawRecord(message.topic as InputTopic, 0, offset, bytesOf(message, codec));
      return Object.assign(record, { time: at });
    });
}

class Results implements Sink {
  /** Scores and alerts of each patient in order. Of two patients nothing says whose come first: who is read back comes a moment later. */
  readonly ofPatients = new Map<string, string[]>();
  readonly alerts: AlertMessage[] = [];

  async write({ scores, alerts }: Outputs): Promise<void> {
    for (const { patientId, eventTime, mortality, news2, states } of scores) {
      this.#note(`scores of ${patientId}`, `${eventTime} ${mortality} ${news2} ${JSON.stringify(states)}`);
    }
    this.alerts.push(...alerts);
    for (const {
      patientId,
      alertId,
      sequence,
      rule,
      state,
      onsetTime,
      eventTime,
      value,
      mortality,
      trend,
      actor,
    } of alerts) {
      const when = [onsetTime, eventTime];
      this.#note(
        `alerts of ${patientId}`,
        [alertId, sequence, rule, state, ...when, value, mortality, trend, actor].join(' '),
      );
    }
  }

  #note(whose: string, what: string): void {
    const line = `${whose}: ${what}`;
    const lines = this.ofPatients.get(whose);
    if (lines === undefined) this.ofPatients.set(whose, [line]);
    else lines.push(line);
  }
}

/** What is in one and not in the other. */
function missing({ ofPatients }: Results, others: Results): string[] {
  const known = new Set([...others.ofPatients.values()].flat());
  return [...ofPatients.values()].flat().filter((line) => !known.has(line));
}

interface Run {
  readonly results: Results;
  readonly view: WardView;
  readonly engine: Engine;
  readonly bus: LoggedBus;
  /** The most patients who were out of memory at once. */
  readonly mostSilent: number;
}

/** All is dealt with and written, and who is silent has left. */
async function settled(engine: Engine): Promise<void> {
  while (engine.inFlight > 0) await moment();
  // What came before that was in a checkpoint at most in part.
  const { checkpoints } = engine.checkpoints;
  while (engine.checkpoints.checkpoints < checkpoints + 3) await moment();
}

function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** Reads the stream, checkpoint by checkpoint; a process that ends in the middle is followed by another. */
async function run(
  stream: readonly LoggedRecord[],
  evictAfterMs: number,
  ends: readonly number[] = [],
): Promise<Run> {
  const log: StateEntry[] = [];
  const results = new Results();
  let last: Run | null = null;
  const committed = new Map<string, number>();
  for (const end of [...ends, stream.length]) {
    const bus = new LoggedBus(log, committed);
    const clock = new ReplayClock();
    const unread = stream.slice(0, end).filter(({ topic, offset }) => offset >= (committed.get(topic) ?? 0));
    if (last !== null) clock.advanceTo(unread[0].time);
    const view = new WardView();
    const config = parseConfig({
      state: { checkpointIntervalMs: 1, evictAfterMs },
      alerts: { rules: RULES },
    });
    const engine = await Engine.open({ config, bus, clock, sinks: [results, view] });
    await engine.start();
    let mostSilent = engine.silentPatients;
    for (let begin = 0; begin < unread.length; begin += 50) {
      const records = unread.slice(begin, begin + 50);
      clock.advanceTo(records.at(-1)!.time);
      await bus.handler!.batch({ topic: 'all', partition: 0, records, positions: positionsOf(records) });
      if (evictAfterMs === 0) continue;
      await settled(engine);
      mostSilent = Math.max(mostSilent, engine.silentPatients);
    }
    if (end === stream.length) await engine.finish();
    last = { results, view, engine, bus, mostSilent };
    await engine.close();
  }
  return last!;
}

describe('a silent patient', () => {
  const gap: Gap = { bed: 0, from: 4, hours: 7 };

  it('leaves memory, is shown with the time of the last value, and comes back with the next one', async () => {
    const stream = streamOf([gap], []);
    const before = stream.findIndex(({ time }) => time > START + 10 * HOUR_MS);
    const { engine, view, mostSilent, bus } = await run(stream.slice(0, before), HOUR_MS);
    expect([mostSilent, engine.silentPatients, engine.patients]).toEqual([1, 1, 2]);
    const shown = view.view(patients[0])!;
    expect(shown.stale).toBe(true);
    expect((START + 4 * HOUR_MS - shown.lastEventAt) / HOUR_MS).toBeLessThan(0.5);
    expect(shown.mortality).not.toBeNull();
    expect(view.stateOf(patients[0])).toBeUndefined();
    expect(bus.reads).toBe(0);
    const after = await run(stream, HOUR_MS);
    expect([after.mostSilent, after.bus.reads]).toEqual([1, 1]);
  });

  it('is scored and alarmed as if never away, whatever comes of them: values, late ones, acknowledgements, a discharge', async () => {
    let away = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            bed: fc.integer({ min: 0, max: 2 }),
            from: fc.integer({ min: 2, max: 12 }),
            hours: fc.integer({ min: 3, max: 7 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        fc.uniqueArray(fc.integer({ min: 0, max: 19 }), { maxLength: 6 }),
        async (gaps, late) => {
          const unanswered = await run(streamOf(gaps, late), 0);
          // Somebody answers alerts in the middle of the silence.
          const acks = unanswered.results.alerts
            .filter(({ state }) => state === 'RAISED')
            .map(({ alertId, patientId, eventTime }, index) =>
              ack(alertId, { messageId: `ack${index}`, patientId, eventTime: eventTime + 2.5 * HOUR_MS }),
            );
          const stream = streamOf(gaps, late, acks);
          const always = await run(stream, 0);
          const evicting = await run(stream, HOUR_MS);
          away += evicting.bus.reads;
          expect(evicting.results.ofPatients).toEqual(always.results.ofPatients);
          const inTime = streamOf(gaps, [], acks);
          const once = await run(inTime, 0);
          const restarted = await run(inTime, HOUR_MS, [
            Math.floor(stream.length * 0.4),
            Math.floor(stream.length * 0.7),
          ]);
          expect(missing(once.results, restarted.results)).toEqual([]);
          expect(missing(restarted.results, once.results)).toEqual([]);
        },
      ),
      { numRuns: 2 },
    );
    expect(away).toBeGreaterThan(0);
  });

  it('stays out of memory when another process takes over, and is shown with the place and open alerts', async () => {
    const stream = streamOf([gap], []);
    const silentAt = stream.findIndex(({ time }) => time > START + 8 * HOUR_MS);
    const backAt = stream.findIndex(({ time }) => time > START + 10 * HOUR_MS);
    const { engine, view, mostSilent } = await run(stream.slice(0, backAt), HOUR_MS, [silentAt]);
    expect([mostSilent, engine.silentPatients]).toEqual([1, 1]);
    expect(view.view(patients[0])).toMatchObject({ wardId: 'W', stale: true });
    expect(view.view(patients[0])?.bedId).not.toBeNull();
    expect(view.patients.size).toBe(3);
  });

  it('is not let go while an alert waits to be escalated, and is explained though not in memory', async () => {
    const stream = streamOf([gap], []);
    const before = stream.findIndex(({ time }) => time > START + 10 * HOUR_MS);
    const log: StateEntry[] = [];
    const bus = new LoggedBus(log);
    const clock = new ReplayClock();
    const rule = {
      id: 'r',
      signal: 'mortality',
      priority: 'LOW',
      raiseAt: 0.000_001,
      resolveBelow: 0.000_000_1,
      holdMs: 0,
      refractoryMs: 0,
      escalateAfterMs: 20 * HOUR_MS,
    };
    const config = parseConfig({
      state: { checkpointIntervalMs: 1, evictAfterMs: HOUR_MS },
      alerts: { rules: [rule] },
    });
    const engine = await Engine.open({ config, bus, clock, sinks: [] });
    await engine.start();
    const feed = async (records: readonly LoggedRecord[]) => {
      clock.advanceTo(records.at(-1)!.time);
      await bus.handler!.batch({ topic: 'all', partition: 0, records, positions: positionsOf(records) });
      await settled(engine);
    };
    for (let at = 0; at < before; at += 100) await feed(stream.slice(at, Math.min(before, at + 100)));
    expect(engine.silentPatients).toBe(0);
    const raised = [...engine.policy.open()].find(({ patientId }) => patientId === patients[0])!;
    const time = stream[before].time;
    const answer = ack(raised.alertId, { patientId: patients[0], eventTime: time });
    const message = {
      topic: TOPICS.acks,
      key: patients[0],
      eventTime: time,
      record: answer,
    } as SourceMessage;
    const record = new RawRecord(TOPICS.acks, 0, 0, bytesOf(message, codec));
    await feed([Object.assign(record, { time })]);
    const others = stream.filter(
      ({ time: at, topic }) => at > time && at < time + 3 * HOUR_MS && topic === TOPICS.vitals,
    );
    const bed0 = new Set(
      streamOf([gap, { bed: 1, from: 0, hours: 99 }, { bed: 2, from: 0, hours: 99 }], []).map((each) =>
        each.value.toString('hex'),
      ),
    );
    const withoutBed0 = others.filter((each) => !bed0.has(each.value.toString('hex')));
    await feed(withoutBed0);
    await expect.poll(() => engine.silentPatients).toBe(1);
    const explanation = await engine.explain(patients[0]);
    expect(explanation?.variables.length).toBeGreaterThan(5);
    expect(engine.silentPatients).toBe(1);
    await engine.close();
  });

  it('stays in the log with a notice that no time ends, and not with an alert that is still to escalate', () => {
    const event = eventOf('adt', adt('ADMIT'));
    const patient = new PatientState(event, { stepMs: HOUR_MS, steps: 4 }, 16);
    const withOpen = (open: AlertMessage) => {
      const place = { unknownSince: START, open: open.class === 'technical' ? open : null };
      const alerts = JSON.stringify({
        rules: open.class === 'technical' ? [] : [{ open }],
        place,
        trail: [],
      });
      return silentIn({ patient, alerts, fill: null });
    };
    const notice = alert('n', 0, { class: 'technical' });
    expect(withOpen(notice)?.alerts).toEqual([notice]);
    expect(withOpen(alert('a'))).toBeNull();
    expect(withOpen(alert('a', 1, { state: 'SNOOZED' }))).toBeNull();
    expect(withOpen(alert('a', 1, { state: 'ESCALATED' }))?.alerts).toHaveLength(1);
  });
});
