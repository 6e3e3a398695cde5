import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { WardstreamError } from '../errors.js';

/** Who died in hospital, by patient id. */
export type Outcomes = ReadonlyMap<string, boolean>;

const ID_COLUMN = 'RecordID';
const DEATH_COLUMN = 'In-hospital_death';

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
 * Reads the outcomes of the PhysioNet/CinC Challenge 2012: comma-separated, with columns RecordID and In-hospital_death.
 * @throws WardstreamError `WS_SOURCE` naming the file and line where it is not that.
 */
export function readOutcomes(file: string): Outcomes {
  if (!existsSync(file)) throw new WardstreamError('WS_SOURCE', `there is no outcomes file ${file}`);
  const [header, ...lines] = readFileSync(file, 'utf8').split(/\r?\n/);
  const columns = header.split(',').map((name) => name.trim());
  const [id, death] = [columns.indexOf(ID_COLUMN), columns.indexOf(DEATH_COLUMN)];
  if (id < 0 || death < 0) {
    throw new WardstreamError(
      'WS_SOURCE',
      `${file} lacks the columns ${ID_COLUMN} and ${DEATH_COLUMN} in line 1`,
    );
  }
  const outcomes = new Map<string, boolean>();
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const cells = line.split(',').map((cell) => cell.trim());
    const fault = faultOf(cells[id], cells[death], outcomes);
    if (fault !== null) throw new WardstreamError('WS_SOURCE', `${file}, line ${index + 2}: ${fault}`);
    outcomes.set(cells[id], cells[death] === '1');
  });
  if (outcomes.size === 0) throw new WardstreamError('WS_SOURCE', `${file} holds no outcomes`);
  return outcomes;
}

function faultOf(id: string | undefined, death: string | undefined, known: Outcomes): string | null {
  if (id === undefined || id === '') return `${ID_COLUMN} is empty`;
  if (known.has(id)) return `${ID_COLUMN} ${id} is there twice`;
  if (death !== '0' && death !== '1') return `${DEATH_COLUMN} is ${death ?? 'missing'}, not 0 or 1`;
  return null;
}
