import { describe, expect, it } from 'vitest';
import { alarmText, amountText, titleOf } from '../../src/contract/amounts.js';
import { alert } from '../helpers.js';

it('writes an amount in its unit, as clinicians do', () => {
  expect(amountText(0.184, '1')).toBe('18 %');
  expect([amountText(7, '{score}'), amountText(1, '{score}')]).toEqual(['7 points', '1 point']);
  expect(amountText(54.666, 'mm[Hg]')).toBe('54.7 mmHg');
  expect(amountText(484.4, 'mg/dL')).toBe('484 mg/dL');
  expect(amountText(7.214, '{pH}')).toBe('7.21');
  expect(amountText(6.5, 'of the future')).toBe('6.5 of the future');
  expect(amountText(0.184, null)).toBe('0.184');
});

describe('what an alert is about', () => {
  it('is said by its label and unit, whatever its rule is called', () => {
    const news2 = { signal: 'news2', label: 'NEWS2', unit: '{score}', value: 7 };
    expect(alarmText(alert('a', 0, { rule: 'ews', ...news2 }))).toBe('NEWS2 7 points');
    expect(alarmText(alert('a', 0, { rule: 'risk-high', ...news2 }))).toBe('NEWS2 7 points');
  });

  it('is the kind of a technical notice, and the rule of a record of an earlier version', () => {
    const none = { signal: null, label: null, unit: null };
    expect(alarmText(alert('a', 0, { rule: 'place-unknown', ...none, value: null }))).toBe('Place unknown');
    expect(titleOf(alert('a', 0, { rule: 'risk-high', ...none }))).toBe('Risk high');
  });
});
