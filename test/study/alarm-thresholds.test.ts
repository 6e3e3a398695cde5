import { describe, expect, it } from 'vitest';
import { thresholdAtBurden, thresholdsOf } from '../../src/study/alarm-thresholds.js';
import { HYLAND_RULES } from '../../src/study/alarms.js';
import { monitored, stay } from './monitored.js';

it('thresholds cover the range of the signal', () => {
  const few = [
    [60, 0],
    [360, 0.2],
    [900, 1],
    [1200, 1],
  ];
  expect(thresholdsOf(monitored([stay(few, [])]))).toEqual([0, 0.2, 1]);
  const many = stay(
    Array.from({ length: 500 }, (_, index) => [index, index]),
    [],
  );
  const thresholds = thresholdsOf(monitored([many]), 11);
  expect(thresholds).toHaveLength(11);
  expect([thresholds[0], thresholds[10]]).toEqual([0, 499]);
});

describe('threshold at a burden', () => {
  // One stay of 24 h, ten alarms an hour apart at 1 to 10.
  const of = [
    stay(
      Array.from({ length: 10 }, (_, index) => [index * 60, index + 1]),
      [],
    ),
  ];

  it.each([
    [10, 1],
    [9.9, 2],
    [3, 8],
    [1, 10],
    [0.5, null],
  ])('%d alarms a day: at or above %d', (alarms, threshold) => {
    expect(thresholdAtBurden(monitored(of), alarms, HYLAND_RULES)).toBe(threshold);
  });
});
