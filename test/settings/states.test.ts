import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, parseConfig } from '../../src/settings/config.js';

const { state, baselines } = DEFAULT_CONFIG.alerts;

it('all states alarm by default but what staff have started, and nothing is normal for one patient alone', () => {
  expect(state.grades).toEqual(['critical', 'failing']);
  expect([state.except, baselines]).toEqual([['vasopressor', 'vasopressor-unknown'], {}]);
});

describe('settings of states are refused', () => {
  it.each<[string, object, RegExp]>([
    ['of a criterion that there is not', { state: { except: ['hypotensoin'] } }, /alerts.state.except.0/],
    ['of a grade that there is not', { state: { grades: ['HIGH'] } }, /alerts.state.grades.0/],
    ['of a saturation nobody aims at', { baselines: { p1: { spo2Target: [60, 70] } } }, /spo2Target.0/],
    ['of a target upside down', { baselines: { p1: { spo2Target: [90, 88] } } }, /low end/],
    ['of a heart rate nobody lives with', { baselines: { p1: { heartRateLow: 10 } } }, /heartRateLow/],
    ['that say nothing', { baselines: { p1: {} } }, /says nothing/],
    ['of another name', { baselines: { p1: { spo2: [88, 92] } } }, /spo2/],
  ])('%s', (_, alerts, message) => {
    expect(() => parseConfig({ alerts })).toThrow(message);
  });
});
