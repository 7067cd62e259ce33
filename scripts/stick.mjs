import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './ensure.mjs';

// The built page as a zip, to be carried on a stick and opened by any static server.
// Usage: npm run stick -- [--out <file>] [--force]
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'm-grpo-lab.zip' },
    force: { type: 'boolean', default: false },
  },
});
const { out, force } = values;
if (existsSync(out) && !force) {
  console.error(`${out} is there already. Name another file with --out, or add --force.`);
  process.exit(2);
}

ensureDependencies();
const root = fileURLToPath(new URL('..', import.meta.url));
const { runnerImport } = await import('vite');
const { zipSync } = await import('fflate');
const { module: receipt } = await runnerImport(`${root}build/receipt.ts`, { configFile: false });
if (!receipt.ensureBuilt(root)) process.exit(1);

const howToOpen = `M-GRPO Lab

Unpack this folder, and serve it on your own machine; a browser opens no such page from a file.
With Python:  python3 -m http.server     in this folder, then open http://localhost:8000
With Node:    npx serve                  in this folder, then open the address that it prints
It needs no network: all that it loads is in this folder.
`;

const dist = join(root, 'dist');
const files = { 'm-grpo-lab/how-to-open.txt': new TextEncoder().encode(howToOpen) };
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = join(entry.parentPath, entry.name);
  const name = file.slice(dist.length + 1).replaceAll('\\', '/');
  files[`m-grpo-lab/${name}`] = new Uint8Array(readFileSync(file));
}
const zip = zipSync(files, { level: 9 });
writeFileSync(out, zip);
console.log(`${out}: ${Object.keys(files).length} files, ${(zip.length / 2 ** 20).toFixed(1)} MB.`);
