import { expect, it, vi } from 'vitest';
import type { KeepReport, KeptEntry } from '../../src/storage/kept.ts';
import { unpackRows } from '../../src/storage/keptCourse.ts';
import { openRunIndex } from '../../src/storage/runIndex.ts';
import { checkpoint, Disk, head, lab, row, rows } from './keptDisk.ts';
import { MemoryDatabase } from './memoryDatabase.ts';

let database: MemoryDatabase;
vi.mock('idb', () => ({ openDB: () => Promise.resolve(database) }));

const entryAt = (step: number): KeptEntry => ({
  ...{ id: 'one', lab: 'lab', name: 'SRT', preset: 'entropy', updated: 1 + step, step },
  ...{ verdict: 'learning', spark: [] },
});
const label = { name: 'mine', notes: '' };
const other = { ...lab, id: 'other', updated: 0, lanes: [], imported: true } as const;
const otherRun = { ...entryAt(0), id: 'two', lab: 'other' };

async function opened(): Promise<Disk> {
  database = new MemoryDatabase();
  const disk = new Disk();
  disk.index = await openRunIndex(() => undefined);
  return disk;
}

/** A page that trains, names and lists; another one that opens it, reads a file, deletes that. @returns what they were told */
async function session(disk: Disk): Promise<readonly KeepReport[]> {
  const first = disk.page();
  first.keeper.receive({ type: 'save', lab, runs: [entryAt(0)] });
  first.keeper.receive({ type: 'begin', run: 'one', head, changes: [], rows: rows(0, 0) });
  first.keeper.receive({ type: 'rows', run: 'one', rows: rows(1, 2) });
  first.keep(checkpoint(2));
  first.keeper.receive({ type: 'save', lab: { ...lab, updated: 3 }, runs: [entryAt(2)] });
  first.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 4) });
  first.keeper.receive({ type: 'flush' });
  await first.answered({ type: 'label', lab: 'lab', label });
  await first.answered({ type: 'list' });
  const second = disk.page();
  await second.answered({ type: 'restore', lab: null, take: true });
  await second.answered({ type: 'restore', lab: 'lab', take: true });
  const records = [disk.record()];
  await second.answered({ type: 'import', lab: other, label, runs: [otherRun], records });
  await second.answered({ type: 'delete', lab: 'other' });
  return [...first.reports, ...second.reports];
}

const errors = ['QuotaExceededError', 'AbortError', 'InvalidStateError'] as const;

it.each([...errors.map((name) => [name, true] as const), ['DataCloneError', false] as const])(
  'whichever call to the index fails with %s, it is said, and what was kept is whole',
  async (name, ends) => {
    let told = await session(await opened());
    expect(told.some(({ type }) => type === 'failed' || type === 'stopped')).toBe(false);
    const { calls } = database;
    expect(calls).toBeGreaterThan(40);
    for (let call = 0; call < calls; call++) {
      const disk = await opened();
      database.fault = { call, error: new DOMException('', name), ends };
      told = await session(disk);
      const said = told.flatMap((each) =>
        each.type === 'failed' || each.type === 'stopped' ? [each.failure] : [],
      );
      expect(said, `call ${call}`).not.toEqual([]);
      for (const { sentence } of said) expect(sentence, `call ${call}`).toMatch(/^The browser.*storage/);

      database.fault = null;
      const later = disk.page();
      const list = await later.answered({ type: 'list' });
      const labs = list?.type === 'listed' ? list.labs : [];
      // All of a lab or nothing of it: its runs with it.
      for (const each of labs) expect(each.runs, `call ${call}`).toHaveLength(1);
      const kept = told.flatMap((each) => (each.type === 'kept' ? [each.step] : []));
      const found = await later.restored();
      expect(found === null, `call ${call}`).toBe(labs.every((each) => each.lab.id !== 'lab'));
      if (kept.length > 0) {
        const course = found?.courses.get('one');
        const after = unpackRows(course?.again ?? new Float64Array());
        const all = [...unpackRows(course?.rows ?? new Float64Array()), ...after];
        expect(all, `call ${call}`).toEqual(all.map((_, step) => row(step)));
        expect(all.length, `call ${call}`).toBeGreaterThan(Math.max(...kept));
      }
      // What could not be deleted can be once more, and then nothing is left of it.
      expect(await later.answered({ type: 'delete', lab: 'other' })).toEqual({
        type: 'deleted',
        busy: false,
      });
      expect([...(database.stores.labs?.keys() ?? [])]).not.toContain('other');
      expect([...(database.stores.runs?.keys() ?? [])]).not.toContain('two');
      expect([...disk.folders.keys()]).not.toContain('two');
    }
  },
);
