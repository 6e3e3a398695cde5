import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { EmbeddedBus } from '../../src/bus/embedded/bus.js';
import { MemoryBus } from '../../src/bus/memory.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import type { PatientView } from '../../src/contract/protocol.js';
import { TOPICS } from '../../src/contract/topics.js';
import { BusSink } from '../../src/engine/bus-sink.js';
import { PatientsSink } from '../../src/engine/patients-sink.js';
import { MessageCodec } from '../../src/events/codec.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { noCounts } from '../../src/sources/source.js';
import { LoggedWard } from '../../src/ward/logged-ward.js';
import { WardView } from '../../src/ward/ward-view.js';
import { alert, HOUR_MS, LOUD_RULES, patientNow, START, temporaryDirectory } from '../helpers.js';

const codec = new MessageCodec();
let bus: MemoryBus;

beforeEach(() => {
  bus = new MemoryBus({ partitions: 4, capacity: 1_000_000 });
});

async function opened(log: MemoryBus | EmbeddedBus = bus) {
  const troubles: string[] = [];
  const ward = new LoggedWard(log, codec, { onTrouble: (message) => troubles.push(message) });
  await ward.open();
  onTestFinished(() => ward.close());
  const pushed: string[] = [];
  ward.alerts$.subscribe(({ alert: { alertId, sequence } }) => pushed.push(`${alertId} ${sequence}`));
  const left: string[] = [];
  ward.departed$.subscribe(({ patientId, wardId, reason }) => left.push(`${patientId} ${wardId} ${reason}`));
  const dropped: string[] = [];
  ward.dropped$.subscribe((alerts) => dropped.push(...alerts.map(({ alertId }) => alertId)));
  return { ward, pushed, left, dropped, troubles };
}

const show = (
  log: MemoryBus | EmbeddedBus,
  at: Parameters<typeof patientNow>[0] = {},
  alerts: AlertMessage[] = [],
) => {
  const now = patientNow({ ...at, alerts: alerts.map((each) => codec.encode('Alert', each)) });
  const value = codec.encode('PatientNow', now);
  return log.produce(TOPICS.patients, [{ key: now.patientId, partition: now.partition, value }]);
};
const tell = (log: MemoryBus | EmbeddedBus, ...alerts: AlertMessage[]) =>
  log.produce(
    TOPICS.alerts,
    alerts.map((each) => ({ key: each.patientId, partition: 0, value: codec.encode('Alert', each) })),
  );

it('shows what a page in the engine’s own process shows', async () => {
  const { ward } = await opened();
  const own = new WardView();
  const patients = new PatientsSink(bus, codec, { engine: 'a' });
  const results = new BusSink(bus, codec, 'm');
  const startTime = Date.UTC(2026, 0, 5);
  const messages = [
    ...simulateWard({ beds: 4, hours: 4, seed: 4, startTime, wardId: 'W', vitalsIntervalMs: 300_000 }),
  ];
  await replay(
    { counts: noCounts(), total: 0, messages: () => messages },
    {
      config: parseConfig({ alerts: { rules: LOUD_RULES } }),
      speed: 'max',
      explainsAlerts: false,
      sinks: [own, patients, results],
      onDrained: async () => {
        await patients.flush();
        await results.flush();
      },
    },
  );
  const byId = (views: readonly PatientView[]) =>
    [...views].sort((a, b) => (a.patientId < b.patientId ? -1 : 1));
  expect(own.views().length).toBeGreaterThan(2);
  expect(byId(ward.views())).toEqual(byId(own.views()));
  expect(ward.openAlerts).toEqual(own.openAlerts);
  expect(own.openAlerts.size).toBeGreaterThan(0);
  expect(ward.clock).toBe(own.clock);
});

describe('a ward that is read from the log', () => {
  it('shows an alert at once, also ahead of its patient, and each record once', async () => {
    const { ward, pushed } = await opened();
    await tell(bus, alert('a'), alert('a'), alert('a', 1, { state: 'ACKNOWLEDGED' }));
    expect([pushed, [...ward.openAlerts.keys()], ward.views()]).toEqual([['a 0', 'a 1'], ['a'], []]);
    await show(bus, {}, [alert('a')]);
    expect(ward.openAlerts.get('a')?.state).toBe('ACKNOWLEDGED');
    await show(bus, {}, []);
    // Only the log ends what the log has told.
    expect([...ward.openAlerts.keys()]).toEqual(['a']);
    await tell(bus, alert('a', 2, { state: 'RESOLVED' }));
    await show(bus, {}, [alert('a', 1, { state: 'ACKNOWLEDGED' })]);
    expect([pushed, [...ward.openAlerts.keys()]]).toEqual([['a 0', 'a 1', 'a 2'], []]);
  });

  it('takes a patient off at the tombstone, with what is open, and tells who is on another ward', async () => {
    const { ward, left, dropped } = await opened();
    await show(bus, { wardId: 'A' }, [alert('a')]);
    await show(bus, { wardId: 'B', eventTime: START + 1 }, [alert('a')]);
    await bus.produce(TOPICS.patients, [{ key: 'p1', partition: 0, value: null }]);
    await bus.produce(TOPICS.patients, [{ key: 'nobody', partition: 0, value: null }]);
    expect(left).toEqual(['p1 A moved', 'p1 B discharged']);
    expect([dropped, ward.patients.size, ward.openAlerts.size]).toEqual([['a'], 0, 0]);
  });

  it('does not go back within a stay, and begins anew with the next one', async () => {
    const { ward } = await opened();
    await show(bus, { eventTime: START + HOUR_MS, bedId: 'new' });
    await show(bus, { eventTime: START, bedId: 'old' });
    expect(ward.view('p1')?.bedId).toBe('new');
    await show(bus, { eventTime: START, bedId: 'next', stayId: 'p1@t' });
    expect(ward.view('p1')?.bedId).toBe('next');
  });

  it('says where a patient’s messages come from, and keeps new values for courses', async () => {
    const { ward } = await opened();
    const heartRate = (value: number, at: number) => ({ variable: 'heartRate', value, unit: '/min', at });
    await show(bus, { partition: 1, values: [heartRate(80, START)] });
    await show(bus, { partition: 1, eventTime: START + 1, values: [heartRate(80, START)] });
    await show(bus, { partition: 1, eventTime: START + 60_000, values: [heartRate(90, START + 60_000)] });
    expect(ward.partitionOf('p1')).toBe(1);
    const kept = ward.recent.of('p1').observations.map(({ eventTime, values }) => [eventTime, values[0]]);
    expect(kept).toEqual([
      [START, 80],
      [START + 60_000, 90],
    ]);
  });

  it('counts a record that it cannot read, says so once, and goes on', async () => {
    const { ward, troubles } = await opened();
    for (const key of ['x', 'y']) await bus.produce(TOPICS.patients, [{ key, value: Buffer.from('noise') }]);
    await bus.produce(TOPICS.alerts, [{ key: 'x', value: Buffer.alloc(0) }]);
    await show(bus);
    expect([...ward.undecodable]).toEqual([
      [TOPICS.patients, 2],
      [TOPICS.alerts, 1],
    ]);
    expect([troubles.length, ward.patients.size]).toEqual([2, 1]);
  });

  it('shows a notice of its own process at once, and no second time where the log has it too', async () => {
    const { ward, pushed } = await opened();
    const notice = alert('n', 0, { class: 'technical', patientId: '', stayId: '' });
    ward.tell(notice);
    await tell(bus, notice);
    expect([pushed, [...ward.openAlerts.keys()]]).toEqual([['n 0'], ['n']]);
  });
});

describe('a gateway that begins', () => {
  it('has every patient with what is open, and pushes nothing that was there before', async () => {
    const log = EmbeddedBus.open({ directory: temporaryDirectory(), partitions: 2 });
    onTestFinished(() => log.close());
    await log.createTopics([TOPICS.patients, TOPICS.alerts]);
    await tell(log, alert('open'), alert('over'), alert('over', 1, { state: 'RESOLVED' }));
    for (let index = 0; index < 20; index++) {
      const patientId = `p${index}`;
      await show(log, { patientId, partition: index % 2 });
      await show(
        log,
        { patientId, partition: index % 2, eventTime: START + 1 },
        index === 1 ? [alert('open')] : [],
      );
    }
    // Written before the alert was over, and not yet again.
    await show(log, { patientId: 'p2', eventTime: START + 2 }, [alert('over')]);
    const { ward, pushed } = await opened(log);
    await expect.poll(() => ward.catchingUp).toBeNull();
    expect([ward.patients.size, [...ward.openAlerts.keys()], pushed]).toEqual([20, ['open'], []]);
    await tell(log, alert('open'), alert('open', 1, { state: 'RESOLVED' }));
    await expect.poll(() => pushed).toEqual(['open 1']);
    expect(ward.openAlerts.size).toBe(0);
  });

  it('lets an alert go that only a patient’s record had told, once the next one does not', async () => {
    const { ward, dropped } = await opened();
    await show(bus, {}, [alert('a')]);
    expect([...ward.openAlerts.keys()]).toEqual(['a']);
    await show(bus, { eventTime: START + 1 });
    expect([[...ward.openAlerts.keys()], dropped]).toEqual([[], ['a']]);
  });
});
