import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Charted, chartedOf, Infusions } from '../../src/align/infusions.js';
import { sofaCardiovascular } from '../../src/clinical/sofa.js';
import { isPresentAt, presentAt } from '../../src/clinical/state.js';
import type { TreatmentMessage } from '../../src/contract/messages.js';
import type { TreatmentClinicalEvent } from '../../src/events/event.js';
import { eventOf, HOUR_MS, START, treatment } from '../helpers.js';

const MINUTE_MS = 60_000;
const at = (minute: number) => START + minute * MINUTE_MS;

let made = 0;
function charted(minute: number, action: TreatmentMessage['action'], more: Partial<TreatmentMessage> = {}) {
  const message = treatment({ messageId: `m${made++}`, eventTime: at(minute), action, ...more });
  return chartedOf(eventOf('treatments', message) as TreatmentClinicalEvent);
}

function infusionsOf(...chartings: readonly Charted[]): Infusions {
  const infusions = new Infusions();
  for (const each of chartings) infusions.record(each);
  infusions.update();
  return infusions;
}

/** The states at a minute: which, since which minute, by what, how many. */
function statesAt(infusions: Infusions, minute: number) {
  const episodes: Parameters<Infusions['addActive']>[0] = [];
  infusions.addActive(episodes);
  return presentAt(episodes, at(minute)).map(({ criterion, since, variable, value }) => [
    criterion,
    (since - START) / MINUTE_MS,
    variable,
    value,
  ]);
}

const RUNS = ['vasopressor', 0, 'norepinephrine', 1];

describe('an infusion', () => {
  it('is a state once it has run for ten minutes, until ten minutes after its end', () => {
    const running = infusionsOf(charted(0, 'START'));
    expect(statesAt(running, 9)).toEqual([]);
    expect(statesAt(running, 10)).toEqual([RUNS]);
    const over = infusionsOf(charted(0, 'START'), charted(60, 'STOP'));
    expect(statesAt(over, 69)).toEqual([['vasopressor', 0, 'norepinephrine', 0]]);
    expect(statesAt(over, 70)).toEqual([]);
  });

  it('goes on through a change of syringe, as one episode', () => {
    const changed = infusionsOf(charted(0, 'START'), charted(60, 'STOP'), charted(66, 'START'));
    expect(statesAt(changed, 120)).toEqual([RUNS]);
  });

  it('that was stopped for longer begins anew', () => {
    const again = infusionsOf(charted(0, 'START'), charted(60, 'STOP'), charted(80, 'START'));
    expect(statesAt(again, 90)).toEqual([['vasopressor', 80, 'norepinephrine', 1]]);
  });

  it('that is paused does not run', () => {
    const paused = infusionsOf(charted(0, 'START'), charted(60, 'CHANGE', { rate: 0 }));
    expect(statesAt(paused, 70)).toEqual([]);
  });

  it('that starts twice goes on, and one whose start nobody told begins with its first change', () => {
    const twice = infusionsOf(charted(0, 'START'), charted(30, 'START', { rate: 0.2 }));
    expect(statesAt(twice, 40)).toEqual([RUNS]);
    expect(statesAt(infusionsOf(charted(0, 'CHANGE')), 10)).toEqual([RUNS]);
  });

  it('that stops before it starts runs, and one that only stops does not', () => {
    expect(statesAt(infusionsOf(charted(-5, 'STOP'), charted(0, 'START')), 10)).toEqual([RUNS]);
    expect(statesAt(infusionsOf(charted(0, 'STOP')), 60)).toEqual([]);
  });

  it('that never stops is unknown after twelve hours, not running, and forgotten after three days', () => {
    const open = infusionsOf(charted(0, 'START'));
    expect(statesAt(open, 12 * 60 - 1)).toEqual([RUNS]);
    expect(statesAt(open, 12 * 60)).toEqual([['vasopressor-unknown', 0, 'norepinephrine', 1]]);
    expect(statesAt(open, 72 * 60 - 1)).toEqual([['vasopressor-unknown', 0, 'norepinephrine', 1]]);
    expect(statesAt(open, 72 * 60)).toEqual([]);
    open.record(charted(20 * 60, 'CHANGE'));
    open.update();
    expect(statesAt(open, 20 * 60 + 10)).toEqual([['vasopressor', 1200, 'norepinephrine', 1]]);
  });

  it('that is charted again goes on running', () => {
    const hourly = Array.from({ length: 40 }, (_, hour) =>
      charted(60 * hour, hour === 0 ? 'START' : 'CHANGE'),
    );
    expect(statesAt(infusionsOf(...hourly), 40 * 60)).toEqual([RUNS]);
  });

  it('is unknown beside another that runs', () => {
    const both = infusionsOf(
      charted(0, 'START'),
      charted(11 * 60, 'START', { drug: 'vasopressin', rate: 0.03, unit: 'U/min' }),
    );
    expect(statesAt(both, 11 * 60 + 10)).toEqual([['vasopressor', 0, 'norepinephrine', 2]]);
    expect(statesAt(both, 13 * 60).map(([criterion]) => criterion)).toEqual([
      'vasopressor',
      'vasopressor-unknown',
    ]);
    expect(statesAt(both, 23 * 60)).toEqual([['vasopressor-unknown', 0, 'norepinephrine', 1]]);
  });

  it('of two pumps ends with the last of them', () => {
    const pumps = infusionsOf(
      charted(0, 'START', { treatmentId: 'a' }),
      charted(30, 'START', { treatmentId: 'b' }),
      charted(60, 'STOP', { treatmentId: 'a' }),
    );
    expect(statesAt(pumps, 90)).toEqual([RUNS]);
  });

  it('is what its correction says, whichever came first', () => {
    const wrong = charted(0, 'START', { messageId: 'wrong', drug: 'adrenaline' });
    const right = charted(5, 'START', { corrects: 'wrong', observedAt: at(0) });
    for (const order of [
      [wrong, right],
      [right, wrong],
    ])
      expect(statesAt(infusionsOf(...order), 20)).toEqual([RUNS]);
    const never = charted(6, 'STOP', { corrects: 'wrong', observedAt: at(0), drug: 'adrenaline' });
    expect(statesAt(infusionsOf(wrong, never), 20)).toEqual([]);
  });

  it('counts by when it was done, not by when it was told', () => {
    const late = infusionsOf(charted(60, 'STOP'), charted(90, 'START', { observedAt: at(0) }));
    expect(statesAt(late, 100)).toEqual([]);
  });

  it('says the same when the same message comes twice', () => {
    const start = charted(0, 'START');
    const infusions = infusionsOf(start);
    infusions.record(start);
    expect(infusions.update()).toBe(false);
    expect(infusions.chartings).toHaveLength(1);
  });

  it('keeps its beginning and a bounded memory, however often it is charted', () => {
    const infusions = new Infusions();
    for (let minute = 0; minute < 20 * 24 * 60; minute += 15) infusions.record(charted(minute, 'CHANGE'));
    infusions.update();
    expect(infusions.chartings.length).toBeLessThanOrEqual(512);
    expect(statesAt(infusions, 20 * 24 * 60)).toEqual([RUNS]);
  });
});

describe('doses, as SOFA counts them', () => {
  const points = (minute: number, chartings: readonly Charted[], weightKg: number | null = null) =>
    sofaCardiovascular(80, infusionsOf(...chartings).vasopressorsAt(at(minute), weightKg));

  // Vincent et al., Intensive Care Medicine 1996;22:707-710, table 3.
  it.each([
    ['dobutamine', 3, 2],
    ['dopamine', 5, 2],
    ['dopamine', 5.1, 3],
    ['dopamine', 15, 3],
    ['dopamine', 15.1, 4],
    ['adrenaline', 0.1, 3],
    ['adrenaline', 0.11, 4],
    ['noradrenaline', 0.1, 3],
    ['noradrenaline', 0.11, 4],
    ['milrinone', 0.5, 0],
  ])('%s at %d µg/kg/min is worth %d points', (drug, rate, expected) => {
    expect(points(60, [charted(0, 'START', { drug, rate })])).toBe(expected);
  });

  it('are those given for at least an hour', () => {
    const raised = [charted(0, 'START', { rate: 0.05 }), charted(90, 'CHANGE', { rate: 0.3 })];
    expect([59, 60, 149, 150].map((minute) => points(minute, raised))).toEqual([0, 3, 3, 4]);
    const paused = [charted(0, 'START'), charted(70, 'STOP'), charted(75, 'START')];
    expect([69, 80, 134, 135].map((minute) => points(minute, paused))).toEqual([3, 0, 0, 3]);
  });

  it('of two pumps add up', () => {
    const pumps = ['a', 'b'].map((treatmentId) => charted(0, 'START', { treatmentId, rate: 0.06 }));
    expect(points(60, pumps)).toBe(4);
  });

  it('take the weight of the message, or else of the patient; without one they are more than none', () => {
    const start = (weightKg: number | null) => [charted(0, 'START', { rate: 10, unit: 'ug/min', weightKg })];
    expect(points(60, start(50))).toBe(4);
    expect(points(60, start(50), 200)).toBe(4);
    expect(points(60, start(null), 200)).toBe(3);
    expect(points(60, start(null))).toBe(3);
    expect(points(60, [charted(0, 'START', { rate: null })])).toBe(3);
  });

  it('are none once nobody has charted for twelve hours, or where nothing was', () => {
    expect(points(12 * 60, [charted(0, 'START')])).toBe(0);
    expect(infusionsOf().vasopressorsAt(at(0), 80)).toBeNull();
  });
});

/** Random chartings of up to four infusions over two days: stops without starts, pauses, corrections, what is told hours late. */
const random = fc
  .array(
    fc.record({
      minute: fc.integer({ min: 0, max: 48 * 60 }),
      delay: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 600 })),
      action: fc.constantFrom('START' as const, 'CHANGE' as const, 'STOP' as const),
      drug: fc.constantFrom('noradrenaline', 'dopamine'),
      treatmentId: fc.constantFrom(null, 'a'),
      rate: fc.constantFrom(0, 0.05, 0.2, null),
      corrects: fc.option(fc.integer({ min: 0, max: 20 }), { freq: 4 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((all) =>
    all.map(({ minute, delay, corrects, ...rest }, index) =>
      charted(minute + delay, rest.action, {
        ...rest,
        observedAt: at(minute),
        messageId: `r${index}`,
        corrects: corrects === null || corrects === index ? null : `r${corrects}`,
      }),
    ),
  );

/** Whether any infusion runs at a minute, from the list of what was charted alone. */
function runsByHand(chartings: readonly Charted[], time: number): boolean {
  const voided = new Set(chartings.map(({ corrects }) => corrects));
  const valid = chartings.filter((each) => !voided.has(each.messageId) && each.at <= time);
  return valid.some((each) => {
    const later = valid.filter(({ infusion }) => infusion === each.infusion);
    const isLast = later.every(
      (other) =>
        other.at < each.at ||
        (other.at === each.at &&
          (other.toldAt < each.toldAt ||
            (other.toldAt === each.toldAt && other.messageId <= each.messageId))),
    );
    return isLast && each.isRunning && time < each.at + 12 * HOUR_MS;
  });
}

describe('whatever the order in which messages come', () => {
  const shuffled = random.chain((all) =>
    fc.record({
      all: fc.constant(all),
      order: fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
      restarts: fc.array(fc.nat(all.length), { maxLength: 3 }),
    }),
  );
  const told = (infusions: Infusions) => {
    const episodes: Parameters<Infusions['addActive']>[0] = [];
    infusions.addActive(episodes);
    const doses = Array.from({ length: 30 }, (_, index) => infusions.vasopressorsAt(at(index * 100), 80));
    return { episodes, doses };
  };

  it('the same episodes and doses follow, also where it is put away and taken up again at any moment', () => {
    fc.assert(
      fc.property(shuffled, ({ all, order, restarts }) => {
        let infusions = new Infusions();
        order.forEach((each, index) => {
          if (restarts.includes(index)) {
            const kept = JSON.parse(JSON.stringify(infusions.chartings));
            infusions = new Infusions();
            infusions.restore(kept);
          }
          infusions.record(each);
          if (index % 3 === 0) infusions.update();
        });
        infusions.update();
        const inOrder = [...all].sort((a, b) => a.toldAt - b.toldAt);
        expect(told(infusions)).toEqual(told(infusionsOf(...inOrder)));
      }),
      { numRuns: 500 },
    );
  });

  it('the state says what the list of chartings says', () => {
    fc.assert(
      fc.property(random, fc.integer({ min: 1, max: 60 * 60 }), (all, after) => {
        const infusions = infusionsOf(...all);
        const last = Math.max(...all.map((each) => each.at));
        const time = last + after * MINUTE_MS;
        const episodes: Parameters<Infusions['addActive']>[0] = [];
        infusions.addActive(episodes);
        const running = episodes.find(({ criterion }) => criterion.id === 'vasopressor');
        const isPresent = running !== undefined && isPresentAt(running, running.criterion, time);
        // Within ten minutes of a change either may hold: that is the hysteresis.
        if (after > 10) expect(isPresent).toBe(runsByHand(all, time));
      }),
      { numRuns: 1000 },
    );
  });
});
