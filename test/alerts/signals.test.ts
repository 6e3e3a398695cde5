import { expect, it } from 'vitest';
import { requireSignals } from '../../src/alerts/signals.js';
import { type AlertRule, DEFAULT_CONFIG } from '../../src/config.js';

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
