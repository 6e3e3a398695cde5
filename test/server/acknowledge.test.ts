import { expect, it } from 'vitest';
import type { OutgoingMessage } from '../../src/bus/bus.js';
import { WALL_CLOCK } from '../../src/clock.js';
import { MessageCodec } from '../../src/events/codec.js';
import { alertEndpoints } from '../../src/server/routes/alerts.js';
import { alert } from '../helpers.js';

/** What an acknowledgement of an alert of p1 puts onto the bus. */
async function acknowledge(
  partitionOf?: (patientId: string) => number | undefined,
): Promise<OutgoingMessage[]> {
  const produced: OutgoingMessage[] = [];
  const produce = async (_: string, messages: readonly OutgoingMessage[]) => void produced.push(...messages);
  const target = { bus: { produce }, codec: new MessageCodec(), clock: WALL_CLOCK, partitionOf };
  const endpoint = alertEndpoints(target).find(({ method }) => method === 'POST');
  const ward = { openAlert: () => alert('a1'), clock: 0 };
  const call = {
    ward,
    params: { alertId: 'a1' },
    body: { action: 'ACKNOWLEDGE' },
    principal: { subject: 'n1' },
  };
  await endpoint?.handle({ ...call, note: () => undefined } as never);
  return produced;
}

it('goes to the partition where the patient is, and by the patient id where that is not known', async () => {
  expect(await acknowledge((patientId) => (patientId === 'p1' ? 3 : 0))).toMatchObject([
    { key: 'p1', partition: 3 },
  ]);
  for (const [message] of [await acknowledge(), await acknowledge(() => undefined)]) {
    expect(message.key).toBe('p1');
    expect(message).not.toHaveProperty('partition');
  }
});
