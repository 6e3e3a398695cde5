import type { PatientState } from '../align/patient.js';
import { RunningSummary, type StepIndex } from '../align/timeline.js';
import type { EpochMs } from '../events/event.js';
import { MicroBatcher } from '../inference/batcher.js';
import { contributionsOf } from '../inference/occlusion.js';
import type { OpenModel } from './models.js';
import type { Score, ShadowScore } from './outputs.js';

export interface ShadowOptions {
  readonly maxBatch: number;
  readonly onWarning: (message: string) => void;
}

/**
 * A second model on the same stream, to see how it would do: its scores are stored and published as its own, raise no
 * alert and are nobody's risk. If it fails it is switched off with one warning; the served model goes on.
 */
export class ShadowModel {
  readonly #batcher: MicroBatcher;
  readonly #version: string;
  readonly #base: number;
  readonly #onWarning: ShadowOptions['onWarning'];
  readonly #summary = new RunningSummary();
  #asked: ShadowScore[] = [];
  #isOff = false;

  constructor({ model, runtime, base }: OpenModel, { maxBatch, onWarning }: ShadowOptions) {
    this.#batcher = new MicroBatcher(model.encoder, runtime, model.shape, maxBatch);
    this.#version = model.config.version;
    this.#base = base.mortality;
    this.#onWarning = onWarning;
  }

  close(patient: PatientState, step: StepIndex, summary: RunningSummary): void {
    if (!this.#isOff) this.#batcher.close(patient, step, summary);
  }

  /** Scores the moment that `served` is the served model's score of. */
  score(patient: PatientState, time: EpochMs, served: Score): void {
    if (this.#isOff) return;
    const score: ShadowScore = { ...served, modelVersion: this.#version };
    this.#asked.push(score);
    this.#batcher.score(patient, time, ({ outcomes, without }) => {
      Object.assign(score, outcomes, {
        contributions: contributionsOf(outcomes.mortality, without, this.#base),
      });
    });
  }

  /** Snapshots hold the served model's cache only: this one is computed again from the steps there are. */
  restore(patient: PatientState): void {
    const { timeline } = patient;
    timeline.eachClosed(timeline.oldestStep, this.#summary, (step) =>
      this.close(patient, step, this.#summary),
    );
  }

  /** The scores asked for since the last call; they are there when `settle` has resolved. */
  take(): ShadowScore[] {
    const asked = this.#asked;
    this.#asked = [];
    return asked;
  }

  /** Runs what was asked for; what fails leaves none of these scores. */
  async settle(scores: readonly ShadowScore[]): Promise<readonly ShadowScore[]> {
    if (this.#isOff) return [];
    try {
      await this.#batcher.flush();
      return scores;
    } catch (error) {
      this.#isOff = true;
      const why = error instanceof Error ? error.message : String(error);
      this.#onWarning(`the shadow model ${this.#version} failed and is switched off: ${why}`);
      return [];
    }
  }
}
