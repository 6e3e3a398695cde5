import { titleOf } from '../../../../src/contract/amounts.js';
import type { AlertView, ImageView, Timeline } from '../protocol.js';
import type { Span } from './timeline.js';

/** Something that happened at a moment, to be opened. */
export interface Mark {
  readonly kind: 'note' | 'image' | 'alert' | 'truth';
  readonly id: string;
  readonly time: number;
  readonly text: string;
}

/** Marks too close together to be told apart on the screen. */
export interface Cluster {
  /** 0 at the left edge of the span, 1 at the right. */
  readonly at: number;
  readonly marks: readonly Mark[];
}

/** When an alert was open. */
export interface AlertSpan {
  readonly alert: AlertView;
  readonly from: number;
  /** Null: it still is. */
  readonly to: number | null;
}

/** The notes, images and alerts of a timeline, oldest first. */
export function marksOf({ notes, images, alerts }: Timeline): Mark[] {
  const marks: Mark[] = [
    ...notes.map(({ noteId, eventTime, noteType, authorRole }) => ({
      kind: 'note' as const,
      id: noteId,
      time: eventTime,
      text: `${noteType} note, ${authorRole}`,
    })),
    ...images.map((image) => ({
      kind: 'image' as const,
      id: image.imageId,
      time: image.eventTime,
      text: [`${image.modality} ${image.bodySite.toLowerCase()}`, whyNotScored(image)]
        .filter(Boolean)
        .join(': '),
    })),
    ...alerts
      .filter(({ sequence }) => sequence === 0)
      .map(({ alertId, eventTime, rule, label, priority }) => ({
        kind: 'alert' as const,
        id: alertId,
        time: eventTime,
        text: `${priority.toLowerCase()} alert raised: ${titleOf({ rule, label })}`,
      })),
  ];
  return marks.sort((a, b) => a.time - b.time);
}

/** Why there is no finding of an image; empty where there is one. */
export function whyNotScored({ finding, problem }: Pick<ImageView, 'finding' | 'problem'>): string {
  if (finding !== null) return '';
  return problem === null ? 'no encoder has looked at it' : `not scored: ${problem}`;
}

/** The marks within the span, those of one kind within `least` (a part of the span) of each other as one. */
export function clustersOf(marks: readonly Mark[], { from, to }: Span, least: number): Cluster[] {
  const clusters: { at: number; marks: Mark[] }[] = [];
  for (const mark of marks) {
    if (mark.time < from || mark.time > to) continue;
    const at = (mark.time - from) / (to - from);
    const last = clusters.findLast(({ marks: [first] }) => first.kind === mark.kind);
    if (last !== undefined && at - last.at < least) last.marks.push(mark);
    else clusters.push({ at, marks: [mark] });
  }
  return clusters;
}

/** When each alert was open, from its records; `open` are the newest records of those that still are. */
export function alertSpansOf(records: readonly AlertView[], open: readonly AlertView[]): AlertSpan[] {
  const newest = new Map<string, AlertView>();
  for (const record of [...records, ...open]) {
    const known = newest.get(record.alertId);
    if (known === undefined || record.sequence > known.sequence) newest.set(record.alertId, record);
  }
  return [...newest.values()]
    .map((alert) => ({
      alert,
      from: alert.onsetTime,
      to: alert.state === 'RESOLVED' ? alert.eventTime : null,
    }))
    .sort((a, b) => b.from - a.from);
}
