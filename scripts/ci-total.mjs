// node scripts/ci-total.mjs REPORT…: one line, `N passed, N failed`, with `, N skipped` where tests were skipped, over the
// reports of vitest (--reporter=json, .json) and pytest (--junitxml, .xml). Names what was skipped and what failed. A report that is not
// there, or of a run that ended badly without a failed test, counts as one failure. Exit status 1 where anything failed.
import { existsSync, readFileSync } from 'node:fs';

const sum = { passed: 0, failed: 0, skipped: 0 };

function addVitest(report) {
  const { testResults, numFailedTests, success } = report;
  for (const { name, status, assertionResults, message } of testResults) {
    for (const { status: outcome, fullName } of assertionResults) {
      if (outcome === 'passed') sum.passed++;
      else if (outcome === 'failed') sum.failed++;
      else sum.skipped++;
      if (outcome !== 'passed')
        console.log(`${outcome === 'failed' ? 'failed' : 'skipped'}: ${fullName} (${name})`);
    }
    // A file that cannot be loaded has no tests to fail.
    if (status === 'failed' && !assertionResults.some(({ status: outcome }) => outcome === 'failed')) {
      sum.failed++;
      console.log(`failed: ${name}: ${message.split('\n')[0]}`);
    }
  }
  if (!success && numFailedTests === 0 && sum.failed === 0) sum.failed++;
}

function addJunit(xml) {
  for (const [, attributes, body = ''] of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const name = /\bname="([^"]*)"/.exec(attributes)?.[1];
    if (/<(failure|error)\b/.test(body)) {
      sum.failed++;
      console.log(`failed: ${name}`);
    } else if (/<skipped\b/.test(body)) {
      sum.skipped++;
      console.log(`skipped: ${name}`);
    } else {
      sum.passed++;
    }
  }
}

for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) {
    sum.failed++;
    console.log(`failed: there is no report ${file}`);
    continue;
  }
  const content = readFileSync(file, 'utf8');
  if (file.endsWith('.json')) addVitest(JSON.parse(content));
  else addJunit(content);
}
const { passed, failed, skipped } = sum;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 ? 1 : 0);
