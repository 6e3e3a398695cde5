import { WardstreamError } from '../errors.js';
import { Physionet2012Source } from './physionet2012.js';
import { RecordingSource } from './recording.js';
import type { ReplaySource } from './source.js';

/**
 * Opens the history named on the command line, `KIND:PLACE`.
 * @throws WardstreamError `WS_USAGE` for an unknown kind, `WS_SOURCE` where nothing is found.
 */
export function openSource(from: string, limit?: number): ReplaySource {
  const [kind, ...rest] = from.split(':');
  const place = rest.join(':');
  if (kind === 'physionet2012' && place !== '') return new Physionet2012Source(place, limit);
  if (kind === 'recording' && place !== '') return new RecordingSource(place, limit);
  throw new WardstreamError(
    'WS_USAGE',
    `--from ${from}: not a known source; use physionet2012:DIR or recording:FILE`,
  );
}
