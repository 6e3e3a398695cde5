import { DRUGS, type Drug, drugOf, rateOf } from '../clinical/drugs.js';
import { Phrases, rowsOf } from './phrases.js';
import { isJoined, numberOf, type Token } from './tokens.js';

/** What a note may say of a patient besides values. */
export const STATUSES = [
  'vasopressor',
  'intubated',
  'extubated',
  'ventilated',
  'arrest',
  'circulation-back',
  'bleeding',
  'seizure',
  'comfort-care',
  'no-resuscitation',
  'no-intubation',
  'prone',
  'theatre',
  'dialysis',
] as const;
export type Status = (typeof STATUSES)[number];

/** Words for a clinician. */
const STATUS_WORDS: Readonly<Record<Status, string>> = {
  vasopressor: 'vasopressor',
  intubated: 'intubated',
  extubated: 'extubated',
  ventilated: 'ventilated',
  arrest: 'cardiac arrest',
  'circulation-back': 'circulation is back',
  bleeding: 'bleeding',
  seizure: 'seizure',
  'comfort-care': 'comfort care',
  'no-resuscitation': 'not for resuscitation',
  'no-intubation': 'not for intubation',
  prone: 'prone',
  theatre: 'on the way to theatre',
  dialysis: 'dialysis',
};

/** A status in words for a clinician, with its detail. */
export function statusText({ status, detail }: Pick<StatusFound, 'status' | 'detail'>): string {
  return detail === '' ? STATUS_WORDS[status] : `${STATUS_WORDS[status]}: ${detail}`;
}

/** Told in the past of what just happened: "was intubated", "had a seizure". */
const EVENTS: ReadonlySet<Status> = new Set([
  'intubated',
  'extubated',
  'arrest',
  'circulation-back',
  'seizure',
  'comfort-care',
  'no-resuscitation',
  'no-intubation',
  'prone',
  'theatre',
]);

export interface StatusFound {
  readonly status: Status;
  /** What is said of it, such as a drug and its dose; empty: nothing. */
  readonly detail: string;
  readonly isEvent: boolean;
  readonly from: number;
  readonly to: number;
}

const PHRASES = new Phrases<readonly Status[]>(
  rowsOf<readonly Status[]>([
    ['intubated|reintubated|re - intubated|emergently intubated', ['intubated']],
    ['extubated|self - extubated|self extubated|terminally extubated', ['extubated']],
    [
      'ventilated|mechanically ventilated|on vent|on the vent|on ventilator|on the ventilator|on mechanical ventilation|vented',
      ['ventilated'],
    ],
    [
      'cardiac arrest|code blue|CPR|cpr in progress|chest compressions|compressions|PEA|PEA arrest|asystole|asystolic|pulseless|VF arrest|vfib arrest|VT arrest|defibrillated|lost pulse|lost pulses|resuscitation in progress',
      ['arrest'],
    ],
    [
      'ROSC|return of spontaneous circulation|pulse regained|regained pulse|regained pulses',
      ['circulation-back'],
    ],
    [
      'bleeding|bleed|gi bleed|GIB|hemorrhage|haemorrhage|hemorrhaging|haemorrhaging|hematemesis|haematemesis|melena|melaena|hematochezia|BRBPR|oozing|coffee ground emesis',
      ['bleeding'],
    ],
    [
      'seizure|seizures|seizing|status epilepticus|convulsion|convulsions|convulsing|tonic clonic|tonic - clonic|fitting',
      ['seizure'],
    ],
    [
      'comfort care|comfort measures|comfort measures only|CMO|comfort focused care|withdrawal of care|care withdrawn|palliation only',
      ['comfort-care'],
    ],
    [
      'DNR|do not resuscitate|DNACPR|not for cpr|not for resuscitation|no cpr|no code|no chest compressions|DNAR',
      ['no-resuscitation'],
    ],
    ['DNI|do not intubate|not for intubation', ['no-intubation']],
    ['DNR / DNI|DNR and DNI|DNI / DNR|DNR / I', ['no-resuscitation', 'no-intubation']],
    ['prone|proned|prone position|prone positioning|in prone position', ['prone']],
    [
      'to OR|To OR|to the OR|to theatre|to operating room|to the operating room|to theater|taken to OR|in the OR|for OR now|to OT',
      ['theatre'],
    ],
    ['dialysis|CVVH|CVVHD|CVVHDF|CRRT|hemodialysis|haemodialysis|on HD|CVVHD running|SLED', ['dialysis']],
  ]),
);

/** What looks like one of these and is none. */
const NOT_THESE = new Phrases<true>(
  rowsOf([
    [
      'seizure disorder|hypothermic arrest|hemodialysis fistula|dialysis fistula|dialysis graft|dialysis unit|bleeding time|bleeding risk|dialysis catheter|dialysis catheters|dialysis line|dialysis access|seizure precautions|bleeding precautions|prone to|pulseless extremity|CPR certified|ventilated well|well ventilated|easily ventilated|fitting mask|full code|non bleeding|nonbleeding|non - bleeding|respiratory arrest of growth|intubated patients',
      true,
    ],
  ]),
);

interface DrugName {
  readonly drug: Drug | null;
  /** Means a vasopressor only with a rate or an infusion. */
  readonly isVague: boolean;
}

const sure = (id: string): DrugName => ({ drug: drugOf(id), isVague: false });
const vague = (id: string): DrugName => ({ drug: drugOf(id), isVague: true });
const PRESSORS: DrugName = { drug: null, isVague: false };

const DRUG_NAMES = new Phrases<DrugName>([
  ...DRUGS.flatMap((drug) =>
    drug.names.map((name) => [name, { drug, isVague: drug.id === 'epinephrine' }] as [string, DrugName]),
  ),
  ...rowsOf<DrugName>([
    ['norepi|levophed|norad|noradrenalin|NE gtt|NE infusion', sure('norepinephrine')],
    ['levo|NE|nor', vague('norepinephrine')],
    ['epi|adrenalin', vague('epinephrine')],
    ['vaso|vasopressin infusion', vague('vasopressin')],
    ['neosynephrine|neo - synephrine|phenyl', sure('phenylephrine')],
    ['neo', vague('phenylephrine')],
    ['dopa', vague('dopamine')],
    ['pressors|pressor|vasopressors|pressor support|vasopressor support', PRESSORS],
  ]),
]);

const BEFORE_DOSE = new Set([
  'at',
  '@',
  'gtt',
  'drip',
  'infusion',
  'running',
  'up',
  'to',
  'of',
  'now',
  'increased',
  'is',
  ':',
  'remains',
  'on',
  'infusing',
  'going',
  'started',
  '(',
]);
const INFUSIONS = new Set(['gtt', 'drip', 'infusion', 'running', 'infusing']);
/** Tokens between a drug and its dose at most. */
const DOSE_WITHIN = 5;

/** The statuses that a sentence names, whatever it says of them. */
export function statusesOf(text: string, tokens: readonly Token[]): StatusFound[] {
  const found: StatusFound[] = [];
  for (let from = 0; from < tokens.length; ) {
    const none = NOT_THESE.at(tokens, from);
    const drug = DRUG_NAMES.at(tokens, from);
    const phrase = PHRASES.at(tokens, from);
    const other = none !== null && none.to >= (phrase?.to ?? 0) ? none : null;
    if (other === null && drug !== null) {
      const running = runningOf(text, tokens, from, drug.to, drug.meaning);
      if (running !== null) found.push(running);
      from = running?.to ?? drug.to;
    } else if (other === null && phrase !== null) {
      for (const status of phrase.meaning)
        found.push({ status, detail: '', isEvent: EVENTS.has(status), from, to: phrase.to });
      from = phrase.to;
    } else from = other?.to ?? from + 1;
  }
  return found;
}

/** A drug as a status: with its dose where one is told; null where it may be something else. */
function runningOf(
  text: string,
  tokens: readonly Token[],
  from: number,
  to: number,
  { drug, isVague }: DrugName,
): StatusFound | null {
  let at = to;
  let isInfusion = false;
  for (; at < tokens.length && at - to < DOSE_WITHIN && BEFORE_DOSE.has(tokens[at].lower); at++)
    isInfusion ||= INFUSIONS.has(tokens[at].lower);
  const dose = drug === null ? null : doseAt(text, tokens, at, drug);
  if (isVague && dose === null && !isInfusion) return null;
  const detail = [drug?.label.toLowerCase() ?? '', dose?.text ?? ''].filter((part) => part !== '').join(' ');
  if (dose !== null && dose.rate === 0) return null;
  return { status: 'vasopressor', detail, isEvent: false, from, to: dose?.to ?? to };
}

function doseAt(
  text: string,
  tokens: readonly Token[],
  at: number,
  drug: Drug,
): { text: string; rate: number; to: number } | null {
  const token = tokens[at];
  if (token?.kind !== 'number') return null;
  // The unit as it is written, up to a blank: "mcg/kg/min".
  let to = at + 1;
  let unit = '';
  for (; to < tokens.length && to - at < 8; to++) {
    if (unit !== '' && !isJoined(tokens[to - 1], tokens[to])) break;
    if (tokens[to].kind === 'number' || /^[,.;:()]$/.test(tokens[to].text)) break;
    unit += tokens[to].text;
  }
  const rate = rateOf(drug, numberOf(token), unit);
  if (rate === null) return null;
  return { text: text.slice(token.start, tokens[to - 1].end), rate: rate.perMinute, to };
}
