import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin, type Rolldown } from 'vite';
import { headers } from './headers.ts';

/** The service worker of the page; it lies beside index.html, as it can serve nothing above itself. */
export const workerFile = 'serviceWorker.js';

/** Larger files are kept when first used: ONNX Runtime. */
const largeBytes = 4 * 2 ** 20;

/** Files of a build that the page never asks for. */
const apart = [workerFile, 'build.json'];

/** The files of a build: those kept at the first visit, each with what tells it from its next version, and the large ones. */
export function filesToKeep(dist: string): {
  readonly kept: readonly { readonly url: string; readonly revision: string | null }[];
  readonly large: readonly string[];
} {
  const names = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      join(parentPath, name)
        .slice(dist.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((name) => !apart.includes(name))
    .sort();
  const large = names.filter((name) => readFileSync(join(dist, name)).length > largeBytes);
  const kept = names
    .filter((name) => !large.includes(name))
    .map((url) => ({
      url,
      // The names of assets hold a digest already.
      revision: url.startsWith('assets/')
        ? null
        : createHash('sha256')
            .update(readFileSync(join(dist, url)))
            .digest('hex')
            .slice(0, 16),
    }));
  return { kept, large };
}

/** Builds the service worker of a page once all its other files are there. */
export function offline(root: string): Plugin {
  return {
    name: 'lab:offline',
    apply: 'build',
    writeBundle: {
      sequential: true,
      async handler({ dir = '' }) {
        const { kept, large } = filesToKeep(dir);
        const built = await build({
          root,
          configFile: false,
          publicDir: false,
          logLevel: 'error',
          define: {
            __KEPT_FILES__: JSON.stringify(kept),
            __LARGE_FILES__: JSON.stringify(large),
            __HEADERS__: JSON.stringify(headers),
            'process.env.NODE_ENV': '"production"',
          },
          build: {
            write: false,
            // A classic script: not every browser takes a module for a service worker.
            lib: { entry: join(root, 'src/ui/offline/serviceWorker.ts'), formats: ['iife'], name: 'worker' },
          },
        });
        const [output] = (Array.isArray(built) ? built : [built]) as readonly Rolldown.RolldownOutput[];
        const code = output?.output[0].code;
        if (code === undefined) throw new Error('The service worker was not built.');
        writeFileSync(join(dir, workerFile), code);
      },
    },
  };
}
