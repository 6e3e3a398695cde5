import { requireInstalled } from '../../optional-packages.js';
import type { DicomDoorConfig, DicomWebDoorConfig } from '../../settings/dicom-doors.js';
import type { Door, DoorContext } from '../door.js';

/** What reads pictures, which a small install leaves out. */
const PACKAGES = ['dicom-parser', 'sharp'];

/** Opens a door for pictures. @throws WardstreamError as that door; `WS_CONFIG` where a package is missing. */
export async function openDicomDoor(
  config: DicomDoorConfig | DicomWebDoorConfig,
  context: DoorContext,
): Promise<Door> {
  const instead = 'leave the door out';
  requireInstalled({
    setting: `doors[].kind: ${config.kind}`,
    packages: PACKAGES,
    instead,
    code: 'WS_CONFIG',
  });
  if (config.kind === 'dicom') return (await import('./dimse.js')).DicomDoor.open(config, context);
  return (await import('./stow.js')).DicomWebDoor.open(config, context);
}
