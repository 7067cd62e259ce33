import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules/.cache/m-grpo-lab');
/** A bundle that another process made of other sources may still be in use. */
const keptMs = 86_400_000;

/** What a bundle is made of, by contents: a checkout changes the times of files. */
function digestOf(names) {
  const hash = createHash('sha256');
  const add = (name) => {
    const place = join(root, name);
    if (statSync(place).isDirectory()) for (const entry of readdirSync(place).sort()) add(`${name}/${entry}`);
    else hash.update(`${name}\0`).update(readFileSync(place));
  };
  names.forEach(add);
  return hash.digest('hex').slice(0, 16);
}

/**
 * A command as a module of its own, made once of the sources as they are: Vite takes most of a second to start and to
 * compile them, and this is started beside a trainer again and again.
 * @returns a function that imports one of its entries; null where it can't be made or kept, on a disk that is full or not
 * ours: what is wrong with the sources themselves is told by whoever compiles them then
 */
export async function bundleOf(command) {
  const digest = digestOf(['src', 'build', 'vite.config.ts', 'package-lock.json', 'scripts/bundled.mjs']);
  const folder = join(cache, `${command}-${digest}`);
  try {
    if (!existsSync(folder)) await bundle(command, folder);
  } catch {
    return null;
  }
  return (entry) => import(join(folder, `${basename(entry, '.ts')}.mjs`));
}

async function bundle(command, folder) {
  const { build, loadConfigFromFile } = await import('vite');
  const found = await loadConfigFromFile({ command: 'build', mode: 'production' }, undefined, root, 'error');
  const made = `${folder}.${process.pid}`;
  // Fails here, and not after compiling, where nothing can be kept.
  mkdirSync(made, { recursive: true });
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    define: found?.config.define ?? {},
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: made,
      target: 'node20',
      rolldownOptions: {
        input: [`src/cli/${command}.ts`, 'src/settings/flags.ts'].map((entry) => join(root, entry)),
        output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
      },
    },
  });
  for (const name of readdirSync(cache)) {
    const place = join(cache, name);
    const isOld = place !== made && Date.now() - statSync(place).mtimeMs > keptMs;
    if (isOld) rmSync(place, { recursive: true, force: true });
  }
  try {
    renameSync(made, folder);
  } catch (error) {
    // Another process was first.
    rmSync(made, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}
