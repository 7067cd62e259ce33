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
const { createServer } = await import('vite');

try {
  // A port that was asked for is the one meant; without, the next free one does as well.
  const server = await createServer({
    server: { open, ...(port === undefined ? {} : { port, strictPort: true }) },
  });
  await server.listen();
  server.printUrls();
} catch (error) {
  console.error(`${error.message}\nGive another port: npm start -- --port <number>`);
  process.exit(1);
}
