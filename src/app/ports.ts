import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TechnicalNotices } from '../alerts/notices.js';
import type { EventBus, OpenLog } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import type { ModelConfig } from '../inference/model.js';
import { Observer } from '../metrics/observe.js';
import type { Parts } from '../parts.js';
import type { Config } from '../settings/config.js';
import { instanceOf } from '../settings/server.js';
import { embeddedStore } from '../settings/store.js';
import type { OpenStore } from '../store/open-store.js';
import type { Life } from './life.js';
import type { LiveLog } from './live-log.js';

/** Where the events of a ward come from. */
export interface Feed {
  /** What scores them. */
  readonly model: ModelConfig;
  readonly bus: EventBus & OpenLog;
  readonly clock: Clock;
  /** Null where events come from within the process. */
  readonly live: LiveLog | null;
}

/** What every role of a process is given. No role is given another one: it reads what that one has written. */
export interface Ports extends Feed {
  readonly config: Config;
  readonly life: Life;
  /** Names the process, the same after a restart. */
  readonly instance: string;
  /** What is wrong with the process and what it depends on. */
  readonly notices: TechnicalNotices;
  readonly observer: Observer;
}

export function openPorts(config: Config, life: Life, feed: Feed): Ports {
  const instance = instanceOf(config.server);
  const notices = new TechnicalNotices(feed.clock, `${instance} ${process.pid}`);
  const observer = life.parts.keep(new Observer(feed.clock, feed.live?.kafka ?? null));
  return { ...feed, config, life, instance, notices, observer };
}

/** An embedded store in a directory that goes with the process. */
export function temporaryStore(parts: Parts): OpenStore {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-'));
  // What was opened last may still write a file into it.
  const again = { maxRetries: 10, retryDelay: 50 };
  parts.keep({ close: () => rm(directory, { recursive: true, force: true, ...again }) });
  return embeddedStore(directory);
}
