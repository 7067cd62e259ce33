// What reading a Hugging Face folder takes of the computer, the GPU aside: every tensor is read and packed as the engine
// for models made elsewhere does it, into a device that keeps nothing: `node bench/readModel.mjs FOLDER [file | int8]`.
import { createServer, createServerModuleRunner } from 'vite';

const [folder, choice = 'file'] = process.argv.slice(2);
if (folder === undefined || !['file', 'int8'].includes(choice)) {
  console.error('node bench/readModel.mjs FOLDER [file | int8]');
  process.exit(2);
}
const server = await createServer({
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
});
const runner = createServerModuleRunner(server.environments.ssr, { hmr: false });
const [{ openPretrained }, { pretrainedFolder }, { FrozenWeights }, { Buffers }] = await Promise.all(
  [
    '/src/model/pretrained/pretrained.ts',
    '/src/cli/pretrainedFolder.ts',
    '/src/engine/frozen/weights.ts',
    '/src/gpu/buffer.ts',
  ].map((entry) => runner.import(entry)),
);

globalThis.GPUBufferUsage = { STORAGE: 1, COPY_SRC: 2, COPY_DST: 4 };
let written = 0;
const device = {
  limits: { maxStorageBufferBindingSize: 2 ** 31, maxBufferSize: 2 ** 31 },
  createBuffer: ({ size }) => ({ size }),
  queue: { writeBuffer: (_buffer, _offset, bytes) => void (written += bytes.byteLength) },
};

globalThis.gc?.();
const before = process.memoryUsage();
const most = { heapUsed: 0, arrayBuffers: 0, rss: 0 };
const look = () => {
  const now = process.memoryUsage();
  for (const name of Object.keys(most)) most[name] = Math.max(most[name], now[name]);
};
const begun = performance.now();
const model = await openPretrained(pretrainedFolder(folder));
const weights = new FrozenWeights(new Buffers({ device }), model, choice);
let read = 0;
await weights.load((bytes) => {
  read += bytes;
  look();
  return Promise.resolve();
});
const seconds = (performance.now() - begun) / 1000;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
console.log(
  `${megabytes(read)} read, ${megabytes(written)} for the device in ${seconds.toFixed(1)} s, ${megabytes(read / seconds)} a second.`,
);
console.log(
  `Most at once: heap ${megabytes(most.heapUsed)} and array buffers ${megabytes(most.arrayBuffers)} (before: ${megabytes(before.heapUsed)} and ${megabytes(before.arrayBuffers)}); resident ${megabytes(most.rss)} (before: ${megabytes(before.rss)}).`,
);
await runner.close();
await server.close();
