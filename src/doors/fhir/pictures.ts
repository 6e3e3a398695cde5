import { TOPICS } from '../../contract/topics.js';
import { type Json, listAt, objectAt, textAt } from './json.js';
import { patientOf } from './patient.js';
import type { Reading, Taken } from './taken.js';
import { timeIn } from './times.js';

/** Modalities of plain radiographs: what else a study has is told to the network that reads pictures by nobody. */
const RADIOGRAPHS = new Set(['DX', 'CR']);
const WADO = /wado-?rs/i;

/** Makes a picture of each radiograph of an ImagingStudy, to be fetched from its archive as that renders it (DICOM PS3.18, 10.4.1.1.3). */
export function addStudy(resource: Json, reading: Reading, out: Taken): void {
  const status = textAt(resource, 'status');
  if (status !== '' && status !== 'available') {
    out.ignore(`the study is ${status}`);
    return;
  }
  const patientId = patientOf(objectAt(resource, 'subject'), resource, reading, out);
  if (patientId === null) return;
  const { sentAt, source, scope } = reading;
  const observedAt = timeIn(textAt(resource, 'started'), reading);
  const eventTime =
    timeIn(textAt(objectAt(resource, 'meta'), 'lastUpdated'), reading) ?? sentAt ?? observedAt;
  if (!out.hasTime(eventTime, reading, 'the study')) return;
  const study = uidOf(resource);
  for (const series of listAt(resource, 'series')) {
    const modality = textAt(objectAt(series, 'modality'), 'code').toUpperCase();
    if (!RADIOGRAPHS.has(modality)) {
      out.counts.ignored++;
      continue;
    }
    const archive = [...listAt(series, 'endpoint'), ...listAt(resource, 'endpoint')]
      .map((reference) => scope.find(reference, resource))
      .find((endpoint) => WADO.test(textAt(objectAt(endpoint, 'connectionType'), 'code')));
    const address = textAt(archive, 'address').replace(/\/$/, '');
    for (const instance of listAt(series, 'instance')) {
      const uids = [study, textAt(series, 'uid'), textAt(instance, 'uid')];
      if (address === '' || uids.includes('')) {
        out.reject(
          'empty',
          'no WADO-RS endpoint in the message or no uid: nowhere to fetch the picture from',
        );
        continue;
      }
      const [bodySite = ''] = [objectAt(series, 'bodySite')].flatMap((site) => [
        textAt(site, 'display') || textAt(site, 'code'),
      ]);
      const uri = `${address}/studies/${uids[0]}/series/${uids[1]}/instances/${uids[2]}/rendered`;
      out.counts.used++;
      const picture = { mediaType: 'image/jpeg', image: null, uri };
      out.add(TOPICS.imaging, {
        patientId,
        eventTime,
        observedAt,
        source,
        modality,
        bodySite,
        ...picture,
      } as never);
    }
  }
}

/** The DICOM uid of the study, which stands among its identifiers. */
function uidOf(resource: Json): string {
  const identifiers = listAt(resource, 'identifier');
  const found = identifiers.find((each) => textAt(each, 'system') === 'urn:dicom:uid') ?? identifiers[0];
  return textAt(found, 'value').replace(/^urn:oid:/, '');
}
