/**
 * What an alert is about. state: what the patient is in now, by a published criterion. risk: what a score foretells or adds up to,
 * NEWS2 among them. technical: what watches the patient.
 */
export const LAYERS = ['state', 'risk', 'technical'] as const;
export type Layer = (typeof LAYERS)[number];

/** The layer of an alert record: no score has a part in an alert of a state, so it has no risk of death. */
export function layerOf({
  class: kind,
  mortality,
}: {
  readonly class: 'clinical' | 'technical';
  readonly mortality: number | null;
}): Layer {
  if (kind === 'technical') return 'technical';
  return mortality === null ? 'state' : 'risk';
}
