import type { GreyImage } from './decode-image.js';
import { firstFrame } from './dicom-frame.js';
import { toGrey } from './dicom-grey.js';
import { DICOM_RADIOGRAPHS, statedBy } from './dicom-header.js';
import { whyNotFrontalChest } from './frontal-chest.js';
import { ImageFault } from './image-fault.js';
import { parseFile } from './parse-dicom.js';

/**
 * The first frame of a DICOM file as it is to be shown (`toGrey`), if its header does not say that it is anything but a
 * frontal chest radiograph.
 * @throws ImageFault where it says so, or the picture is too large or of a kind that is not supported; Error where it is damaged.
 */
export async function decodeDicom(bytes: Uint8Array, maxPixels: number): Promise<GreyImage> {
  const { dataSet, damage } = parseFile(bytes, maxPixels);
  const why = whyNotFrontalChest(statedBy(dataSet), DICOM_RADIOGRAPHS);
  if (why !== null) throw new ImageFault('not-a-chest-radiograph', `the header says ${why}`);
  if (damage !== null) throw new Error(damage);
  return toGrey(dataSet, await firstFrame(dataSet, maxPixels));
}
