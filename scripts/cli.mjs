import { bundleOf } from './bundled.mjs';
import { ensureDependencies } from './ensure.mjs';

const [command = '', ...argv] = process.argv.slice(2);

ensureDependencies();
/** Commands that need no GPU, and no file of shaders. */
const bundled = new Set(['watch']);

const ends = ['SIGINT', 'SIGTERM'];
/** A signal that came while the command was being read: it is told of it. */
let early = null;
const hear = (signal) => {
  if (early !== null) process.exit(signal === 'SIGINT' ? 130 : 143);
  early = signal;
};
for (const signal of ends) process.on(signal, hear);

/** Imports modules of src/ as they are, compiled one by one. */
async function served() {
  const { createServer, createServerModuleRunner } = await import('vite');
  const server = await createServer({
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    // Nothing here is for a browser; and the React plugin's list would rewrite the cache of a running `npm start`.
    plugins: [
      {
        name: 'cli:no-prebundling',
        enforce: 'post',
        config: (config) => void (config.optimizeDeps = { noDiscovery: true, include: [] }),
      },
    ],
  });
  const runner = createServerModuleRunner(server.environments.ssr, { hmr: false });
  const close = async () => {
    await runner.close();
    await server.close();
  };
  return { load: (entry) => runner.import(entry), close };
}

const bundle = bundled.has(command) ? await bundleOf(command) : null;
const { load, close } = bundle === null ? await served() : { load: bundle, close: () => undefined };

let code = 0;
try {
  const { default: main } = await load(`/src/cli/${command}.ts`);
  const running = main(argv);
  for (const signal of ends) process.off(signal, hear);
  // A command that does not listen for it ends by it.
  if (early !== null && !process.emit(early, early)) process.kill(process.pid, early);
  await running;
  code = Number(process.exitCode ?? 0);
} catch (error) {
  if (error instanceof Error && error.name === 'LabError') {
    // Rules between settings know them by their keys; whoever typed flags is told of flags.
    const { inFlags } = await load('/src/settings/flags.ts');
    const { message, remedy } = error.code === 'bad-setting' ? inFlags(error) : error;
    console.error(`${message}\n${remedy}`);
    // A command may have statuses of its own.
    code = Number(process.exitCode ?? 2);
  } else if (String(error?.code).startsWith('ERR_PARSE_ARGS')) {
    console.error(error.message);
    code = 2;
  } else {
    console.error(error);
    code = 1;
  }
}

await close();
// Dawn keeps the event loop alive as long as anything refers to it: leave once the output is out.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
