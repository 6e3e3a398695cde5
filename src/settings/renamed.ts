import { WardstreamError } from '../errors.js';

/** A setting that had another name, or another form. */
interface Renamed {
  /** Names with dots between. */
  readonly before: string;
  readonly now: string;
  /** What a value of the old form is now; undefined of one that is not of it. Left out, values are the same. */
  readonly convert?: (value: unknown) => unknown;
  /** What is another now and what to write, where the whole value would be too much to tell. */
  readonly words?: string;
}

/** Every setting that has another name or form than it once had. */
const RENAMED: readonly Renamed[] = [
  { before: 'align.silentLaneMs', now: 'align.silentTopicMs' },
  {
    before: 'encoders.always',
    now: 'encoders.always',
    convert: (value) => (value === true ? ['text', 'image'] : value === false ? [] : undefined),
  },
  {
    before: 'alerts.rules',
    now: 'alerts.rules',
    convert: withPresentSignals,
    words: 'the signal risk is called mortality now: write signal: mortality',
  },
];

/**
 * Settings under their present names; `onWarning` is told of each that has an old one, and `where` it stands. Data stays as it is.
 * @throws WardstreamError `WS_CONFIG` where a setting has both its names.
 */
export function withPresentNames(
  data: unknown,
  where: string,
  onWarning: (message: string) => void,
): unknown {
  return RENAMED.reduce((settings, renamed) => {
    const { before, now, convert = (value: unknown) => value, words } = renamed;
    const value = convert(valueAt(settings, before));
    if (value === undefined) return settings;
    if (before !== now && valueAt(settings, now) !== undefined) {
      throw new WardstreamError('WS_CONFIG', `${where}: ${before} is the old name of ${now}: leave it out`);
    }
    const what = before === now ? `${before} has another form now` : `${before} is called ${now} now`;
    onWarning(`${where}: ${words ? `${now}: ${words}` : `${what}: write ${now}: ${JSON.stringify(value)}`}`);
    return withValue(withValue(settings, before, undefined), now, value);
  }, data);
}

/** Rules that watch `risk`, as version 0.1 called the risk of death; undefined where none does. */
function withPresentSignals(rules: unknown): unknown {
  const isOld = (rule: unknown) => isGroup(rule) && rule.signal === 'risk';
  if (!Array.isArray(rules) || !rules.some(isOld)) return undefined;
  return rules.map((rule: unknown) => (isOld(rule) ? { ...(rule as object), signal: 'mortality' } : rule));
}

function valueAt(settings: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (isGroup(part) ? part[name] : undefined), settings);
}

/** A copy with this value there; undefined takes the setting out. */
function withValue(settings: unknown, path: string, value: unknown): unknown {
  const [name, ...rest] = path.split('.');
  const { [name]: inside, ...others } = isGroup(settings) ? settings : {};
  const changed = rest.length === 0 ? value : withValue(inside, rest.join('.'), value);
  return changed === undefined ? others : { ...others, [name]: changed };
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
