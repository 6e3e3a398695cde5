import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ImagingMessage } from '../contract/messages.js';
import { type Encoding, quantise, unusable } from '../events/encoding.js';
import { readImageHeader } from '../events/image.js';
import type { EncodersConfig } from '../settings/encoders.js';
import { LazyWorker } from '../threads/lazy-worker.js';
import { type ChestDomain, openChestDomain } from './chest-domain.js';
import type { Decoded, DecodeTask } from './decode-worker.js';
import { whyNotFrontalChest } from './frontal-chest.js';
import { ImageFault } from './image-fault.js';
import { ImageFetcher } from './image-fetcher.js';
import { type ImageNetwork, openImageNetwork } from './image-network.js';

/** Modalities of a message that are plain radiographs: those of DICOM, and what other senders call them. */
const RADIOGRAPHS: ReadonlySet<string> = new Set(['CR', 'DX', 'DR', 'RG', 'XR']);
/** An image that takes longer is given up; one of the largest allowed takes about a second. */
const DECODE_TIMEOUT_MS = 15_000;
/** Encodings kept by hash of the image: 70 bytes each. */
const CACHE_IMAGES = 1024;

/** What of an imaging event matters to its encoding. */
export type ImageContent = Pick<ImagingMessage, 'modality' | 'bodySite' | 'image' | 'uri'>;

/**
 * Encodes frontal chest radiographs: PNG, JPEG or DICOM of any size, from the message or from an allowed URI; decoded in a
 * worker thread. What is none by its message, its header or its pixels is flagged and gets neither finding nor embedding. An
 * embedding ends with the probability of the network's finding. Never throws: what cannot be encoded is flagged.
 */
export class ImageEncoder {
  readonly #network: ImageNetwork;
  readonly #domain: ChestDomain;
  readonly #fetcher: ImageFetcher;
  readonly #maxPixels: number;
  readonly #decodeTimeoutMs: number;
  readonly #worker = new LazyWorker<DecodeTask, Decoded>('encoders/decode-worker', 'decode', 128);
  readonly #cache = new LRUCache<string, Encoding>({ max: CACHE_IMAGES });

  constructor(
    network: ImageNetwork,
    domain: ChestDomain,
    config: Pick<EncodersConfig, 'imageUris' | 'maxImagePixels'>,
    decodeTimeoutMs = DECODE_TIMEOUT_MS,
  ) {
    this.#network = network;
    this.#domain = domain;
    this.#fetcher = new ImageFetcher(config.imageUris);
    this.#maxPixels = config.maxImagePixels;
    this.#decodeTimeoutMs = decodeTimeoutMs;
  }

  get name(): string {
    return this.#network.name;
  }

  /** Floats of an embedding, the probability included. */
  get size(): number {
    return this.#network.size + 1;
  }

  async encode({ modality, bodySite, image, uri }: ImageContent): Promise<Encoding> {
    const stated = { modality, bodyPart: bodySite, view: '', description: '' };
    const why = whyNotFrontalChest(stated, RADIOGRAPHS);
    if (why !== null) return unusable('not-a-chest-radiograph', `the message says ${why}`);
    try {
      const bytes = image ?? (await this.#fetcher.fetch(uri ?? ''));
      const key = createHash('sha256').update(bytes).digest('base64');
      const known = this.#cache.get(key);
      if (known !== undefined) return known;
      const encoding = await this.#encodeBytes(bytes);
      this.#cache.set(key, encoding);
      return encoding;
    } catch (error) {
      if (error instanceof ImageFault) return unusable(error.flag, error.message);
      return unusable('encoder-failed', String(error));
    }
  }

  async close(): Promise<void> {
    await this.#worker.close();
    await this.#domain.close();
    await this.#network.close();
  }

  async #encodeBytes(bytes: Buffer): Promise<Encoding> {
    const header = readImageHeader(bytes);
    if (header === null) throw new ImageFault('image-unreadable', 'no PNG, JPEG or DICOM picture');
    const { width, height } = header;
    if (width * height > this.#maxPixels) {
      throw new ImageFault('image-too-large', `${width} × ${height} pixels; at most ${this.#maxPixels}`);
    }
    const [size, alsoSize] = [this.#network.inputSize, this.#domain.inputSize];
    const task = { bytes, format: header.format, size, alsoSize, maxPixels: this.#maxPixels };
    const decoded = await this.#decode(task);
    if ('flag' in decoded) throw new ImageFault(decoded.flag, decoded.detail);
    if (!(await this.#domain.isChest(decoded.alsoPixels))) {
      throw new ImageFault('not-a-chest-radiograph', 'the picture does not look like one');
    }
    const { embedding, finding: probability } = await this.#network.run(decoded.pixels);
    const { label, name: encoder, caution } = this.#network;
    return {
      embedding: quantise(Float32Array.of(...embedding, probability)),
      finding: { label, probability, encoder, ...(caution === undefined ? {} : { caution }) },
      flags: [],
      detail: '',
    };
  }

  async #decode(task: DecodeTask): Promise<Decoded> {
    try {
      return await this.#worker.run(task, this.#decodeTimeoutMs);
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error;
      throw new ImageFault('image-unreadable', `not decoded within ${this.#decodeTimeoutMs} ms`);
    }
  }
}

/** @throws WardstreamError `WS_MODEL` where the network cannot be used. */
export async function openImageEncoder(config: EncodersConfig): Promise<ImageEncoder> {
  const network = await openImageNetwork(config);
  try {
    return new ImageEncoder(network, await openChestDomain(), config);
  } catch (error) {
    await network.close();
    throw error;
  }
}
