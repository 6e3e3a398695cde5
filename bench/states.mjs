// What alerts of patients' states cost and catch, with the policy that ships: on 600 stays of set A how often they come and for how
// much of bed-time they are open, by grade and criterion; on 1 000 stays of set B how many spells of grave signs, as charted, had no open
// alert, and how many of these have a bad value that is trusted. On 200 stays of set A, moment by moment as live, what technical notices cost.
import { SIGNS } from '../dist/clinical/signs.js';
import { reasonOf, USED } from '../dist/clinical/trust.js';
import { isOfRule } from '../dist/contract/layers.js';
import { replay } from '../dist/replay/replay.js';
import { parseConfig } from '../dist/settings/config.js';
import { openSource } from '../dist/sources/open-source.js';
import { MomentByMoment } from '../dist/study/probe/share.js';
import { SET_A } from './support/command.mjs';

const SET_B = process.env.WARDSTREAM_SET_B ?? SET_A.replace(/set-a$/, 'set-b');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Signs as grave as that, read as states read them, and how long a spell lasts at least to count. */
const SPELLS = [
  {
    name: 'MAP <= 55 for 30 min',
    sign: 'map',
    direction: 'low',
    isBad: (value) => value <= 55,
    leastMs: 30 * MINUTE_MS,
  },
  {
    name: 'heart rate < 40',
    sign: 'heartRate',
    direction: 'low',
    isBad: (value) => value < 40,
    leastMs: 10 * MINUTE_MS,
  },
  {
    name: 'SpO2 < 80',
    sign: 'spo2',
    direction: 'low',
    isBad: (value) => value < 80,
    leastMs: 10 * MINUTE_MS,
  },
  {
    name: 'potassium >= 6.5',
    sign: 'potassium',
    direction: 'high',
    isBad: (value) => value >= 6.5,
    leastMs: 0,
  },
  { name: 'glucose < 40', sign: 'glucose', direction: 'low', isBad: (value) => value < 40, leastMs: 0 },
];

/** A sink that keeps when each alert of one class of each stay was open, and the values that spells are told from. */
class Watch {
  stays = new Map();
  #class;
  #variables = new Set(SPELLS.flatMap(({ sign }) => SIGNS[sign].variables));

  constructor(wanted) {
    this.#class = wanted;
  }

  async write({ admitted, observations, alerts, discharged }) {
    for (const { patientId, admittedAt } of admitted) {
      this.stays.set(patientId, { from: admittedAt, to: admittedAt, alerts: new Map(), values: [] });
    }
    for (const { patientId, eventTime, observedAt, variables, values, verdicts } of observations) {
      const stay = this.stays.get(patientId);
      stay.to = Math.max(stay.to, eventTime);
      variables.forEach((variable, index) => {
        if (this.#variables.has(variable))
          stay.values.push({
            variable,
            at: observedAt,
            value: values[index],
            verdict: verdicts?.[index] ?? USED,
          });
      });
    }
    for (const { patientId, lastEventAt } of discharged) this.stays.get(patientId).to = lastEventAt;
    for (const alert of alerts) {
      // Some notices are about nobody.
      if (alert.class !== this.#class || !this.stays.has(alert.patientId)) continue;
      const { alerts: known } = this.stays.get(alert.patientId);
      const { from } = known.get(alert.alertId) ?? { from: alert.eventTime };
      known.set(alert.alertId, { alert, from, to: alert.state === 'RESOLVED' ? alert.eventTime : null });
    }
  }
}

async function watched(directory, patients) {
  const watch = new Watch('clinical');
  const source = openSource(`physionet2012:${directory}`, patients);
  await replay(source, { config: parseConfig({}), speed: 'max', sinks: [watch], explainsAlerts: false });
  return [...watch.stays.values()];
}

/** The same with technical notices, which are told live only: each moment is dealt with before the next happens. */
async function noticed(patients) {
  const watch = new Watch('technical');
  const pace = new MomentByMoment();
  await replay(openSource(`physionet2012:${SET_A}`, patients), {
    config: parseConfig({}),
    speed: 'max',
    pace,
    onOpened: (engine, bus) => pace.follow(() => bus.unread > 0 || engine.inFlight > 0),
    sinks: [watch],
    explainsAlerts: false,
    asksModel: false,
    watchesBeds: true,
  });
  return [...watch.stays.values()];
}

/** What each kind of alert costs, by the name that `nameOf` gives it. */
function burdensBy(stays, nameOf) {
  const names = stays.flatMap(({ alerts }) => [...alerts.values()].map(({ alert }) => nameOf(alert)));
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => [name, burdenOf(stays, (alert) => nameOf(alert) === name)]),
  );
}

/** Time covered by any of some spans. */
function covered(spans) {
  let [total, reached] = [0, Number.NEGATIVE_INFINITY];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    total += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return total;
}

function burdenOf(stays, wanted) {
  const bedMs = stays.reduce((sum, { from, to }) => sum + to - from, 0);
  let [alerts, openMs, longestMs] = [0, 0, 0];
  for (const stay of stays) {
    const spans = [...stay.alerts.values()]
      .filter(({ alert }) => wanted(alert))
      .map(({ from, to }) => ({ from, to: to ?? stay.to }));
    alerts += spans.length;
    openMs += covered(spans);
    longestMs = Math.max(longestMs, ...spans.map(({ from, to }) => to - from));
  }
  return {
    alerts,
    aBedDay: round(alerts / (bedMs / DAY_MS)),
    shareOfBedTime: round(openMs / bedMs),
    longestHours: round(longestMs / HOUR_MS),
  };
}

function round(value) {
  return Number(value.toFixed(3));
}

/** What a sign is, trusted or not, at each moment of a stay at which one of its values was observed. */
function readingsOf({ values }, { variables, read }, direction) {
  const own = values.filter(({ variable }) => variables.includes(variable)).sort((a, b) => a.at - b.at);
  const [last, lastAt, lastVerdict] = [[], [], []];
  let spoke = -1;
  return own.flatMap(({ variable, at, value, verdict }, place) => {
    last[variable] = value;
    lastVerdict[variable] = verdict;
    lastAt[variable] = at;
    if (own[place + 1]?.at === at) return [];
    const ages = lastAt.map((time) => at - time);
    const reading = read(last, ages, at, { direction, best: Number.NaN, spoke });
    spoke = reading?.variable ?? spoke;
    return reading === null ? [] : { ...reading, verdict: lastVerdict[reading.variable] };
  });
}

/** Stretches from the first bad value of a sign to the next that is not, or to the end of the stay, with the verdicts on the bad ones. */
function spellsOf(stay, { sign, direction, isBad, leastMs }) {
  const spells = [];
  let spell = null;
  for (const { at, value, verdict } of readingsOf(stay, SIGNS[sign], direction)) {
    if (isBad(value)) {
      spell ??= { from: at, to: stay.to, verdicts: [] };
      spell.verdicts.push(verdict);
    } else if (spell !== null) {
      spells.push({ ...spell, to: at });
      spell = null;
    }
  }
  if (spell !== null) spells.push(spell);
  return spells.filter((spell) => spell.to - spell.from >= leastMs);
}

/** How many spells there are, and which had no open alert. */
function unalarmed(stays, spell, wanted) {
  let spells = 0;
  const without = [];
  for (const stay of stays) {
    const open = [...stay.alerts.values()].filter(({ alert }) => wanted(alert));
    for (const found of spellsOf(stay, spell)) {
      spells++;
      const { from, to } = found;
      if (!open.some((each) => each.from <= to && (each.to ?? stay.to) >= from)) without.push(found);
    }
  }
  return { spells, without };
}

/** Of spells without a trusted value: why the first value is not trusted, and how many. */
function reasonsOf(spells) {
  const counts = {};
  for (const { verdicts } of spells) {
    const { id } = reasonOf(verdicts[0]);
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return Object.entries(counts)
    .map(([id, count]) => `${count} ${id}`)
    .join(', ');
}

function foundOf(stays, spell) {
  const { spells, without } = unalarmed(stays, spell, ANY);
  const untrusted = without.filter(({ verdicts }) => !verdicts.includes(USED));
  return {
    spells,
    without: without.length,
    withoutThoughTrusted: without.length - untrusted.length,
    untrusted: reasonsOf(untrusted),
    withoutRuleAlert: unalarmed(stays, spell, isOfRule).without.length,
  };
}

const ANY = () => true;
const ofStates = (alert) => !isOfRule(alert);

export async function measure() {
  const setA = await watched(SET_A, 600);
  const setB = await watched(SET_B, 1000);
  const live = await noticed(200);
  const graded = (priority) => (alert) => ofStates(alert) && alert.priority === priority;
  return {
    stays: [setA.length, setB.length, live.length],
    any: burdenOf(setA, ANY),
    rules: burdenOf(setA, isOfRule),
    states: burdenOf(setA, ofStates),
    critical: burdenOf(setA, graded('HIGH')),
    failing: burdenOf(setA, graded('MEDIUM')),
    byCriterion: burdensBy(setA, ({ rule }) => rule),
    technical: burdenOf(live, ANY),
    byNotice: burdensBy(live, ({ rule, priority }) => `${rule} ${priority}`),
    spells: Object.fromEntries(SPELLS.map((spell) => [spell.name, foundOf(setB, spell)])),
  };
}
