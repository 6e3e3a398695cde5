import { describe, expect, it } from 'vitest';
import { byForecast, MODEL_OUTPUTS, NO_FORECASTS } from '../../src/contract/outcomes.js';
import { faultsOf, requireSignals, SIGNALS, signalLabel } from '../../src/contract/signals.js';
import { type AlertRule, DEFAULT_CONFIG, parseConfig } from '../../src/settings/config.js';

const [RULE] = DEFAULT_CONFIG.alerts.rules;
const rules = (...signals: AlertRule['signal'][]) =>
  signals.map((signal) => ({ ...RULE, id: signal, signal }));

it('accepts rules on what the model gives, and on NEWS2', () => {
  const model = { version: 'v', outputs: ['mortality', 'circulatory'] as const };
  requireSignals(rules('mortality', 'news2', 'circulatory'), model);
});

it('names each rule that could never raise', () => {
  const model = { version: 'v', outputs: ['mortality', 'circulatory'] as const };
  expect(() => requireSignals(rules('mortality', 'respiratory', 'deterioration'), model)).toThrow(
    'alerts.rules: respiratory watches respiratory, deterioration watches deterioration, ' +
      'but model v gives only mortality, circulatory; change the rule or model.version',
  );
});

it('refuses rules on the outputs of a later model', () => {
  const model = { version: '2026.11-f', outputs: ['mortality', 'circulatory', 'deterioration'] as const };
  expect(() => requireSignals(rules('hypotension', 'deterioration', 'sepsis'), model)).toThrow(
    'alerts.rules: hypotension watches hypotension, sepsis watches sepsis, but model 2026.11-f gives only',
  );
});

describe('the registry', () => {
  it('calls either failure what the model that foretells it means by it', () => {
    const all = byForecast(() => 0.1);
    expect(signalLabel('deterioration', all)).toBe('Hypotension or respiratory failure within 8 h');
    expect(signalLabel('deterioration', { ...all, hypotension: null })).toBe(
      'Circulatory or respiratory failure within 8 h',
    );
    expect(signalLabel('sepsis', all)).toBe('Sepsis within 6 h');
    expect(signalLabel('news2', all)).toBe('NEWS2');
    for (const { id, label } of SIGNALS) expect(signalLabel(id, all)).toBe(label);
  });

  it('has one entry a signal, and one for each output of a model', () => {
    expect(new Set(SIGNALS.map(({ id }) => id)).size).toBe(SIGNALS.length);
    expect(SIGNALS.flatMap(({ output }) => output ?? [])).toEqual(MODEL_OUTPUTS);
  });

  it('reads each signal from its own place of a score', () => {
    const outcomes = {
      mortality: 0.1,
      circulatory: 0.2,
      hypotension: 0.3,
      respiratory: 0.4,
      sepsis: 0.5,
      deterioration: 0.6,
    };
    const states = ['hypotension-severe', 'bradycardia', 'hypoxaemia'].map((criterion) => ({ criterion }));
    const scored = { ...outcomes, news2: 5, sofa: { total: 7 }, states };
    expect(SIGNALS.map(({ of }) => of(scored))).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 5, 7, 2, 1]);
    expect(SIGNALS.map(({ of }) => of({ ...scored, states: [] })).slice(-2)).toEqual([0, 0]);
    const unknown = { mortality: 0.1, ...NO_FORECASTS, news2: null };
    expect(SIGNALS.map(({ of }) => of(unknown))).toEqual([0.1, ...new Array(SIGNALS.length - 1).fill(null)]);
  });

  it('takes a rule that fires within the range of any signal, and refuses one beyond it', () => {
    for (const { id: signal, range } of SIGNALS) {
      const [low, high] = range;
      const raiseAt = (low + high) / 2;
      const rule = { ...SOUND, signal, raiseAt, resolveBelow: raiseAt };
      expect(faultsOf([rule])).toEqual([]);
      expect(faultsOf([{ ...rule, raiseAt: 1.1 * high }])).toMatchObject([{ field: 'raiseAt' }]);
    }
  });
});

const SOUND = {
  ...RULE,
  id: 'r',
  signal: 'mortality' as const,
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
    ['with the name of a state', { id: 'hypotension' }, /name of a state/],
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
