import { fixed } from '../report/figures.js';
import type { ArtefactFigures, ProbeFigures } from './figures.js';
import { deltaOf, headlineOf, type LadderRow, ladderRows, RISK_LABELS, withUnit } from './ladders.js';
import type { SentenceFigures } from './notes.js';
import type { Probe } from './run.js';
import type { RiskName } from './signs.js';

/** The signs as a table: its header, and a row a sign and direction. */
export function ladderTable(figures: ProbeFigures): { header: string[]; rows: string[][] } {
  const { risks } = figures;
  const header = [
    'sign',
    'critical from',
    'alarmed 10 min, 1 h, 3 h',
    'longest delay, min',
    'for 1 h',
    ...risks.map((risk) => RISK_LABELS[risk]),
    'own risk over normal',
    'NEWS2',
    'NEWS2 ≥ 7',
    'risk alerts',
    'falls',
    'falls left open',
  ];
  return { header, rows: ladderRows(figures).map((row) => ladderCells(row, risks)) };
}

export const ARTEFACT_HEADER: readonly string[] = [
  'what is sent',
  'clinical alerts',
  'technical notices',
  'open before',
  'of these ended',
];

/** What came of each sentence, with the risks that the model gives. */
export function sentenceTable({ sentences, risks }: Pick<Probe, 'sentences' | 'risks'>): {
  header: string[];
  rows: string[][];
} {
  const said = risks.map((risk) => RISK_LABELS[risk]);
  const header = [
    'sentence',
    'of the patient',
    'states',
    'must move',
    'read',
    'state',
    'risk',
    ...said,
    'right',
  ];
  return { header, rows: sentences.map((each) => sentenceCells(each, risks)) };
}

function sentenceCells(each: SentenceFigures, risks: readonly RiskName[]): string[] {
  const { text, patient, kind, direction, facts, state, risk, deltas, isRight } = each;
  const read = facts.length === 0 ? '–' : facts.join('; ');
  const moved = risks.map((name) => change(deltas[name], 3));
  return [text, patient, kind, direction, read, state, risk, ...moved, isRight ? 'yes' : 'no'];
}

/** How many sentences went the way they must, in words. */
export function sentencesText({ sentences }: Pick<Probe, 'sentences'>): string {
  const right = (some: readonly SentenceFigures[]) =>
    `${some.filter(({ isRight }) => isRight).length} of ${some.length}`;
  const still = sentences.filter(({ direction }) => direction === 'none');
  const moving = sentences.filter(({ direction }) => direction !== 'none');
  return `${right(moving)} that tell of the patient now move state or risk the way they must; ${right(still)} that are negated, planned, historical, of somebody else or of no value move neither.`;
}

/** The cells of a sign in one direction, the first its name. */
function ladderCells(row: LadderRow, risks: readonly RiskName[]): string[] {
  const { sign, direction, criticalFrom, alarmed, longestDelay, shown, overNormal, violations, open } = row;
  return [
    `${sign.label}, ${direction}`,
    criticalFrom === null ? '–' : withUnit(sign, criticalFrom),
    criticalFrom === null ? '–' : alarmed.map((share) => percent(share)).join(', '),
    fixed(longestDelay, 0),
    withUnit(sign, shown.value),
    ...risks.map((risk) => change(deltaOf(shown, risk), 3)),
    change(overNormal, 3),
    change(shown.deltaNews2, 1),
    percent(shown.news2Emergency),
    String(shown.riskAlerts),
    String(violations),
    String(open),
  ];
}

export function artefactCells({
  label,
  clinicalAlerts,
  technicalNotices,
  openBefore,
  wronglyResolved,
}: ArtefactFigures): string[] {
  return [label, ...[clinicalAlerts, technicalNotices, openBefore, wronglyResolved].map(String)];
}

/** How soon a heart that stops is told. */
export function arrestText({ arrest: { alarmed, delaySeconds } }: Pick<Probe, 'arrest'>): string {
  if (Number.isNaN(delaySeconds)) return 'in no stay is there an alert of the highest priority.';
  return `an alert of the highest priority in ${percent(alarmed)} of the stays, after at most ${fixed(delaySeconds, 0)} s.`;
}

/** The tables in Markdown, with what they are of. */
export function probeTables(probe: Probe): string {
  const { from, model, stays, seen, artefacts, alertsAsCharted, interventions } = probe;
  const head = headlineOf(probe);
  const ladders = ladderTable(probe);
  const of = (group: ArtefactFigures['group']) =>
    artefacts.filter((each) => each.group === group).map(artefactCells);
  return `Model ${model}, ${stays} stable stays (of the first ${seen}) of ${placeOf(from)}, ${interventions.length} interventions on ${head.signs} signs; as charted they
raise ${alertsAsCharted} alerts in the time looked at. Written by \`wardstream probe\`.

- **Critical signs alarmed** as a state in every stay within ten minutes: ${head.criticalAlarmed} of ${head.critical} (value and time); longest delay ${Number.isNaN(head.longestDelay) ? 'none' : `${fixed(head.longestDelay, 0)} min`}.
- **Risk**: of ${head.criticalSigns} signs and directions with a critical value, held for an hour, ${head.signsSeen} raise the risk that has to see them by 0.02 or more over the stay as charted, ${head.signsOverNormal} over the same sign given as often at its normal value.
- **Monotonicity**: ${head.monotoneViolations} of ${head.steps} steps to a value that the table of directions calls worse lower a risk of a stay by more than 0.005; so do ${head.open} other steps, of which it says nothing.
- **Artefacts and wrong units**: ${head.clinicalAlerts} clinical alerts, ${head.technicalNotices} technical notices; of ${head.openBefore} alerts that were open, ${head.wronglyResolved} ended wrongly.
- **A heart that stops**: ${arrestText(probe)}
- **Sentences of notes**: ${sentencesText(probe)}

${markdown(ladders.header, ladders.rows)}

Artefacts, in the stay as it is and in the same patient in shock:

${markdown(ARTEFACT_HEADER, of('artefact'))}

Wrong units:

${markdown(ARTEFACT_HEADER, of('unit mistake'))}`;
}

/** Where the history is without the folders above it, which are nobody's but the machine's. */
export function placeOf(from: string): string {
  const [kind, ...rest] = from.split(':');
  return `${kind}:${rest.join(':').replace(/\/+$/, '').split('/').at(-1) ?? ''}`;
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** A difference with its sign. */
export function change(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return value > 0 && Number(value.toFixed(decimals)) !== 0 ? `+${text}` : text.replace(/^−(0\.?0*)$/, '$1');
}

export function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${Math.round(100 * share)} %`;
}
