import { VARIABLES, variableIndex } from '../clinical/variables.js';
import type { AdtMessage, Observation, UnitType } from '../events/messages.js';
import { type InputTopic, TOPICS } from '../events/topics.js';
import type { SourceMessage } from '../replay/source.js';
import { Body, type Physiology, SCENARIOS, type Scenario } from './physiology.js';
import { drawRadiograph } from './radiograph.js';
import { Random } from './random.js';

export interface SimulateOptions {
  readonly beds: number;
  readonly hours: number;
  readonly seed: number;
  /** When all beds are admitted, in milliseconds since the epoch. */
  readonly startTime: number;
  readonly wardId: string;
  /** Between two sets of vital signs. */
  readonly vitalsIntervalMs: number;
}

/** What happens to a bed and when; `onsetTime` is null for a stable stay. */
export interface PlannedStay {
  readonly patientId: string;
  readonly bedId: string;
  readonly scenario: Scenario;
  readonly onsetTime: number | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LAB_DELAY_MS = 40 * MINUTE_MS;
/** The first six beds show every scenario, ill ones first; later ones are drawn. Half of a ward is stable. */
const SHOWN: readonly Scenario[] = [
  'septic-shock',
  'stable',
  'respiratory-failure',
  'recovery',
  'haemorrhage',
  'sensor-fault',
];
const UNIT_TYPES: readonly UnitType[] = ['CORONARY_CARE', 'CARDIAC_SURGERY', 'MEDICAL', 'SURGICAL'];

/** The stays of a ward, which follow from the options alone. */
export function planWard(options: SimulateOptions): PlannedStay[] {
  return Array.from({ length: options.beds }, (_, bed) => plan(options, bed));
}

/** The messages of a simulated ward, all beds merged in event-time order, made as they are asked for. */
export function* simulateWard(options: SimulateOptions): Generator<SourceMessage> {
  const stays = planWard(options).map((stay, bed) => new Stay(options, stay, bed));
  for (const stay of stays) yield stay.admission();
  const end = options.hours * HOUR_MS;
  for (let elapsed = options.vitalsIntervalMs; elapsed <= end; elapsed += options.vitalsIntervalMs) {
    for (const stay of stays) yield* stay.messagesAt(elapsed);
  }
}

function plan({ seed, startTime }: SimulateOptions, bed: number): PlannedStay {
  const random = new Random(seed, bed * 2);
  const drawn = random.chance(0.5) ? 'stable' : random.pick(SCENARIOS);
  const scenario = SHOWN[bed] ?? drawn;
  const onset =
    scenario === 'recovery' ? 4 * HOUR_MS : (0.5 + (bed < 6 ? 1 : 20) * random.uniform()) * HOUR_MS;
  return {
    patientId: `SIM-${seed}-${String(bed + 1).padStart(3, '0')}`,
    bedId: `Bed ${String(bed + 1).padStart(2, '0')}`,
    scenario,
    onsetTime: scenario === 'stable' ? null : startTime + Math.round(onset),
  };
}

class Stay {
  readonly #options: SimulateOptions;
  readonly #stay: PlannedStay;
  readonly #random: Random;
  readonly #body: Body;
  #last: Physiology;
  /** Messages made whose time has not come: laboratory results. */
  #pending: SourceMessage[] = [];

  constructor(options: SimulateOptions, stay: PlannedStay, bed: number) {
    this.#options = options;
    this.#stay = stay;
    this.#random = new Random(options.seed, bed * 2 + 1);
    const onset = stay.onsetTime === null ? 0 : stay.onsetTime - options.startTime;
    this.#body = new Body(stay.scenario, onset, this.#random);
    this.#last = this.#body.at(0, 12);
  }

  admission(): SourceMessage {
    const random = this.#random;
    const body: Omit<AdtMessage, 'messageId' | 'patientId' | 'eventTime'> = {
      source: 'simulator',
      type: 'ADMIT',
      wardId: this.#options.wardId,
      bedId: this.#stay.bedId,
      unitType: random.pick(UNIT_TYPES),
      ageYears: Math.round(Math.max(18, Math.min(92, 64 + 16 * random.normal()))),
      sex: random.chance(0.56) ? 'MALE' : 'FEMALE',
      heightCm: Math.round(170 + 9 * random.normal()),
      weightKg: Math.round(Math.max(42, 81 + 16 * random.normal())),
    };
    return this.#message(TOPICS.adt, 0, body);
  }

  /** What becomes available in the interval that ends at `elapsed`, oldest first. */
  messagesAt(elapsed: number): SourceMessage[] {
    const hourOfDay = ((this.#options.startTime + elapsed) / HOUR_MS) % 24;
    this.#last = this.#body.at(elapsed, hourOfDay);
    const every = (hours: number, offset = 0) =>
      Math.floor((elapsed - offset) / (hours * HOUR_MS)) !==
      Math.floor((elapsed - this.#options.vitalsIntervalMs - offset) / (hours * HOUR_MS));
    const messages: SourceMessage[] = [];
    // Off the monitor now and then, for care or a scan.
    if (!this.#random.chance(0.01)) messages.push(this.#vitals(elapsed, every(1)));
    if (every(6, 10 * MINUTE_MS)) this.#pending.push(...this.#labs(elapsed));
    if (every(8, 2 * HOUR_MS)) messages.push(this.#note(elapsed));
    if (every(24, 3 * HOUR_MS)) messages.push(this.#radiograph(elapsed));
    const now = this.#options.startTime + elapsed;
    const due = this.#pending.filter(({ eventTime }) => eventTime <= now);
    if (due.length > 0) this.#pending = this.#pending.filter(({ eventTime }) => eventTime > now);
    return [
      ...due.map((each) => ({ ...each, eventTime: now, record: { ...each.record, eventTime: now } })),
      ...messages,
    ];
  }

  #vitals(elapsed: number, isHourly: boolean): SourceMessage {
    const { heartRate, map, respRate, spo2, temperature, gcs, fio2, urine } = this.#last;
    const isFaulty = this.#stay.scenario === 'sensor-fault' && this.#body.severity(elapsed) > 0.2;
    const isFlushed = this.#random.chance(0.004);
    const pressure = isFlushed ? 250 : map;
    const observations = [
      observation('heartRate', isFaulty && this.#random.chance(0.3) ? 0 : heartRate),
      observation('sbpInvasive', isFlushed ? 260 : pressure * 1.42),
      observation('dbpInvasive', isFlushed ? 240 : pressure * 0.78),
      observation('mapInvasive', pressure),
      observation('respRate', Math.max(4, respRate)),
      observation('spo2', isFaulty ? 60 + 35 * this.#random.uniform() : spo2),
    ];
    if (isHourly) {
      observations.push(
        observation('temperature', temperature),
        observation('gcs', gcs),
        observation('fio2', fio2),
      );
      observations.push(observation('urine', urine));
    }
    return this.#message(TOPICS.vitals, elapsed, { observedAt: null, source: 'monitor', observations });
  }

  /** A blood gas and a chemistry of one specimen, taken now and known later. */
  #labs(elapsed: number): SourceMessage[] {
    const state = this.#last;
    const pao2 = Math.max(35, (state.spo2 - 70) * 3.4);
    const hco3 = 24 * 10 ** (state.ph - 7.4) * (state.paco2 / 40);
    const gas = [
      observation('ph', state.ph),
      observation('paco2', state.paco2),
      observation('pao2', pao2),
      observation('hco3', hco3),
      observation('lactate', state.lactate),
    ];
    const blood = (['creatinine', 'bun', 'wbc', 'platelets', 'hematocrit'] as const).map((id) =>
      observation(id, state[id] * (1 + 0.03 * this.#random.normal())),
    );
    blood.push(
      observation('sodium', 139 + 2 * this.#random.normal()),
      observation('potassium', 4.1 + 0.3 * this.#random.normal()),
    );
    const observedAt = this.#options.startTime + elapsed;
    const result = (kind: string, delay: number, observations: Observation[]) =>
      this.#message(
        TOPICS.labs,
        elapsed + delay,
        { observedAt, source: 'laboratory', specimenId: `${kind}-${elapsed}`, observations },
        kind,
      );
    return [result('gas', 5 * MINUTE_MS, gas), result('blood', LAB_DELAY_MS, blood)];
  }

  /** Shorthand that says what the values say, no more. */
  #note(elapsed: number): SourceMessage {
    const { heartRate, map, spo2, gcs, fio2, lactate } = this.#last;
    const parts = [
      map < 65 ? `hypotensive MAP ${map.toFixed(0)}, fluids given` : `haemodynamics ok MAP ${map.toFixed(0)}`,
      heartRate > 110 ? `tachy ${heartRate.toFixed(0)}` : 'HR ok',
      spo2 < 92 ? `desat ${spo2.toFixed(0)} on FiO2 ${fio2.toFixed(2)}, CXR asked` : 'sats ok',
      gcs < 13 ? `drowsy GCS ${gcs}` : 'alert, oriented',
      lactate > 3 ? 'lactate up, ?sepsis' : 'no new concerns',
    ];
    const body = {
      observedAt: null,
      source: 'simulator',
      noteType: 'nursing',
      authorRole: 'nurse',
      language: 'en',
    };
    return this.#message(TOPICS.notes, elapsed, { ...body, text: `${parts.join('; ')}.` });
  }

  #radiograph(elapsed: number): SourceMessage {
    const opacity = Math.max(0, Math.min(1, (96 - this.#last.spo2) / 14));
    const body = {
      observedAt: null,
      source: 'simulator',
      modality: 'DX',
      bodySite: 'CHEST',
      mediaType: 'image/png',
    };
    return this.#message(TOPICS.imaging, elapsed, { ...body, image: drawRadiograph(opacity), uri: null });
  }

  #message(topic: InputTopic, elapsed: number, body: object, kind = ''): SourceMessage {
    const { patientId } = this.#stay;
    const eventTime = this.#options.startTime + elapsed;
    const messageId = `${patientId}:${topic}${kind}:${elapsed}`;
    return {
      topic,
      key: patientId,
      eventTime,
      record: { messageId, patientId, eventTime, ...body } as SourceMessage['record'],
    };
  }
}

function observation(id: string, value: number): Observation {
  const { code, unit, decimals } = VARIABLES[variableIndex(id)];
  return { code, value: Number(value.toFixed(Math.max(1, decimals))), unit };
}
