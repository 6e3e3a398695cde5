import { expect, it } from 'vitest';
import { STANDARD_VARIANTS, variantOf, withVariants } from '../../src/cohort/variants.js';
import { TOPICS } from '../../src/contract/topics.js';
import { MessageCodec } from '../../src/events/codec.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { bytesOf, noCounts } from '../../src/sources/source.js';
import { HOUR_MS, START } from '../helpers.js';

const WARD: SourceMessage[] = [
  ...simulateWard({ beds: 4, hours: 6, seed: 5, startTime: START, wardId: 'W', vitalsIntervalMs: 300_000 }),
];
const PATIENTS = new Set(WARD.map(({ key }) => key).slice(0, 2));

async function vary(messages: readonly SourceMessage[]) {
  const source = { counts: noCounts(), total: 0, messages: () => messages };
  const varied: SourceMessage[] = [];
  for await (const message of withVariants(source, PATIENTS, STANDARD_VARIANTS).messages())
    varied.push(message);
  return varied;
}
const valuesOf = (messages: readonly SourceMessage[]) =>
  messages.reduce((sum, { record }) => sum + ('observations' in record ? record.observations.length : 0), 0);

it('the same history reaches the engine late, in part and with losses, in one pass and in order', async () => {
  const varied = await vary(WARD);
  for (let index = 1; index < varied.length; index++) {
    if (varied[index].eventTime < varied[index - 1].eventTime) expect.fail(`out of order at ${index}`);
  }
  const own = WARD.filter(({ key }) => PATIENTS.has(key));
  const by = (id: string) => varied.filter(({ key }) => variantOf(key).variant === id);
  const labs = (messages: readonly SourceMessage[]) => messages.filter(({ topic }) => topic === TOPICS.labs);
  expect(new Set(varied.map(({ key }) => variantOf(key).patientId))).toEqual(PATIENTS);
  expect(labs(by('labs-3h')).map(({ eventTime }) => eventTime)).toEqual(
    labs(own).map(({ eventTime }) => eventTime + 3 * HOUR_MS),
  );
  expect(labs(by('labs-3h'))[0].record).toMatchObject({
    patientId: labs(by('labs-3h'))[0].key,
    observedAt: expect.any(Number),
  });
  expect(labs(by('no-labs'))).toEqual([]);
  expect(by('no-vitals').some(({ topic }) => topic === TOPICS.vitals)).toBe(false);
  const lost = 1 - valuesOf(by('lost-10')) / valuesOf(own);
  expect(lost).toBeGreaterThan(0.07);
  expect(lost).toBeLessThan(0.13);
});

it('recorded bytes are varied as the messages they hold', async () => {
  const codec = new MessageCodec();
  const recorded = WARD.map((message) => ({ ...message, record: bytesOf(message, codec) }));
  const keys = (messages: readonly SourceMessage[]) => messages.map(({ key, eventTime }) => [key, eventTime]);
  expect(keys(await vary(recorded))).toEqual(keys(await vary(WARD)));
});
