import { describe, expect, it, onTestFinished } from 'vitest';
import type { EventBus, OutgoingMessage } from '../../src/bus/bus.js';
import type { DeadLetterMessage } from '../../src/contract/messages.js';
import { BusSink } from '../../src/engine/bus-sink.js';
import { emptyOutputs } from '../../src/engine/outputs.js';
import { MessageCodec } from '../../src/events/codec.js';

function letter(patientId: string): DeadLetterMessage {
  return {
    deadLetterId: `of ${patientId}`,
    topic: 'ward.vitals',
    partition: 0,
    offset: 0,
    reason: 'undecodable',
    detail: '',
    patientId,
    eventTime: null,
    raw: Buffer.alloc(0),
    count: 1,
  };
}

describe('results on their way to the bus', () => {
  it('of one partition that takes nothing hold up no other, and are waited for by a flush', async () => {
    const written: string[] = [];
    let mend: () => void = () => undefined;
    const isMended = new Promise<void>((resolve) => {
      mend = resolve;
    });
    const produce = async (_: string, messages: readonly OutgoingMessage[]) => {
      const keys = messages.map(({ key }) => key);
      if (keys.includes('lost')) await isMended;
      written.push(...keys);
    };
    const bus = { produce, partitionOf: (key: string) => (key === 'lost' ? 1 : 0) } as unknown as EventBus;
    const sink = new BusSink(bus, new MessageCodec(), 'v');
    onTestFinished(() => sink.close());
    const write = (...patients: string[]) =>
      sink.write({ ...emptyOutputs(), deadLetters: patients.map(letter) });
    await write('lost', 'one');
    await write('two');
    await expect.poll(() => [...written].sort()).toEqual(['one', 'two']);
    let isFlushed = false;
    const flushed = sink.flush().then(() => {
      isFlushed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isFlushed).toBe(false);
    mend();
    await flushed;
    expect(written).toContain('lost');
  });
});
