// npm run audit: fails where a dependency that production uses has a known fault of high or critical severity. Where the
// registry cannot say (offline, or a mirror without the audit endpoint), it says so and lets the rest of CI go on.
import { spawnSync } from 'node:child_process';

const FAILS_AT = ['high', 'critical'];
/** In production as a fork (src/bus/kafkajs), and for development as published. */
const FORKED = ['kafkajs'];

const found = [...known(['--omit=dev']), ...known([]).filter(({ name }) => FORKED.includes(name))];
for (const { name, severity, via } of found) {
  const titles = via.map((each) => (typeof each === 'string' ? `by ${each}` : each.title));
  console.error(`audit: ${severity} in ${name}: ${[...new Set(titles)].join('; ')}`);
}
const isBad = found.some(({ severity }) => FAILS_AT.includes(severity));
console.error(`audit: ${found.length} known faults, ${isBad ? 'some' : 'none'} of them high or critical`);
process.exit(isBad ? 1 : 0);

/** What the registry knows; where it has no answer, the run ends well. */
function known(options) {
  const { stdout } = spawnSync('npm', ['audit', '--json', ...options], { encoding: 'utf8', timeout: 60_000 });
  const report = parse(stdout ?? '');
  if (report?.metadata?.vulnerabilities === undefined) {
    console.error('audit: the registry has no answer; dependencies are not audited in this run');
    process.exit(0);
  }
  return Object.values(report.vulnerabilities ?? {});
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
