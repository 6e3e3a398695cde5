import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { Outputs, Sink } from '../engine/outputs.js';

/**
 * Puts each write to a sink into an OpenTelemetry span, one a batch, with counts and without anything of a patient. Without
 * an SDK, which is preloaded with `node --import`, a span is nothing and costs nothing worth naming.
 */
export function traced(name: string, sink: Sink): Sink {
  const tracer = trace.getTracer('wardstream');
  const span = (what: string, work: () => Promise<void>, outputs?: Outputs) =>
    tracer.startActiveSpan(`${name}.${what}`, async (active) => {
      if (outputs !== undefined && active.isRecording()) {
        active.setAttributes({
          'wardstream.observations': outputs.observations.length,
          'wardstream.scores': outputs.scores.length,
          'wardstream.alerts': outputs.alerts.length,
          'wardstream.dead_letters': outputs.deadLetters.length,
        });
      }
      try {
        await work();
      } catch (error) {
        active.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        active.end();
      }
    });
  return {
    write: (outputs) => span('write', () => sink.write(outputs), outputs),
    flush: () => span('flush', async () => sink.flush?.()),
    close: async () => sink.close?.(),
  };
}
