import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MllpClient } from '../../../src/doors/hl7/client.js';
import { composed } from '../../../src/doors/hl7/compose.js';
import { Deframer, framed } from '../../../src/doors/hl7/framing.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { simulateWard } from '../../../src/simulate/ward.js';
import { translated } from './messages.js';

const START = Date.UTC(2026, 0, 5, 6);

/** What a message says, as far as HL7 tells it. */
function told({ topic, record }: SourceMessage): object {
  const { messageId, source, ...rest } = record as unknown as Record<string, unknown>;
  if (topic === 'ward.adt') return { ...rest, unitType: null };
  const observed = rest.observedAt ?? rest.eventTime;
  return topic === 'ward.notes'
    ? { ...rest, observedAt: observed, authorRole: '' }
    : { ...rest, observedAt: topic === 'ward.labs' ? observed : null };
}

describe('a simulated ward', () => {
  it('comes in by a door as it was simulated', () => {
    const now = START + 7 * 3_600_000;
    let compared = 0;
    for (const message of simulateWard({
      beds: 4,
      hours: 6,
      seed: 3,
      startTime: START,
      wardId: 'I&C^U',
      vitalsIntervalMs: 300_000,
    })) {
      const text = composed(message);
      if (text === null) continue;
      const { messages, rejections, answer } = translated(text, {}, now);
      expect([answer, rejections, messages.length]).toEqual(['AA', [], 1]);
      const [before, after] = [told(message), told(messages[0])];
      expect(after).toEqual(
        isStay(before) ? { ...before, ageYears: expect.closeTo(before.ageYears ?? 0, 0) } : before,
      );
      compared++;
    }
    expect(compared).toBeGreaterThan(300);
  });
});

function isStay(record: object): record is { ageYears: number | null } {
  return 'ageYears' in record;
}

describe('a sender', () => {
  it('sends a message again until it is answered', async () => {
    let connections = 0;
    const server = createServer((socket: Socket) => {
      connections++;
      // The first goes without a word, as where the other side is killed.
      if (connections === 1) socket.once('data', () => socket.destroy());
      else {
        const frames = new Deframer(10_000);
        socket.on('data', (chunk: Buffer) => {
          for (const _ of frames.push(chunk)) socket.write(framed('MSH|^~\\&|a\rMSA|AA|1\r'));
        });
      }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const client = new MllpClient('127.0.0.1', (server.address() as { port: number }).port);
    expect([await client.send('one'), await client.send('two'), connections]).toEqual(['AA', 'AA', 2]);
    await client.close();
  });
});
