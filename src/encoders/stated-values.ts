import { VARIABLES, variableIndex } from '../clinical/variables.js';

/** A value that a sentence states as a number: ids of the variables it may be of, and the value in their canonical unit. */
export type StatedValue = readonly [ids: readonly string[], value: number];

/**
 * What makes a number something else than the value now: a time before, a bound, an order, an extreme. Of a sentence with one of
 * these words no number is taken.
 */
const NOT_NOW =
  /\b(?:was|were|had|been|earlier|previous(?:ly)?|prior|yesterday|overnight|last night|on (?:arrival|admission)|baseline|usual(?:ly)?|goal|target|aim(?:ing)?|keep(?:ing)?|maintain(?:ing)?|titrat\w*|if|unless|until|parameters?|notify|call|max|(?<!\/|per )min|peak(?:ed)?|low(?:est)? of|nadir|highest|from)\b|[<>≤≥]/i;

/** Before a label, between it and its number, and the number, which is whole and no range, fraction, decade ("50s") or share. */
const START = String.raw`(?<!\w)(?<!\b(?:no|not)\s+)`;
const LINK = String.raw`(?:\s+(?:is|of|now|at|around|about|currently|stable at))*\s*[:=~]?\s*`;
const NUMBER = String.raw`(\d{1,3}(?:\.\d{1,2})?)`;
const END = String.raw`(?![\d%+]|\s*\/\s*\d|\.\d|['’]?s\b|\s*(?:[-–]|to|or)\s*\d)`;

const labelled = (label: string, flags = 'gi', unit = '') =>
  new RegExp(`${START}(?:${label})${LINK}${NUMBER}${unit}${END}`, flags);
const pressure = (label: string) =>
  new RegExp(String.raw`${START}(?:${label})${LINK}(\d{2,3})\s*/\s*(\d{2,3})(?![\d/])`, 'gi');
const identity = (value: number) => value;

/** Staff write °C and °F; nobody alive has the one where the other is meant. */
const toCelsius = (value: number) => (value > 60 ? ((value - 32) * 5) / 9 : value);
const fromPercent = (value: number) => (value > 1 ? value / 100 : value);

type Pattern = readonly [RegExp, groups: readonly (readonly string[])[], convert: (value: number) => number];

// biome-ignore format: one pattern a line reads best
const PATTERNS: readonly Pattern[] = [
  [labelled('HR|heart rate|pulse'), [['heartRate']], identity],
  [labelled('P|N?SR|ST|SB|AF', 'g'), [['heartRate']], identity],
  [labelled('MAP|mean (?:BP|arterial pressure|blood pressure|pressure)'), [['mapInvasive', 'mapCuff']], identity],
  [pressure('BP|blood pressure'), [['sbpInvasive', 'sbpCuff'], ['dbpInvasive', 'dbpCuff']], identity],
  [pressure('ABP|art(?:erial)? line'), [['sbpInvasive'], ['dbpInvasive']], identity],
  [pressure('NI?BP|cuff'), [['sbpCuff'], ['dbpCuff']], identity],
  [labelled('RR|resps?|resp(?:iratory)? rate'), [['respRate']], identity],
  [labelled('temp(?:erature)?'), [['temperature']], toCelsius],
  [labelled('T', 'g'), [['temperature']], toCelsius],
  [labelled('GCS|Glasgow coma (?:scale|score)'), [['gcs']], identity],
  [labelled('FiO2', 'gi', String.raw`\s*%?`), [['fio2']], fromPercent],
  [new RegExp(String.raw`${START}(?:on|needs|down to|up to)\s+(\d{2,3})\s*%\s*(?:O2|oxygen)\b`, 'gi'), [['fio2']], fromPercent],
];

/**
 * Vital signs that a sentence of a note states as numbers, in its order: "HR 126", "BP 92/48", "GCS of 6", "on 40 % O2". An embedding
 * knows that a number was there, hardly which. Only what is plausible (src/clinical/variables.ts) and said of now.
 */
export function statedValues(sentence: string): StatedValue[] {
  if (NOT_NOW.test(sentence)) return [];
  const found: { readonly at: number; readonly stated: StatedValue }[] = [];
  for (const [pattern, groups, convert] of PATTERNS) {
    for (const match of sentence.matchAll(pattern)) {
      groups.forEach((ids, group) => {
        const value = convert(Number(match[group + 1]));
        const [low, high] = VARIABLES[variableIndex(ids[0])].plausible;
        if (value >= low && value <= high) found.push({ at: match.index, stated: [ids, value] });
      });
    }
  }
  return found.sort((a, b) => a.at - b.at).map(({ stated }) => stated);
}
