import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
