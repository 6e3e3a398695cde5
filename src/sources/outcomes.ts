import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { WardstreamError } from '../errors.js';
import { yesOrNo } from './cells.js';
import type { Label } from './labels.js';

/** What became of each patient, by patient id. */
export type Outcomes = ReadonlyMap<string, Label>;

/** Accepted names of the columns: the Challenge's, and plain ones for a hospital's own file. */
const ID_COLUMNS = ['RecordID', 'patientId', 'stay_id', 'subject_id'];
const DEATH_COLUMNS = ['In-hospital_death', 'died', 'label'];

/**
 * The outcomes file of a PhysioNet 2012 folder: `Outcomes-x.txt` for the folder `set-x`, beside it or in it; else the
 * only `Outcomes-*.txt` there is.
 * @throws WardstreamError `WS_SOURCE` where it cannot be told.
 */
export function findOutcomes(directory: string): string {
  const set = /^set-(\w)$/.exec(basename(directory))?.[1];
  const places = [directory, dirname(directory)].filter(existsSync);
  const found = places.flatMap((place) =>
    readdirSync(place)
      .filter((name) => /^Outcomes-\w+\.txt$/.test(name))
      .map((name) => join(place, name)),
  );
  const own = found.find((file) => basename(file) === `Outcomes-${set}.txt`);
  if (own !== undefined) return own;
  if (set === undefined && found.length === 1) return found[0];
  const what =
    found.length === 0 ? 'no Outcomes-*.txt' : `none of ${found.join(', ')} is known to belong to it`;
  throw new WardstreamError('WS_SOURCE', `${directory}: ${what}; name the file with --outcomes`);
}

/**
 * Reads outcomes: comma-separated, with columns RecordID and In-hospital_death as in the PhysioNet/CinC Challenge 2012, or
 * patientId (stay_id, subject_id) and died (label).
 * @throws WardstreamError `WS_SOURCE` naming the file and line where it is not that.
 */
export function readOutcomes(file: string): Outcomes {
  if (!existsSync(file)) throw new WardstreamError('WS_SOURCE', `there is no outcomes file ${file}`);
  const [header, ...lines] = readFileSync(file, 'utf8').split(/\r?\n/);
  const columns = header.split(',').map((name) => name.trim());
  const [id, death] = [ID_COLUMNS, DEATH_COLUMNS].map((names) =>
    columns.findIndex((name) => names.includes(name)),
  );
  if (id < 0 || death < 0) {
    const what = `${file} lacks the columns RecordID and In-hospital_death (or patientId and died) in line 1`;
    throw new WardstreamError('WS_SOURCE', what);
  }
  const names = [columns[id], columns[death]] as const;
  const outcomes = new Map<string, Label>();
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const cells = line.split(',').map((cell) => cell.trim());
    const fault = faultOf(names, cells[id], cells[death], outcomes);
    if (fault !== null) throw new WardstreamError('WS_SOURCE', `${file}, line ${index + 2}: ${fault}`);
    outcomes.set(cells[id], { happened: yesOrNo(cells[death]) === true, onsetMs: null });
  });
  if (outcomes.size === 0) throw new WardstreamError('WS_SOURCE', `${file} holds no outcomes`);
  return outcomes;
}

function faultOf(
  [idColumn, deathColumn]: readonly [string, string],
  id: string | undefined,
  death: string | undefined,
  known: Outcomes,
): string | null {
  if (id === undefined || id === '') return `${idColumn} is empty`;
  if (known.has(id)) return `${idColumn} ${id} is there twice`;
  if (yesOrNo(death) === null) return `${deathColumn} is ${death ?? 'missing'}, not 0 or 1`;
  return null;
}
