import { useEffect, useRef, useState } from 'preact/hooks';
import { faultText } from '../api.js';
import type { Act, AlertView } from '../protocol.js';
import type { Actions } from './panel.js';

/** How long after the server took an action its effect is awaited. */
const CONFIRM_MS = 10_000;

/** An action under way. */
export interface Sending {
  readonly pending: boolean;
  /** What went wrong with the last action; empty if nothing did. */
  readonly fault: string;
  /** True once the server has taken it; the effect is seen when the alert's next record comes. */
  readonly send: (what: Act) => Promise<boolean>;
}

/** Sends actions on one alert; pending until the alert's next record is here. */
export function useSending({ alertId, sequence }: AlertView, { canAct, onAct }: Actions): Sending {
  const [pending, setPending] = useState(false);
  const [fault, setFault] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const settle = (message: string) => {
    clearTimeout(timer.current);
    setPending(false);
    setFault(message);
  };
  useEffect(() => settle(''), [alertId, sequence]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const send = async (what: Act) => {
    if (pending || !canAct) return false;
    setPending(true);
    setFault('');
    timer.current = setTimeout(() => settle('Not confirmed yet. Try again.'), CONFIRM_MS);
    try {
      await onAct(alertId, what);
      return true;
    } catch (error) {
      settle(`Not done: ${faultText(error)}`);
      return false;
    }
  };
  return { pending, fault, send };
}
