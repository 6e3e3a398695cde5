import type { Readable } from 'node:stream';
import type { AlertMessage } from '../../contract/messages.js';
import type { NoteKind } from '../../contract/note-kinds.js';
import { withOldName } from '../../contract/old-names.js';
import type {
  Alert,
  AlertsResponse,
  CatchingUpView,
  ImageView,
  NoteView,
  PatientView,
  ReplayState,
  ScoresResponse,
  Timeline,
} from '../../contract/protocol.js';
import type { EpochMs } from '../../events/event.js';
import type { AlertQuery } from '../../store/alerts.js';
import type { ExportQuery } from '../../store/export.js';
import type { Window as OpenWindow } from '../../store/select.js';
import type { WardBoard } from '../../ward/ward-board.js';
import type { History, Window } from '../history.js';
import { HttpProblem } from '../problem.js';
import { ALL_WARDS, type Principal, seesWard } from './principal.js';

/** Where everything about patients comes from; only `ScopedWard` may read it on behalf of someone. */
export interface WardSources {
  readonly view: WardBoard;
  readonly history: History;
  /** How far the view is from the present; null, or left out: it is the present. */
  readonly catchingUp?: (() => CatchingUpView | null) | undefined;
}

/**
 * The ward as one person may see it: the one place where ward scope is enforced, for HTTP, WebSocket and export. What
 * is outside the scope is as if it were not there: 404, never 403, so that ids cannot be probed.
 */
export class ScopedWard {
  readonly principal: Principal;
  readonly #view: WardBoard;
  readonly #history: History;
  readonly #catchingUp: () => CatchingUpView | null;

  constructor(principal: Principal, { view, history, catchingUp = () => null }: WardSources) {
    this.principal = principal;
    this.#view = view;
    this.#history = history;
    this.#catchingUp = catchingUp;
  }

  /** Null where what is known here is the present. */
  get catchingUp(): CatchingUpView | null {
    return this.#catchingUp();
  }

  /** The stream's clock. */
  get clock(): EpochMs {
    return this.#view.clock;
  }

  sees(wardId: string | null): boolean {
    return seesWard(this.principal, wardId);
  }

  patients(): PatientView[] {
    return this.#view.views().filter(({ wardId }) => this.sees(wardId));
  }

  /** A patient who is on the ward now. @throws HttpProblem 404. */
  patient(patientId: string): PatientView {
    const view = this.#view.view(patientId);
    if (view === undefined || !this.sees(view.wardId)) throw noPatient();
    return view;
  }

  /** A replay without what truly happened on other wards. */
  replayState(state: ReplayState): ReplayState {
    return { ...state, events: state.events.filter(({ wardId }) => this.sees(wardId)) };
  }

  openAlerts(): Alert[] {
    return [...this.#view.openAlerts.values()].filter(({ wardId }) => this.sees(wardId)).map(withOldName);
  }

  /** An alert that is not resolved. @throws HttpProblem 404; 503 where it may only not have been read yet. */
  openAlert(alertId: string): AlertMessage {
    const alert = this.#view.openAlerts.get(alertId);
    if (alert === undefined && this.catchingUp !== null)
      throw new HttpProblem(503, 'the server is catching up and may not know the alert yet; try again');
    if (alert === undefined || !this.sees(alert.wardId))
      throw new HttpProblem(
        404,
        'there is no such open alert here: it is resolved, or its patient has left this server; look at the ward again',
      );
    return alert;
  }

  /** @throws HttpProblem 403 where `ward` is outside the scope. */
  async alerts({
    ward,
    ...query
  }: Omit<AlertQuery, 'wards'> & { readonly ward?: string | undefined }): Promise<AlertsResponse> {
    const { alerts, next } = await this.#history.alerts({ ...query, wards: this.wards(ward) });
    return { alerts: alerts.map(withOldName), next };
  }

  /** The wards a query may read, narrowed to one; undefined is all there are. @throws HttpProblem 403. */
  wards(ward?: string): readonly string[] | undefined {
    const { wards } = this.principal;
    if (ward !== undefined && !this.sees(ward)) {
      throw new HttpProblem(403, 'the token does not include this ward');
    }
    return ward !== undefined ? [ward] : wards.has(ALL_WARDS) ? undefined : [...wards];
  }

  /** Rows of a window as a file, and whom they name. @throws HttpProblem 403. */
  export({ ward, ...query }: Omit<ExportQuery, 'wards'> & { readonly ward?: string | undefined }): Promise<{
    readonly rows: Readable;
    readonly patients: readonly string[];
  }> {
    return this.#history.export({ ...query, wards: this.wards(ward) });
  }

  /** @throws HttpProblem 403 where the scope is less than every ward. */
  requireEveryWard(): void {
    if (!this.principal.wards.has(ALL_WARDS)) throw new HttpProblem(403, 'this needs a token for every ward');
  }

  /** Every record of an alert. @throws HttpProblem 404. */
  async alertRecords(alertId: string): Promise<Alert[]> {
    const records = await this.#history.alertRecords(alertId);
    const newest = records.at(-1);
    if (newest === undefined || !this.sees(newest.wardId))
      throw new HttpProblem(404, 'there is no such alert');
    return records.map(withOldName);
  }

  /** @throws HttpProblem 404. */
  async timeline(patientId: string, window: Window, points: number): Promise<Timeline> {
    await this.#mayRead(patientId);
    return this.#history.timeline(patientId, window, points);
  }

  /** @throws HttpProblem 404. */
  async notes(patientId: string, limit: number, kind: NoteKind): Promise<NoteView[]> {
    await this.#mayRead(patientId);
    return this.#history.notes(patientId, limit, kind);
  }

  /** @throws HttpProblem 404. */
  async images(patientId: string): Promise<ImageView[]> {
    await this.#mayRead(patientId);
    return this.#history.images(patientId);
  }

  /** An image's bytes as they came. @throws HttpProblem 404. */
  async imageBytes(patientId: string, imageId: string): Promise<Buffer> {
    await this.#mayRead(patientId);
    const bytes = await this.#history.imageBytes(patientId, imageId);
    if (bytes === null) throw new HttpProblem(404, 'there are no bytes of such an image here');
    return bytes;
  }

  /** @throws HttpProblem 404. */
  async scores(patientId: string, window: OpenWindow, limit: number): Promise<ScoresResponse['scores']> {
    await this.#mayRead(patientId);
    return this.#history.scores(patientId, window, limit);
  }

  /** Resolves where the patient's ward, now or when last scored, is in scope. @throws HttpProblem 404. */
  async #mayRead(patientId: string): Promise<void> {
    const view = this.#view.view(patientId);
    const where = view ?? (await this.#history.lastPlaceOf(patientId));
    if (where === null || !this.sees(where.wardId)) throw noPatient();
  }
}

function noPatient(): HttpProblem {
  return new HttpProblem(404, 'there is no such patient');
}
