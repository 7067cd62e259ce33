import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const { platform, env } = process;

/** Full paths of the first `names` found on PATH. */
function onPath(names) {
  const endings = platform === 'win32' ? ['.exe'] : [''];
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) =>
    folders.flatMap((folder) => endings.map((ending) => join(folder, name + ending)).filter(existsSync)),
  );
}

/** Where installers put browsers, by platform. */
function installed() {
  if (platform === 'darwin') {
    const apps = ['/Applications', join(homedir(), 'Applications')];
    const names = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
    return apps.flatMap((app) => names.map((name) => join(app, `${name}.app`, 'Contents', 'MacOS', name)));
  }
  if (platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(Boolean);
    const names = ['Google/Chrome', 'Chromium', 'Microsoft/Edge'];
    return roots.flatMap((root) =>
      names.map((name) =>
        join(root, name, 'Application', name.endsWith('Edge') ? 'msedge.exe' : 'chrome.exe'),
      ),
    );
  }
  return [
    '/usr/lib/chromium/chromium',
    '/usr/lib64/chromium/chromium',
    '/usr/lib64/chromium-browser/chromium-browser',
    '/usr/lib/chromium-browser/chromium-browser',
    '/opt/google/chrome/chrome',
    '/opt/microsoft/msedge/msedge',
    '/snap/bin/chromium',
  ];
}

/** Browsers that playwright-core downloaded, newest first. */
function downloaded() {
  const folder =
    env.PLAYWRIGHT_BROWSERS_PATH ??
    {
      darwin: join(homedir(), 'Library', 'Caches', 'ms-playwright'),
      win32: join(env.LOCALAPPDATA ?? homedir(), 'ms-playwright'),
    }[platform] ??
    join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ms-playwright');
  if (!existsSync(folder)) return [];
  const inside = [
    ['chrome-linux64', 'chrome'],
    ['chrome-linux', 'chrome'],
    ['chrome-win64', 'chrome.exe'],
    ['chrome-win', 'chrome.exe'],
    ...['arm64', 'x64'].map((arch) => [
      `chrome-mac-${arch}`,
      'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
    ]),
    ['chrome-mac', 'Chromium.app/Contents/MacOS/Chromium'],
  ];
  return readdirSync(folder)
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort((a, b) => Number(b.slice(9)) - Number(a.slice(9)))
    .flatMap((name) => inside.map((parts) => join(folder, name, ...parts)));
}

/**
 * A Chromium, Chrome or Edge on this machine; CHROMIUM_PATH first.
 * @returns path of the executable, or null
 */
export function findChromium() {
  const named = env.CHROMIUM_PATH;
  if (named !== undefined && named !== '') return existsSync(named) ? named : null;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'msedge'];
  return [...onPath([...names, 'microsoft-edge']), ...installed(), ...downloaded()].find(existsSync) ?? null;
}

/**
 * The driver manifest of the software GPU (SwiftShader) that Chromium brings along; Linux only, since Metal
 * and Direct3D need none.
 * @returns path of vk_swiftshader_icd.json, or null
 */
export function findSwiftShader() {
  if (platform !== 'linux') return null;
  const chromium = findChromium();
  const folders = [
    ...(chromium === null ? [] : [dirname(realpathSync(chromium))]),
    ...installed().map((path) => dirname(path)),
    '/snap/chromium/current/usr/lib/chromium-browser',
    ...downloaded().map((path) => dirname(path)),
  ];
  return folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find(existsSync) ?? null;
}
