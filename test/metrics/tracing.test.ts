import { trace } from '@opentelemetry/api';
import { afterEach, expect, it } from 'vitest';
import { traced } from '../../src/metrics/tracing.js';
import { alert, outputsOf, score } from '../helpers.js';

interface Seen {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
  isEnded: boolean;
  isError: boolean;
}

/** The least an SDK is: keeps the spans that are begun. */
function record(): Seen[] {
  const seen: Seen[] = [];
  const startActiveSpan = (name: string, work: (span: object) => unknown) => {
    const span: Seen = { name, attributes: {}, isEnded: false, isError: false };
    seen.push(span);
    return work({
      isRecording: () => true,
      setAttributes: (more: object) => Object.assign(span.attributes, more),
      setStatus: () => {
        span.isError = true;
      },
      end: () => {
        span.isEnded = true;
      },
    });
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startActiveSpan }) } as never);
  return seen;
}
afterEach(() => trace.disable());

it('puts writes and flushes into spans, with counts and nothing of a patient', async () => {
  const seen = record();
  const written: unknown[] = [];
  const outputs = outputsOf({ scores: [score(1, 0.5)], alerts: [alert('a')] });
  const sink = traced('store', { write: async (each) => void written.push(each) });
  await sink.write(outputs);
  await sink.flush?.();
  await sink.close?.();
  expect(written).toEqual([outputs]);
  expect(seen.map(({ name, isEnded }) => [name, isEnded])).toEqual([
    ['store.write', true],
    ['store.flush', true],
  ]);
  expect(seen[0].attributes).toEqual({
    'wardstream.observations': 0,
    'wardstream.scores': 1,
    'wardstream.alerts': 1,
    'wardstream.dead_letters': 0,
  });
});

it('ends the span of a write that fails, and passes the failure on', async () => {
  const seen = record();
  const sink = traced('store', { write: () => Promise.reject(new Error('away')) });
  await expect(sink.write(outputsOf())).rejects.toThrow('away');
  expect(seen[0]).toMatchObject({ isEnded: true, isError: true });
});

it('only passes on where no SDK is loaded', async () => {
  const sink = traced('store', { write: () => Promise.reject(new Error('away')) });
  await expect(sink.write(outputsOf())).rejects.toThrow('away');
});
