import { useEffect, useState } from 'preact/hooks';
import { alertEvents } from '../api.js';
import { momentText, percent } from '../format.js';
import type { AlertView } from '../protocol.js';
import { eventText } from './event-text.js';

/** Every record of an alert, oldest first: who did what and when. */
export function Life({ alert, token }: { readonly alert: AlertView; readonly token: string }) {
  const { events, fault } = useEvents(alert, token);
  return (
    <>
      {fault !== '' && (
        <p class="fault" role="alert">
          The earlier history could not be read. {fault}
        </p>
      )}
      <ol class="life" data-testid="life">
        {events.map((event, index) => (
          <li key={event.sequence} class={event.state.toLowerCase()}>
            <time dateTime={new Date(event.eventTime).toISOString()}>{momentText(event.eventTime)}</time>
            <span>
              {eventText(event, events[index - 1])}
              {event.reason !== null && event.actor !== null && <q>{event.reason}</q>}
            </span>
            <span class="note">risk {percent(event.risk)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** The records, read anew when there is another one; until then, and if they cannot be read, the newest alone. */
function useEvents(alert: AlertView, token: string) {
  const [events, setEvents] = useState<readonly AlertView[]>([]);
  const [fault, setFault] = useState('');
  const { alertId, sequence } = alert;
  useEffect(() => {
    let isOver = false;
    alertEvents(token, alertId).then(
      (all) => {
        if (isOver) return;
        setEvents(all);
        setFault('');
      },
      (error: unknown) => isOver || setFault(error instanceof Error ? error.message : ''),
    );
    return () => {
      isOver = true;
    };
  }, [token, alertId, sequence]);
  // The store may be a moment behind the push.
  const known = events.filter((event) => event.sequence < sequence);
  return { events: [...known, alert], fault };
}
