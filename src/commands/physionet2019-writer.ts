import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLES } from '../clinical/variables.js';
import type { AdtMessage, VitalSignsMessage } from '../contract/messages.js';
import { HOUR_MS } from '../durations.js';
import { Random } from '../simulate/random.js';
import type { PlannedStay } from '../simulate/scenarios.js';
import { scenarioOnsets, simulateWard } from '../simulate/ward.js';
import { CodeMapping } from '../sources/mapping.js';

/** SepsisLabel leads the onset by this long (Reyna et al., Crit Care Med 2020;48:210-217). */
const LABEL_LEADS_MS = 6 * HOUR_MS;
/** Hours of a stay: evenly from the least to the most. */
const HOURS = { least: 12, most: 60 };
/** Stays simulated side by side. */
const WARD = 64;
const COLUMNS =
  'HR O2Sat Temp SBP MAP DBP Resp EtCO2 BaseExcess HCO3 FiO2 pH PaCO2 SaO2 AST BUN Alkalinephos Calcium Chloride Creatinine Bilirubin_direct Glucose Lactate Magnesium Phosphate Potassium Bilirubin_total TroponinI Hct Hgb PTT WBC Fibrinogen Platelets'.split(
    ' ',
  );
const DEMOGRAPHICS = 'Age Gender Unit1 Unit2 HospAdmTime ICULOS SepsisLabel'.split(' ');

/** One stay while it is simulated: per hour, the newest value of each column. */
interface Sheet {
  readonly plan: PlannedStay;
  readonly hours: number;
  readonly rows: Map<string, number>[];
  age: number | null;
  isMale: boolean;
}

/**
 * Writes simulated stays in the form of the PhysioNet/CinC Challenge 2019, one .psv a stay, 12 to 60 hours long; septic shock is
 * labelled six hours before its onset. The same seed writes the same files.
 */
export function writePsvCohort(
  directory: string,
  { stays, seed }: { readonly stays: number; readonly seed: number },
  onProgress?: (written: number) => void,
): void {
  mkdirSync(directory, { recursive: true });
  const columnOf = columnsByCode();
  for (let first = 0; first < stays; first += WARD) {
    const beds = Math.min(WARD, stays - first);
    const random = new Random(seed, first);
    const options = { beds, hours: HOURS.most, seed: seed * 1_000_003 + first, startTime: 0, wardId: 'PSV' };
    const sheets = new Map<string, Sheet>();
    for (const plan of scenarioOnsets(options)) {
      const hours = HOURS.least + Math.floor(random.uniform() * (HOURS.most - HOURS.least + 1));
      const rows = Array.from({ length: hours }, () => new Map<string, number>());
      sheets.set(plan.patientId, { plan, hours, rows, age: null, isMale: false });
    }
    for (const { key, eventTime, record } of simulateWard({ ...options, vitalsIntervalMs: HOUR_MS / 2 })) {
      const sheet = sheets.get(key)!;
      if ('observations' in record) note(sheet, eventTime, record, columnOf);
      else if ('ageYears' in record) admit(sheet, record);
    }
    let number = first;
    for (const sheet of sheets.values()) {
      writeFileSync(join(directory, `p${String(++number).padStart(6, '0')}.psv`), textOf(sheet));
    }
    onProgress?.(number);
  }
}

function admit(sheet: Sheet, { ageYears, sex }: AdtMessage): void {
  sheet.age ??= ageYears;
  sheet.isMale = sex === 'MALE';
}

function note(
  { rows }: Sheet,
  eventTime: number,
  { observations }: VitalSignsMessage,
  columnOf: ReadonlyMap<string, string>,
): void {
  // A value at the full hour belongs to the hour that ends then.
  const row = rows[Math.max(0, Math.ceil(eventTime / HOUR_MS) - 1)];
  if (row === undefined) return;
  for (const { code, value } of observations) {
    const column = columnOf.get(code);
    if (column !== undefined) row.set(column, value);
  }
}

/** Column of each code we send, both in the column's unit; what is charted by line or cuff shares a column. */
function columnsByCode(): Map<string, string> {
  const mapping = CodeMapping.load('physionet2019');
  const columns = new Map<string, string>();
  for (const column of COLUMNS) {
    const meaning = mapping.meaningOf(column);
    if (meaning === null || meaning === 'ignore') continue;
    const { id, code, unit } = VARIABLES[meaning.variable];
    if (meaning.units[0][0] === unit) columns.set(code, column);
    const cuff = VARIABLES.find((variable) => variable.id === id.replace('Invasive', 'Cuff'));
    if (cuff !== undefined) columns.set(cuff.code, column);
  }
  return columns;
}

function textOf({ plan, hours, rows, age, isMale }: Sheet): string {
  const onset = plan.scenario === 'septic-shock' ? plan.onsetTime : null;
  const lines = rows.map((row, index) => {
    const values = COLUMNS.map((column) => {
      const value = row.get(column);
      return value === undefined ? 'NaN' : String(Number(value.toFixed(2)));
    });
    const hour = index + 1;
    const isLabelled = onset !== null && onset < hours * HOUR_MS && hour * HOUR_MS >= onset - LABEL_LEADS_MS;
    return [...values, age?.toFixed(2) ?? 'NaN', isMale ? 1 : 0, 1, 0, -1, hour, isLabelled ? 1 : 0].join(
      '|',
    );
  });
  return `${[...COLUMNS, ...DEMOGRAPHICS].join('|')}\n${lines.join('\n')}\n`;
}
