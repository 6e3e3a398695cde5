import type { AdtMessage, MessageOf, Observation, UnitType } from '../contract/messages.js';
import { INPUT_TOPICS, type InputTopic, TOPICS } from '../contract/topics.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../durations.js';
import type { SourceMessage } from '../events/source-message.js';
import { Channel, Chart } from './chart.js';
import { Laboratory, PANEL_IDS, type Panel } from './labs.js';
import { Monitor } from './monitor.js';
import { type NoteKind, writeNote } from './note-writer.js';
import { Body } from './physiology.js';
import { Pressor } from './pressor.js';
import { type Anatomy, drawAnatomy, drawRadiograph } from './radiograph.js';
import { Random } from './random.js';
import type { PlannedStay, Scenario } from './scenarios.js';
import { type Bedside, worries } from './shorthand.js';

/** A message of the simulated ward, before it is encoded. */
export interface SimulatedMessage extends SourceMessage {
  readonly record: MessageOf[keyof MessageOf];
}

const UNIT_TYPES: readonly UnitType[] = ['CORONARY_CARE', 'CARDIAC_SURGERY', 'MEDICAL', 'SURGICAL'];
/** Minutes from specimen to result, least and most. */
const TURNAROUND: Record<Panel, readonly [number, number]> = {
  gas: [4, 8],
  count: [25, 45],
  chemistry: [35, 65],
};
const FIRST_SPECIMEN_MS = 10 * MINUTE_MS;
const GAS_EVERY_MS = 6 * HOUR_MS;
const BLOOD_EVERY_MS = 12 * HOUR_MS;
const READING_DELAY_MS = 15 * MINUTE_MS;
/** Severity from which a patient is ventilated, and the share of patients to whom that happens. */
const VENTILATED_FROM: Partial<Record<Scenario, readonly [severity: number, share: number]>> = {
  'respiratory-failure': [0.55, 1],
  'septic-shock': [0.8, 0.5],
  haemorrhage: [0.85, 0.3],
  recovery: [0.5, 0.6],
};

/** The stay a simulation is about. */
export interface StayOptions {
  readonly seed: number;
  readonly bed: number;
  readonly startTime: number;
  readonly wardId: string;
  readonly vitalsIntervalMs: number;
}

/** Something made whose time has not come: a result in the laboratory, a picture not yet read. */
interface Pending {
  readonly message: SimulatedMessage;
  readonly panel: Panel | null;
}

/** One patient's stay: what monitor, laboratory, radiology and staff send about one body. */
export class Stay {
  readonly #options: StayOptions;
  readonly #plan: PlannedStay;
  readonly #random: Random;
  readonly #body: Body;
  readonly #chart = new Chart();
  readonly #monitor: Monitor;
  readonly #laboratory: Laboratory;
  readonly #anatomy: Anatomy;
  readonly #pressor: Pressor;
  readonly #patient: AdtMessage;
  readonly #temperature: Channel;
  readonly #fio2: Channel;
  readonly #gcs = new Channel('gcs');
  readonly #urine = new Channel('urine');
  readonly #mechVent = new Channel('mechVent');
  readonly #ventilatedFrom: number;
  readonly #extubatedAt: number;
  #wasVentilated = false;
  #pending: Pending[] = [];
  #lastGas = Number.NEGATIVE_INFINITY;
  #lastBlood = Number.NEGATIVE_INFINITY;
  #lastLiver = Number.NEGATIVE_INFINITY;
  #nextRadiograph = HOUR_MS;
  #radiographs: number[] = [];
  #lastEventNote = Number.NEGATIVE_INFINITY;

  constructor(options: StayOptions, plan: PlannedStay) {
    const { seed, bed, startTime, vitalsIntervalMs } = options;
    const { scenario, onsetTime } = plan;
    const random = new Random(seed, bed * 2 + 1);
    const onset = onsetTime === null ? 0 : onsetTime - startTime;
    this.#options = options;
    this.#plan = plan;
    this.#random = random;
    this.#patient = this.#drawPatient();
    this.#pressor = new Pressor(scenario, this.#patient.weightKg);
    this.#body = new Body(scenario, onset, random);
    const faultyFrom = scenario === 'sensor-fault' ? onset : Number.POSITIVE_INFINITY;
    this.#monitor = new Monitor(random, this.#chart, vitalsIntervalMs, faultyFrom);
    this.#laboratory = new Laboratory(random, random.chance(0.25));
    this.#temperature = new Channel('temperature', random.chance(0.2) ? '[degF]' : 'Cel');
    this.#fio2 = new Channel('fio2', random.chance(0.3) ? '%' : '1');
    this.#anatomy = drawAnatomy(random);
    const [from, share] = VENTILATED_FROM[scenario] ?? [1, 0];
    this.#ventilatedFrom = random.chance(share) ? from : Number.POSITIVE_INFINITY;
    const isPostoperative = this.#patient.unitType === 'CARDIAC_SURGERY';
    this.#extubatedAt = isPostoperative ? random.between(3, 7) * HOUR_MS : 0;
  }

  admission(): SimulatedMessage {
    const { patientId, eventTime } = this.#patient;
    return { topic: TOPICS.adt, key: patientId, eventTime, record: { ...this.#patient } };
  }

  /**
   * Appends to `out`, oldest first, what becomes available after the last call and up to the tick at `elapsed` ms after
   * admission.
   */
  tick(elapsed: number, out: SimulatedMessage[]): void {
    const { startTime, vitalsIntervalMs } = this.#options;
    const previous = elapsed - vitalsIntervalMs;
    this.#chart.now = elapsed;
    this.#body.advanceTo(elapsed, ((startTime + elapsed) / HOUR_MS) % 24);
    this.#releaseBefore(startTime + elapsed, out);
    const isHourly = Math.floor(elapsed / HOUR_MS) !== Math.floor(previous / HOUR_MS);
    const observations = this.#monitor.read(this.#body, elapsed) ?? [];
    if (isHourly) this.#chartHourly(elapsed, previous, observations);
    if (observations.length > 0) {
      out.push(this.#message(TOPICS.vitals, elapsed, { observedAt: null, source: 'monitor', observations }));
    }
    const charted = isHourly ? this.#pressor.chart(this.#body.severity, elapsed) : null;
    if (charted !== null) this.#wait(this.#message(TOPICS.treatments, elapsed, charted), null);
    this.#takeSpecimens(elapsed);
    this.#releaseBefore(startTime + elapsed + 1, out);
    if (isHourly) this.#takeRadiograph(elapsed);
    const kind = this.#dueNote(elapsed, previous, isHourly);
    if (kind !== null) out.push(this.#note(kind, elapsed));
  }

  /** Appends what is released after the last tick, up to and including `elapsed`. */
  finish(elapsed: number, out: SimulatedMessage[]): void {
    this.#releaseBefore(this.#options.startTime + elapsed + 1, out);
  }

  #drawPatient(): AdtMessage {
    const random = this.#random;
    const sex = random.chance(0.56) ? 'MALE' : 'FEMALE';
    const { patientId, bedId } = this.#plan;
    // Set A: age 64 ± 18 years, 56 % men, height 170 ± 11 cm, weight 79 kg (56 to 109 between the outer tenths).
    return {
      messageId: `${patientId}:adt:0`,
      patientId,
      eventTime: this.#options.startTime,
      source: 'simulator',
      type: 'ADMIT',
      wardId: this.#options.wardId,
      bedId,
      unitType: random.pick(UNIT_TYPES),
      ageYears: Math.round(Math.max(18, Math.min(95, 64 + 17 * random.normal()))),
      sex,
      heightCm: Math.round(Math.max(140, (sex === 'MALE' ? 175 : 163) + 8 * random.normal())),
      weightKg: Math.round(Math.max(40, Math.min(180, 80 + 19 * random.normal()))),
    };
  }

  #isVentilated(elapsed: number): boolean {
    return this.#body.severity >= this.#ventilatedFrom || elapsed < this.#extubatedAt;
  }

  #chartHourly(elapsed: number, previous: number, observations: Observation[]): void {
    const body = this.#body;
    const isVentilated = this.#isVentilated(elapsed);
    const add = (channel: Channel, value: number) => {
      const observation = channel.observe(value);
      this.#chart.set(channel.index, channel.canonical(observation));
      observations.push(observation);
    };
    add(this.#temperature, body.now('temperature'));
    // Oxygen is set in steps of 5 %, apart from room air.
    const oxygen = Math.max(body.now('fio2'), isVentilated ? 0.35 : 0.21);
    add(this.#fio2, oxygen < 0.23 ? 0.21 : Math.round(oxygen * 20) / 20);
    add(this.#urine, Math.max(0, body.now('urine') * (1 + 0.2 * this.#random.normal())));
    if (isVentilated || this.#wasVentilated) add(this.#mechVent, isVentilated ? 1 : 0);
    this.#wasVentilated = isVentilated;
    // Every four hours, and hourly while the last one was not full.
    const isDue = Math.floor(elapsed / (4 * HOUR_MS)) !== Math.floor(previous / (4 * HOUR_MS));
    if (isDue || !(this.#chart.get('gcs') >= 14)) {
      const score = Math.round(body.now('gcs'));
      add(this.#gcs, isVentilated ? Math.min(10, score) : score);
    }
  }

  #takeSpecimens(elapsed: number): void {
    const sinceGas = elapsed - this.#lastGas;
    const sinceBlood = elapsed - this.#lastBlood;
    if (elapsed < FIRST_SPECIMEN_MS || (sinceGas < GAS_EVERY_MS / 2 && sinceBlood < BLOOD_EVERY_MS / 2))
      return;
    // The sick are sampled twice as often.
    const isSick = this.#worries().length > 0;
    const share = isSick ? 0.5 : 1;
    if (sinceGas >= GAS_EVERY_MS * share) {
      const isFirst = this.#lastGas < 0;
      this.#report('gas', elapsed, this.#laboratory.bloodGas(this.#body, isSick || isFirst));
      this.#lastGas = elapsed;
      this.#monitor.flush();
    }
    if (sinceBlood >= BLOOD_EVERY_MS * share) {
      const withLiver = elapsed - this.#lastLiver >= DAY_MS;
      if (withLiver) this.#lastLiver = elapsed;
      this.#report('chemistry', elapsed, this.#laboratory.chemistry(this.#body, withLiver));
      this.#report('count', elapsed, this.#laboratory.bloodCount(this.#body));
      this.#lastBlood = elapsed;
    }
  }

  #report(panel: Panel, elapsed: number, observations: Observation[]): void {
    const [least, most] = TURNAROUND[panel];
    const delay = Math.round(this.#random.between(least, most)) * MINUTE_MS;
    const { patientId } = this.#plan;
    const body = {
      observedAt: this.#options.startTime + elapsed,
      source: 'laboratory',
      specimenId: `${patientId}-${panel}-${elapsed}`,
      observations,
    };
    this.#wait(this.#message(TOPICS.labs, elapsed + delay, body, panel), panel);
  }

  #takeRadiograph(elapsed: number): void {
    this.#radiographs = this.#radiographs.filter((taken) => elapsed - taken < DAY_MS);
    const isWorse = this.#chart.get('spo2') < 90;
    const isDue = elapsed >= this.#nextRadiograph || (isWorse && elapsed > 2 * HOUR_MS);
    if (!isDue || this.#radiographs.length >= 2) return;
    this.#radiographs.push(elapsed);
    this.#nextRadiograph = Math.max(this.#nextRadiograph, elapsed + DAY_MS);
    const body = {
      observedAt: this.#options.startTime + elapsed,
      source: 'radiology',
      modality: 'DX',
      bodySite: 'CHEST',
      mediaType: 'image/png',
      image: drawRadiograph(this.#body.now('lungOpacity'), this.#anatomy, this.#random),
      uri: null,
    };
    this.#wait(this.#message(TOPICS.imaging, elapsed + READING_DELAY_MS, body), null);
  }

  #dueNote(elapsed: number, previous: number, isHourly: boolean): NoteKind | null {
    const passes = (every: number, first: number) =>
      elapsed >= first && Math.floor((elapsed - first) / every) !== Math.floor((previous - first) / every);
    if (elapsed >= 90 * MINUTE_MS && previous < 90 * MINUTE_MS) return 'admission';
    if (passes(8 * HOUR_MS, 2 * HOUR_MS)) return 'nursing';
    if (passes(DAY_MS, 5 * HOUR_MS)) return 'progress';
    const isNew = isHourly && elapsed - this.#lastEventNote >= 6 * HOUR_MS;
    if (isNew && elapsed > 2 * HOUR_MS && this.#worries().length >= 2) {
      this.#lastEventNote = elapsed;
      return 'event';
    }
    return null;
  }

  #note(kind: NoteKind, elapsed: number): SimulatedMessage {
    const body = {
      observedAt: null,
      source: 'records',
      noteType: kind === 'event' ? 'progress' : kind,
      authorRole: kind === 'nursing' ? 'nurse' : 'physician',
      language: 'en',
      text: writeNote(kind, this.#bedside()),
    };
    return this.#message(TOPICS.notes, elapsed, body);
  }

  #bedside(): Bedside {
    const { course, now } = this.#chart;
    return { course, now, patient: this.#patient, random: this.#random };
  }

  #worries(): string[] {
    return worries(this.#bedside());
  }

  /** Keeps a message until its time, in the order of time and topic. */
  #wait(message: SimulatedMessage, panel: Panel | null): void {
    this.#pending.push({ message, panel });
    const rank = (topic: InputTopic) => INPUT_TOPICS.indexOf(topic);
    this.#pending.sort(
      ({ message: a }, { message: b }) => a.eventTime - b.eventTime || rank(a.topic) - rank(b.topic),
    );
  }

  #releaseBefore(time: number, out: SimulatedMessage[]): void {
    while (this.#pending.length > 0 && this.#pending[0].message.eventTime < time) {
      const [{ message, panel }] = this.#pending.splice(0, 1);
      if (panel !== null) {
        const { observations } = message.record as { observations: Observation[] };
        this.#laboratory.release(observations, this.#chart, PANEL_IDS[panel]);
      }
      out.push(message);
    }
  }

  #message(topic: InputTopic, elapsed: number, body: object, kind = ''): SimulatedMessage {
    const { patientId } = this.#plan;
    const eventTime = this.#options.startTime + elapsed;
    const messageId = `${patientId}:${topic.slice(5)}${kind === '' ? '' : `-${kind}`}:${elapsed}`;
    return {
      topic,
      key: patientId,
      eventTime,
      record: { messageId, patientId, eventTime, ...body } as SimulatedMessage['record'],
    };
  }
}
