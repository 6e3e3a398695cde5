import type { MessagePort } from 'node:worker_threads';
import { type ProbeShare, probeShare } from './share.js';

/** A share of the stays, and where each is told when it is over. */
export interface ProbeTask extends ProbeShare {
  readonly port: MessagePort;
}

/** Runs in a worker thread. */
export async function probeStays({ port, ...share }: ProbeTask): Promise<void> {
  await probeShare(share, (seen) => port.postMessage(seen));
}
