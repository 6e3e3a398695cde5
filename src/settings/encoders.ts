import { z } from 'zod';

const MIB = 1_048_576;
const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a sha256 in 64 hexadecimal digits')
  .describe('What the file must be; hexadecimal.');

/** A file on this machine, or one that is fetched once, verified and kept in `encoders.cacheDirectory`. */
const sourceSchema = z.union([
  z.strictObject({
    file: z.string().min(1).describe('On this machine. Either this, or `url`.'),
    sha256: sha256.optional().describe('What the file must be; hexadecimal. Needed with `url`.'),
  }),
  z.strictObject({
    url: z.url({ protocol: /^https$/ }).describe('Fetched once, and kept in `encoders.cacheDirectory`.'),
    sha256,
  }),
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
    text: z
      .discriminatedUnion('kind', [
        off,
        shipped,
        z.strictObject({
          kind: z.literal('custom'),
          name: z.string().min(1).describe("Must be the one in the model's config.json, if that names one."),
          model: sourceSchema.describe(
            'ONNX, from `input_ids` and `attention_mask` [1, tokens] to `last_hidden_state` or `sentence_embedding`.',
          ),
          tokenizer: sourceSchema.describe('tokenizer.json of Hugging Face tokenizers.'),
          pooling: z
            .enum(['mean', 'cls'])
            .default('mean')
            .describe('How token vectors become one, where the graph has no `sentence_embedding`.'),
          maxTokens: z
            .number()
            .int()
            .positive()
            .max(512)
            .default(128)
            .describe('Tokens of a sentence at most.'),
        }),
      ])
      .default({ kind: 'default' })
      .describe('Notes. `default`: the Universal Sentence Encoder that ships with the package.'),
    image: z
      .discriminatedUnion('kind', [
        off,
        shipped,
        z.strictObject({
          kind: z.literal('custom'),
          name: z
            .string()
            .min(1)
            .describe('Must be the one in the config.json of the model, if that names one.'),
          model: sourceSchema.describe('ONNX, from one input [1, 1, size, size] to the outputs named below.'),
          inputSize: z
            .number()
            .int()
            .positive()
            .max(1024)
            .describe('Width and height of the input, in pixels.'),
          inputRange: z
            .tuple([z.number(), z.number()])
            .default([0, 1])
            .describe('Grey 0 to 1 becomes low + grey × (high − low): [-1024, 1024] for TorchXRayVision.'),
          embedding: z.string().min(1).describe('Output [1, n] that is the embedding; brought to length 1.'),
          finding: z
            .strictObject({
              output: z.string().min(1).describe('Output of the network.'),
              index: z.number().int().nonnegative().describe('Place in it.'),
              label: z.string().min(1).describe('What the page calls it.'),
            })
            .describe("Output with the finding's probability, its place there, and what it is of."),
        }),
      ])
      .default({ kind: 'default' })
      .describe('Chest radiographs. `default`: the network of models/imaging.'),
    always: z
      .array(z.enum(['text', 'image']))
      .default([])
      .describe(
        'What to encode though the model does not take it: `image`, so that its finding can be shown.',
      ),
    maxImagePixels: z
      .number()
      .int()
      .positive()
      .default(32_000_000)
      .describe('An image with more pixels is refused before it is decoded.'),
    imageUris: z
      .strictObject({
        allow: z
          .array(uriPrefix)
          .default([])
          .describe('Folders, as `file:///…/` or `https://HOST/…/`; links that lead out of one are refused.'),
        maxBytes: z
          .number()
          .int()
          .positive()
          .default(32 * MIB)
          .describe('Bytes of an image that is fetched.'),
        timeoutMs: z
          .number()
          .int()
          .positive()
          .default(2000)
          .describe(
            'An image that has not come by then counts as unavailable; its patient scores on the rest.',
          ),
      })
      .prefault({})
      .describe('Where images may be fetched from that are not in their message; by default nowhere.'),
    cacheDirectory: z
      .string()
      .min(1)
      .optional()
      .describe("Where fetched model files are kept; by default wardstream in the user's cache folder."),
  })
  .prefault({});
export type EncodersConfig = z.infer<typeof encodersSchema>;
