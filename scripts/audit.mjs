import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// Known vulnerabilities of all that package-lock.json names, at the level `high`: one of it or of `critical` ends with
// exit code 1, lower ones are counted. Where no registry answers, nothing was audited: that is said, and is no failure.
// Usage: npm run audit
const level = 'high';
/** A registry that is there answers in a second or two. */
const waitMs = 30_000;

const args = ['audit', '--json', `--fetch-timeout=${String(waitMs)}`, '--fetch-retries=0'];
const { stdout } = spawnSync('npm', args, {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  encoding: 'utf8',
  // npm is a script of the shell on Windows.
  shell: process.platform === 'win32',
  stdio: ['ignore', 'pipe', 'ignore'],
  timeout: 2 * waitMs,
});
const answer = parsed(stdout ?? '');
const counts = answer?.metadata?.vulnerabilities;
if (counts === undefined) {
  console.log(
    `npm audit: no registry answered (${answer?.message ?? 'no connection'}): nothing was audited.`,
  );
  process.exit(0);
}
const told = Object.entries(counts).filter(([name, count]) => name !== 'total' && count > 0);
const words = told.map(([name, count]) => `${name} ${String(count)}`).join(', ');
console.log(`npm audit, level ${level}: ${told.length === 0 ? 'no known vulnerability' : words}.`);
const severe = Object.values(answer.vulnerabilities ?? {}).filter(({ severity }) =>
  ['high', 'critical'].includes(severity),
);
for (const { name, severity, range } of severe) console.error(`${name} ${range}: ${severity}`);
process.exit(severe.length === 0 ? 0 : 1);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
