import { WALL_CLOCK } from '../clock.js';
import { statusText } from '../doors/dicom/command.js';
import { loadDicomSender } from '../doors/dicom/sender.js';
import { translate } from '../doors/dicom/translate.js';
import { DICOM_RADIOGRAPHS, statedBy } from '../encoders/dicom-header.js';
import { whyNotFrontalChest } from '../encoders/frontal-chest.js';
import { parseHeader } from '../encoders/parse-dicom.js';
import { DEFAULT_LIMITS } from '../settings/config.js';
import { DEFAULT_MAX_AGE_MS } from '../settings/dicom-doors.js';
import type { Tried } from './doors.js';

/**
 * What would come of a picture; `text` also says why it would be shown and not scored, or not be used at a door. Files to try are of any
 * age: of one that a door takes for an earlier film, what would come of it were it new.
 */
export function triedPicture(file: string, bytes: Buffer, sender: string | undefined): Tried {
  const options = {
    sender: loadDicomSender(sender),
    now: WALL_CLOCK.now(),
    maxFutureSkewMs: DEFAULT_LIMITS.maxFutureSkewMs,
  };
  const received = { file: bytes, sopClass: '', sopInstance: '', source: '' };
  const atDoor = translate(received, { ...options, maxAgeMs: DEFAULT_MAX_AGE_MS });
  const isIgnored = atDoor.counts.ignored > 0;
  const { status, text, messages, rejections, counts, sopInstance } = isIgnored
    ? translate(received, { ...options, maxAgeMs: Number.POSITIVE_INFINITY })
    : atDoor;
  const produced = messages.map(({ topic, record }) => ({
    topic,
    record: { ...record, image: `${bytes.length} bytes` },
  }));
  return {
    file,
    kind: 'picture',
    controlId: sopInstance,
    answer: statusText(status),
    text:
      produced.length > 0
        ? [isIgnored ? atDoor.text : '', whyNotScored(bytes)].filter(Boolean).join('; ')
        : text,
    values: { ...counts },
    produced,
    setAside: rejections.map(({ reason, detail }) => ({ reason, detail })),
  };
}

function whyNotScored(bytes: Buffer): string {
  const why = whyNotFrontalChest(statedBy(parseHeader(bytes).dataSet), DICOM_RADIOGRAPHS);
  return why === null ? '' : `shown and not scored: the header says ${why}`;
}
