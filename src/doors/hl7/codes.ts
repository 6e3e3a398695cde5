import { variableIndex } from '../../clinical/variables.js';
import { variableOfCode } from '../loinc.js';
import { mdcCode } from './mdc.js';
import type { Segment } from './message.js';
import type { Sender, SenderCode } from './sender.js';

/** What an OBX measures, and how its value reads. */
export interface Meaning {
  readonly variable: number;
  /** Of several that one message gives of the variable, the least is believed first. */
  readonly rank: number;
  readonly unit?: string | undefined;
  readonly factor?: number | undefined;
  readonly values?: ReadonlyMap<string, number> | undefined;
}

/** A code, what its sender calls it, and its system as HL7 v2 names that; each empty where it is not told. */
export interface Code {
  readonly code: string;
  readonly text: string;
  readonly system: string;
}

/** Two codes of one OBX that name different variables: none of them can be believed. */
export class Contradiction {
  readonly detail: string;

  constructor(detail: string) {
    this.detail = detail;
  }
}

/** Codes systems under which LOINC is sent. */
const LOINC = new Set(['LN', 'LOINC', 'HTTP://LOINC.ORG', '2.16.840.1.113883.6.1']);
/** The system under which codes of our vocabulary are sent. */
export const OWN_SYSTEM = '99WARDSTREAM';
/** Remembered meanings at most: a sender's codes are a few hundred, those of noise many. */
const MOST = 5000;

/** What a sender's codes mean: its own file first, then MDC, LOINC and the vocabulary. */
export class CodeBook {
  readonly #sender: Sender;
  readonly #known = new Map<string, Meaning | 'ignore' | Contradiction | null>();

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** What an OBX is about; null where nothing is known of its codes. */
  meaningOf(obx: Segment): Meaning | 'ignore' | Contradiction | null {
    return this.#remembered(`${obx.raw(3)}\n${obx.raw(4)}`, () => {
      const named = [codeAt(obx, 1), codeAt(obx, 4)].filter(({ code }) => code !== '');
      return this.#lookUp(named, obx.text(4));
    });
  }

  /** The same of codes that stand elsewhere; `place` as OBX-4 is. */
  meaningOfCodes(named: readonly Code[], place: string): Meaning | 'ignore' | Contradiction | null {
    const key = named.map(({ code, text, system }) => `${code}\n${text}\n${system}`).join('\r');
    return this.#remembered(`${key}\r${place}`, () => this.#lookUp(named, place));
  }

  #remembered(
    key: string,
    lookUp: () => Meaning | 'ignore' | Contradiction | null,
  ): Meaning | 'ignore' | Contradiction | null {
    let meaning = this.#known.get(key);
    if (meaning === undefined) {
      meaning = lookUp();
      if (this.#known.size >= MOST) this.#known.clear();
      this.#known.set(key, meaning);
    }
    return meaning;
  }

  #lookUp(named: readonly Code[], place: string): Meaning | 'ignore' | Contradiction | null {
    for (const { code, system } of named) {
      for (const name of [`${code}^${system}`, code]) {
        const own = this.#sender.codes.get(`${name}@${place}`) ?? this.#sender.codes.get(name);
        if (own !== undefined) return ofFile(own);
      }
    }
    if (this.#sender.codeIn === 'OBX-4') {
      const last = mdcCode(place.split('.').at(-1) ?? '');
      if (last !== undefined) return last;
    }
    for (const { code, text, system } of named) {
      const found = shipped(code, text, system);
      if (found !== null) return found;
    }
    return null;
  }
}

/** What the code is called in lists: as it is written in a sender's file. */
export function nameOf(obx: Segment): string {
  const { code, text, system } = codeAt(obx, 1);
  const name = code === '' ? text : code;
  return system === '' ? name : `${name}^${system}`;
}

function codeAt(obx: Segment, component: number): Code {
  const first = obx.first(3);
  return {
    code: first.text(component),
    text: first.text(component + 1),
    system: first.text(component + 2).toUpperCase(),
  };
}

function ofFile(code: SenderCode): Meaning | 'ignore' {
  if (code === 'ignore') return code;
  const { variable, unit, factor, values } = code;
  return { variable: variableIndex(variable), rank: 0, unit, factor, values };
}

function shipped(code: string, text: string, system: string): Meaning | Contradiction | null {
  if (LOINC.has(system) || system === OWN_SYSTEM) {
    const variable = variableOfCode(code);
    return variable === undefined ? null : { variable, rank: 0 };
  }
  if (system === 'MDC' || text.startsWith('MDC_') || code.startsWith('MDC_')) {
    const byCode = mdcCode(code);
    const byName = mdcCode(text);
    if (byCode !== undefined && byName !== undefined && byCode.variable !== byName.variable) {
      return new Contradiction(`${code} and ${text} are not the same; say in codes which it is`);
    }
    // A number that is none of those known, beside the name of one that is: older firmware has it wrong.
    return byCode ?? byName ?? null;
  }
  // No system, or a sender's own: only what cannot be mistaken.
  const variable = system === '' && /^\d{1,5}-\d$/.test(code) ? variableOfCode(code) : undefined;
  return variable === undefined ? null : { variable, rank: 0 };
}
