const Encoder = require('../../../encoder')
const { Metadata: apiKey } = require('../../apiKeys')

const NO_TOPIC_ID = Buffer.alloc(16)

/**
 * Metadata Request (Version: 10) => HEADER_TAGS [topics] allow_auto_topic_creation include_cluster_authorized_operations
 *                                   include_topic_authorized_operations TAGS
 *   topics => topic_id name TAGS
 *     topic_id => UUID
 *     name => COMPACT_NULLABLE_STRING
 *   allow_auto_topic_creation => BOOLEAN
 *   include_cluster_authorized_operations => BOOLEAN
 *   include_topic_authorized_operations => BOOLEAN
 *
 * The first version with topic ids (KIP-516). No topics: all.
 */
module.exports = ({ topics, allowAutoTopicCreation = true }) => ({
  apiKey,
  apiVersion: 10,
  apiName: 'Metadata',
  encode: async () => {
    return new Encoder()
      .writeUVarInt(0)
      .writeUVarInt(topics.length === 0 ? 0 : topics.length + 1)
      .writeEncoderArray(topics.map(encodeTopic))
      .writeBoolean(allowAutoTopicCreation)
      .writeBoolean(false)
      .writeBoolean(false)
      .writeUVarInt(0)
  },
})

const encodeTopic = topic => {
  return new Encoder()
    .writeBuffer(NO_TOPIC_ID)
    .writeUVarIntString(topic)
    .writeUVarInt(0)
}
