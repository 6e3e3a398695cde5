import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readPolicies, readPolicy } from '../../src/commands/policy-file.js';
import { parseConfig } from '../../src/settings/config.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-policy-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const RULE =
  '{id: r, signal: mortality, priority: HIGH, raiseAt: 0.6, resolveBelow: 0.5, holdMs: 0, refractoryMs: 0, escalateAfterMs: 60000}';

function file(text: string): string {
  const path = join(ROOT, 'strict.yaml');
  writeFileSync(path, text);
  return path;
}

it('rules come from a file of rules or from a whole configuration', () => {
  for (const text of [`rules: [${RULE}]`, `alerts: {rules: [${RULE}]}\nmodel: {version: latest}`]) {
    expect(readPolicy(file(text))).toMatchObject({ name: 'strict', rules: [{ id: 'r', raiseAt: 0.6 }] });
  }
});

it.each([
  ['rules: [{id: r}]', 'strict.yaml is wrong: alerts.rules.0'],
  ['model: {version: latest}', 'has neither rules nor alerts.rules'],
  ['', 'has neither rules nor alerts.rules'],
  ['rules: [', 'is neither YAML nor JSON'],
  ['just words', 'has neither rules nor alerts.rules'],
  [`rules: [${RULE}]\nholdMs: 5`, 'strict.yaml is wrong: holdMs cannot stand beside rules'],
  [`rules: [${RULE}]\nalerts: {rules: [${RULE}]}`, 'alerts cannot stand beside rules'],
  [`alerts: {rules: [${RULE}], rule: 1}`, 'strict.yaml is wrong: alerts: Unrecognized key: "rule"'],
  ['rules: []', 'strict.yaml is wrong: there is no rule in it to try'],
  ['alerts: {rules: []}', 'strict.yaml is wrong: there is no rule in it to try'],
  ['rules: none', 'strict.yaml is wrong: alerts.rules'],
])('what is wrong is named: %j', (text, fault) => {
  expect(() => readPolicy(file(text))).toThrow(fault);
});

it('a file that is not there is named', () => {
  expect(() => readPolicy(join(ROOT, 'none.yaml'))).toThrow('there is no policy file');
});

it.each(['hypotension', 'sepsis'])('a rule on %s, which the model does not give, is refused', (signal) => {
  const config = parseConfig({ model: { version: '2026.11-f' } });
  const policy = file(`rules: [${RULE.replace('mortality', signal)}]`);
  expect(() => readPolicies([policy], config)).toThrow(
    `strict.yaml: r watches ${signal}, but model 2026.11-f gives only mortality, circulatory, respiratory, deterioration;`,
  );
  expect(readPolicies([file(`rules: [${RULE}]`)], config)).toHaveLength(1);
});

it('a rule of the settings that the model does not give is refused too', () => {
  const [rule] = parseConfig({}).alerts.rules;
  const rules = [{ ...rule, signal: 'hypotension' }];
  expect(() => readPolicies([], parseConfig({ model: { version: '2026.11-f' }, alerts: { rules } }))).toThrow(
    'alerts.rules: deterioration watches hypotension, but model 2026.11-f gives only',
  );
});
