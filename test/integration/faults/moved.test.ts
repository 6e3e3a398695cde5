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
  // Every value is scored, and so shown.
  align: { minScoreIntervalMs: 0 },
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
/** A session ends after 45 s, and who goes on reads the state first. */
const TAKEOVER = { timeout: 100_000 };
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
  const isPresent = (page: Page) => page.catchingUp === null;
  const rates = (page: Page) => [...page.patients.values()].map(({ values }) => values.heartRate?.value);
  /** Everybody's heart beats at this rate now, which every page has to show. */
  async function beat(heartRate: number, ...shown: readonly Page[]) {
    const at = Date.now();
    await scene.produce(
      PATIENTS.map((patientId) => {
        const record = vitals({ heartRate }, { patientId, eventTime: at, messageId: `${patientId}:${at}` });
        return { key: patientId, topic: TOPICS.vitals, eventTime: at, record };
      }),
    );
    for (const page of shown) {
      await expect.poll(() => rates(page), TAKEOVER).toEqual(PATIENTS.map(() => heartRate));
    }
  }

  it('are on every page throughout, with their alerts, whoever watches them', async () => {
    const first = await scene.run(SETTINGS);
    const a = open(first);
    await expect.poll(() => isPresent(a)).toBe(true);
    await scene.produce(ward(Date.now()));
    await expect.poll(() => a.alerts.size).toBe(PATIENTS.length);
    await expect.poll(() => scene.left()).toBe(0);

    const second = await scene.run(SETTINGS);
    const b = open(second);
    await expect.poll(() => isPresent(b) && b.patients.size).toBe(PATIENTS.length);
    await expect.poll(() => b.alerts.size).toBe(PATIENTS.length);
    for (const { mortality, news2, riskAt } of b.patients.values()) {
      expect([mortality, news2, riskAt]).not.toContain(null);
    }
    await beat(144, a, b);

    const [{ alertId }] = b.alerts.values();
    await a.client.act(alertId, { action: 'ACKNOWLEDGE' });
    for (const page of [a, b]) await expect.poll(() => page.alerts.get(alertId)?.state).toBe('ACKNOWLEDGED');

    // One is frozen past its session: the other one watches everybody, and the first shows it when it is back.
    first.child.kill('SIGSTOP');
    await beat(146, b);
    first.child.kill('SIGCONT');
    await expect.poll(() => isPresent(a) && isPresent(b)).toBe(true);
    await beat(148, a, b);

    expect(await second.stop()).toBe(0);
    await beat(150, a);
    await expect.poll(() => isPresent(a)).toBe(true);
    expect(a.alerts.get(alertId)?.state).toBe('ACKNOWLEDGED');
    expect([...a.patients.values()].filter(({ mortality }) => mortality === null)).toEqual([]);
    // Nobody left any page, and nobody's alert was told of twice as new.
    expect([...a.departures, ...b.departures]).toEqual([]);
    const raised = (page: Page, which: AlertMessage['class']) =>
      page.frames.flatMap((frame) =>
        frame.type === 'alert' && frame.alert.sequence === 0 && frame.alert.class === which
          ? [frame.alert.rule]
          : [],
      );
    expect([raised(a, 'clinical').length, raised(b, 'clinical').length]).toEqual([PATIENTS.length, 0]);
    // That an engine stood still is told, and nothing else.
    expect(raised(b, 'technical')).toEqual(['engine-away']);
    expect(await scene.deadLetters()).toEqual([]);
    expect(await first.stop()).toBe(0);
  }, 300_000);
});
