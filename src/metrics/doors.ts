import type { Registry } from 'prom-client';
import { addLabelled } from './register.js';

/** Of one sender at one door. */
export interface SenderSource {
  readonly door: string;
  readonly sender: string;
  /** Messages, by how they were answered. */
  readonly answers: ReadonlyMap<string, number>;
  /** Values, by what became of them. */
  readonly values: Readonly<Record<string, number>>;
  readonly repeated: number;
  readonly deadLetters: number;
  /** Since its last message. */
  readonly silentSeconds: number;
  /** Since its newest event. */
  readonly lagSeconds: number;
}

/** What doors count. */
export interface DoorSource {
  readonly connections: ReadonlyMap<string, number>;
  readonly cuts: readonly { readonly door: string; readonly reason: string; readonly count: number }[];
  readonly unmapped: readonly {
    readonly door: string;
    readonly sender: string;
    readonly code: string;
    readonly count: number;
  }[];
  senders(): readonly SenderSource[];
}

const OF_SENDER = ['door', 'sender'];

/** Adds what is known of doors and of who sends to them. */
export function addDoors(registry: Registry, doors: DoorSource): void {
  const ofEach = (
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    value: (sender: SenderSource) => number,
  ) =>
    addLabelled(registry, kind, name, help, OF_SENDER, () =>
      doors.senders().map((each) => ({ labels: labelsOf(each), value: value(each) })),
    );
  const byLabel = (
    name: string,
    help: string,
    label: string,
    countsOf: (sender: SenderSource) => Iterable<readonly [string, number]>,
  ) =>
    addLabelled(registry, 'counter', name, help, [...OF_SENDER, label], () =>
      doors
        .senders()
        .flatMap((each) =>
          [...countsOf(each)].map(([key, value]) => ({ labels: { ...labelsOf(each), [label]: key }, value })),
        ),
    );
  addLabelled(registry, 'gauge', 'door_connections', 'Open connections of a door.', ['door'], () =>
    [...doors.connections].map(([door, value]) => ({ labels: { door }, value })),
  );
  addLabelled(
    registry,
    'counter',
    'door_cuts_total',
    'Connections that were cut, and bytes between blocks, by reason.',
    ['door', 'reason'],
    () => doors.cuts.map(({ door, reason, count }) => ({ labels: { door, reason }, value: count })),
  );
  byLabel('door_messages_total', 'Messages, by how they were answered.', 'answer', ({ answers }) => answers);
  byLabel('door_values_total', 'Values, by what became of them.', 'outcome', ({ values }) =>
    Object.entries(values),
  );
  ofEach('counter', 'door_repeated_total', 'Messages that the log had.', ({ repeated }) => repeated);
  ofEach('counter', 'door_dead_letters_total', 'Dead letters of a door.', ({ deadLetters }) => deadLetters);
  const silence = 'Since the last message of a sender.';
  ofEach('gauge', 'door_silence_seconds', silence, ({ silentSeconds }) => silentSeconds);
  const lag = 'Age of the newest event of a sender.';
  ofEach('gauge', 'door_lag_seconds', lag, ({ lagSeconds }) => lagSeconds);
  addLabelled(
    registry,
    'counter',
    'door_unmapped_total',
    'Values under a code that nothing is known of.',
    [...OF_SENDER, 'code'],
    () =>
      doors.unmapped.map(({ door, sender, code, count }) => ({
        labels: { door, sender, code },
        value: count,
      })),
  );
}

function labelsOf({ door, sender }: SenderSource): Record<string, string> {
  return { door, sender };
}
