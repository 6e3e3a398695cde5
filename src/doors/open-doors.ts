import type { EventBus } from '../bus/bus.js';
import { INPUT_TOPICS, TOPICS } from '../contract/topics.js';
import type { Parts } from '../parts.js';
import type { DoorConfig } from '../settings/doors.js';
import { CsvDoor } from './csv/csv-door.js';
import { openDicomDoor } from './dicom/open.js';
import type { Door } from './door.js';
import { openFhirDoor } from './fhir/fhir-door.js';
import { Hl7Door } from './hl7/mllp.js';
import type { HttpContext } from './http/http-door.js';
import { openJsonDoor } from './json/json-door.js';

/** How the doors of each kind are opened: a new kind is one file and one line here. */
const KINDS: { readonly [Kind in DoorConfig['kind']]: Open<Extract<DoorConfig, { kind: Kind }>> } = {
  hl7: (config, context) => Hl7Door.open(config, context),
  json: openJsonDoor,
  csv: (config, context) => CsvDoor.open(config, context),
  fhir: openFhirDoor,
  dicom: openDicomDoor,
  dicomweb: openDicomDoor,
};
type Open<Settings> = (config: Settings, context: HttpContext) => Promise<Door>;

/** Opens the doors of the settings. Closed, they take no more and finish what is under way. @throws WardstreamError of the door that cannot be opened. */
export async function openDoors(
  configs: readonly DoorConfig[],
  context: HttpContext & { readonly bus: Pick<EventBus, 'produce' | 'createTopics'> },
  parts: Pick<Parts, 'keep'>,
): Promise<Door[]> {
  if (configs.length === 0) return [];
  await context.bus.createTopics([...INPUT_TOPICS, TOPICS.deadLetters]);
  const doors: Door[] = [];
  for (const config of configs) {
    const open = KINDS[config.kind] as Open<DoorConfig>;
    doors.push(parts.keep(await open(config, context)));
  }
  return doors;
}
