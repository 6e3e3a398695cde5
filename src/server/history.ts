import type { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import type { PatientState } from '../align/patient.js';
import { NO_SOFA } from '../clinical/sofa.js';
import { reasonOf, USED } from '../clinical/trust.js';
import { VARIABLE_COUNT, VARIABLES, variableIndex } from '../clinical/variables.js';
import type { AlertMessage } from '../contract/messages.js';
import type { NoteKind } from '../contract/note-kinds.js';
import { withOldName } from '../contract/old-names.js';
import { byForecast, NO_FORECASTS } from '../contract/outcomes.js';
import type {
  ImageView,
  MarkedValue,
  NoteView,
  ScoresResponse,
  Series,
  StateSpan,
  Timeline,
} from '../contract/protocol.js';
import { withPresent } from '../contract/state-spans.js';
import { within } from '../deadline.js';
import { WardstreamError } from '../errors.js';
import { problemOf } from '../events/encoding.js';
import type { EpochMs } from '../events/event.js';
import { type AlertPage, type AlertQuery, alertEvents, alertEventsOf, alertsOf } from '../store/alerts.js';
import { imageBytes, imagesOf, lastPlaceOf, notesOf, thinnedScoresOf } from '../store/chart.js';
import { type ExportQuery, exportedPatients, exportOf } from '../store/export.js';
import { doubtsOf, type StoredScore, scoresOf, timelineOf } from '../store/queries.js';
import type { Window as OpenWindow } from '../store/select.js';
import { stateSpansOf } from '../store/state-spans.js';
import type { WardBoard } from '../ward/ward-board.js';
import { type Course, correct } from './corrections.js';
import { HttpProblem } from './problem.js';
import { storedCourse } from './state-course.js';

/** How long the store may take before an answer is made without it. */
const STORE_TIMEOUT_MS = 5000;
const MAX_IMAGES = 100;
const MAX_NOTES = 500;
const MAX_DOUBTS = 2000;

type Scores = readonly StoredScore[];

/** From `from` to `to`, both included. */
export interface Window {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/**
 * What was: from the store, completed by what the store does not have yet. Where the store is away, courses come from
 * the live timelines, hourly, and alerts are the open ones.
 */
export class History {
  readonly #store: ClickHouseClient;
  readonly #view: WardBoard;

  constructor(store: ClickHouseClient, view: WardBoard) {
    this.#store = store;
    this.#view = view;
  }

  async timeline(patientId: string, window: Window, points: number): Promise<Timeline> {
    const store = this.#store;
    const half = { from: window.from, to: window.to + 1 };
    const stored = await orNull(
      Promise.all([
        timelineOf(store, patientId, { ...half, points }).then(coursesOf),
        thinnedScoresOf(store, patientId, half, Math.max(1, Math.ceil((window.to - window.from) / points))),
        notesOf(store, patientId, half, MAX_NOTES),
        imagesOf(store, patientId, half, MAX_IMAGES),
        alertEventsOf(store, patientId, half),
        doubtsOf(store, patientId, half, MAX_DOUBTS),
        stateSpansOf(store, patientId, half).then(storedCourse),
      ]),
    );
    const state = this.#view.stateOf(patientId);
    const [series, scores, notes, images, alerts, doubts, states] = stored ?? [
      state === undefined ? new Map<string, Course>() : hourlyCourses(state, window),
      this.#liveScores(patientId),
      [],
      [],
      [...this.#view.openAlerts.values()].filter((alert) => alert.patientId === patientId),
      [],
      [],
    ];
    this.#addRecentValues(patientId, window, series);
    if (state !== undefined) correct(series, state.timeline);
    const doubted = this.#withRecentDoubts(patientId, window, doubts);
    return {
      patientId,
      clock: this.#view.clock,
      ...window,
      source: stored === null ? 'live' : 'store',
      variables: Object.fromEntries([...series].flatMap(([id, values]) => describe(id, values))),
      ...(doubted.length === 0 ? {} : { doubted }),
      states: this.#withPresentStates(patientId, window, states),
      scores: columnsOf(scores),
      notes: this.#withRecentNotes(patientId, notes)
        .filter(({ eventTime }) => isWithin(window, eventTime))
        .map(({ noteId, eventTime, noteType, authorRole }) => ({ noteId, eventTime, noteType, authorRole }))
        .reverse(),
      images: this.#withRecentImages(patientId, images)
        .filter(({ eventTime }) => isWithin(window, eventTime))
        .reverse(),
      alerts: alerts.map(withOldName),
    };
  }

  async scores(patientId: string, window: OpenWindow, limit: number): Promise<ScoresResponse['scores']> {
    const scores = await available(scoresOf(this.#store, patientId, limit, window));
    return scores.map(withOldName);
  }

  async notes(patientId: string, limit: number, kind: NoteKind): Promise<NoteView[]> {
    const stored = (await orNull(notesOf(this.#store, patientId, {}, limit, kind))) ?? [];
    return this.#withRecentNotes(patientId, stored, kind).slice(0, limit);
  }

  async images(patientId: string): Promise<ImageView[]> {
    const stored = (await orNull(imagesOf(this.#store, patientId, {}, MAX_IMAGES))) ?? [];
    return this.#withRecentImages(patientId, stored);
  }

  async imageBytes(patientId: string, imageId: string): Promise<Buffer | null> {
    const recent = this.#view.recent.of(patientId).images.find(({ messageId }) => messageId === imageId);
    return recent?.body.image ?? (await available(imageBytes(this.#store, patientId, imageId)));
  }

  alerts(query: AlertQuery): Promise<AlertPage> {
    return available(alertsOf(this.#store, query));
  }

  alertRecords(alertId: string): Promise<AlertMessage[]> {
    return available(alertEvents(this.#store, alertId));
  }

  /** Who is in the rows is asked once they are on their way: what comes into the store after that is in neither. */
  async export(query: ExportQuery): Promise<{ rows: Readable; patients: string[] }> {
    const rows = await available(exportOf(this.#store, query));
    try {
      return { rows, patients: await available(exportedPatients(this.#store, query)) };
    } catch (error) {
      rows.destroy();
      throw error;
    }
  }

  lastPlaceOf(patientId: string): Promise<{ readonly wardId: string | null } | null> {
    return available(lastPlaceOf(this.#store, patientId));
  }

  #liveScores(patientId: string): Scores {
    const view = this.#view.view(patientId);
    const unknown = { ...NO_FORECASTS, news2: null, qsofa: null, sofa: NO_SOFA, states: [] };
    return (view?.mortalityHistory ?? []).map(([eventTime, mortality]) => ({
      eventTime,
      modelVersion: '',
      mortality,
      ...unknown,
    }));
  }

  /** Adds what came after the newest stored value of each variable. */
  #addRecentValues(patientId: string, window: Window, series: Map<string, Course>): void {
    for (const event of this.#view.recent.of(patientId).observations) {
      const { eventTime, variables, values, verdicts } = event;
      if (!isWithin(window, eventTime)) continue;
      for (let index = 0; index < variables.length; index++) {
        if (verdicts?.[index]) continue;
        const { id } = VARIABLES[variables[index]];
        const one = series.get(id) ?? { times: [], values: [] };
        series.set(id, one);
        if (eventTime <= (one.times.at(-1) ?? Number.NEGATIVE_INFINITY)) continue;
        one.times.push(eventTime);
        one.values.push(values[index]);
        one.low?.push(values[index]);
        one.high?.push(values[index]);
      }
    }
  }

  /** Of a window that reaches the present, also the states that are there now. */
  #withPresentStates(patientId: string, { to }: Window, course: StateSpan[]): StateSpan[] {
    const view = this.#view.view(patientId);
    return view === undefined || to < view.lastEventAt
      ? course
      : withPresent(course, view.states, this.#view.clock);
  }

  /** What is not used: as stored, and what came after that. */
  #withRecentDoubts(patientId: string, window: Window, stored: readonly MarkedValue[]): MarkedValue[] {
    const keyOf = ({ variable, at, value }: MarkedValue) => `${variable} ${at} ${Math.fround(value)}`;
    const doubts = new Map(stored.map((doubt) => [keyOf(doubt), doubt]));
    for (const { eventTime: at, variables, values, verdicts } of this.#view.recent.of(patientId)
      .observations) {
      if (verdicts === null || !isWithin(window, at)) continue;
      verdicts.forEach((code, index) => {
        if (code === USED) return;
        const { verdict, id: reason } = reasonOf(code);
        const doubt = { variable: VARIABLES[variables[index]].id, at, value: values[index], verdict, reason };
        if (!doubts.has(keyOf(doubt))) doubts.set(keyOf(doubt), doubt);
      });
    }
    return [...doubts.values()].sort((a, b) => a.at - b.at).slice(-MAX_DOUBTS);
  }

  #withRecentNotes(patientId: string, stored: readonly NoteView[], kind: NoteKind = 'note'): NoteView[] {
    const known = new Set(stored.map(({ noteId }) => noteId));
    const { notes, alarms } = this.#view.recent.of(patientId);
    const recent = (kind === 'note' ? notes : alarms).flatMap(({ messageId, eventTime, body }) => {
      if (known.has(messageId)) return [];
      known.add(messageId);
      const { noteType, authorRole, language, source, text } = body;
      return [{ noteId: messageId, eventTime, noteType, authorRole, language, source, text }];
    });
    return newestFirst([...recent, ...stored]);
  }

  #withRecentImages(patientId: string, stored: readonly ImageView[]): ImageView[] {
    const known = new Set(stored.map(({ imageId }) => imageId));
    const recent = this.#view.recent.of(patientId).images.flatMap((event) => {
      if (known.has(event.messageId)) return [];
      const { messageId, eventTime, observedAt, body, encoding } = event;
      const { modality, bodySite, mediaType, uri, image } = body;
      const finding = encoding?.finding ?? null;
      const what = {
        modality,
        bodySite,
        mediaType,
        uri,
        hasBytes: image !== null,
        finding,
        problem: problemOf(encoding),
      };
      return [{ imageId: messageId, eventTime, observedAt, ...what }];
    });
    return newestFirst([...recent, ...stored]);
  }
}

/** For what only the store has. @throws HttpProblem 503 where it is away. */
async function available<Result>(answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    // Wrong use, such as a cursor that is none, stays what it is.
    if (error instanceof WardstreamError) throw error;
    throw new HttpProblem(503, 'the store does not answer; try again');
  }
}

/** Null where the store is away or too slow. */
function orNull<Result>(answer: Promise<Result>): Promise<Result | null> {
  const orAway = answer.catch(() => null);
  return within(STORE_TIMEOUT_MS, orAway, () => null);
}

/** Means of the steps in the ring, at the time of their last value. */
function hourlyCourses({ timeline }: PatientState, window: Window): Map<string, Course> {
  const series = new Map<string, Course>();
  const { grid, origin, oldestStep, openStep } = timeline;
  for (let step = oldestStep; step <= openStep; step++) {
    for (let variable = 0; variable < VARIABLE_COUNT; variable++) {
      const cell = (step % grid.steps) * VARIABLE_COUNT + variable;
      const time = origin + step * grid.stepMs + timeline.lastOffset[cell];
      if (timeline.count[cell] === 0 || !isWithin(window, time)) continue;
      const { id } = VARIABLES[variable];
      const one = series.get(id) ?? { times: [], values: [] };
      series.set(id, one);
      one.times.push(time);
      one.values.push(timeline.mean[cell]);
    }
  }
  return series;
}

function describe(id: string, { times, values, low, high }: Course): [string, Series][] {
  if (times.length === 0) return [];
  const { label, unit, kind, decimals } = VARIABLES[variableIndex(id)];
  const round = (each: readonly number[]) => each.map((value) => Number(value.toFixed(decimals + 1)));
  const thinned = low === undefined || high === undefined ? {} : { low: round(low), high: round(high) };
  return [[id, { label, unit, kind, decimals, times, values: round(values), ...thinned }]];
}

function columnsOf(scores: Scores): Timeline['scores'] {
  const mortality = scores.map((score) => score.mortality);
  return {
    times: scores.map(({ eventTime }) => eventTime),
    mortality,
    risk: mortality,
    ...byForecast(({ id }) => scores.map((score) => score[id])),
    news2: scores.map(({ news2 }) => news2),
    qsofa: scores.map(({ qsofa }) => qsofa),
    sofa: scores.map(({ sofa }) => sofa.total),
  };
}

function coursesOf(series: Awaited<ReturnType<typeof timelineOf>>): Map<string, Course> {
  return new Map(
    series.map(({ variable, times, values, low, high, isThinned }) => {
      const course: Course = { times: [...times], values: [...values] };
      return [variable, isThinned ? { ...course, low: [...low], high: [...high] } : course];
    }),
  );
}

function newestFirst<Item extends { readonly eventTime: number }>(items: Item[]): Item[] {
  return items.sort((a, b) => b.eventTime - a.eventTime);
}

function isWithin({ from, to }: Window, time: number): boolean {
  return time >= from && time <= to;
}
