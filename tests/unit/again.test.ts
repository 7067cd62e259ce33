import { expect, it } from 'vitest';
import type { LiveChange } from '../../src/records/run.ts';
import { Disk, rows, trained } from './keptDisk.ts';

it('steps that come out once more are compared once it is known what the guard did at the last of them', async () => {
  const guarded: LiveChange = { step: 7, by: 'guard', changes: { learningRate: 1e-4 } };
  const sentences = async (...told: readonly ('rows' | 'guard' | 'later')[]): Promise<readonly string[]> => {
    const disk = new Disk();
    await trained(disk, 7, [4], [guarded]);
    const page = disk.page();
    await page.restored();
    for (const each of told) {
      if (each === 'guard') page.keeper.receive({ type: 'changed', run: 'one', change: guarded });
      else page.keeper.receive({ type: 'rows', run: 'one', rows: each === 'rows' ? rows(5, 7) : rows(8, 8) });
    }
    await page.flushed();
    return page.reports.flatMap((report) => (report.type === 'compared' ? [report.sentence] : []));
  };
  expect(await sentences('rows')).toEqual([]);
  expect(await sentences('rows', 'guard')).toEqual([
    'steps 5 to 7 came out once more as before, bit for bit',
  ]);
  expect(await sentences('rows', 'later')).toEqual([
    expect.stringMatching(/^steps 5 to 7 had been trained before, and the run now differs from step 7 on/),
  ]);
});
