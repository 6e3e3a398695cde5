import type { ClickHouseClient } from '@clickhouse/client';
import type { StoreSettings } from '../settings/store.js';
import { openStore } from './open-store.js';
import { recordModel } from './queries.js';

/** Opens a store for what a model says of a history. @throws WardstreamError as `openStore` does. */
export async function openResults(
  settings: Exclude<StoreSettings, { kind: 'none' }>,
  model: { readonly version: string },
): Promise<ClickHouseClient> {
  const client = await openStore(settings);
  try {
    await recordModel(client, model);
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}
