import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { findSwiftShader } from '../../src/cli/chromium.mjs';

const folder = mkdtempSync(join(tmpdir(), 'lab-driver-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Opens the GPU as every command does; the loader is one for the whole life of a process. */
const script = `
  import { runnerImport } from 'vite';
  const { module } = await runnerImport('./src/cli/nodeGpu.ts');
  const found = await module.openNodeGpu().then(({ note }) => note, ({ code }) => code);
  process.stdout.write(found, () => process.exit());
`;

/** @returns how a GPU was found, or the code of the error; and what was written to stderr */
function opened(env: Readonly<Record<string, string | undefined>>): { found: string; stderr: string } {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return { found: stdout, stderr };
}

const chromiums = findSwiftShader() ?? '';
const beside = join(dirname(chromiums), 'libvulkan.so.1');
const noLoader = 'no Vulkan loader beside Chromium’s driver (Linux)';

it('the loader may be the one beside the driver', ({ skip }) => {
  skip(!existsSync(beside), noLoader);
  expect(opened({ LAB_VK_ICD: chromiums })).toEqual({
    found: `The Vulkan driver named by ${chromiums}.`,
    stderr: '',
  });
});

it('or one that LD_LIBRARY_PATH leads to', ({ skip }) => {
  skip(!existsSync(beside), noLoader);
  // A driver with nothing beside it.
  const manifest = join(folder, 'driver.json');
  const { ICD, ...rest } = JSON.parse(readFileSync(chromiums, 'utf8')) as { ICD: { library_path: string } };
  const library_path = join(dirname(chromiums), ICD.library_path);
  writeFileSync(manifest, JSON.stringify({ ...rest, ICD: { ...ICD, library_path } }));
  const libraries = join(folder, 'lib');
  mkdirSync(libraries);
  copyFileSync(beside, join(libraries, 'libvulkan.so.1'));
  expect(opened({ LAB_VK_ICD: manifest, LD_LIBRARY_PATH: libraries })).toEqual({
    found: `The Vulkan driver named by ${manifest}.`,
    stderr: '',
  });
});

it.each([undefined, 'system'])('where there is none, nobody complains: LAB_VK_ICD is %s', (LAB_VK_ICD) => {
  const { found, stderr } = opened({ LAB_VK_ICD });
  // A system with drivers may have more to say of them.
  expect(stderr).not.toContain("Couldn't load Vulkan");
  expect(found).toMatch(/^The |^no-adapter$/);
});
