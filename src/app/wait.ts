import { setTimeout as sleep } from 'node:timers/promises';
import { WardstreamError } from '../errors.js';
import { log } from './log.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/**
 * What `open` returns; while it fails because the other side is not there yet, tries again and says so. Null where `stop`
 * resolves before: what is opened all the same is closed.
 */
export async function untilAvailable<Service extends { close(): Promise<void> }>(
  what: string,
  open: () => Promise<Service>,
  stop: Promise<unknown>,
): Promise<Service | null> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = stop.then(() => {
    stopping.abort();
    return null;
  });
  return Promise.race([stopped, tryOpening(what, open, signal)]);
}

async function tryOpening<Service extends { close(): Promise<void> }>(
  what: string,
  open: () => Promise<Service>,
  signal: AbortSignal,
): Promise<Service | null> {
  for (let wait = FIRST_WAIT_MS; !signal.aborted; wait = Math.min(LONGEST_WAIT_MS, 2 * wait)) {
    try {
      const service = await open();
      if (wait > FIRST_WAIT_MS) log.info(`${what} is there`);
      if (!signal.aborted) return service;
      await service.close();
    } catch (error) {
      if (signal.aborted) return null;
      if (!(error instanceof WardstreamError && error.isPassing)) throw error;
      log.warn(`waiting for ${what}: ${error.message}`);
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
}
