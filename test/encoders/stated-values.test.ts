import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VARIABLES, variableIndex } from '../../src/clinical/variables.js';
import { statedValues } from '../../src/encoders/stated-values.js';

/** What a sentence states, of each variable by the first of its ids. */
const stated = (sentence: string) =>
  statedValues(sentence).map(([[id], value]) => [id, Number(value.toFixed(2))]);

describe('statedValues', () => {
  it.each<[string, [string, number][]]>([
    ['HR 126', [['heartRate', 126]]],
    ['pulse now 62', [['heartRate', 62]]],
    ['P 88', [['heartRate', 88]]],
    ['SR 68', [['heartRate', 68]]],
    ['Heart rate of 130 per minute', [['heartRate', 130]]],
    ['Remains hypotensive with a MAP of 58', [['mapInvasive', 58]]],
    ['mean BP 92', [['mapInvasive', 92]]],
    ['RR: 28/min', [['respRate', 28]]],
    ['No distress, HR 80', [['heartRate', 80]]],
    ['RR: 28', [['respRate', 28]]],
    ['GCS 6T', [['gcs', 6]]],
    ['Glasgow coma scale is 9', [['gcs', 9]]],
    ['T 37.4', [['temperature', 37.4]]],
    ['Temp 101.3 F', [['temperature', 38.5]]],
    ['FiO2 80%', [['fio2', 0.8]]],
    ['Ventilated with fio2 0.5', [['fio2', 0.5]]],
    ['on 40 % O2', [['fio2', 0.4]]],
    [
      'profoundly hypotensive, MAP 52, HR 141, T 39.1',
      [
        ['mapInvasive', 52],
        ['heartRate', 141],
        ['temperature', 39.1],
      ],
    ],
    [
      'BP 92/48, HR 110',
      [
        ['sbpInvasive', 92],
        ['dbpInvasive', 48],
        ['heartRate', 110],
      ],
    ],
    [
      'NBP 92/48',
      [
        ['sbpCuff', 92],
        ['dbpCuff', 48],
      ],
    ],
  ])('reads %j', (sentence, expected) => {
    expect(stated(sentence)).toEqual(expected);
  });

  it('a pressure of an unnamed site is of line and cuff', () => {
    expect(statedValues('ABP 92/48')[0]).toEqual([['sbpInvasive'], 92]);
    expect(statedValues('BP 92/48').map(([ids]) => ids)).toEqual([
      ['sbpInvasive', 'sbpCuff'],
      ['dbpInvasive', 'dbpCuff'],
    ]);
  });

  it.each([
    'MAP goal > 65',
    'pressors to MAP >65',
    'MAP was 45 earlier',
    'keep MAP at 65 with noradrenaline',
    'HR 80s',
    'SB 40s',
    'ST changes in 3 leads',
    'MAPs in the 90s',
    'HR 80-95',
    'HR 80 to 95',
    'call if HR 140',
    'T max 39.3',
    'Temp 37.44.2',
    'GCS 14/15',
    'GCS 17',
    'HR 1264',
    'HR 700',
    'SHR 90',
    'patient 90 kg',
    'ETT 22 at the lips',
    'no MAP 50',
    'not on 40 % O2',
    'FiO2 40-50%',
    'FiO2 40%-50%',
    'Family updated',
    '',
  ])('takes no number from %j', (sentence) => {
    expect(statedValues(sentence)).toEqual([]);
  });

  it('whatever is written: plausible values only, in bounded time', () => {
    const word = fc.constantFrom(
      'HR',
      'MAP',
      'T',
      'GCS',
      'BP',
      'FiO2',
      'of',
      'now',
      '%',
      '/',
      ' ',
      '12',
      '99',
      '140',
      '3.5',
      'é',
      ':',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 160 }),
          fc.array(word, { maxLength: 60 }).map((all) => all.join(' ')),
        ),
        (text) => {
          for (const [ids, value] of statedValues(text)) {
            const [low, high] = VARIABLES[variableIndex(ids[0])].plausible;
            expect(value).toBeGreaterThanOrEqual(low);
            expect(value).toBeLessThanOrEqual(high);
          }
        },
      ),
    );
    const started = process.cpuUsage();
    statedValues(`HR ${'of '.repeat(5000)}`);
    statedValues(`HR${' '.repeat(5000)}x`);
    expect(process.cpuUsage(started).user).toBeLessThan(2e6);
  });
});
