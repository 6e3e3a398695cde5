import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { EmbeddedBus } from '../../src/bus/embedded/bus.js';
import { Troubles } from '../../src/bus/troubles.js';
import type { AlertMessage, DeadLetterMessage } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import { MessageCodec } from '../../src/events/codec.js';
import type { Hook } from '../../src/notify/hook.js';
import { type Beginning, Notifier, type NotifierPorts } from '../../src/notify/notifier.js';
import { alert } from '../helpers.js';
import { Receiver } from './receiver.js';

export const SECRET = 'a secret of at least thirty-two characters';
export const NOW = 1_767_225_600_000;
const codec = new MessageCodec();

/** A log in a directory, an endpoint, and the hooks that read the one and post to the other. Each test has its own. */
export class Scene {
  readonly directory = mkdtempSync(join(tmpdir(), 'wardstream-notify-'));
  readonly receiver = new Receiver();
  readonly aside: DeadLetterMessage[] = [];
  readonly troubles = new Troubles();
  readonly #hooks: Notifier[] = [];
  bus!: EmbeddedBus;
  now = 1_000_000;
  beginning: () => Promise<Beginning> = async () => ({ since: this.now, done: new Map() });
  setAside: NotifierPorts['setAside'] = async (letter) => void this.aside.push(letter);

  open(): void {
    this.bus = EmbeddedBus.open({ directory: this.directory, partitions: 3, clock: this.clock });
  }

  get clock() {
    return { now: () => this.now, live: true };
  }

  async start(more: Partial<Hook> = {}, bus: NotifierPorts['bus'] = this.bus): Promise<Notifier> {
    const { url } = this.receiver;
    const hook = { name: 'pager', url, secret: SECRET, attempts: 3, timeoutMs: 2000, backoffMs: 1, ...more };
    const notifier = new Notifier(hook, {
      bus,
      codec,
      clock: this.clock,
      now: () => NOW,
      setAside: (letter) => this.setAside(letter),
      beginning: () => this.beginning(),
      troubles: this.troubles,
    });
    this.#hooks.push(notifier);
    notifier.start();
    return notifier;
  }

  /** What an engine writes. */
  async write(...alerts: AlertMessage[]): Promise<void> {
    const messages = alerts.map((each) => ({
      key: each.patientId || each.alertId,
      value: codec.encode('Alert', each),
    }));
    await this.bus.produce(TOPICS.alerts, messages);
  }

  raise(...ids: string[]): Promise<void> {
    return this.write(...ids.map((id) => alert(id)));
  }

  /** All that the process knew is gone but for the log. */
  async restart(): Promise<void> {
    for (const hook of this.#hooks.splice(0)) await hook.close();
    await this.bus.close();
    this.open();
  }

  async close(): Promise<void> {
    for (const hook of this.#hooks) await hook.close();
    await this.bus.close();
    await this.receiver.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** To be called by each file: a scene for each test. */
export function useScene(): { current: Scene } {
  const scene = {} as { current: Scene };
  beforeEach(async () => {
    scene.current = new Scene();
    await scene.current.receiver.open();
    scene.current.open();
  });
  afterEach(() => scene.current.close());
  return scene;
}
