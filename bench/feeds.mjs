// How often a bed would be told of as silent that is none: on 100 stays each of sets A and B of PhysioNet 2012 and on all of the MIMIC-IV
// demo, whose vital signs were charted by hand. Half of the stays choose the multiple, the others say what it does. A gap of 4 h or more, in
// which the last value ceases to count for a score, is counted apart: nothing truly came. WARDSTREAM_MIMIC4 names the folder of the demo as MEDS.
import { FeedTimes } from '../dist/align/feed-times.js';
import { INDEX_BY_CODE } from '../dist/clinical/variables.js';
import { dueOf } from '../dist/engine/feed-schedule.js';
import { hashId } from '../dist/events/dead-letter.js';
import { DEFAULT_CONFIG } from '../dist/settings/config.js';
import { openSource } from '../dist/sources/open-source.js';
import { SET_A } from './support/command.mjs';

const SET_B = process.env.WARDSTREAM_SET_B ?? SET_A.replace(/set-a$/, 'set-b');
const MIMIC4 = process.env.WARDSTREAM_MIMIC4 ?? SET_A.replace(/physionet2012\/set-a$/, 'mimic4-demo/meds');
const STAYS = 100;
const DAY_MS = 86_400_000;
const LONG_MS = 4 * 3_600_000;
const MULTIPLES = [2, 3, 4, 5];

const SOURCES = [
  ['setA', `physionet2012:${SET_A}`, STAYS],
  ['setB', `physionet2012:${SET_B}`, STAYS],
  ['mimic4', `meds:${MIMIC4}`, undefined],
];

/** The vital signs of each stay, in order. */
async function staysOf(from, limit) {
  const stays = new Map();
  for await (const { topic, key, eventTime, record } of openSource(from, limit).messages()) {
    if (topic !== 'ward.vitals') continue;
    const variables = record.observations.flatMap(({ code }) => INDEX_BY_CODE.get(code) ?? []);
    if (!stays.has(key)) stays.set(key, []);
    stays.get(key).push({ kind: 'vitals', eventTime, variables });
  }
  for (const events of stays.values()) events.sort((a, b) => a.eventTime - b.eventTime);
  return stays;
}

/** Notices on the stays of one half. */
function told(stays, isHalf, limits) {
  let days = 0;
  let short = 0;
  let long = 0;
  let beds = 0;
  for (const [id, events] of stays) {
    if (isHalf(id) === false) continue;
    beds++;
    days += (events.at(-1).eventTime - events[0].eventTime) / DAY_MS;
    const feed = new FeedTimes();
    for (const event of events) {
      const due = dueOf(feed, limits);
      if (due !== null && event.eventTime > due.at) {
        if (event.eventTime - feed.newest >= LONG_MS) long++;
        else short++;
      }
      feed.note(event);
    }
  }
  const perDay = (count) => Number((count / days).toFixed(3));
  return { beds, bedDays: Number(days.toFixed(1)), short: perDay(short), long: perDay(long) };
}

export async function measure() {
  const { multiple: shipped, floorMs } = DEFAULT_CONFIG.align.feeds;
  const isFirst = (id) => Number.parseInt(hashId(id).slice(0, 2), 16) % 2 === 0;
  const figures = {};
  for (const [name, from, limit] of SOURCES) {
    const stays = await staysOf(from, limit);
    const limits = (multiple) => ({ multiple, floorMs, usualMs: new Map() });
    const tuned = MULTIPLES.map((multiple) => [multiple, told(stays, isFirst, limits(multiple))]);
    const reported = told(stays, (id) => !isFirst(id), limits(shipped));
    figures[name] = { tunedOn: Object.fromEntries(tuned), shipped, reported };
  }
  return { figure: 'silent feeds told a bed-day that are none', ...figures };
}
