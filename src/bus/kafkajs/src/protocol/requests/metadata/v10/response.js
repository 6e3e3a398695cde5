const Decoder = require('../../../decoder')
const { parse } = require('../v0/response')

const UUID_BYTES = 16
const NO_TOPIC_ID = Buffer.alloc(UUID_BYTES).toString('base64url')

/**
 * Metadata Response (Version: 10) => HEADER_TAGS throttle_time_ms [brokers] cluster_id controller_id [topic_metadata] TAGS
 *   throttle_time_ms => INT32
 *   brokers => node_id host port rack TAGS
 *     node_id => INT32
 *     host => COMPACT_STRING
 *     port => INT32
 *     rack => COMPACT_NULLABLE_STRING
 *   cluster_id => COMPACT_NULLABLE_STRING
 *   controller_id => INT32
 *   topic_metadata => error_code topic topic_id is_internal [partition_metadata] topic_authorized_operations TAGS
 *     error_code => INT16
 *     topic => COMPACT_NULLABLE_STRING
 *     topic_id => UUID
 *     is_internal => BOOLEAN
 *     partition_metadata => error_code partition leader leader_epoch [replicas] [isr] [offline_replicas] TAGS
 *       error_code => INT16
 *       partition => INT32
 *       leader => INT32
 *       leader_epoch => INT32
 *       replicas => INT32
 *       isr => INT32
 *       offline_replicas => INT32
 *     topic_authorized_operations => INT32
 */
const readTags = decoder => {
  for (let count = decoder.readUVarInt(); count > 0; count--) {
    decoder.readUVarInt()
    decoder.forward(decoder.readUVarInt())
  }
}

const readInt32s = decoder => decoder.readUVarIntArray(d => d.readInt32()) || []

const broker = decoder => {
  const decoded = {
    nodeId: decoder.readInt32(),
    host: decoder.readUVarIntString() || '',
    port: decoder.readInt32(),
    rack: decoder.readUVarIntString(),
  }
  readTags(decoder)
  return decoded
}

const topicMetadata = decoder => {
  const topicErrorCode = decoder.readInt16()
  const topic = decoder.readUVarIntString() || ''
  const topicId = decoder.readBytes(UUID_BYTES).toString('base64url')
  const decoded = {
    topicErrorCode,
    topic,
    isInternal: decoder.readBoolean(),
    partitionMetadata: decoder.readUVarIntArray(d => partitionMetadata(d, topicId)) || [],
  }
  decoder.readInt32()
  readTags(decoder)
  return decoded
}

const partitionMetadata = (decoder, topicId) => {
  const partitionErrorCode = decoder.readInt16()
  const partitionId = decoder.readInt32()
  const leader = decoder.readInt32()
  decoder.readInt32()
  const decoded = {
    partitionErrorCode,
    partitionId,
    leader,
    replicas: readInt32s(decoder),
    isr: readInt32s(decoder),
    offlineReplicas: readInt32s(decoder),
  }
  readTags(decoder)
  return topicId === NO_TOPIC_ID ? decoded : { ...decoded, topicId }
}

const decode = async rawData => {
  const decoder = new Decoder(rawData)
  readTags(decoder)
  const clientSideThrottleTime = decoder.readInt32()

  return {
    throttleTime: 0,
    clientSideThrottleTime,
    brokers: decoder.readUVarIntArray(broker) || [],
    clusterId: decoder.readUVarIntString(),
    controllerId: decoder.readInt32(),
    topicMetadata: decoder.readUVarIntArray(topicMetadata) || [],
  }
}

module.exports = {
  decode,
  parse,
}
