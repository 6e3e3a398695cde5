import { WardstreamError } from '../errors.js';
import { replaceInKafkajs } from './kafka-internals.js';

/**
 * Static membership of a consumer group (KIP-345): a member with a name of its own that restarts within the session timeout gets its
 * partitions back, without a new deal for all. kafkajs can encode the name but has no way to be told it, so it is put into its requests
 * to join and its heartbeats; and it leaves the group when it ends, which a named member must not.
 */

interface OfGroup {
  readonly groupId: string;
  readonly groupInstanceId?: string | null;
}
interface Leaving {
  readonly groupId: string;
  readonly members: readonly object[];
}
type Request<Options> = (options: Options) => object;

/** By group: the name of this process in it. */
const names = new Map<string, string>();
let isReady = false;

/**
 * Names this process in a group, for all its memberships from now on.
 * @throws WardstreamError `WS_BUS` where kafkajs cannot be told.
 */
export function joinAs(groupId: string, groupInstanceId: string): void {
  isReady ||= prepare();
  if (!isReady) throw new WardstreamError('WS_BUS', 'bus.groupInstanceId: not with this version of kafkajs');
  names.set(groupId, groupInstanceId);
}

function prepare(): boolean {
  const named =
    (own: Request<OfGroup>): Request<OfGroup> =>
    (options) =>
      own({ ...options, groupInstanceId: names.get(options.groupId) ?? null });
  // Asked to let nobody go, the group answers as if it had.
  const staying =
    (own: Request<Leaving>): Request<Leaving> =>
    (options) =>
      own(names.has(options.groupId) ? { ...options, members: [] } : options);
  return (
    replaceInKafkajs('protocol/requests/joinGroup/v5/request', named) &&
    replaceInKafkajs('protocol/requests/heartbeat/v3/request', named) &&
    replaceInKafkajs('protocol/requests/leaveGroup/v3/request', staying)
  );
}
