import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Packages of a lock file by place, without the project itself; empty where the file is missing. */
function locked(file) {
  if (!existsSync(file)) return {};
  const { '': _project, ...packages } = JSON.parse(readFileSync(file, 'utf8')).packages;
  return packages;
}

/**
 * Whether node_modules holds exactly what package-lock.json asks for, by npm's own record of what it put
 * there. Contents decide, not file times: a checkout changes those.
 */
function isInstalled() {
  const wanted = locked(`${root}package-lock.json`);
  const present = locked(`${root}node_modules/.package-lock.json`);
  return Object.entries(wanted).every(([place, { version, integrity, optional, devOptional }]) => {
    const found = present[place];
    // Optional packages are those of other platforms.
    if (found === undefined) return optional === true || devOptional === true;
    return found.version === version && found.integrity === integrity;
  });
}

/** Runs npm as it was started, without a shell where npm says where it lies. */
function npm(args) {
  const script = process.env.npm_execpath;
  const viaNode = script !== undefined && /\.c?js$/.test(script);
  return viaNode
    ? spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
}

/** Installs the dependencies where they are missing or differ from package-lock.json. */
export function ensureDependencies() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(
      `Node ${process.versions.node} is too old: 20.19 or newer is needed.\nGet it at nodejs.org.`,
    );
    process.exit(1);
  }
  if (isInstalled()) return;
  console.error('Installing what is missing (npm ci) …');
  const { status } = npm(['ci', '--no-audit', '--no-fund']);
  if (status === 0) return;
  console.error('npm ci failed: the lines above say why.\nCheck the network, then run the command again.');
  process.exit(1);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  ensureDependencies();
}
