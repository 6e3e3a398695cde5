import {
  type Bedside,
  blood,
  cardiovascular,
  filler,
  identity,
  impression,
  infection,
  metabolic,
  neuro,
  renal,
  respiratory,
  vitalSigns,
  worries,
} from './shorthand.js';

export type NoteKind = 'admission' | 'nursing' | 'progress' | 'event';

/** Share of the systems a note speaks of. */
const SYSTEM_SHARE = 0.85;
const NURSING = [neuro, cardiovascular, respiratory, renal, infection];
const PHYSICIAN = [neuro, cardiovascular, respiratory, renal, metabolic, infection, blood];

/** A note in clinicians' shorthand. Everything in it was recorded in the course before. */
export function writeNote(kind: NoteKind, bedside: Bedside): string {
  const { random } = bedside;
  const systems = kind === 'nursing' || (kind !== 'progress' && random.chance(0.5)) ? NURSING : PHYSICIAN;
  const spoken = systems.filter(() => random.chance(SYSTEM_SHARE));
  const sentences = [
    ...(kind === 'admission' ? identity(bedside) : []),
    ...(kind === 'event' ? [`ATSP re ${worries(bedside).slice(0, 2).join(' and ') || 'a change'}`] : []),
    ...vitalSigns(bedside),
    ...spoken.flatMap((system) => system(bedside)),
    ...filler(bedside),
    ...impression(bedside),
  ];
  return sentences.map(sentence).join(' ');
}

function sentence(words: string): string {
  const text = words.trim();
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
