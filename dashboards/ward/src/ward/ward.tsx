import { useMemo } from 'preact/hooks';
import { type Actions, AlertPanel } from '../alerts/panel.js';
import { useSize } from '../hooks.js';
import type { Place } from '../place.js';
import type { AlertView, PatientView } from '../protocol.js';
import type { Settings } from '../settings.js';
import { alertsByPatient } from '../state.js';
import { gridFor, panelFits } from './grid.js';
import { mortalityCeiling } from './sparkline.js';
import { AlertStrip } from './strip.js';
import { Tile } from './tile.js';

/** Width of the list of alerts beside the beds, in CSS pixels; the same as in ward.css. */
const PANEL_PX = 296;
/** A narrower page has no room for a list beside the beds. */
const NARROW_PX = 900;
const NONE: readonly AlertView[] = [];

interface WardPageProps {
  /** In the order to be shown. */
  readonly patients: readonly PatientView[];
  readonly alerts: readonly AlertView[];
  readonly now: number;
  readonly go: (place: Place) => void;
  readonly actions: Actions;
  /** What stands where there is no patient, and no alert. */
  readonly emptyText: string;
  readonly noAlertText: string;
  readonly isWall: boolean;
  readonly panel: Settings['panel'];
}

/** The ward at a glance: a tile a bed, as large as the screen allows, and the open alerts where there is room. */
export function WardPage({
  patients,
  alerts,
  now,
  go,
  actions,
  emptyText,
  noAlertText,
  isWall,
  panel,
}: WardPageProps) {
  const [place, { width, height }] = useSize<HTMLDivElement>();
  const count = patients.length;
  const hasPanel =
    !isWall &&
    width >= NARROW_PX &&
    (panel === 'auto' ? panelFits(count, width, height, PANEL_PX) : panel === 'shown');
  const grid = gridFor(count, hasPanel ? width - PANEL_PX - 8 : width, height);
  const byPatient = alertsByPatient(alerts);
  const ceiling = mortalityCeiling(patients);
  return (
    <>
      {(isWall || !hasPanel) && <AlertStrip alerts={alerts} now={now} go={isWall ? null : go} />}
      <div class="ward" ref={place}>
        <main data-testid="ward" class={grid.rowHeight === null ? '' : 'scrolls'}>
          {count === 0 && <p class="empty">{emptyText}</p>}
          <ul
            class="beds"
            style={{
              fontSize: `${grid.fontPx.toFixed(2)}px`,
              gridTemplateColumns: `repeat(${grid.columns}, minmax(0, 1fr))`,
              gridAutoRows: grid.rowHeight === null ? 'minmax(0, 1fr)' : `${grid.rowHeight}px`,
            }}
          >
            {width > 0 &&
              patients.map((patient) => (
                <Bed
                  key={patient.patientId}
                  patient={patient}
                  alerts={byPatient.get(patient.patientId) ?? NONE}
                  now={now}
                  ceiling={ceiling}
                  go={go}
                />
              ))}
          </ul>
        </main>
        {hasPanel && (
          <AlertPanel alerts={alerts} emptyText={noAlertText} now={now} go={go} actions={actions} />
        )}
      </div>
    </>
  );
}

interface BedProps {
  readonly patient: PatientView;
  readonly alerts: readonly AlertView[];
  readonly now: number;
  readonly ceiling: number;
  readonly go: (place: Place) => void;
}

/** A tile that is drawn anew only when something in it changed. */
function Bed({ patient, alerts, now, ceiling, go }: BedProps) {
  const states = alerts.map(({ alertId, sequence }) => `${alertId}/${sequence}`).join();
  return useMemo(
    () => (
      <Tile
        patient={patient}
        alerts={alerts}
        now={now}
        ceiling={ceiling}
        onOpen={() => go({ view: 'patient', patientId: patient.patientId })}
      />
    ),
    [patient, states, now, ceiling, go],
  );
}
