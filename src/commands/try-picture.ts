import { WALL_CLOCK } from '../clock.js';
import { statusText } from '../doors/dicom/command.js';
import { loadDicomSender } from '../doors/dicom/sender.js';
import { translate } from '../doors/dicom/translate.js';
import { DICOM_RADIOGRAPHS, statedBy } from '../encoders/dicom-header.js';
import { whyNotFrontalChest } from '../encoders/frontal-chest.js';
import { parseHeader } from '../encoders/parse-dicom.js';
import { DEFAULT_LIMITS } from '../settings/config.js';
import type { Tried } from './doors.js';

/** What would come of a picture; `text` also says why it would be shown and not scored. */
export function triedPicture(file: string, bytes: Buffer, sender: string | undefined): Tried {
  const { status, text, messages, rejections, counts, sopInstance } = translate(
    { file: bytes, sopClass: '', sopInstance: '', source: '' },
    {
      sender: loadDicomSender(sender),
      now: WALL_CLOCK.now(),
      maxFutureSkewMs: DEFAULT_LIMITS.maxFutureSkewMs,
      // Files to try are of any age.
      maxAgeMs: Number.POSITIVE_INFINITY,
    },
  );
  const produced = messages.map(({ topic, record }) => ({
    topic,
    record: { ...record, image: `${bytes.length} bytes` },
  }));
  return {
    file,
    kind: 'picture',
    controlId: sopInstance,
    answer: statusText(status),
    text: produced.length > 0 ? whyNotScored(bytes) : text,
    values: { ...counts },
    produced,
    setAside: rejections.map(({ reason, detail }) => ({ reason, detail })),
  };
}

function whyNotScored(bytes: Buffer): string {
  const why = whyNotFrontalChest(statedBy(parseHeader(bytes).dataSet), DICOM_RADIOGRAPHS);
  return why === null ? '' : `shown and not scored: the header says ${why}`;
}
