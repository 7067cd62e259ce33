import { readFileSync } from 'node:fs';

/** What a run was made with, for its header. */
export function versions(): Record<string, string> {
  const read = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  return {
    lab: read('package.json'),
    dawn: read('node_modules/webgpu/package.json'),
    node: process.version,
  };
}
