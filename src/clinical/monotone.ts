/**
 * In which direction and range a sign that gets worse never lowers a risk. A model of risk ahead is built so, and probed for it;
 * what the table leaves open, data decide. Sources:
 * [NEWS2] Royal College of Physicians, NEWS2, London 2017: where points begin.
 * [SOFA] Vincent et al., Intensive Care Medicine 1996;22:707-710: where points begin.
 * [SAPS] Le Gall et al., SAPS II, JAMA 1993;270:2957-2963: where points begin.
 * [SIRS] Bone et al., Chest 1992;101:1644-1655.
 * [K] Kost, JAMA 1990;263:704-707, critical limits; the range here begins at the edge of normal (Mayo Clinic Laboratories).
 * [KDIGO] KDIGO clinical practice guideline for acute kidney injury, Kidney International Supplements 2012;2:1-138.
 * [B] The ARDS Definition Task Force, JAMA 2012;307:2526-2533. [R] Rice et al., Chest 2007;132:410-417.
 * [N] NICE-SUGAR, NEJM 2009;360:1283-1297. [H] Hébert et al., NEJM 1999;340:409-417. [V] Vincent et al., Annals of Surgery
 * 2003;237:319-334, albumin. [SI] Allgöwer & Burri, Deutsche Medizinische Wochenschrift 1967;92:1947-1950.
 */

/** One variable, or one quantity derived from several (src/features/derived.ts). */
export interface Monotone {
  readonly id: string;
  /** At or below it, lower is worse; null: nothing is said of low values. In the canonical unit. */
  readonly low: number | null;
  /** At or above it, higher is worse; null: nothing is said of high values. */
  readonly high: number | null;
  readonly source: string;
}

type Row = readonly [id: string, low: number | null, high: number | null, source: string];

// biome-ignore format: one row a variable reads best
const ROWS: readonly Row[] = [
  ['heartRate', 50, 91, '[NEWS2]'],
  ['sbpInvasive', 110, 220, '[NEWS2]'],
  ['sbpCuff', 110, 220, '[NEWS2]'],
  ['mapInvasive', 70, null, '[SOFA]'],
  ['mapCuff', 70, null, '[SOFA]'],
  ['respRate', 11, 21, '[NEWS2]'],
  ['temperature', 36, 38.1, '[NEWS2]'],
  ['spo2', 95, null, '[NEWS2] scale 1'],
  ['sao2', 95, null, '[NEWS2] scale 1, of arterial blood'],
  ['gcs', 15, null, '[SOFA]'],
  ['acvpu', null, 0, '[NEWS2]'],
  ['fio2', null, 0.21, '[NEWS2] any oxygen; [B] the more a ratio needs'],
  ['ph', 7.35, 7.45, '[K]'],
  ['paco2', null, 45, 'the edge of normal, [K]'],
  ['pao2', 80, null, 'the edge of normal, [K]'],
  ['hco3', 20, null, '[SAPS]'],
  ['baseExcess', -2, null, 'the edge of normal, [K]'],
  ['lactate', null, 0, 'every step: Nichol et al., Critical Care 2010;14:R25'],
  ['sodium', 135, 145, '[SAPS] from 145; the edge of normal below, [K]'],
  ['potassium', 3.5, 5, '[SAPS] from 5; the edge of normal below, [K]'],
  ['calciumIonised', 1.1, 1.32, 'the edge of normal, [K]'],
  ['glucose', 70, 180, '[N]'],
  ['bun', null, 28, '[SAPS]'],
  ['creatinine', null, 1.2, '[SOFA]'],
  ['bilirubin', null, 1.2, '[SOFA]'],
  ['albumin', 3.5, null, '[V]'],
  ['wbc', 4, 12, '[SIRS]'],
  ['platelets', 150, null, '[SOFA]'],
  ['hemoglobin', 7, null, '[H]'],
  ['hematocrit', 21, null, '[H], three times the haemoglobin'],
  ['inr', null, 1.5, '[SOFA] of 2016 has none; Dellinger et al., Surviving Sepsis 2012, Critical Care Medicine 41:580'],
  ['crp', null, 10, 'the edge of normal'],
  ['troponinT', null, 0.01, 'Thygesen et al., Circulation 2018;138:e618, the 99th centile'],
  ['troponinI', null, 0.04, 'Thygesen et al., Circulation 2018;138:e618, the 99th centile'],
  ['derived.map', 70, null, '[SOFA]'],
  ['derived.sbp', 110, 220, '[NEWS2]'],
  ['derived.shockIndex', null, 0.7, '[SI]'],
  ['derived.pfRatio', 400, null, '[SOFA]'],
  ['derived.sfRatio', 315, null, '[R]'],
  ['derived.spo2Ratio', 315, null, '[R]'],
  ['derived.urinePerHourKg', 0.5, null, '[KDIGO]'],
];

export const MONOTONE: readonly Monotone[] = ROWS.map(([id, low, high, source]) => ({
  id,
  low,
  high,
  source,
}));

/**
 * The middle of what is normal of a variable of which low and high values are bad, NaN of any other: where its averages are bent, so
 * that what is low never makes up for what is high. In the canonical unit.
 */
export function bendOf(id: string): number {
  const row = MONOTONE.find((each) => each.id === id);
  if (row === undefined || row.low === null || row.high === null) return Number.NaN;
  return (row.low + row.high) / 2;
}
