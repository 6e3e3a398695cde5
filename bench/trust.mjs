// What is found of artefacts, and what is lost of real values, on minutes labelled by eye (trust-labels.json): the 60 records of the
// Challenge 2009 and two monitor numerics, through the whole pipeline. The rules were tuned on every other record (tuned) and are
// reported on the rest (held). Intervals are Wilson's, 95 %; minutes of one spell are alike, so they are too narrow.
// WARDSTREAM_DATA names the folder that has physionet2009-hypotension and wfdb-icu-samples, by default ../shared/data.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REASONS } from '../dist/clinical/trust.js';
import { VARIABLES } from '../dist/clinical/variables.js';
import { replay } from '../dist/replay/replay.js';
import { parseConfig } from '../dist/settings/config.js';

const DATA = process.env.WARDSTREAM_DATA ?? '../shared/data';
const MINUTE_MS = 60_000;
/** In the middle of some day: minutes may be negative. */
const START = Date.UTC(2026, 0, 2, 12);
/** Columns of the numerics, and what they are here. PULSE has no place. */
const COLUMNS = {
  HR: 'heartRate',
  ABPSys: 'sbpInvasive',
  ABPDias: 'dbpInvasive',
  ABPMean: 'mapInvasive',
  RESP: 'respRate',
  SpO2: 'spo2',
  NBPSys: 'sbpCuff',
  NBPDias: 'dbpCuff',
  NBPMean: 'mapCuff',
};
const UNIT_OF = new Map(VARIABLES.map(({ id, unit }) => [id, unit]));

function linesOf(...path) {
  const [head, ...lines] = readFileSync(join(DATA, ...path), 'utf8')
    .trimEnd()
    .split('\n');
  return { head: head.split(','), rows: lines.map((line) => line.split(',')) };
}

/** The records, in order: minutes with what each tells by sign. */
function readRecords(labels) {
  const records = new Map();
  for (const [record, , minute, map] of linesOf('physionet2009-hypotension', 'map-per-minute.csv').rows) {
    if (!records.has(record)) records.set(record, []);
    records.get(record).push({ minute: Number(minute), values: { mapInvasive: Number(map) } });
  }
  for (const record of labels.zeroIsNoSignal) {
    const { head, rows } = linesOf('wfdb-icu-samples', `${record}.csv`);
    const minutes = rows.map((row) => {
      const told = head.flatMap((column, index) =>
        column in COLUMNS && row[index] ? [[COLUMNS[column], Number(row[index])]] : [],
      );
      return { minute: Number(row[0]), values: Object.fromEntries(told) };
    });
    records.set(record, minutes);
  }
  return records;
}

function* messagesOf(records) {
  const all = [...records].flatMap(([record, minutes]) => minutes.map((each) => ({ record, ...each })));
  all.sort((a, b) => a.minute - b.minute);
  for (const { record, minute, values } of all) {
    const eventTime = START + minute * MINUTE_MS;
    const observations = Object.entries(values).map(([code, value]) => ({
      code,
      value,
      unit: UNIT_OF.get(code),
    }));
    const head = {
      messageId: `${record}/${minute}`,
      patientId: record,
      eventTime,
      observedAt: null,
      source: '',
    };
    yield { topic: 'ward.vitals', key: record, eventTime, record: { ...head, observations } };
  }
}

/** Why each value is not used; null where it is: by record, minute and sign. */
async function judge(records) {
  const reasons = new Map();
  const write = async ({ observations }) => {
    for (const { messageId, variables, verdicts } of observations) {
      variables.forEach((variable, index) => {
        const code = verdicts?.[index] ?? 0;
        reasons.set(`${messageId}/${VARIABLES[variable].id}`, code === 0 ? null : REASONS[code - 1].id);
      });
    }
  };
  const counts = { patients: records.size, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const source = { counts, total: records.size, messages: () => messagesOf(records) };
  await replay(source, { config: parseConfig({}), speed: 'max', asksModel: false, sinks: [{ write }] });
  return reasons;
}

/** The label of a value: a kind of artefact, `unsure`, or `real`. */
function labelOf(labels, record, minute, sign, value) {
  const label = labels.labels.find(
    ([name, of, from, to]) => name === record && of === sign && minute >= from && minute <= to,
  );
  if (label !== undefined) return label[4];
  return value === 0 && labels.zeroIsNoSignal.includes(record) ? 'no-reading' : 'real';
}

/** A share with its interval. */
function share(part, whole) {
  if (whole === 0) return null;
  const z = 1.96;
  const p = part / whole;
  const centre = (p + (z * z) / (2 * whole)) / (1 + (z * z) / whole);
  const half = (z / (1 + (z * z) / whole)) * Math.sqrt((p * (1 - p)) / whole + (z * z) / (4 * whole * whole));
  const round = (number) => Number(number.toPrecision(3));
  return { part, whole, share: round(p), interval: [Math.max(0, centre - half), centre + half].map(round) };
}

function tally(records, labels, reasons) {
  const halves = {};
  [...records].forEach(([record, minutes], place) => {
    const half = place % 2 === 0 ? 'tuned' : 'held';
    const data = labels.zeroIsNoSignal.includes(record) ? 'numerics' : 'minutePressures';
    halves[half] ??= {};
    halves[half][data] ??= {};
    const sums = halves[half][data];
    for (const { minute, values } of minutes) {
      for (const [sign, value] of Object.entries(values)) {
        const kind = labelOf(labels, record, minute, sign, value);
        sums[kind] ??= [0, 0];
        if ((reasons.get(`${record}/${minute}/${sign}`) ?? null) !== null) sums[kind][0]++;
        sums[kind][1]++;
      }
    }
  });
  return halves;
}

function figuresOf(sums) {
  const kinds = Object.entries(sums).filter(([kind]) => kind !== 'real' && kind !== 'unsure');
  const [found, all] = kinds.reduce(([a, b], [, [part, whole]]) => [a + part, b + whole], [0, 0]);
  return {
    found: share(found, all),
    foundByKind: Object.fromEntries(kinds.map(([kind, [part, whole]]) => [kind, `${part}/${whole}`])),
    lost: share(...(sums.real ?? [0, 0])),
    unsure: `${(sums.unsure ?? [0, 0]).join('/')} not used`,
  };
}

/** Of all data together. */
function together(parts) {
  const sums = {};
  for (const part of Object.values(parts)) {
    for (const [kind, [found, all]] of Object.entries(part)) {
      sums[kind] ??= [0, 0];
      sums[kind][0] += found;
      sums[kind][1] += all;
    }
  }
  return sums;
}

export async function measure() {
  const labels = JSON.parse(readFileSync(new URL('trust-labels.json', import.meta.url), 'utf8'));
  const records = readRecords(labels);
  const reasons = await judge(records);
  const halves = tally(records, labels, reasons);
  return Object.fromEntries(
    Object.entries(halves).map(([half, parts]) => {
      const byData = Object.entries(parts).map(([data, sums]) => [data, figuresOf(sums)]);
      return [half, { all: figuresOf(together(parts)), ...Object.fromEntries(byData) }];
    }),
  );
}
