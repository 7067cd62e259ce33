import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { DiskFolder } from '../../src/cli/diskFolder.ts';
import { KeptRuns } from '../../src/storage/keptRuns.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-disk-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('a checkpoint that the system does not read is refused in words, not taken for a damaged one', async () => {
  mkdirSync(join(folder, 'checkpoint-1-9'));
  await expect(KeptRuns.restore(new DiskFolder(folder))).rejects.toMatchObject({
    code: 'bad-file',
    message: expect.stringMatching(/checkpoint-1-9" can't be read: /) as string,
    remedy: expect.stringContaining('goes on from the one before') as string,
  });
});

it('a file is there whole or not at all, also while it is replaced', async () => {
  const disk = new DiskFolder(folder);
  await disk.write('one', new Uint8Array([1, 2, 3]));
  await disk.write('one', new Uint8Array([4]));
  expect(await disk.read('one')).toEqual(new Uint8Array([4]));
  expect(readdirSync(folder)).not.toContain('one.part');
  // Where a folder of that name is in the way, nothing of the attempt is left.
  await expect(disk.write('checkpoint-1-9', new Uint8Array([1]))).rejects.toThrow();
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  // What a killed process left is no checkpoint, and written over.
  writeFileSync(join(folder, 'checkpoint-1-3.part'), 'half');
  rmSync(join(folder, 'checkpoint-1-9'), { recursive: true });
  const { restored } = await KeptRuns.restore(disk);
  expect(restored).toMatchObject({ under: null, notes: [] });
});
