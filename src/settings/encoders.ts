import { z } from 'zod';

const MIB = 1_048_576;
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in 64 hexadecimal digits');

/** A file on this machine, or one that is fetched once, verified and kept in `encoders.cacheDirectory`. */
const sourceSchema = z.union([
  z.strictObject({ file: z.string().min(1), sha256: sha256.optional() }),
  z.strictObject({ url: z.url({ protocol: /^https$/ }), sha256 }),
]);
export type FileSource = z.infer<typeof sourceSchema>;

const off = z.strictObject({ kind: z.literal('off') });
const shipped = z.strictObject({ kind: z.literal('default') });

const uriPrefix = z
  .string()
  .regex(/^(file:\/\/\/|https:\/\/[^/@]+\/).*$/, 'must begin with file:/// or https://HOST/')
  .regex(/\/$/, 'must end with /, so that it names a folder');

/** How notes and images become embeddings. */
export const encodersSchema = z
  .strictObject({
    /** Notes. `default`: the Universal Sentence Encoder that ships with the package. */
    text: z
      .discriminatedUnion('kind', [
        off,
        shipped,
        z.strictObject({
          kind: z.literal('custom'),
          /** Must be the one in the model's config.json, if that names one. */
          name: z.string().min(1),
          /** ONNX, from `input_ids` and `attention_mask` [1, tokens] to `last_hidden_state` or `sentence_embedding`. */
          model: sourceSchema,
          /** tokenizer.json of Hugging Face tokenizers. */
          tokenizer: sourceSchema,
          /** How token vectors become one, where the graph has no `sentence_embedding`. */
          pooling: z.enum(['mean', 'cls']).default('mean'),
          /** Tokens of a sentence at most. */
          maxTokens: z.number().int().positive().max(512).default(128),
        }),
      ])
      .default({ kind: 'default' }),
    /** Chest radiographs. `default`: the network of models/imaging. */
    image: z
      .discriminatedUnion('kind', [
        off,
        shipped,
        z.strictObject({
          kind: z.literal('custom'),
          name: z.string().min(1),
          /** ONNX, from one input [1, 1, size, size] to the outputs named below. */
          model: sourceSchema,
          /** Width and height of the input, in pixels. */
          inputSize: z.number().int().positive().max(1024),
          /** Grey 0 to 1 becomes low + grey × (high − low): [-1024, 1024] for TorchXRayVision. */
          inputRange: z.tuple([z.number(), z.number()]).default([0, 1]),
          /** Output [1, n] that is the embedding; brought to length 1. */
          embedding: z.string().min(1),
          /** Output with the finding's probability, its place there, and what it is of. */
          finding: z.strictObject({
            output: z.string().min(1),
            index: z.number().int().nonnegative(),
            label: z.string().min(1),
          }),
        }),
      ])
      .default({ kind: 'default' }),
    /** What to encode though the model does not take it: `image`, so that its finding can be shown. */
    always: z.array(z.enum(['text', 'image'])).default([]),
    /** An image with more pixels is refused before it is decoded. */
    maxImagePixels: z.number().int().positive().default(32_000_000),
    /** Where images may be fetched from that are not in their message; by default nowhere. */
    imageUris: z
      .strictObject({
        allow: z.array(uriPrefix).default([]),
        maxBytes: z
          .number()
          .int()
          .positive()
          .default(32 * MIB),
        timeoutMs: z.number().int().positive().default(2000),
      })
      .prefault({}),
    /** Where fetched model files are kept; by default wardstream in the user's cache folder. */
    cacheDirectory: z.string().min(1).optional(),
  })
  .prefault({});
export type EncodersConfig = z.infer<typeof encodersSchema>;
