// `validate` of the whole of set A with its report, scoring included; the same again from stored scores; and a sweep of 48 alert
// policies over the stored scores. Each in a process of its own. WARDSTREAM_SET_A names the folder where it is elsewhere.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SET_A, wardstream } from './support/command.mjs';

const MINUTE = 60_000;

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  const scores = join(directory, 'scores.avro');
  const from = ['--from', `physionet2012:${SET_A}`, '--scores', scores];
  const validate = () => {
    const { seconds, scoringSeconds, peakRssMb, patients, scoresDigest } = wardstream(
      'validate',
      ...from,
      '--report',
      join(directory, 'report.html'),
    );
    return { seconds, scoringSeconds, peakRssMb, patients, scoresDigest };
  };
  try {
    const scored = validate();
    const { seconds, peakRssMb } = validate();
    const { policySeconds, totalSeconds } = wardstream('replay', ...from, ...policies(directory));
    return {
      ...scored,
      stored: { seconds, peakRssMb },
      sweep: { policies: 48, seconds: policySeconds, totalSeconds },
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Rules on both onsets, with thresholds and holds of all kinds, as files to be named to `--policy`. */
function policies(directory) {
  const words = [];
  for (const respiratory of [0.3, 0.4, 0.5, 0.6])
    for (const circulatory of [0.1, 0.15, 0.2, 0.25])
      for (const hold of [0, 10, 30]) {
        const rule = (signal, raiseAt) => ({
          id: signal,
          signal,
          priority: 'HIGH',
          raiseAt,
          resolveBelow: raiseAt * 0.75,
          holdMs: hold * MINUTE,
          refractoryMs: 60 * MINUTE,
          escalateAfterMs: 30 * MINUTE,
        });
        const file = join(directory, `r${respiratory}-c${circulatory}-h${hold}.yaml`);
        writeFileSync(
          file,
          JSON.stringify({ rules: [rule('respiratory', respiratory), rule('circulatory', circulatory)] }),
        );
        words.push('--policy', file);
      }
  return words;
}
