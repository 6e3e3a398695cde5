import { describe, expect, it } from 'vitest';
import { type BrokerTime, CheckedClock, judgeClocks } from '../src/checked-clock.js';

const MINUTE_MS = 60_000;

describe('whose clock is right', () => {
  const judge = (brokerAheadMs: number | null, settled: number[] = []) => {
    const { correctionMs, wrong } = judgeClocks({ brokerAheadMs, settled, settling: [], isAgreed: true });
    return { correctionMs, wrong };
  };

  it('the brokers decide, behind and ahead, where nobody is heard or a few agree with them', () => {
    const late = 5 * MINUTE_MS;
    expect(judge(late)).toEqual({ correctionMs: late, wrong: 'machine' });
    expect(judge(-late)).toEqual({ correctionMs: -late, wrong: 'machine' });
    expect(judge(late, [late, late - 3000, late])).toEqual({ correctionMs: late, wrong: 'machine' });
  });

  it('is the machine where the brokers are as near as two clocks are', () => {
    expect(judge(2000)).toEqual({ correctionMs: 0, wrong: null });
    expect(judge(2000, [0, -5000, 100])).toEqual({ correctionMs: 0, wrong: null });
  });

  it('is the machine where several patients agree with it and nobody with the brokers', () => {
    expect(judge(20 * MINUTE_MS, [-1000, 0, -2000])).toEqual({ correctionMs: 0, wrong: 'broker' });
    expect(judge(20 * MINUTE_MS, [-1000, 0, 20 * MINUTE_MS]).wrong).toBe('machine');
  });

  it('is the machine where every patient is ahead alike and the brokers do not tell', () => {
    const ahead = [20, 21, 20.5].map((minutes) => minutes * MINUTE_MS);
    expect(judge(null, ahead)).toEqual({ correctionMs: 20 * MINUTE_MS, wrong: 'machine' });
  });

  it('is all producers where the brokers confirm the machine, as by a summer time taken too early', () => {
    const ahead = [60, 60, 60.5].map((minutes) => minutes * MINUTE_MS);
    expect(judge(0, ahead)).toEqual({ correctionMs: 0, wrong: 'producers' });
  });

  it('is not one producer among others, nor so few that they may be one', () => {
    const one = [20 * MINUTE_MS, 20 * MINUTE_MS, 20 * MINUTE_MS, -3000];
    expect(judge(0, one)).toEqual({ correctionMs: 0, wrong: null });
    expect(judge(null, one)).toEqual({ correctionMs: 0, wrong: null });
    expect(judge(null, one.slice(0, 2))).toEqual({ correctionMs: 0, wrong: null });
    // A backlog tells nothing.
    expect(judge(null, [-3 * 3_600_000, -4 * 3_600_000, -3_600_000])).toEqual({
      correctionMs: 0,
      wrong: null,
    });
  });
});

/** A machine of which the test sets the clock. */
class Machine {
  passed = 0;
  /** Of its clock before the right one. */
  aheadMs = 0;
  readonly start = Date.UTC(2026, 0, 5);
  readonly told: string[] = [];

  get right(): number {
    return this.start + this.passed;
  }

  readonly broker: BrokerTime = {
    ahead: async (now) => this.right - now(),
    close: async () => undefined,
  };

  clock(broker: BrokerTime | null = this.broker): CheckedClock {
    return new CheckedClock({
      broker,
      machine: () => this.right + this.aheadMs,
      passing: () => this.passed,
      troubles: {
        raise: ({ kind }) => void this.told.push(kind),
        clear: (kind) => void this.told.push(`${kind} over`),
      },
    });
  }
}

describe('a checked clock', () => {
  it('shows the right time on a machine that is 20 minutes behind, says so, and when it is over', async () => {
    const machine = new Machine();
    machine.aheadMs = -20 * MINUTE_MS;
    const clock = machine.clock();
    await clock.ask();
    expect(clock.now()).toBe(machine.right);
    expect(clock.correctionMs).toBe(20 * MINUTE_MS);
    expect(machine.told).toContain('clock-behind');
    machine.aheadMs = 0;
    expect(clock.now()).toBe(machine.right);
    await clock.ask();
    expect(machine.told.at(-1)).not.toBe('clock-behind');
    expect(machine.told).toContain('clock-behind over');
  });

  it('goes on evenly when the machine is set, forwards and back, before the brokers are asked again', async () => {
    const machine = new Machine();
    const clock = machine.clock();
    await clock.ask();
    for (const minutes of [20, -20, 5]) {
      machine.aheadMs = minutes * MINUTE_MS;
      machine.passed += 50;
      expect(clock.now()).toBe(machine.right);
    }
  });

  it('takes no event for one of the future before anybody is heard, and does where others are of now', () => {
    const machine = new Machine();
    const clock = machine.clock(null);
    expect(clock.patienceMs).toBeGreaterThan(20 * MINUTE_MS);
    clock.heard('P1', machine.right);
    machine.passed += 4000;
    clock.decide();
    expect(clock.patienceMs).toBe(0);
    expect(clock.now()).toBe(machine.right);
  });

  it('follows all patients where no broker tells the time', () => {
    const machine = new Machine();
    machine.aheadMs = -20 * MINUTE_MS;
    const clock = machine.clock(null);
    for (const patient of ['P1', 'P2', 'P3']) {
      clock.heard(patient, machine.right);
      // What another topic brings may be older.
      clock.heard(patient, machine.right - 40 * MINUTE_MS);
    }
    clock.decide();
    // Others may not have been heard yet.
    expect(clock.correctionMs).toBe(0);
    machine.passed += 10_000;
    clock.decide();
    expect(clock.now()).toBe(machine.right);
    expect(machine.told).toContain('clock-behind');
  });

  it('follows nobody at a start where the first to be heard is ahead and the next is not', () => {
    const machine = new Machine();
    const clock = machine.clock(null);
    for (const patient of ['P1', 'P2', 'P3']) clock.heard(patient, machine.right + 20 * MINUTE_MS);
    for (let second = 0; second < 30; second++) {
      if (second === 8) clock.heard('P4', machine.right);
      machine.passed += 1000;
      clock.decide();
      expect(clock.correctionMs).toBe(0);
    }
    expect(clock.patienceMs).toBe(0);
  });
});
