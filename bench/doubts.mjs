// Which scores trust changes: set A replayed twice, the first time with nothing doubted (what no patient can have is left out both
// times). Scores that differ, by signal, and how many of them come before any value of their stay that is not used: there must be none.
import { Trust } from '../dist/align/trust.js';
import { FORECAST_IDS } from '../dist/contract/outcomes.js';
import { replay } from '../dist/replay/replay.js';
import { parseConfig } from '../dist/settings/config.js';
import { openSource } from '../dist/sources/open-source.js';
import { SET_A } from './support/command.mjs';

const SIGNALS = {
  mortality: ({ mortality }) => mortality,
  ...Object.fromEntries(FORECAST_IDS.map((id) => [id, (score) => score[id]])),
  news2: ({ news2 }) => news2,
  qsofa: ({ qsofa }) => qsofa,
  sofa: ({ sofa }) => sofa.total,
};
const NAMES = Object.keys(SIGNALS);

async function replayTo(sink) {
  const options = { config: parseConfig({}), speed: 'max', explainsAlerts: false, sinks: [sink] };
  await replay(openSource(`physionet2012:${SET_A}`), options);
}

/** By stay and time, the signals of each score where nothing is doubted. */
async function scoresWithoutDoubt() {
  const { judge } = Trust.prototype;
  const scores = new Map();
  Trust.prototype.judge = () => {};
  try {
    await replayTo({
      async write(outputs) {
        for (const score of outputs.scores) {
          scores.set(
            keyOf(score),
            Float64Array.from(NAMES, (name) => SIGNALS[name](score) ?? Number.NaN),
          );
        }
      },
    });
  } finally {
    Trust.prototype.judge = judge;
  }
  return scores;
}

function keyOf({ stayId, eventTime }) {
  return `${stayId} ${eventTime}`;
}

/** Compares the scores of a replay with those of one in which nothing was doubted. */
class Comparison {
  scores = 0;
  /** Of one of the two only. */
  single = 0;
  values = 0;
  notUsed = 0;
  unfounded = 0;
  after = 0;
  differ = 0;
  bySignal = Object.fromEntries(NAMES.map((name) => [name, { differ: 0, unfounded: 0, most: 0 }]));
  /** By patient, when the first value came that is not used. */
  doubtedFrom = new Map();
  #without;

  constructor(without) {
    this.#without = without;
  }

  async write({ observations, scores }) {
    for (const { patientId, eventTime, values, verdicts } of observations) {
      this.values += values.length;
      const notUsed = verdicts?.reduce((sum, code) => sum + (code > 0 ? 1 : 0), 0) ?? 0;
      this.notUsed += notUsed;
      if (notUsed > 0 && !this.doubtedFrom.has(patientId)) this.doubtedFrom.set(patientId, eventTime);
    }
    for (const score of scores) this.#compare(score);
  }

  #compare(score) {
    this.scores++;
    const isAfter = this.doubtedFrom.get(score.patientId) <= score.eventTime;
    if (isAfter) this.after++;
    const without = this.#without.get(keyOf(score));
    if (without === undefined) this.single++;
    this.#without.delete(keyOf(score));
    let differs = without === undefined;
    NAMES.forEach((name, place) => {
      const value = SIGNALS[name](score) ?? Number.NaN;
      if (without === undefined || Object.is(value, without[place])) return;
      differs = true;
      const signal = this.bySignal[name];
      signal.differ++;
      if (!isAfter) signal.unfounded++;
      signal.most = Math.max(signal.most, Math.abs(value - without[place]) || 0);
    });
    if (!differs) return;
    this.differ++;
    if (!isAfter) this.unfounded++;
  }

  get result() {
    const { values, notUsed, doubtedFrom, scores, after, differ, unfounded, bySignal } = this;
    const single = this.single + this.#without.size;
    return { values, notUsed, stays: doubtedFrom.size, scores, after, single, differ, unfounded, bySignal };
  }
}

export async function measure() {
  const comparison = new Comparison(await scoresWithoutDoubt());
  await replayTo(comparison);
  return comparison.result;
}
