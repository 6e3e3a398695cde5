import type { MessagePort } from 'node:worker_threads';
import { type ProbeShare, probeShare } from './share.js';

/** A share of the stays, and where each is told when it is over; whatever is said there ends it early. */
export interface ProbeTask extends ProbeShare {
  readonly port: MessagePort;
}

/** Runs in a worker thread, which cannot be ended from outside while the model is at work. */
export async function probeStays({ port, ...share }: ProbeTask): Promise<void> {
  const stop = new AbortController();
  port.on('message', () => stop.abort());
  await probeShare(share, (seen) => port.postMessage(seen), stop.signal);
}
