import { describe, expect, it, onTestFinished } from 'vitest';
import type { OutgoingMessage } from '../../src/bus/bus.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { TOPICS } from '../../src/contract/topics.js';
import { Answers, type Explaining } from '../../src/engine/answers.js';
import type { Explanation } from '../../src/engine/explanations.js';
import { MessageCodec } from '../../src/events/codec.js';
import { AskedExplanations } from '../../src/server/asked-explanations.js';
import { START } from '../helpers.js';

const codec = new MessageCodec();

const EXPLANATION: Explanation = {
  patientId: 'p1',
  stayId: 'p1@s',
  eventTime: START,
  modelVersion: 'm',
  outcome: 'mortality',
  value: 0.3,
  contributions: { base: 0.1, structured: 0.2, text: null, image: null },
  newest: { text: START, image: null },
  variables: [{ variable: 'heartRate', value: 120, unit: '/min', ageMs: 1000, effect: 0.1 }],
};

/** An engine that has these patients. */
async function engine(bus: MemoryBus, patients: readonly string[], explain: Explaining['explain']) {
  const asked: string[] = [];
  const explaining: Explaining = {
    partitionOf: (patientId) => (patients.includes(patientId) ? 0 : undefined),
    explain: (patientId, outcome) => {
      asked.push(patientId);
      return explain(patientId, outcome);
    },
  };
  const answers = new Answers({ bus, codec, engine: patients.join(), explaining });
  await answers.open();
  onTestFinished(() => answers.close());
  return asked;
}

async function gateway(bus: MemoryBus, answerMs?: number): Promise<AskedExplanations> {
  const asked = new AskedExplanations({ bus, codec, ...(answerMs === undefined ? {} : { answerMs }) });
  await asked.open();
  onTestFinished(() => asked.close());
  return asked;
}

const memoryBus = () => new MemoryBus({ partitions: 2, capacity: 100 });

describe('an explanation that is asked for on the log', () => {
  it('comes from the engine that has the patient, to who asked, as it was made', async () => {
    const bus = memoryBus();
    const asked = [
      await engine(bus, ['p1'], async (_, outcome = 'mortality') => ({ ...EXPLANATION, outcome })),
      await engine(bus, ['p2'], async () => null),
    ];
    const gateways = [await gateway(bus), await gateway(bus)];
    expect(await gateways[0].explain('p1')).toEqual(EXPLANATION);
    expect(await gateways[1].explain('p1', 'sepsis')).toEqual({ ...EXPLANATION, outcome: 'sepsis' });
    expect(await gateways[1].explain('p2')).toBeNull();
    expect(asked).toEqual([['p1', 'p1'], ['p2']]);
  });

  it('is 503 with a reason where no engine has the patient, the engine fails, or the log takes nothing', async () => {
    const bus = memoryBus();
    await engine(bus, ['p1'], async () => {
      throw new Error('the model is lost');
    });
    const asked = await gateway(bus, 50);
    await expect(asked.explain('p3')).rejects.toMatchObject({
      status: 503,
      message: expect.stringMatching(/no engine/),
    });
    await expect(asked.explain('p1')).rejects.toMatchObject({
      status: 503,
      message: expect.stringMatching(/the model is lost/),
    });
    class StuckBus extends MemoryBus {
      override produce(_topic: string, _messages: readonly OutgoingMessage[]): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    const stuck = await gateway(new StuckBus({ partitions: 1, capacity: 1 }), 50);
    await expect(stuck.explain('p1')).rejects.toMatchObject({ status: 503 });
  });

  it('leaves noise on the topics alone', async () => {
    const bus = memoryBus();
    await engine(bus, ['p1'], async () => EXPLANATION);
    const asked = await gateway(bus);
    const noise = [{ key: 'p1', value: Buffer.from('noise') }];
    await bus.produce(TOPICS.requests, noise);
    const explaining = asked.explain('p1');
    await bus.produce(TOPICS.answers, noise);
    expect(await explaining).toEqual(EXPLANATION);
  });
});
