/** What is said of a picture beside its pixels, by its message or its own header; empty where nothing is. */
export interface Stated {
  readonly modality: string;
  /** As words or as codes. */
  readonly bodyPart: string;
  readonly view: string;
  /** Free text of the sender, read only where body part or view is not stated. */
  readonly description: string;
}

/** Codes of the chest and the lungs in SNOMED CT, and in SNOMED RT before it (PS3.16, CID 4031). */
const CHEST_CODES: ReadonlySet<string> = new Set([
  '51185008',
  '43799004',
  '39607008',
  'T-D3000',
  'T-D3050',
  'T-28000',
]);
const CHEST = /CHEST|THORA|TORAX|LUNG|\bCXR\b/;
/** Parts that are none, or more than the chest. */
const OTHER_PART =
  /ABD|PELV|SPINE|SKULL|HEAD|NECK|BRAIN|SINUS|\bRIBS?\b|CLAVIC|SCAPUL|STERN|SHOULDER|ARM\b|ELBOW|WRIST|HAND|FINGER|HIP\b|LEG\b|THIGH|FEMUR|KNEE|TIBIA|FIBULA|ANKLE|FOOT|HEEL|TOE\b|EXTREM|BREAST|\bKUB\b/;
const FRONTAL = /^(AP|PA)\b|FRONTAL|ANTERO-?POSTERIOR|POSTERO-?ANTERIOR/;
const NOT_FRONTAL = /LAT|\bLL\b|\bRL\b|OBL|\b[LR][LA]O\b|\bR[LP]O\b|\bL[LP]O\b|\b[LR]LD\b|DECUB|LORDO|AXIAL/;
/** What senders write where they know nothing. */
const NOTHING = /^(|-|\*|N ?A|NONE|NULL|UNKNOWN|UNSPECIFIED|UNDEFINED|OTHER|ANY)$/;
const LONGEST_REASON = 64;

/**
 * Why a picture is no frontal chest radiograph by what is said of it; null where that says it is one, or says nothing.
 * `modalities` are those that are plain radiographs.
 */
export function whyNotFrontalChest(stated: Stated, modalities: ReadonlySet<string>): string | null {
  const modality = tidy(stated.modality);
  if (modality !== '' && !modalities.has(modality)) return reason('modality', stated.modality);
  const bodyPart = tidy(stated.bodyPart);
  if (bodyPart !== '' && !isChest(bodyPart)) return reason('body part', stated.bodyPart);
  const view = tidy(stated.view);
  if (view !== '' && (!FRONTAL.test(view) || NOT_FRONTAL.test(view))) return reason('view', stated.view);
  const description = tidy(stated.description);
  if (bodyPart === '' && OTHER_PART.test(description) && !CHEST.test(description)) {
    return reason('description', stated.description);
  }
  if (view !== '') return null;
  if (isOnlyLateral(bodyPart)) return reason('body part', stated.bodyPart);
  return isOnlyLateral(description) ? reason('description', stated.description) : null;
}

function isChest(bodyPart: string): boolean {
  return CHEST_CODES.has(bodyPart) || (CHEST.test(bodyPart) && !OTHER_PART.test(bodyPart));
}

/** "CHEST LAT", but not "CHEST PA+LAT", which says nothing of one picture of the two. */
function isOnlyLateral(text: string): boolean {
  return /\bLAT(ERAL)?\b|\bLL\b|\bDECUB/.test(text) && !/\b(PA|AP)\b|FRONTAL/.test(text);
}

/** Capitals, with spaces for what stands between words, and no points; empty where it says nothing. */
function tidy(text: string): string {
  const words = text
    .toUpperCase()
    .replaceAll('.', '')
    .replaceAll(/[_,;:+&()/\\\s]+/g, ' ')
    .trim();
  return NOTHING.test(words) ? '' : words;
}

function reason(what: string, said: string): string {
  const printable = said.replaceAll(/[^\p{L}\p{N}\p{P}\p{S}]+/gu, ' ').trim();
  return `${what} ${printable.length > LONGEST_REASON ? `${printable.slice(0, LONGEST_REASON)}…` : printable}`;
}
