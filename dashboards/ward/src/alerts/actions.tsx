import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { AlertView } from '../protocol.js';
import { bedName, isActive } from '../state.js';
import type { Actions } from './panel.js';
import { useSending } from './sending.js';

type Form = 'SNOOZE' | 'ESCALATE' | 'COMMENT';

const FORMS: Readonly<
  Record<Form, { readonly open: string; readonly label: string; readonly send: string }>
> = {
  SNOOZE: { open: 'Snooze…', label: 'Why it may wait', send: 'Snooze' },
  ESCALATE: { open: 'Escalate…', label: 'Who is asked for, and why (may be empty)', send: 'Escalate' },
  COMMENT: { open: 'Comment…', label: 'Comment', send: 'Add comment' },
};
const MINUTES: readonly number[] = [5, 10, 30, 60, 120];
const DEFAULT_MINUTES = 30;

interface ActionBarProps {
  readonly alert: AlertView;
  readonly actions: Actions;
}

/** What can be done about an alert that is not resolved. */
export function ActionBar({ alert, actions }: ActionBarProps) {
  const [form, setForm] = useState<Form | null>(null);
  const sending = useSending(alert, actions);
  const disabled = sending.pending || !actions.canAct;
  const about = `for ${bedName(alert)}`;
  return (
    <div class="actions">
      <div class="buttons">
        {(isActive(alert) || alert.state === 'SNOOZED') && (
          <button
            type="button"
            class="primary"
            aria-label={`Acknowledge ${about}`}
            aria-disabled={disabled}
            onClick={() => void sending.send({ action: 'ACKNOWLEDGE' })}
          >
            Acknowledge
          </button>
        )}
        {(['SNOOZE', 'ESCALATE', 'COMMENT'] as const).map((each) => (
          <button
            key={each}
            type="button"
            aria-expanded={form === each}
            onClick={() => setForm(form === each ? null : each)}
          >
            {FORMS[each].open}
          </button>
        ))}
      </div>
      {form !== null && (
        <ReasonForm
          key={form}
          form={form}
          disabled={disabled}
          onCancel={() => setForm(null)}
          onSend={async (reason, minutes) => {
            const what =
              form === 'SNOOZE'
                ? { action: form, minutes, reason }
                : { action: form, ...(reason === '' ? {} : { reason }) };
            if (await sending.send(what as Parameters<typeof sending.send>[0])) setForm(null);
          }}
        />
      )}
      {sending.pending && <p class="note">Waiting for the server…</p>}
      {sending.fault !== '' && (
        <p class="fault" role="alert">
          {sending.fault}
        </p>
      )}
    </div>
  );
}

interface ReasonFormProps {
  readonly form: Form;
  readonly disabled: boolean;
  readonly onCancel: () => void;
  readonly onSend: (reason: string, minutes: number) => Promise<void>;
}

function ReasonForm({ form, disabled, onCancel, onSend }: ReasonFormProps) {
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState(DEFAULT_MINUTES);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  useEffect(() => field.current?.focus(), []);
  const isMissing = form !== 'ESCALATE' && reason.trim() === '';
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isMissing && !disabled) void onSend(reason.trim(), minutes);
  };
  return (
    <form onSubmit={submit} onKeyDown={({ key }) => key === 'Escape' && onCancel()}>
      {form === 'SNOOZE' && (
        <fieldset class="segmented">
          <legend>For how long</legend>
          {MINUTES.map((each) => (
            <button key={each} type="button" aria-pressed={minutes === each} onClick={() => setMinutes(each)}>
              {each} min
            </button>
          ))}
        </fieldset>
      )}
      <label for={id}>{FORMS[form].label}</label>
      <textarea
        id={id}
        ref={field}
        rows={2}
        maxLength={2000}
        required={form !== 'ESCALATE'}
        value={reason}
        onInput={({ currentTarget: { value } }) => setReason(value)}
      />
      <div class="buttons">
        <button type="submit" class="primary" aria-disabled={isMissing || disabled}>
          {FORMS[form].send}
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
