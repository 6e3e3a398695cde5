import type { Observable, OperatorFunction } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { TopicProgress } from '../../src/bus/bus.js';
import { MessageCodec } from '../../src/events/codec.js';
import type { ClinicalEvent } from '../../src/events/event.js';
import { START, vitals } from '../helpers.js';

/** Stages in virtual time: diagrams of what goes in and what comes out. */

export const FRAME = TestScheduler.frameTimeFactor;

/** Virtual time in which stages that await promises can be tested: between two frames all promises settle. */
export class Marbles {
  readonly scheduler = new TestScheduler(() => undefined);

  /** The frame it is now. */
  get frame(): number {
    return this.scheduler.frame / FRAME;
  }

  /** Resolves that many frames later. */
  after(frames: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.schedule(() => resolve(), frames * FRAME);
    });
  }

  /** Sends the diagram through an operator; what comes out, as messages with their frames. */
  async play<In, Out>(diagram: string, values: Record<string, In>, operator: OperatorFunction<In, Out>) {
    const { scheduler } = this;
    const out: ReturnType<typeof TestScheduler.parseMarbles> = [];
    const note = (notification: (typeof out)[number]['notification']) =>
      out.push({ frame: scheduler.frame, notification });
    const source: Observable<In> = scheduler.createColdObservable(diagram, values);
    source.pipe(operator).subscribe({
      next: (value) => note({ kind: 'N', value }),
      error: (error: unknown) => note({ kind: 'E', error }),
      complete: () => note({ kind: 'C' }),
    });
    for (let frame = 0; frame < 60; frame++) {
      scheduler.frame = frame * FRAME;
      scheduler.maxFrames = frame * FRAME;
      // Settled promises may ask for more at the same frame.
      for (let round = 0; round < 3; round++) {
        scheduler.flush();
        scheduler.frame = frame * FRAME;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return out;
  }
}

/** The messages of a diagram. */
export function diagram<T>(marbles: string, values: Record<string, T>, error?: unknown) {
  return TestScheduler.parseMarbles(marbles, values, error);
}

export const codec = new MessageCodec();

export const heartRate = (messageId: string, more: Parameters<typeof vitals>[1] = {}) =>
  codec.encode('VitalSigns', vitals({ heartRate: 80 }, { messageId, ...more }));

/** What the bus tells of its reading. */
export const progress = (
  through: number,
  ...more: Partial<TopicProgress>[]
): { progress: TopicProgress[] } => ({
  progress: (more.length === 0 ? [{}] : more).map((each) => ({
    partition: 0,
    topic: 'all',
    readThrough: through,
    completeThrough: through,
    silentMs: 0,
    unansweredMs: 0,
    ...each,
  })),
});

export const ids = (events: readonly ClinicalEvent[]) => events.map(({ messageId }) => messageId);

export const at = (minute: number, patientId = 'p1') => ({
  messageId: `${patientId} ${minute}`,
  patientId,
  eventTime: START + minute * 60_000,
});
