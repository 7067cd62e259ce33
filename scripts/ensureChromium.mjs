import { spawnSync } from 'node:child_process';
import { findChromium } from '../src/cli/chromium.mjs';

const { platform } = process;

function succeeds(command, args, stdio = ['ignore', 2, 2]) {
  return spawnSync(command, args, { stdio }).status === 0;
}

/** Commands in front of which root's rights are had without a question; null where there is no way. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  return succeeds('sudo', ['-n', 'true'], 'ignore') ? ['sudo', '-n'] : null;
}

/** What Linux distributions install Chromium with. */
const managers = [
  ['apt-get', ['apt-get', 'update'], ['apt-get', 'install', '-y', 'chromium']],
  ['dnf', ['dnf', 'install', '-y', 'chromium']],
  ['zypper', ['zypper', '--non-interactive', 'install', 'chromium']],
  ['pacman', ['pacman', '-S', '--noconfirm', 'chromium']],
  ['apk', ['apk', 'add', 'chromium']],
];

function byPackageManager(root) {
  const [, ...commands] = managers.find(([name]) => succeeds(name, ['--version'], 'ignore')) ?? [];
  for (const command of commands) {
    const [name, ...args] = [...root, ...command];
    console.error(`> ${[name, ...args].join(' ')}`);
    succeeds(name, args);
  }
}

function byDownload(root) {
  // With the system libraries where we may install them; by itself where we may not, or where that fails.
  const ways = platform === 'linux' && root !== null ? [['--with-deps'], []] : [[]];
  ways.some((way) => {
    const args = ['install', '--no-shell', ...way, 'chromium'];
    console.error(`> npx playwright-core ${args.join(' ')}`);
    return succeeds(process.execPath, ['node_modules/playwright-core/cli.js', ...args]);
  });
}

/** The Chromium found, if it starts at all: a download without the system's libraries doesn't. */
function working() {
  const path = findChromium();
  // On Windows --version opens a window instead of printing.
  return path !== null && (platform === 'win32' || succeeds(path, ['--version'], 'ignore')) ? path : null;
}

/**
 * A Chromium that starts: the one on this machine, else the system's package manager's, else
 * playwright-core's own download. Without any, says what to install and exits.
 * @returns path of the executable
 */
export function ensureChromium() {
  const named = process.env.CHROMIUM_PATH ?? '';
  if (named !== '' && findChromium() === null) {
    console.error(`CHROMIUM_PATH is "${named}", but there is no such file.\nCorrect it, or unset it.`);
    process.exit(1);
  }
  const present = working();
  if (present !== null) return present;
  console.error('No working Chromium found: installing one …');
  const root = platform === 'linux' ? asRoot() : null;
  if (root !== null) byPackageManager(root);
  if (working() === null) byDownload(root);
  const path = working();
  if (path !== null) return path;
  console.error(
    'No Chromium could be installed; the lines above say why. Install Chromium, Chrome or Edge 121 or newer:\n' +
      '  Debian: sudo apt install chromium · Ubuntu: sudo snap install chromium\n' +
      '  Fedora: sudo dnf install chromium · Arch: sudo pacman -S chromium\n' +
      '  macOS: brew install --cask google-chrome · Windows: winget install Google.Chrome\n' +
      'or set CHROMIUM_PATH to the executable of one that is elsewhere.',
  );
  process.exit(1);
}
