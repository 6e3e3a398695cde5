import { Tensor } from 'onnxruntime-node';
import { shippedConfigSchema } from './image-network.js';
import { openSession } from './onnx-session.js';
import { newestShipped, SHIPPED, verifiedGraph } from './shipped.js';

/** Tells frontal chest radiographs, upright and with black air, from all other pictures by their pixels. */
export interface ChestDomain {
  /** Width and height of its input. */
  readonly inputSize: number;
  /** `pixels` [inputSize, inputSize], 0 black to 1 white. */
  isChest(pixels: Float32Array): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * The check of the newest folder of models/imaging; it serves networks that are configured as well.
 * @throws WardstreamError `WS_MODEL` where it is missing or damaged.
 */
export async function openChestDomain(directory: string = SHIPPED): Promise<ChestDomain> {
  const { folder, config } = newestShipped(directory, shippedConfigSchema);
  const { sha256, inputSize, threshold } = config.domain;
  const session = await openSession(verifiedGraph(folder, 'domain.onnx', sha256), ['pixels'], ['score']);
  return {
    inputSize,
    async isChest(pixels) {
      const { score } = await session.run({
        pixels: new Tensor('float32', pixels, [1, 1, inputSize, inputSize]),
      });
      return (score.data as Float32Array)[0] >= threshold;
    },
    close: () => session.release(),
  };
}
