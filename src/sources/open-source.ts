import { WardstreamError } from '../errors.js';
import type { Config } from '../settings/config.js';
import { KafkaRangeSource } from './kafka-range.js';
import { CodeMapping } from './mapping.js';
import { MedsSource } from './meds.js';
import { Physionet2012Source } from './physionet2012.js';
import { Physionet2019Source } from './physionet2019.js';
import { RecordingSource } from './recording.js';
import { SimulatedSource } from './simulated.js';
import type { ReplaySource } from './source.js';
import { YaibSource } from './yaib.js';

/** Kinds of history, as the command line names them. */
export const SOURCES = [
  'physionet2012:DIR',
  'physionet2019:DIR',
  'yaib:DIR',
  'meds:DIR',
  'recording:FILE',
  'kafka:[FROM..TO]',
  'simulate:beds=N,hours=N,seed=N',
];

/** Which patients of a source are read; the beds of the others stay empty. */
export type Keep = (patientId: string) => boolean;

/**
 * Opens the history named on the command line, `KIND:PLACE`. `mapping` is a user's file over the table of codes; `keep` says
 * which patients to read, with the event times they have among all; `config` names the Kafka of `kafka:`.
 * @throws WardstreamError `WS_USAGE` for an unknown kind, `WS_SOURCE` where nothing is found, `WS_CONFIG` for a wrong mapping.
 */
export function openSource(
  from: string,
  limit?: number,
  mapping?: string,
  keep: Keep = () => true,
  config?: Config,
): ReplaySource {
  const [kind, ...rest] = from.split(':');
  const place = rest.join(':');
  if (kind === 'kafka' && from.includes(':')) return new KafkaRangeSource(place, config, limit, keep);
  if (kind === 'simulate' && from.includes(':')) return new SimulatedSource(place, limit, keep);
  if (place !== '') {
    switch (kind) {
      case 'physionet2012':
        return new Physionet2012Source(place, CodeMapping.load(kind, mapping), limit, keep);
      case 'physionet2019':
        return new Physionet2019Source(place, CodeMapping.load(kind, mapping), limit, keep);
      case 'yaib':
        return new YaibSource(place, CodeMapping.load(kind, mapping), limit, keep);
      case 'meds':
        return new MedsSource(place, CodeMapping.load(kind, mapping), limit, keep);
      case 'recording':
        return new RecordingSource(place, limit, keep);
    }
  }
  throw new WardstreamError(
    'WS_USAGE',
    `--from ${from}: not a known source; use one of ${SOURCES.join(', ')}`,
  );
}
