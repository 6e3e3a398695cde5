/** A span of time, in ms: from `start`, up to but not including `end`. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** What any of the spans covers, ascending and without overlap; those that touch become one. Empty spans vanish. */
export function union(spans: readonly Interval[]): Interval[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    if (!(end > start)) continue;
    const last = merged.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** What both cover. Each must be ascending and without overlap, as `union` returns it. */
export function intersection(first: readonly Interval[], second: readonly Interval[]): Interval[] {
  const common: Interval[] = [];
  for (let a = 0, b = 0; a < first.length && b < second.length; ) {
    const start = Math.max(first[a].start, second[b].start);
    const end = Math.min(first[a].end, second[b].end);
    if (end > start) common.push({ start, end });
    if (first[a].end < second[b].end) a++;
    else b++;
  }
  return common;
}
