import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type WardClient } from '../../../src/client/node.js';
import type { AlertMessage } from '../../../src/contract/messages.js';
import type { CatchingUpView, PatientView, ServerFrame } from '../../../src/contract/protocol.js';
import { TOPICS } from '../../../src/contract/topics.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { signToken } from '../../../src/server/access/tokens.js';
import { adt, vitals } from '../../helpers.js';
import { ClickHouseFront } from '../../store/front.js';
import { type Broker, startBroker } from '../kafka/broker.js';
import { type EngineProcess, Scene } from './scene.js';

const SECRET = 'a secret of at least thirty-two characters';
const PATIENTS = Array.from({ length: 12 }, (_, index) => `patient-${index + 1}`);
const SETTINGS = {
  alerts: {
    rules: [
      {
        id: 'news2-emergency',
        signal: 'news2',
        priority: 'HIGH',
        raiseAt: 7,
        resolveBelow: 5,
        holdMs: 0,
        refractoryMs: 0,
        escalateAfterMs: 3_600_000,
      },
    ],
  },
  server: { port: 0, auth: { kind: 'secret', secret: SECRET } },
};
const SHOCK = { heartRate: 142, respRate: 34, temperature: 39.6, mapInvasive: 47 };

/** Everybody is admitted, and in shock. */
function ward(at: number): SourceMessage[] {
  return PATIENTS.flatMap((patientId) => {
    const bed = { wardId: 'W', bedId: `Bed ${patientId}` };
    const admission = adt('ADMIT', { patientId, eventTime: at, messageId: `${patientId}:in`, ...bed });
    const signs = vitals(SHOCK, { patientId, eventTime: at + 1, messageId: `${patientId}:1` });
    const head = { key: patientId };
    return [
      { ...head, topic: TOPICS.adt, eventTime: at, record: admission },
      { ...head, topic: TOPICS.vitals, eventTime: at + 1, record: signs },
    ];
  });
}

/** What the page of one engine knows and was told. */
class Page {
  readonly frames: ServerFrame[] = [];
  readonly patients = new Map<string, PatientView>();
  readonly alerts = new Map<string, AlertMessage>();
  catchingUp: CatchingUpView | null | undefined;
  readonly client: WardClient;

  constructor(url: string, token: string) {
    this.client = connect({ url, token });
    for (const type of ['snapshot', 'patients', 'discharged', 'alert', 'heartbeat'] as const) {
      this.client.on(type, (frame) => this.#take(frame));
    }
  }

  get departures() {
    return this.frames.filter((frame) => frame.type === 'discharged');
  }

  #take(frame: ServerFrame): void {
    this.frames.push(frame);
    if (frame.type === 'snapshot') {
      this.patients.clear();
      this.alerts.clear();
      for (const alert of frame.alerts) this.alerts.set(alert.alertId, alert);
    }
    if ('patients' in frame) for (const each of frame.patients) this.patients.set(each.patientId, each);
    if ('catchingUp' in frame) this.catchingUp = frame.catchingUp;
    if (frame.type === 'discharged') this.patients.delete(frame.patientId);
    if (frame.type === 'alert') this.alerts.set(frame.alert.alertId, frame.alert);
  }
}

describe('patients who move to another process', () => {
  const front = new ClickHouseFront();
  let broker: Broker;
  let scene: Scene;
  let token: string;
  const pages: Page[] = [];

  beforeAll(async () => {
    broker = await startBroker();
    await front.come();
    scene = await Scene.open(broker.brokers, front, 4);
    const user = { subject: 'nurse', role: 'clinician' as const, wards: new Set(['*']) };
    token = await signToken(SECRET, user, new Date(Date.now() + 3_600_000));
  });
  afterAll(async () => {
    for (const { client } of pages) client.close();
    await scene?.close();
    await front.close();
    await broker?.stop();
  });

  const open = ({ url }: EngineProcess): Page => {
    const page = new Page(url, token);
    pages.push(page);
    return page;
  };
  const isOf = (page: Page) =>
    [...page.alerts.values()].every(({ patientId }) => page.patients.has(patientId));
  const isPresent = (page: Page) => page.catchingUp === null;

  it('are told as elsewhere, take their alerts along, and are shown there as they were', async () => {
    const first = await scene.run(SETTINGS);
    const a = open(first);
    await expect.poll(() => isPresent(a)).toBe(true);
    await scene.produce(ward(Date.now()));
    await expect.poll(() => a.alerts.size).toBe(PATIENTS.length);
    await expect.poll(() => scene.left()).toBe(0);

    const second = await scene.run(SETTINGS);
    const b = open(second);
    await expect.poll(() => b.frames.length).toBeGreaterThan(0);
    // The snapshot of a process that has just begun is not called the truth.
    expect(b.frames[0]).toMatchObject({ type: 'snapshot', catchingUp: { partitions: 0 } });
    await expect.poll(() => isPresent(b) && b.patients.size > 0).toBe(true);
    await expect.poll(() => a.patients.size + b.patients.size).toBe(PATIENTS.length);
    expect(a.departures.map((frame) => frame.reason)).toEqual([...b.patients].map(() => 'elsewhere'));
    for (const patient of b.patients.values()) {
      expect(patient).toMatchObject({ restored: true, values: { heartRate: { value: 142 } }, stale: false });
      expect([patient.mortality, patient.news2, patient.riskAt]).not.toContain(null);
    }
    await expect.poll(() => a.alerts.size + b.alerts.size).toBe(PATIENTS.length);
    expect([isOf(a), isOf(b)]).toEqual([true, true]);

    const [{ alertId }] = b.alerts.values();
    const act = (page: Page) => page.client.act(alertId, { action: 'ACKNOWLEDGE' });
    await expect(act(a)).rejects.toMatchObject({ status: 404 });
    await act(b);
    await expect.poll(() => b.alerts.get(alertId)?.state).toBe('ACKNOWLEDGED');

    // One that was frozen past its session does not know yet what became of its patients.
    first.child.kill('SIGSTOP');
    await expect.poll(() => b.patients.size).toBe(PATIENTS.length);
    first.child.kill('SIGCONT');
    const doubts = a.frames.length;
    const frameOf = (frame: ServerFrame) => frame.type === 'snapshot' || frame.type === 'heartbeat';
    await expect.poll(() => a.frames.slice(doubts).some(frameOf)).toBe(true);
    expect(a.frames.slice(doubts).find(frameOf)).toMatchObject({ catchingUp: { partitions: 0 } });
    await expect.poll(() => isPresent(a) && isPresent(b)).toBe(true);
    await expect.poll(() => a.patients.size + b.patients.size).toBe(PATIENTS.length);
    expect([isOf(a), isOf(b)]).toEqual([true, true]);
    expect(a.departures.filter((frame) => frame.reason !== 'elsewhere')).toEqual([]);

    expect(await second.stop()).toBe(0);
    await expect.poll(() => a.patients.size).toBe(PATIENTS.length);
    await expect.poll(() => a.alerts.get(alertId)?.state).toBe('ACKNOWLEDGED');
    await expect.poll(() => isPresent(a)).toBe(true);
    expect([...a.patients.values()].filter(({ mortality }) => mortality === null)).toEqual([]);
    expect(await scene.deadLetters()).toEqual([]);
    expect(await first.stop()).toBe(0);
  });
});
