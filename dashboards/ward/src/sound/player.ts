import type { Priority } from '../protocol.js';
import { BURSTS, burstSeconds, FREQUENCY, HARMONICS, RISE } from './burst.js';

/** Loudness of the whole, 0 to 1. How loud a room hears it is for whoever sets up the workstation. */
const GAIN = 0.5;

/** Sounds one priority at a time, burst after burst, for as long as it is set. */
export class AlarmPlayer {
  readonly #onBlocked: (blocked: boolean) => void;
  #context: AudioContext | undefined;
  #wave: PeriodicWave | undefined;
  #gain: GainNode | undefined;
  #priority: Priority | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onBlocked` hears whether the browser holds sound back until the viewer has touched the page. */
  constructor(onBlocked: (blocked: boolean) => void) {
    this.#onBlocked = onBlocked;
  }

  /** Sounds this priority from now on; null is silence. The same priority again changes nothing. */
  play(priority: Priority | null): void {
    if (priority === this.#priority) return;
    this.#priority = priority;
    this.#silence();
    if (priority !== null) this.#repeat(priority);
  }

  /** To be called when the viewer has touched the page: browsers allow sound only then. */
  unlock(): void {
    const context = this.#open();
    if (context.state !== 'suspended') return;
    void context.resume().then(() => {
      this.#onBlocked(false);
      const priority = this.#priority;
      this.#silence();
      if (priority !== null) this.#repeat(priority);
    });
  }

  close(): void {
    this.#silence();
    void this.#context?.close();
  }

  #open(): AudioContext {
    if (this.#context !== undefined) return this.#context;
    this.#context = new AudioContext();
    const imaginary = Float32Array.from([0, ...HARMONICS]);
    this.#wave = this.#context.createPeriodicWave(new Float32Array(imaginary.length), imaginary);
    return this.#context;
  }

  #repeat(priority: Priority): void {
    const context = this.#open();
    this.#onBlocked(context.state === 'suspended');
    if (context.state === 'running') this.#sound(context, priority);
    const burst = BURSTS[priority];
    this.#timer = setTimeout(() => this.#repeat(priority), 1000 * (burstSeconds(burst) + burst.interval));
  }

  #sound(context: AudioContext, priority: Priority): void {
    const burst = BURSTS[priority];
    const begin = context.currentTime + 0.02;
    const oscillator = context.createOscillator();
    oscillator.setPeriodicWave(this.#wave!);
    oscillator.frequency.value = FREQUENCY;
    const gain = context.createGain();
    gain.gain.value = 0;
    for (const { start, duration } of burst.pulses) {
      const rise = RISE * duration;
      gain.gain.setValueAtTime(0, begin + start);
      gain.gain.linearRampToValueAtTime(GAIN, begin + start + rise);
      gain.gain.setValueAtTime(GAIN, begin + start + duration - rise);
      gain.gain.linearRampToValueAtTime(0, begin + start + duration);
    }
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(begin);
    oscillator.stop(begin + burstSeconds(burst));
    this.#gain = gain;
  }

  #silence(): void {
    clearTimeout(this.#timer);
    this.#gain?.disconnect();
    this.#gain = undefined;
  }
}
