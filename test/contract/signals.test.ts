import { describe, expect, it } from 'vitest';
import { faultsOf, requireSignals } from '../../src/contract/signals.js';
import { type AlertRule, DEFAULT_CONFIG, parseConfig } from '../../src/settings/config.js';

const [RULE] = DEFAULT_CONFIG.alerts.rules;
const rules = (...signals: AlertRule['signal'][]) =>
  signals.map((signal) => ({ ...RULE, id: signal, signal }));

it('accepts rules on what the model gives, and on NEWS2', () => {
  const model = { version: 'v', outputs: ['mortality', 'circulatory'] as const };
  requireSignals(rules('risk', 'news2', 'circulatory'), model);
});

it('names each rule that could never raise', () => {
  const model = { version: 'v', outputs: ['mortality', 'circulatory'] as const };
  expect(() => requireSignals(rules('risk', 'respiratory', 'deterioration'), model)).toThrow(
    'alerts.rules: respiratory watches respiratory, deterioration watches deterioration, ' +
      'but model v gives only mortality, circulatory; change the rule or model.version',
  );
});

const SOUND = {
  ...RULE,
  id: 'r',
  signal: 'risk' as const,
  raiseAt: 0.3,
  resolveBelow: 0.2,
};
type Change = Partial<AlertRule>;

describe('a rule is refused at start', () => {
  it.each<[string, Change, RegExp]>([
    [
      'that can never fire: per cent for a probability',
      { raiseAt: 30, resolveBelow: 20 },
      /never fire at 30.*0 to 1/,
    ],
    [
      'that can never fire: more points than there are',
      { signal: 'news2', raiseAt: 21, resolveBelow: 5 },
      /0 to 20/,
    ],
    ['that always fires', { raiseAt: 0, resolveBelow: 0 }, /always fire at 0/],
    ['that fires below what there is', { raiseAt: -1, resolveBelow: -2 }, /always fire at -1/],
    [
      'that takes points for a probability',
      { signal: 'news2', raiseAt: 0.3, resolveBelow: 0.2 },
      /always fire at 0.3/,
    ],
    ['whose alerts never end', { resolveBelow: 0 }, /never end below 0/],
    ['that resolves above where it raises', { resolveBelow: 0.4 }, /must not exceed/],
    ['without a name', { id: ' ' }, /needs a name/],
    ['with the name of a technical notice', { id: 'place-unknown' }, /technical notice/],
  ])('%s', (_, change, message) => {
    expect(() => parseConfig({ alerts: { rules: [{ ...SOUND, ...change }] } })).toThrow(message);
  });

  it('whose name another one has, with the place of the second', () => {
    const rules = [SOUND, { ...SOUND, id: 'other' }, { ...SOUND, raiseAt: 0.9 }];
    expect(() => parseConfig({ alerts: { rules } })).toThrow('alerts.rules.2.id: there are two rules r');
  });

  it('and none that ships', () => {
    expect(faultsOf(DEFAULT_CONFIG.alerts.rules)).toEqual([]);
    expect(faultsOf([{ ...SOUND, raiseAt: 1, resolveBelow: 1 }])).toEqual([]);
    expect(faultsOf([{ ...SOUND, signal: 'news2', raiseAt: 20, resolveBelow: 1 }])).toEqual([]);
  });
});
