import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What decides the numbers of a run: other files of a working tree, as records written into it, don't. */
const sources = [
  'src',
  'shaders',
  'build',
  'public/models',
  'vite.config.ts',
  'package.json',
  'package-lock.json',
];

/**
 * The version and commit of this tree; the commit ends in "+" where its sources are not as committed.
 * @returns commit null where that is not known: without git, or outside a repository of its own; LAB_COMMIT says it of a copy
 */
export function thisLab(root: string): { readonly version: string; readonly commit: string | null } {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const git = (...args: readonly string[]): string | null => {
    const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
    return status === 0 ? stdout.trim() : null;
  };
  const told = process.env.LAB_COMMIT;
  if (told !== undefined && told !== '') return { version, commit: told };
  // A copy without its history may lie in somebody else's repository.
  if (git('rev-parse', '--show-prefix') !== '') return { version, commit: null };
  const head = git('rev-parse', 'HEAD');
  const changed = git('status', '--porcelain', '--', ...sources);
  return {
    version,
    commit: head === null || changed === null ? null : `${head}${changed === '' ? '' : '+'}`,
  };
}
