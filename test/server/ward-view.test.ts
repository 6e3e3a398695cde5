import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlertMessage } from '../../src/events/messages.js';
import { AlertLog } from '../../src/server/alert-log.js';
import { WardView } from '../../src/server/ward-view.js';
import { StoredAlertLog } from '../../src/store/alert-log.js';
import { alert, outputsOf } from '../helpers.js';
import { openTestStore } from './ward.js';

let test: Awaited<ReturnType<typeof openTestStore>>;

beforeAll(async () => {
  test = await openTestStore();
});
afterAll(() => test.close());

/** A run of the process: what it pushes of the records the engine delivers. */
async function run(instance: string) {
  const view = new WardView(await AlertLog.open(await StoredAlertLog.open(test.store, instance)));
  const pushed: string[] = [];
  view.alerts$.subscribe(({ alert: { alertId, sequence } }) => pushed.push(`${alertId} ${sequence}`));
  return { view, pushed, deliver: (...alerts: AlertMessage[]) => view.write(outputsOf({ alerts })) };
}

it('pushes each record once, however often it is delivered', async () => {
  const { view, pushed, deliver } = await run('once');
  await deliver(alert('x', 0), alert('x', 1, { state: 'ACKNOWLEDGED' }));
  await deliver(alert('x', 0), alert('x', 1, { state: 'ACKNOWLEDGED' }));
  expect(pushed).toEqual(['x 0', 'x 1']);
  expect(view.openAlerts.get('x')?.state).toBe('ACKNOWLEDGED');
});

it('after a restart pushes again what is open, since who came back was shown a ward without it', async () => {
  const before = await run('restart');
  await before.deliver(alert('open', 0), alert('open', 1, { state: 'ESCALATED' }), alert('over', 0));
  await before.deliver(alert('over', 1, { state: 'RESOLVED' }));
  const after = await run('restart');
  expect(after.view.openAlerts.size).toBe(0);
  await after.deliver(alert('open', 0), alert('over', 0), alert('open', 1, { state: 'ESCALATED' }));
  await after.deliver(alert('over', 1, { state: 'RESOLVED' }), alert('open', 2, { state: 'ACKNOWLEDGED' }));
  expect(after.pushed).toEqual(['open 1', 'open 2']);
  expect([...after.view.openAlerts.keys()]).toEqual(['open']);
});
