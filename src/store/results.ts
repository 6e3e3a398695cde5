import type { ClickHouseClient } from '@clickhouse/client';
import type { StoreSettings } from '../settings/store.js';
import { openStore } from './open-store.js';
import { recordModel } from './queries.js';
import { StoreSink } from './sink.js';

/** A store, and what fills it. Who closes the sink has closed both. */
export interface Results {
  readonly client: ClickHouseClient;
  readonly sink: StoreSink;
}

/** Opens a store for what a model says of a history. @throws WardstreamError as `openStore` does. */
export async function openResults(
  settings: Exclude<StoreSettings, { kind: 'none' }>,
  model: { readonly version: string },
): Promise<Results> {
  const client = await openStore(settings);
  try {
    await recordModel(client, model);
  } catch (error) {
    await client.close();
    throw error;
  }
  return { client, sink: new StoreSink(client, model.version) };
}
