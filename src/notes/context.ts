import { Phrases, rowsOf } from './phrases.js';
import type { Token } from './tokens.js';

/**
 * Whether what a sentence states is so, now, and of the patient: after ConText (Harkema et al., J Biomed Inform 2009;42:839-851). A trigger
 * speaks for what follows it, what goes before it, or both, up to a word that ends its reach. The lists are ours.
 */
export type NotNow = 'negated' | 'historical' | 'planned' | 'other-person';

/** Which way a trigger speaks. */
type Reach = 'after' | 'before' | 'both' | 'sentence';

interface Trigger {
  readonly is: NotNow;
  readonly reach: Reach;
  /** Does not speak of what just happened: "was intubated". */
  readonly isTense?: boolean;
  /** Speaks of no number: "found to be 40". */
  readonly isOfStatus?: boolean;
}

const negated = (reach: Reach): Trigger => ({ is: 'negated', reach });
const historical = (reach: Reach): Trigger => ({ is: 'historical', reach });
const planned = (reach: Reach): Trigger => ({ is: 'planned', reach });
const TENSE: Trigger = { is: 'historical', reach: 'both', isTense: true };

// biome-ignore format: one meaning a row reads best
const TRIGGERS = new Phrases<Trigger | null>(rowsOf<Trigger | null>([
  // Not what they look like.
  ['no change|no changes|no increase|no improvement|no response|no effect|not only|not improving|not responding|not responsive|no new orders|no pulse|not tolerating|not protecting', null],
  ['no further response|will follow|due to|secondary to|has been|have been|call light|if any|no doubt|was called|was started|en route to', null],
  ['no|not|denies|denied|deny|without|w / o|negative for|never|nor|neither|absence of|free of|free from|no evidence of|no signs of|no sign of|no longer', negated('after')],
  ['not on|isn|wasn|hasn|didn|doesn|rather than|instead of|declines|refuses|ruled out for|off|weaned off|came off|taken off|no need for|not requiring', negated('after')],
  ["ruled out|not seen|not present|absent|is off|now off|are off|stopped|discontinued|d / c|d / c ' d|resolved|unlikely|not needed", negated('before')],
  ['none|refused|declined', negated('both')],
  ['was|were', TENSE],
  ['had', TENSE],
  ['had been|previously|previous|prior|earlier|yesterday|last night|overnight|last week|last month|last year|years ago|months ago|weeks ago|days ago|day ago|last shift|this morning on arrival', historical('both')],
  ['on admission|on arrival|on presentation|at presentation|at admission|upon arrival|upon admission|at baseline|baseline|at home|pre op|preop|preoperatively|pre operative|intraoperatively|intra op', historical('both')],
  ['in ed|in the ed|in er|in the er|at osh|outside hospital|in the field|at the scene|en route|past medical history|pmh|pmhx|past history|known history|at discharge|at birth', historical('both')],
  ['history of|hx of|hx|h / o|history|known|remote|s / p|status post|initially|initial|admitted with|presented with|admission|chronic', historical('after')],
  ['usual|usually|normally|tmax|peaked at|peak|peaked|maximum|max|nadir|highest|lowest|low of|high of|best|worst|in the past', historical('both')],
  ['to be', { ...planned('after'), isOfStatus: true }],
  ['targets|targeting|aim|aiming|aim for|keep|keeping|maintain|maintaining|titrate|titrated|titrating|titrate to|wean|weaning|wean to', planned('after')],
  ['unless|until|when|whenever|in case|should|will|would|shall|could|may|might|can be|plan|plan for|plans|planning|consider|considering|consideration', planned('after')],
  ['call for|call md for|notify|notify for|notify md for|page for|alert for|hold for|hold if|watch for|monitor for|monitoring for|evaluate for|assess for|assess|eval for|check for|risk of|risk for|at risk', planned('after')],
  ['rule out|r / o|concern for|concerned for|possible|possibly|probable|suspected|suspect|query|question of|anticipate|expect|expected|awaiting|await|prepare|prepare for|ready for|ready to|trial of|discuss|discussion|prevent|to prevent|prophylaxis against|protocol for|education|teaching|advised|recommend|recommended|return for|as needed for|prn for|order for|transfuse for|transfuse if|before|treat for|treat if|limit|alarms|set to|in order to|so that|in an attempt to|attempt to|scheduled for|for possible', planned('after')],
  ['tomorrow|if needed|if required|as needed|prn|is planned|precautions|prophylaxis|protocol|alarm limit|later today|scheduled|to be done|risk|watch|consent|cart|drill', planned('before')],
  ['goal|goals|target|parameters|if|planned|pending|discussed|limits|alarm|threshold', planned('both')],
  ['donor|other patient|another patient|neighbour|neighbor|roommate|next bed|family history|family hx|fh|fhx', { is: 'other-person', reach: 'sentence' }],
]));

/** What ends the reach of a trigger: what follows is told anew. */
const ENDS = new Phrases<true>(
  rowsOf([
    [
      'but|however|although|though|now|currently|at present|presently|yet|except|still|remains|today|at this time|since then|which is now|on exam|and now|repeat|rechecked|recheck|on recheck|most recent|latest|;',
      true,
    ],
  ]),
);

const RELATIVES = new Set(
  'mother father wife husband daughter son brother sister sibling aunt uncle grandmother grandfather mom dad partner spouse twin girlfriend boyfriend parents'.split(
    ' ',
  ),
);
const OF_RELATIVES = new Set("has had with is was who died suffered 's ’s".split(' '));
/** A relative who is here is not who is spoken of. */
const AT_BEDSIDE = new Set(
  'bedside updated here present visiting aware notified called informed states reports concerned asking room reports said'.split(
    ' ',
  ),
);
/** So many tokens behind a relative are looked at. */
const NEAR = 6;
/** Stand between the parts of a list. */
const LIST_WORDS = new Set([
  'and',
  'or',
  'nor',
  'no',
  'active',
  'further',
  'obvious',
  'any',
  'gross',
  'acute',
]);
/** "Bed 4" and "room 12" are of others where a note of the patient names them. */
const PLACES = new Set(['bed', 'room', 'bay']);

interface Stretch {
  /** Where its trigger stands: within a fact it speaks for it. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly trigger: Trigger;
}

/** What a sentence says of the truth of its parts. */
export class Context {
  readonly #stretches: Stretch[] = [];
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    if (tokens.length === 0) return;
    const ends = ENDS.all(tokens).map(({ from }) => from);
    for (const { from, to, meaning } of TRIGGERS.all(tokens))
      if (meaning !== null) this.#add(from, to, meaning, ends);
    this.#addOthers(ends);
    if (tokens.at(-1)!.text === '?')
      this.#stretches.push({ at: 0, from: 0, to: tokens.length, trigger: planned('sentence') });
    tokens.forEach((token, at) => {
      // "?seizure": a question before a word.
      if (token.text === '?' && at + 1 < tokens.length)
        this.#stretches.push({ at, from: at, to: this.#commaAfter(at), trigger: planned('after') });
    });
  }

  /**
   * Why what stands at the tokens `from` to `to` is not so, not now, or not of the patient; null: it is.
   * @param isEvent It is something that happens, which staff tell in the past: "was intubated".
   */
  of(from: number, to: number, isValue: boolean, isEvent = false): NotNow | null {
    for (const { at, from: first, to: last, trigger } of this.#stretches) {
      const isWithin = at > from && at < to;
      if (!isWithin && (from < first || to > last)) continue;
      if ((trigger.isTense === true && isEvent) || (trigger.isOfStatus === true && isValue)) continue;
      const isBehind = first > at;
      if (trigger.is === 'negated' && isBehind && !this.#isNegatedFrom(first, from, isValue)) continue;
      return trigger.is;
    }
    return null;
  }

  /**
   * A number is negated where the word stands right before its name: "no fever, HR 130" tells a heart rate. Beyond a comma what goes on is a
   * list: "no bleeding, seizure" and not "no bleeding, on norepinephrine".
   */
  #isNegatedFrom(behind: number, from: number, isValue: boolean): boolean {
    if (isValue) return from - behind <= 1;
    const comma = this.#commaBefore(from);
    if (comma < behind) return true;
    return this.#tokens.slice(comma + 1, from).every(({ lower }) => LIST_WORDS.has(lower));
  }

  #add(from: number, to: number, trigger: Trigger, ends: readonly number[]): void {
    const { reach } = trigger;
    if (reach === 'sentence') {
      this.#stretches.push({ at: from, from: 0, to: this.#tokens.length, trigger });
      return;
    }
    const until = ends.find((end) => end >= to) ?? this.#tokens.length;
    const since = ends.findLast((end) => end < from) ?? 0;
    if (reach !== 'before') this.#stretches.push({ at: from, from: to, to: until, trigger });
    if (reach !== 'after')
      this.#stretches.push({ at: from, from: Math.max(since, this.#commaBefore(from)), to: from, trigger });
  }

  #addOthers(ends: readonly number[]): void {
    const tokens = this.#tokens;
    const trigger: Trigger = { is: 'other-person', reach: 'after' };
    tokens.forEach(({ lower }, at) => {
      const next = tokens[at + 1];
      if (PLACES.has(lower) && next?.kind === 'number' && tokens[at - 1]?.lower !== 'of')
        this.#add(at, at + 2, { ...trigger, reach: 'sentence' }, ends);
      if (!RELATIVES.has(lower)) return;
      const near = tokens.slice(at + 1, at + 1 + NEAR).map((token) => token.lower);
      const isSubject = near.slice(0, 3).some((word) => OF_RELATIVES.has(word) || word === "'");
      if (isSubject && !near.some((word) => AT_BEDSIDE.has(word))) this.#add(at, at + 1, trigger, ends);
    });
  }

  #commaBefore(at: number): number {
    for (let place = at - 1; place >= 0; place--) if (this.#tokens[place].text === ',') return place;
    return 0;
  }

  #commaAfter(at: number): number {
    for (let place = at + 1; place < this.#tokens.length; place++)
      if (this.#tokens[place].text === ',') return place;
    return this.#tokens.length;
  }
}
