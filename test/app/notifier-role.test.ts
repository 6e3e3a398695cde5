import { expect, it, onTestFinished } from 'vitest';
import { assembleLive } from '../../src/app/assemble.js';
import { TOPICS } from '../../src/contract/topics.js';
import { MessageCodec } from '../../src/events/codec.js';
import { Parts } from '../../src/parts.js';
import { parseConfig } from '../../src/settings/config.js';
import { alert, temporaryDirectory } from '../helpers.js';
import { Receiver } from '../notify/receiver.js';

it('a process with the role notifier alone posts what is in the log, and needs no store', async () => {
  const receiver = await new Receiver().open();
  const parts = new Parts();
  onTestFinished(async () => {
    await parts.close(() => undefined);
    await receiver.close();
  });
  receiver.answerOf = ({ alertId }) => (alertId === 'bad' ? 422 : undefined);
  const secret = 'a secret of at least thirty-two characters';
  const config = parseConfig({
    roles: ['notifier'],
    bus: { kind: 'embedded', directory: `${temporaryDirectory()}/log` },
    server: { port: 0, webhooks: [{ name: 'pager', url: receiver.url, secret }] },
  });
  const ward = await assembleLive(config, {
    parts,
    stop: new Promise(() => undefined),
    allow: () => undefined,
  });
  const codec = new MessageCodec();
  const letters: string[] = [];
  await ward!.bus.consume(
    [TOPICS.deadLetters],
    {
      assigned: async () => undefined,
      revoked: async () => undefined,
      failed: (error) => expect.fail(error.message),
      batch: async ({ records }) => {
        for (const { value } of records) letters.push(JSON.stringify(codec.decode('DeadLetter', value)));
      },
    },
    { now: () => Date.now(), live: true },
  );
  for (const id of ['bad', 'good']) {
    await ward!.bus.produce(TOPICS.alerts, [{ key: 'p1', value: codec.encode('Alert', alert(id)) }]);
  }
  await expect.poll(() => receiver.deliveries).toEqual(['bad.0', 'good.0']);
  await expect
    .poll(() => letters)
    .toEqual([expect.stringContaining('webhook pager: 1 attempts; the last: status 422')]);
});
