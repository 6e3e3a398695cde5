import type { Priority } from './protocol.js';

/** One outline a priority, so that it can be told without colour. */
const OUTLINES: Readonly<Record<Priority, string>> = {
  HIGH: 'M8 1.5 15 14.5H1Z',
  MEDIUM: 'M8 .8 15.2 8 8 15.2.8 8Z',
  LOW: 'M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13Z',
};

interface ShapeProps {
  readonly priority: Priority;
  /** Filled while somebody still has to react, outlined after that. */
  readonly filled: boolean;
}

/** The sign of a priority: triangle, diamond, circle. Always beside text that says the same. */
export function Shape({ priority, filled }: ShapeProps) {
  return (
    <svg class={filled ? 'shape filled' : 'shape'} viewBox="0 0 16 16" aria-hidden="true">
      <path d={OUTLINES[priority]} />
    </svg>
  );
}
