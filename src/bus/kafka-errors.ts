import { causesOf, WardstreamError } from '../errors.js';
import kafkajs from './kafkajs/index.js';

/** What kafkajs adds to an error: the broker's word for it, and the code of a socket. */
export interface KafkaError extends Error {
  readonly type?: string;
  readonly code?: string | number;
  readonly retriable?: boolean;
}

/** A broker does not take the bearer token. */
export class TokenRefused extends kafkajs.KafkaJSNonRetriableError {}

/** What a broker says that it does not let us do, or that our settings ask and it will not have: to ask again does not help. */
const REFUSALS = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'SECURITY_DISABLED',
  'UNSUPPORTED_VERSION',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INCONSISTENT_GROUP_PROTOCOL',
  'FENCED_INSTANCE_ID',
  'INVALID_CONFIG',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'POLICY_VIOLATION',
]);
/** The same, of kafkajs itself. */
const REFUSAL_NAMES = new Set([
  'KafkaJSSASLAuthenticationError',
  'KafkaJSNotImplemented',
  'KafkaJSServerDoesNotSupportApiKey',
]);

/** What a broker says of a message that it will never take, whoever sends it. */
const REFUSED_MESSAGES = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);

/** What a broker says that no longer knows the producer, or the place of its last message: another producer begins anew. */
const LOST_PRODUCER = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'PRODUCER_FENCED',
]);

/**
 * Whether brokers will not do what is asked, for good: who we are, what we may, what is configured. All else passes: a broker
 * or coordinator that is away, a connection that breaks, a leader that moves.
 */
export function isRefused(error: unknown): boolean {
  return causesOf(error).some(
    (each: KafkaError) =>
      REFUSALS.has(each.type ?? '') || REFUSAL_NAMES.has(each.name) || each instanceof TokenRefused,
  );
}

/** Whether brokers do not take who we say we are. */
export function isLoginRefused(error: unknown): boolean {
  return causesOf(error).some(
    (each) => each instanceof kafkajs.KafkaJSSASLAuthenticationError || each instanceof TokenRefused,
  );
}

export function isMessageRefused(error: unknown): boolean {
  return causesOf(error).some(({ type = '' }: KafkaError) => REFUSED_MESSAGES.has(type));
}

export function isProducerLost(error: unknown): boolean {
  return causesOf(error).some(({ type = '' }: KafkaError) => LOST_PRODUCER.has(type));
}

/** Another member has this one's name. */
export function isReplaced(error: unknown): boolean {
  return causesOf(error).some(({ type }: KafkaError) => type === 'FENCED_INSTANCE_ID');
}

/** What ended a membership, in words where it is another member's name. */
export function toldOfMember(
  error: Error,
  { groupInstanceId }: { readonly groupInstanceId?: string | undefined },
): Error {
  if (!isReplaced(error)) return error;
  return new WardstreamError(
    'WS_BUS',
    `another process has joined the group as ${groupInstanceId}: bus.groupInstanceId must be another for each`,
    { cause: error },
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
