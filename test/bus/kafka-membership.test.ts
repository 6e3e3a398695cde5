import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { joinAs } from '../../src/bus/kafka-membership.js';

const require = createRequire(import.meta.url);

/** What kafkajs sends, as text. */
async function sent(request: string, options: object): Promise<string> {
  const make = require(`kafkajs/src/protocol/requests/${request}/request.js`);
  const { buffer } = await make({ memberId: 'its id', ...options }).encode();
  return buffer.toString('latin1');
}
const joining = { sessionTimeout: 1, rebalanceTimeout: 1, protocolType: 'consumer', groupProtocols: [] };

// That a broker takes it for what it should be is tested in test/integration/faults/processes.test.ts.
describe('a name in a group', () => {
  it('is in the requests to join it and in its heartbeats, and not in those of other groups', async () => {
    joinAs('named', 'engine-1');
    const of = async (groupId: string) => [
      await sent('joinGroup/v5', { groupId, ...joining }),
      await sent('heartbeat/v3', { groupId, groupGenerationId: 1 }),
    ];
    for (const request of await of('named')) expect(request).toContain('engine-1');
    for (const request of await of('other')) expect(request).not.toContain('engine-1');
  });

  it('is not given up when the process leaves', async () => {
    joinAs('named', 'engine-1');
    const members = [{ memberId: 'its id' }];
    expect(await sent('leaveGroup/v3', { groupId: 'named', members })).not.toContain('its id');
    expect(await sent('leaveGroup/v3', { groupId: 'other', members })).toContain('its id');
  });
});
