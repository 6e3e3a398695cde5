import type { Observation } from '../contract/messages.js';
import { Channels, type Chart } from './chart.js';
import type { Body, Quantity } from './physiology.js';
import type { Random } from './random.js';

const PANELS = {
  gas: ['ph', 'paco2', 'pao2', 'sao2', 'hco3', 'baseExcess'],
  lactate: ['lactate'],
  chemistry: ['sodium', 'potassium', 'magnesium', 'glucose', 'bun', 'creatinine', 'crp'],
  count: ['wbc', 'platelets', 'hematocrit', 'hemoglobin', 'inr'],
  liver: ['bilirubin', 'alp', 'alt', 'ast', 'albumin'],
} as const;

/** Units of laboratories that report in SI. */
const SI_UNITS: Readonly<Record<string, string>> = {
  paco2: 'kPa',
  pao2: 'kPa',
  glucose: 'mmol/L',
  bun: 'mmol/L',
  creatinine: 'umol/L',
  bilirubin: 'umol/L',
  hemoglobin: 'g/L',
  albumin: 'g/L',
};

/** Analytical error, as a share of the value. */
const IMPRECISION = 0.025;

/** The laboratory: what its analysers say of a specimen taken from the body now. */
export class Laboratory {
  readonly #random: Random;
  readonly #channels: Channels;

  constructor(random: Random, isSi: boolean) {
    this.#random = random;
    this.#channels = new Channels(Object.values(PANELS).flat(), isSi ? SI_UNITS : {});
  }

  bloodGas(body: Body, withLactate: boolean): Observation[] {
    const paco2 = body.now('paco2') + this.#random.normal();
    const baseExcess = body.now('baseExcess') + 0.5 * this.#random.normal();
    const { ph, hco3 } = acidBase(paco2, baseExcess);
    const saturation = Math.min(99.5, body.now('spo2') + 0.4 * this.#random.normal());
    const observations = [
      this.#observe('ph', ph),
      this.#observe('paco2', paco2),
      this.#observe('pao2', oxygenTension(saturation, body.now('fio2'))),
      this.#observe('sao2', saturation),
      this.#observe('hco3', hco3),
      this.#observe('baseExcess', baseExcess),
    ];
    if (withLactate) observations.push(this.#measure('lactate', body));
    return observations;
  }

  chemistry(body: Body, withLiver: boolean): Observation[] {
    const ids = withLiver ? [...PANELS.chemistry, ...PANELS.liver] : PANELS.chemistry;
    return ids.map((id) => this.#measure(id, body));
  }

  bloodCount(body: Body): Observation[] {
    return PANELS.count.map((id) =>
      // A haematocrit is about three times the haemoglobin.
      id === 'hemoglobin'
        ? this.#observe(id, (body.now('hematocrit') / 3) * (1 + IMPRECISION * this.#random.normal()))
        : this.#measure(id, body),
    );
  }

  /** Enters released results into the chart. */
  release(observations: readonly Observation[], chart: Chart, panel: readonly string[]): void {
    observations.forEach((observation, place) => {
      const channel = this.#channels.get(panel[place]);
      chart.set(channel.index, channel.canonical(observation));
    });
  }

  #measure(id: Quantity, body: Body): Observation {
    // Sodium is regulated and measured more closely than the rest.
    const imprecision = id === 'sodium' ? IMPRECISION / 4 : IMPRECISION;
    return this.#observe(id, body.now(id) * (1 + imprecision * this.#random.normal()));
  }

  #observe(id: string, value: number): Observation {
    return this.#channels.get(id).observe(value);
  }
}

/** The variable ids of a released panel, in the order of its observations. */
export const PANEL_IDS = {
  gas: [...PANELS.gas, ...PANELS.lactate],
  chemistry: [...PANELS.chemistry, ...PANELS.liver],
  count: PANELS.count,
} as const;
export type Panel = keyof typeof PANEL_IDS;

/**
 * pH and bicarbonate (mmol/L) of a PaCO2 (mmHg) and base excess, by fixed-point iteration of Henderson–Hasselbalch
 * and the Van Slyke equation for extracellular fluid, BE = 0.93 (HCO3 − 24.4 + 14.83 (pH − 7.4)) (CLSI C46).
 */
function acidBase(paco2: number, baseExcess: number): { ph: number; hco3: number } {
  let ph = 7.4;
  let hco3 = 24.4;
  for (let round = 0; round < 12; round++) {
    hco3 = Math.max(3, 24.4 + baseExcess / 0.93 - 14.83 * (ph - 7.4));
    ph = (ph + 6.1 + Math.log10(hco3 / (0.0307 * paco2))) / 2;
  }
  return { ph: Math.max(6.7, Math.min(7.75, ph)), hco3 };
}

/** PaO2 in mmHg: Hill's curve below 97 %, and more on much oxygen, where the saturation no longer tells. */
function oxygenTension(saturation: number, fio2: number): number {
  const share = Math.min(0.975, saturation / 100);
  const onCurve = 26.8 * (share / (1 - share)) ** (1 / 2.7);
  const reserve = Math.max(0, saturation - 95) / 4;
  return Math.min(500, onCurve + reserve * 180 * (fio2 - 0.21));
}
