import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { createServer, createServerModuleRunner } from 'vite';

// A thread of Node that runs the page's worker for rewards: the one global that it knows is the port to who asks.
globalThis.self = { postMessage: (answer) => parentPort.postMessage(answer) };
parentPort.on('message', (data) => globalThis.self.onmessage({ data }));

const server = await createServer({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
});
await createServerModuleRunner(server.environments.ssr, { hmr: false }).import('/src/host/rewardWorker.ts');
