import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './ensure.mjs';

const usage = 'Usage: npm start -- [--port <number>] [--no-open]';

/** The command line, or a message and exit 2. */
function options() {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' }, 'no-open': { type: 'boolean' } } });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65535)) {
      throw new Error(`--port is "${values.port}", but a port is a whole number from 1 to 65535.`);
    }
    return { port, open: values['no-open'] !== true && (process.env.CI ?? '') === '' };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

const { port, open } = options();
ensureDependencies();
const root = fileURLToPath(new URL('..', import.meta.url));
const { preview, runnerImport } = await import('vite');
const { module: receipt } = await runnerImport(`${root}build/receipt.ts`, { configFile: false });
if (!receipt.ensureBuilt(root)) process.exit(1);

try {
  // A port that was asked for is the one meant; without, the next free one does as well.
  const server = await preview({
    root,
    preview: { open, ...(port === undefined ? {} : { port, strictPort: true }) },
  });
  server.printUrls();
} catch (error) {
  console.error(`${error.message}\nGive another port: npm start -- --port <number>`);
  process.exit(1);
}
