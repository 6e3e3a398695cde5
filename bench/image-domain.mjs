// What counts as a frontal chest radiograph: of each group of pictures how many there are and how many are scored, through the encoder as
// it is shipped. Radiographs of adults and DICOM files of ../shared/data, what is made of the radiographs, and drawn patterns. PICTURES
// names folders of other PNG, JPEG and DICOM files, with colons between, none of them a chest radiograph; each is looked at with its
// header and, of DICOM, by the reason.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { openImageEncoder } from '../dist/encoders/image.js';
import { parseConfig } from '../dist/settings/config.js';
import { drawAnatomy, drawRadiograph } from '../dist/simulate/radiograph.js';
import { Random } from '../dist/simulate/random.js';

const SIDE = 256;
const ADULTS = resolve('../shared/data/chest-xray-samples');
const DICOM = resolve('../shared/data/dicom');

const filesOf = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .filter((name) => /\.(png|jpe?g|dcm)$/i.test(name))
        .map((name) => readFileSync(join(folder, name)))
    : [];

const png = (data, channels = 1) =>
  sharp(data, { raw: { width: SIDE, height: SIDE, channels } })
    .png()
    .toBuffer();

const drawn = (grey) =>
  png(
    Uint8Array.from({ length: SIDE * SIDE }, (_, place) =>
      Math.max(0, Math.min(255, 255 * grey((place % SIDE) / SIDE, Math.floor(place / SIDE) / SIDE))),
    ),
  );

function patterns(random) {
  const turned = (x, y, angle) => (x - 0.5) * Math.cos(angle) + (y - 0.5) * Math.sin(angle);
  const kinds = [() => 0, () => 0.5, () => 1, () => random.uniform(), () => 0.5 + 0.05 * random.normal()];
  for (let step = 0; step < 12; step++) {
    const angle = (step * Math.PI) / 6;
    kinds.push((x, y) => 0.5 + turned(x, y, angle) / 1.5);
    kinds.push((x, y) => (Math.sin((4 + 2 * step) * Math.PI * turned(x, y, angle)) > 0 ? 0.9 : 0.1));
    kinds.push((x, y) => 0.5 + 0.5 * Math.sin((2 + step) * 6 * Math.hypot(x - 0.5, y - 0.5)));
    // A bone: a hollow bar in soft tissue.
    kinds.push((x, y) => {
      const from = Math.abs(turned(x, y, angle));
      return from < 0.05 ? 0.6 : from < 0.09 ? 0.95 : from < 0.25 ? 0.4 : 0.02;
    });
  }
  return Promise.all(kinds.map(drawn));
}

export async function measure() {
  const encoder = await openImageEncoder(parseConfig({}).encoders);
  const random = new Random(1, 0);
  const adults = filesOf(ADULTS);
  const made = (change) =>
    Promise.all(adults.map((bytes) => change(sharp(bytes).resize(SIDE, SIDE)).png().toBuffer()));
  const others = (process.env.PICTURES ?? '').split(':').filter(Boolean).flatMap(filesOf);
  const groups = {
    'radiographs of adults': adults,
    'the same, mirrored': await made((picture) => picture.flop()),
    'the same, turned by 90': await made((picture) => picture.rotate(90)),
    'the same, turned by 180': await made((picture) => picture.rotate(180)),
    'the same, turned by 270': await made((picture) => picture.rotate(270)),
    'the same, negative': await made((picture) => picture.negate()),
    phantoms: Array.from({ length: 60 }, () => drawRadiograph(random.uniform(), drawAnatomy(random), random)),
    'patterns and noise': await patterns(random),
    'DICOM files': filesOf(DICOM),
    'other pictures': others,
  };
  const result = {};
  const reasons = {};
  for (const [group, pictures] of Object.entries(groups)) {
    let scored = 0;
    for (const image of pictures) {
      const { finding, flags, detail } = await encoder.encode({
        modality: '',
        bodySite: '',
        image,
        uri: null,
      });
      if (finding !== null) scored++;
      const reason =
        finding === null
          ? `${flags}${/says|look/.exec(detail)?.[0] === 'says' ? ' by header' : ''}`
          : 'scored';
      if (group === 'other pictures' || group === 'DICOM files') {
        reasons[group] ??= {};
        reasons[group][reason] = (reasons[group][reason] ?? 0) + 1;
      }
    }
    result[group] = `${scored} of ${pictures.length}`;
  }
  await encoder.close();
  return { scored: result, reasons };
}
