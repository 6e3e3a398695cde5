import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AlertMessage } from '../../src/contract/messages.js';
import { AlertsDigest } from '../../src/replay/digest.js';

it('the digest of alerts is that of their lines in order, whatever order they came in and in how many shares', () => {
  const alert = fc.record({
    alertId: fc.string({ unit: fc.constantFrom('0', '9', 'a', 'f'), minLength: 4, maxLength: 4 }),
    sequence: fc.nat({ max: 2_000_000 }),
    state: fc.constantFrom('RAISED', 'ESCALATED', 'RESOLVED'),
    eventTime: fc.integer({ min: -1e12, max: 2e12 }),
  });
  fc.assert(
    // More than fits one piece.
    fc.property(fc.array(alert, { maxLength: 900, size: 'max' }), fc.nat({ max: 3 }), (alerts, shares) => {
      const lines = alerts.map(
        ({ alertId, sequence, state, eventTime }) =>
          `${alertId} ${String(sequence).padStart(6, '0')} ${state} ${eventTime}`,
      );
      const expected = createHash('sha256');
      for (const line of lines.sort()) expected.update(`${line}\n`);
      const parts = Array.from({ length: shares }, () => new AlertsDigest());
      const whole = new AlertsDigest();
      alerts.forEach((each, index) => {
        (parts[index % (shares + 1)] ?? whole).add(each as unknown as AlertMessage);
      });
      for (const part of parts) whole.join(structuredClone(part.parts));
      expect(whole.digest()).toBe(expected.digest('hex'));
    }),
    { numRuns: 50 },
  );
});
