import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { ClickHouseFront } from '../../store/front.js';
import type { Broker } from '../kafka/broker.js';
import { quietMiddle, type Results, stays, undisturbed } from './history.js';
import { Scene } from './scene.js';

/** What the faults of a file happen to. Set before its tests; `scene` is another one for each test. */
export const front = new ClickHouseFront();
export let broker: Broker;
export let messages: SourceMessage[];
export let reference: Results;
/** Messages from here on may come later: see `quietMiddle`. */
export let middle: number;
export let scene: Scene;

/** One broker and ClickHouse for the tests of a file, and what an undisturbed replay gives. */
export function setTheStage(start: () => Promise<Broker>): void {
  beforeAll(async () => {
    broker = await start();
    await front.come();
    messages = stays();
    reference = await undisturbed(messages);
    middle = quietMiddle(messages, reference);
  });
  afterAll(async () => {
    await front.close();
    await broker?.stop();
  });
  beforeEach(async () => {
    front.delayMs = 0;
    await front.come();
    scene = await Scene.open(broker.brokers, front);
    onTestFinished(() => scene.close());
  });
}
