import type { Code, Meaning } from '../hl7/codes.js';
import { mdcUnit } from '../hl7/mdc.js';
import type { Sender } from '../hl7/sender.js';
import { type Json, listAt, objectAt, textAt } from './json.js';

/** Code systems by what a sender's file, and HL7 v2, call them. */
const NAMES = new Map<string, string>([
  ['http://loinc.org', 'LN'],
  ['urn:oid:2.16.840.1.113883.6.1', 'LN'],
  ['urn:iso:std:iso:11073:10101', 'MDC'],
  ['urn:oid:2.16.840.1.113883.6.24', 'MDC'],
]);
/**
 * Saturation of arterial blood, under which FHIR has vital signs from pulse oximeters sent, with or without their own code
 * (FHIR R4, profile oxygensat): a vital sign under it is the oximeter's.
 */
const [SATURATION, OXIMETER] = ['2708-6', '59408-5'];
const MDC_UNITS = 'urn:iso:std:iso:11073:10101';

/** What the concept is called in lists: as it is written in a sender's file. */
export function nameOf(concept: Json | undefined): string {
  const [first] = codingsOf(concept);
  if (first === undefined) return textAt(concept, 'text').slice(0, 80);
  return first.system === '' ? first.code : `${first.code}^${first.system}`;
}

/** What people call the concept. */
export function wordsOf(concept: Json | undefined): string {
  const display = listAt(concept, 'coding').map((coding) => textAt(coding, 'display'));
  return textAt(concept, 'text') || (display.find((each) => each !== '') ?? '');
}

/** Codes and words of a concept. */
export function textsOf(concept: Json | undefined): string[] {
  const codings = listAt(concept, 'coding');
  return [
    ...codings.flatMap((each) => [textAt(each, 'code'), textAt(each, 'display')]),
    textAt(concept, 'text'),
  ];
}

/** The codes of a concept, each system as HL7 v2 calls it; `isVital`: it is told as a vital sign. */
export function codingsOf(concept: Json | undefined, isVital = false): Code[] {
  const codings = listAt(concept, 'coding').map((coding) => {
    const system = textAt(coding, 'system');
    return {
      code: textAt(coding, 'code'),
      text: textAt(coding, 'display'),
      system: NAMES.get(system) ?? system,
    };
  });
  const isOximeter = isVital || codings.some(({ code }) => code === OXIMETER);
  return codings.flatMap((each) => {
    if (each.code === '') return [];
    return [
      isOximeter && each.code === SATURATION && each.system === 'LN' ? { ...each, code: OXIMETER } : each,
    ];
  });
}

/** The unit of a quantity that is meant: that of the code's meaning, else what the file teaches, its code, its words; empty where none. */
export function unitOf(quantity: Json | undefined, { unit }: Meaning, { units }: Sender): string {
  if (unit !== undefined) return unit;
  const [code, text] = [textAt(quantity, 'code'), textAt(quantity, 'unit')];
  for (const spelling of [code, text]) {
    const taught = units.get(spelling);
    if (taught !== undefined) return taught;
  }
  const isMdc = textAt(quantity, 'system') === MDC_UNITS || code.startsWith('MDC_');
  return (isMdc ? mdcUnit(code) : undefined) ?? mdcUnit(text) ?? (code || text);
}

/** Where on the body, or how, a thing was measured: the first code of `bodySite`, else of `method`; empty where neither is told. */
export function placeOf(resource: Json): string {
  for (const name of ['bodySite', 'method']) {
    const [coding] = listAt(objectAt(resource, name), 'coding');
    if (coding !== undefined) return textAt(coding, 'code');
  }
  return '';
}
