import { useEffect, useRef, useState } from 'preact/hooks';
import type { WardClient } from '../../../../src/client/browser.js';
import { HOUR_MS } from '../../../../src/durations.js';
import { faultText, readTimeline } from '../api.js';
import type { AlertView, PatientView, Timeline } from '../protocol.js';
import { carry, extend, type Span } from './timeline.js';

/** How long the viewer must have stopped zooming before the span is read. */
const SETTLE_MS = 150;
/** While the span moves with time it is read anew this often; in between, the push extends it. */
const REFRESH_MS = 20_000;
/** Read beyond the span on either side, as a part of it, so that small moves need no reading. */
const MARGIN = 0.25;

interface Reading {
  /** Null until the first is here. */
  readonly timeline: Timeline | null;
  readonly fault: string;
}

/** The timeline of a patient around a span; read again when the span leaves it, its length changes, or an alert does. */
export function useTimeline(
  client: WardClient,
  patientId: string,
  patient: PatientView | undefined,
  span: Span,
  follows: boolean,
  alerts: readonly AlertView[],
): Reading {
  const [reading, setReading] = useState<Reading>({ timeline: null, fault: '' });
  const [round, setRound] = useState(0);
  const wanted = useRef(span);
  wanted.current = span;
  const states = alerts.map(({ alertId, sequence }) => `${alertId}/${sequence}`).join();
  const place = follows ? `last ${span.to - span.from}` : `${span.from} ${span.to}`;
  useEffect(() => {
    setReading({ timeline: null, fault: '' });
  }, [patientId]);
  useEffect(() => {
    if (patient === undefined || !follows) return;
    setReading(({ timeline, fault }) => ({ timeline: timeline && extend(timeline, patient), fault }));
  }, [patient, follows]);
  useEffect(() => {
    if (!follows) return;
    const timer = setInterval(() => setRound((count) => count + 1), REFRESH_MS);
    return () => clearInterval(timer);
  }, [follows]);
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(() => {
      const { from, to } = wanted.current;
      const margin = MARGIN * (to - from);
      const until = follows ? null : to + margin;
      const hours = Math.min(48, Math.max(1, (to - from + margin * (follows ? 1 : 2)) / HOUR_MS));
      readTimeline(client, patientId, hours, until).then(
        (read) =>
          isOver ||
          setReading(({ timeline }) => ({ timeline: follows ? carry(read, timeline) : read, fault: '' })),
        (error: unknown) =>
          isOver ||
          setReading(({ timeline }) => ({
            timeline,
            fault: faultText(error),
          })),
      );
    }, SETTLE_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [client, patientId, place, follows, states, round]);
  return reading;
}
