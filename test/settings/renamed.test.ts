import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../src/settings/config.js';
import { temporaryDirectory } from '../helpers.js';

function parsed(settings: object) {
  const warnings: string[] = [];
  const config = parseConfig(settings, 'the settings', (message) => warnings.push(message));
  return { config, warnings };
}

it('a setting under its old name is used, with one warning that says the new one', () => {
  const settings = { align: { silentLaneMs: 7000, reorderWindowMs: 5 } };
  const { config, warnings } = parsed(settings);
  expect(config.align).toMatchObject({ silentTopicMs: 7000, reorderWindowMs: 5 });
  expect(warnings).toEqual([
    'the settings: align.silentLaneMs is called align.silentTopicMs now: write align.silentTopicMs: 7000',
  ]);
  expect(settings).toEqual({ align: { silentLaneMs: 7000, reorderWindowMs: 5 } });
});

it('a setting in its old form is used, with one warning that says the new one', () => {
  for (const [before, now] of [
    [true, ['text', 'image']],
    [false, []],
  ] as const) {
    const { config, warnings } = parsed({ encoders: { always: before } });
    expect(config.encoders.always).toEqual(now);
    const form = JSON.stringify(now);
    expect(warnings).toEqual([
      `the settings: encoders.always has another form now: write encoders.always: ${form}`,
    ]);
  }
});

it('a rule on the signal that had another name watches it, with one warning that says the new one', () => {
  const rule = {
    priority: 'HIGH',
    raiseAt: 0.5,
    resolveBelow: 0.4,
    holdMs: 0,
    refractoryMs: 0,
    escalateAfterMs: 1,
  };
  const rules = [
    { id: 'a', signal: 'risk', ...rule },
    { id: 'b', signal: 'circulatory', ...rule },
    { id: 'c', signal: 'risk', ...rule },
  ];
  const { config, warnings } = parsed({ alerts: { rules } });
  expect(config.alerts.rules.map(({ id, signal }) => `${id} ${signal}`)).toEqual([
    'a mortality',
    'b circulatory',
    'c mortality',
  ]);
  expect(warnings).toEqual([
    'the settings: alerts.rules: the signal risk is called mortality now: write signal: mortality',
  ]);
  expect(parsed({ alerts: { rules: config.alerts.rules } }).warnings).toEqual([]);
  expect(() => parsed({ alerts: { rules: [{ id: 'a', signal: 'risk', ...rule, raiseAt: 2 }] } })).toThrow(
    'rule a would never fire at 2: mortality is a probability from 0 to 1',
  );
});

it('a setting with both its names is refused, and a wrong value under an old name as under the new one', () => {
  expect(() => parsed({ align: { silentLaneMs: 1, silentTopicMs: 2 } })).toThrow(
    'the settings: align.silentLaneMs is the old name of align.silentTopicMs: leave it out',
  );
  expect(() => parsed({ align: { silentLaneMs: -1 } })).toThrow('align.silentTopicMs: Too small');
});

it('present names are no reason to warn, nor is what is no group of settings', () => {
  const settings = [{}, { align: { silentTopicMs: 7000 } }, { encoders: { always: ['image'] } }];
  for (const each of settings) expect(parsed(each).warnings).toEqual([]);
  for (const wrong of [{ align: 3 }, { align: [] }, { encoders: null }]) {
    expect(() => parsed(wrong)).toThrow('the settings is wrong');
  }
});

it('a warning names the file', () => {
  const file = join(temporaryDirectory(), 'ward.yaml');
  writeFileSync(file, 'align:\n  silentLaneMs: 7000\n');
  const warnings: string[] = [];
  expect(loadConfig(file, (message) => warnings.push(message)).align.silentTopicMs).toBe(7000);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(`${file}: align.silentLaneMs is called`);
});
