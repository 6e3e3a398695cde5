import { describe, expect, it } from 'vitest';
import {
  ageText,
  crossingText,
  news2Text,
  percent,
  personText,
  shortAgeText,
  stateText,
  trendOf,
  valueText,
} from '../../../dashboards/ward/src/format.js';
import { alert } from '../../helpers.js';
import { patientView } from './views.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('format', () => {
  it('writes ages so that none reads as now', () => {
    expect([0, 59_999, MINUTE, 59 * MINUTE, 3 * HOUR + 5 * MINUTE, 52 * HOUR].map(ageText)).toEqual([
      '< 1 min',
      '< 1 min',
      '1 min',
      '59 min',
      '3 h 05',
      '2 d 4 h',
    ]);
    expect([0, MINUTE, 3 * HOUR, 52 * HOUR].map(shortAgeText)).toEqual(['<1m', '1m', '3h', '2d']);
  });

  it('says where the risk is going, and calls two points an hour level', () => {
    expect(trendOf(0.083)).toEqual({ kind: 'up', text: '+8/h' });
    expect(trendOf(-0.03)).toEqual({ kind: 'down', text: '−3/h' });
    expect(trendOf(0.02)).toEqual({ kind: 'level', text: '+2/h' });
    expect(trendOf(0)).toEqual({ kind: 'level', text: '±0/h' });
  });

  it('shows NEWS2 as a lower bound where inputs are missing', () => {
    expect(news2Text(patientView({ news2: 5 }))).toBe('5');
    expect(news2Text(patientView({ news2: 5, news2Missing: ['alert'] }))).toBe('≥ 5');
    expect(news2Text(patientView())).toBeNull();
  });

  it('writes units as clinicians do and values with their own decimals', () => {
    expect(valueText('lactate', 3.149, 'mmol/L')).toBe('3.1 mmol/L');
    expect(valueText('sbpCuff', 98.6, 'mm[Hg]')).toBe('99 mmHg');
    expect(valueText('ph', 7.214, '{pH}')).toBe('7.21');
    expect(valueText('of the future', 1, 'g')).toBe('1.0 g');
  });

  it('writes a crossing in the signal’s own unit', () => {
    expect(crossingText(alert('x', 0, { value: 0.62, threshold: 0.5 }))).toBe('62 %, threshold 50 %');
    const news2 = { signal: 'news2', label: 'NEWS2', unit: '{score}', value: 9, threshold: 7 };
    expect(crossingText(alert('x', 0, { rule: 'risk-by-name', ...news2 }))).toBe(
      '9 points, threshold 7 points',
    );
    // A record of an earlier version says no unit, and none is guessed.
    expect(crossingText(alert('x', 0, { unit: null, value: 0.62, threshold: 0.5 }))).toBe(
      '0.62, threshold 0.5',
    );
  });

  it('leaves out what is not known of a person, and says who acted', () => {
    expect(personText(patientView({ ageYears: 71.9, sex: 'FEMALE' }))).toBe('71 F');
    expect(personText(patientView({ sex: 'MALE' }))).toBe('M');
    expect(personText(patientView())).toBe('');
    expect(stateText(alert('x', 1, { state: 'ACKNOWLEDGED', actor: 'Dr Lee' }))).toBe(
      'acknowledged by Dr Lee',
    );
    expect(percent(0.126)).toBe('13 %');
  });
});
