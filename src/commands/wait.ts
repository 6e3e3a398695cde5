import { setTimeout as sleep } from 'node:timers/promises';
import { WardstreamError } from '../errors.js';
import { log } from './cli.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** What `open` returns; while it fails because the other side is not there yet, tries again and says so. */
export async function untilAvailable<Service>(what: string, open: () => Promise<Service>): Promise<Service> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, 2 * wait)) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof WardstreamError && error.isPassing)) throw error;
      log.warn(`waiting for ${what}: ${error.message}`);
      await sleep(wait);
    }
  }
}
