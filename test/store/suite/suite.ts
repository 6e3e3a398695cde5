import type { ClickHouseClient } from '@clickhouse/client';
import { describe } from 'vitest';
import { describeAlerts } from './alerts.js';
import { describeRecords } from './records.js';
import { describeScores } from './scores.js';
import { TestedStore } from './tested-store.js';
import { describeTimelines } from './timelines.js';

/** What both ClickHouse in process and a server must do. Everything is written twice: at least once is what the engine does. */
export function describeStore(name: string, open: () => Promise<ClickHouseClient>): void {
  describe(name, () => {
    const store = new TestedStore(open);
    describeTimelines(store);
    describeScores(store);
    describeAlerts(store);
    describeRecords(store);
  });
}
