import type { AlertMessage } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { noCounts } from '../../src/sources/source.js';
import { adt, START, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;

/** What is charted of one patient, so many minutes after admission. */
export type Charted = readonly [minute: number, values: Readonly<Record<string, number>>];

/** What the pipeline tells of states: which, its priority, what became of it, the value, after how many minutes. */
export async function statesTold(charted: readonly Charted[]) {
  const who = { patientId: 'p1', messageId: 'adt', eventTime: START };
  const admitted = adt('ADMIT', { ...who, wardId: 'ICU', bedId: '1' });
  const messages: SourceMessage[] = [
    { topic: TOPICS.adt, key: 'p1', eventTime: START, record: admitted },
    ...charted.map(([minute, values], index): SourceMessage => {
      const eventTime = START + minute * MINUTE_MS;
      const record = vitals(values, { patientId: 'p1', messageId: `v${index}`, eventTime });
      return { topic: TOPICS.vitals, key: 'p1', eventTime, record };
    }),
  ];
  const alerts: AlertMessage[] = [];
  const write = async (outputs: { readonly alerts: readonly AlertMessage[] }) => {
    alerts.push(...outputs.alerts);
  };
  const source = { counts: noCounts(), total: 1, messages: () => messages };
  const config = parseConfig({ alerts: { rules: [] } });
  await replay(source, { config, speed: 'max', sinks: [{ write }], asksModel: false });
  return alerts
    .filter(({ state, reason }) => state !== 'ESCALATED' && reason !== 'discharged')
    .map(({ rule, priority, state, value, eventTime }) => {
      return [rule, priority, state, value, Math.round((eventTime - START) / MINUTE_MS)];
    });
}
