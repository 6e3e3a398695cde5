import { useEffect, useState } from 'preact/hooks';
import type { WardClient } from '../../../../src/client/browser.js';
import { faultText } from '../api.js';
import { momentText, percent } from '../format.js';
import type { AlertView } from '../protocol.js';
import { eventText } from './event-text.js';

/** Every record of an alert, oldest first: who did what and when. */
export function Life({ alert, client }: { readonly alert: AlertView; readonly client: WardClient }) {
  const { events, fault } = useEvents(alert, client);
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
            {event.mortality !== null && <span class="note">risk of death {percent(event.mortality)}</span>}
          </li>
        ))}
      </ol>
    </>
  );
}

/** The records, read anew when there is another one; until then, and if they cannot be read, the newest alone. */
function useEvents(alert: AlertView, client: WardClient) {
  const [events, setEvents] = useState<readonly AlertView[]>([]);
  const [fault, setFault] = useState('');
  const { alertId, sequence } = alert;
  useEffect(() => {
    let isOver = false;
    client.alertEvents(alertId).then(
      ({ events: all }) => {
        if (isOver) return;
        setEvents(all);
        setFault('');
      },
      (error: unknown) => isOver || setFault(faultText(error)),
    );
    return () => {
      isOver = true;
    };
  }, [client, alertId, sequence]);
  // The store may be a moment behind the push.
  const known = events.filter((event) => event.sequence < sequence);
  return { events: [...known, alert], fault };
}
