import type { DataSet } from 'dicom-parser';
import type { Stated } from './frontal-chest.js';

/** DICOM modalities that are plain radiographs (PS3.3 C.7.3.1.1.1). */
export const DICOM_RADIOGRAPHS: ReadonlySet<string> = new Set(['CR', 'DX']);

/** What a DICOM file says of its picture: tags as in PS3.6. */
export function statedBy(dataSet: DataSet): Stated {
  const text = (tag: string) => dataSet.string(tag) ?? '';
  const region = codeOf(dataSet, 'x00082218');
  const view = codeOf(dataSet, 'x00540220');
  const direction = sideways(text('x00200020'));
  return {
    modality: text('x00080060'),
    bodyPart: text('x00180015') || region.meaning || region.value,
    view: direction ?? (text('x00185101') || view.meaning),
    description: [text('x0008103e'), text('x00181030'), text('x00181400')].filter(Boolean).join(', '),
  };
}

/** The first code of a sequence. */
function codeOf(dataSet: DataSet, tag: string): { readonly value: string; readonly meaning: string } {
  const item = dataSet.elements[tag]?.items?.[0]?.dataSet;
  return { value: item?.string('x00080100') ?? '', meaning: item?.string('x00080104') ?? '' };
}

/** A Patient Orientation whose rows or columns run from front to back is of a lateral view; otherwise null. */
function sideways(orientation: string): string | null {
  return orientation.split('\\').some((each) => /^\s*[AP]/.test(each))
    ? `lateral, by patient orientation ${orientation}`
    : null;
}

/** How the picture is to be turned so that the patient stands upright and faces the reader (Patient Orientation L\F). */
export interface Turn {
  /** Rows become columns, before the rest. */
  readonly isTransposed: boolean;
  readonly isFlippedAcross: boolean;
  readonly isFlippedDown: boolean;
}

/** Of Patient Orientation (PS3.3 C.7.6.1.1.1); none where it is not stated or not of a frontal view. */
export function turnOf(dataSet: DataSet): Turn {
  const [across = '', down = ''] = (dataSet.string('x00200020') ?? '')
    .split('\\')
    .map((each) => each.trim().charAt(0));
  const isUpright = /[LR]/.test(across) && /[FH]/.test(down);
  const isLying = /[FH]/.test(across) && /[LR]/.test(down);
  if (!isUpright && !isLying) return { isTransposed: false, isFlippedAcross: false, isFlippedDown: false };
  const [side, end] = isLying ? [down, across] : [across, down];
  return { isTransposed: isLying, isFlippedAcross: side === 'R', isFlippedDown: end === 'H' };
}
