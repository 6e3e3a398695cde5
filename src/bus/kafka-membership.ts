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
interface Joining extends OfGroup {
  readonly memberId: string;
}
interface Leaving {
  readonly groupId: string;
  readonly members: readonly object[];
}
interface Response {
  parse(data: unknown): Promise<unknown>;
}
type Request<Options> = (options: Options) => object;

/** By group: the name of this process in it. */
const names = new Map<string, string>();
/** By group: the id under which this process was a member last, and still may be. */
const formerIds = new Map<string, string>();
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

/**
 * Has the next request to join a group ask for the id that this process had in it. kafkajs begins as a stranger after a crash of its
 * consumer, and the group waits for the member it takes for lost until that one's session has ended. False where kafkajs cannot be told.
 */
export function rejoinAs(groupId: string, memberId: string): boolean {
  isReady ||= prepare();
  if (isReady && memberId !== '') formerIds.set(groupId, memberId);
  return isReady;
}

/** The next request to join begins as a stranger. */
export function joinAnew(groupId: string): void {
  formerIds.delete(groupId);
}

function prepare(): boolean {
  const named =
    (own: Request<OfGroup>): Request<OfGroup> =>
    (options) =>
      own({ ...options, groupInstanceId: names.get(options.groupId) ?? null });
  const joining =
    (own: Request<Joining>): Request<Joining> =>
    (options) => {
      const memberId = options.memberId || (formerIds.get(options.groupId) ?? '');
      return own({ ...options, memberId, groupInstanceId: names.get(options.groupId) ?? null });
    };
  // An id that the group does not know is not asked for again.
  const refused = (own: Response): Response => ({
    ...own,
    parse: (data) =>
      own.parse(data).catch((error: unknown) => {
        if ((error as { type?: string }).type === 'UNKNOWN_MEMBER_ID') formerIds.clear();
        throw error;
      }),
  });
  // Asked to let nobody go, the group answers as if it had.
  const staying =
    (own: Request<Leaving>): Request<Leaving> =>
    (options) =>
      own(names.has(options.groupId) ? { ...options, members: [] } : options);
  return (
    replaceInKafkajs('protocol/requests/joinGroup/v5/request', joining) &&
    replaceInKafkajs('protocol/requests/joinGroup/v5/response', refused) &&
    replaceInKafkajs('protocol/requests/heartbeat/v3/request', named) &&
    replaceInKafkajs('protocol/requests/leaveGroup/v3/request', staying)
  );
}
