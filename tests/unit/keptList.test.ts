import { beforeEach, describe, expect, it } from 'vitest';
import { readRecord } from '../../src/records/read.ts';
import type { KeptLab } from '../../src/storage/kept.ts';
import { recordFile } from '../../src/storage/keptRuns.ts';
import { Disk, head, lab, none, row, rows, trained } from './keptDisk.ts';

let disk: Disk;
beforeEach(() => {
  disk = new Disk();
});

describe('the list of what is kept', () => {
  it('lists what is kept, newest first, and deletes a lab with the lanes that were given up in it', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    const entry = { lab: 'lab', name: 'SRT', preset: 'entropy', updated: 1, step: 3, verdict: '', spark: [] };
    const given = ['one', 'given up'].map((id) => ({ ...entry, id }));
    page.keeper.receive({ type: 'save', lab, runs: given });
    const newer = { ...lab, id: 'newer', updated: 2, lanes: [] };
    const other = { ...entry, id: 'other', lab: 'newer' };
    page.keeper.receive({ type: 'save', lab: newer, runs: [other] });
    for (const run of ['given up', 'other'])
      page.keeper.receive({ type: 'begin', run, head, changes: [], rows: rows(0, 0) });
    const steps = [{ step: 0, bytes: Uint8Array.of(1, 2, 3) }];
    page.keeper.receive({ type: 'rollouts', run: 'other', steps });
    await page.flushed();
    const sizeOf = (run: string): number =>
      [...(disk.folders.get(run)?.files.values() ?? [])].reduce((sum, { length }) => sum + length, 0);
    const as = (run: typeof other, checkpoints: readonly number[], rollouts: number | null) => ({
      ...run,
      size: { checkpoints, rollouts, bytes: sizeOf(run.id) },
      // Of those that the page trains.
      thinning: run.id === 'one' ? null : { checkpoints: [], rollouts: null },
    });
    expect(await page.answered({ type: 'list' })).toEqual({
      type: 'listed',
      labs: [
        { lab: newer, label: none, runs: [as(other, [], 1)] },
        {
          lab,
          label: none,
          runs: given.map((run) => as(run, run.id === 'one' ? [2] : [], null)),
        },
      ],
    });
    expect(await page.answered({ type: 'delete', lab: 'lab' })).toEqual({ type: 'deleted', busy: false });
    expect([...disk.folders.keys()]).toEqual(['other']);
    expect([...disk.labs.keys()]).toEqual(['newer']);
    // Gone is gone, however often.
    expect(await page.answered({ type: 'delete', lab: 'lab' })).toEqual({ type: 'deleted', busy: false });
    expect(page.failure()).toBe(null);
  });

  it('lists a lab as its reader calls it, and gives the records of its runs, whoever has them', async () => {
    await trained(disk, 3, [2]);
    disk.claimed = false;
    const page = disk.page();
    const label = { name: 'Mine', notes: 'as <b>it</b> was' };
    expect(await page.answered({ type: 'label', lab: 'lab', label })).toEqual({ type: 'labelled' });
    expect(await page.answered({ type: 'list' })).toMatchObject({ labs: [{ lab: { id: 'lab' }, label }] });
    // Its last line is cut off, as one is that another tab is writing.
    const whole = disk.record();
    disk.folders.get('one')?.files.set(recordFile, new TextEncoder().encode(`${whole}{"type":"st`));
    expect(await page.answered({ type: 'read', runs: ['one'] })).toEqual({ type: 'read', records: [whole] });
    expect(await page.answered({ type: 'read', runs: ['one', 'none'] })).toEqual({
      type: 'read',
      records: null,
    });
    expect(page.failure()).toBe(null);
  });

  it('gives a page its own record with what waited to be written', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    await page.restored();
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 5) });
    const answer = await page.answered({ type: 'read', runs: ['one'] });
    const [record = ''] = answer?.type === 'read' ? (answer.records ?? []) : [];
    expect(readRecord(record).runs[0]?.rows.at(-1)).toEqual(row(5));
  });

  it('keeps what was read from a file, without a claim to it', async () => {
    await trained(disk, 3, [2]);
    const record = disk.record();
    disk.claimed = false;
    const page = disk.page();
    const imported: KeptLab = { ...lab, id: 'file', updated: 9, imported: true, lanes: [] };
    const entry = {
      lab: 'file',
      name: 'SRT',
      preset: 'entropy',
      updated: 9,
      step: 3,
      verdict: '',
      spark: [],
    };
    const runs = [{ ...entry, id: 'of file' }];
    const label = { name: 'file', notes: '' };
    expect(await page.answered({ type: 'import', lab: imported, label, runs, records: [record] })).toEqual({
      type: 'imported',
    });
    expect(await page.answered({ type: 'read', runs: ['of file'] })).toEqual({
      type: 'read',
      records: [record],
    });
    expect(await page.answered({ type: 'list' })).toMatchObject({
      labs: [{ lab: imported, label }, { lab }],
    });
  });

  it('deletes nothing that another tab has', async () => {
    await trained(disk, 3, [2]);
    disk.claimed = false;
    const page = disk.page();
    expect(await page.answered({ type: 'delete', lab: 'lab' })).toEqual({ type: 'deleted', busy: true });
    expect([...disk.folders.keys()]).toEqual(['one']);
    expect([...disk.labs.keys()]).toEqual(['lab']);
  });

  it('a deletion that is cut off is answered so, still listed, and done once more', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    disk.refuses = true;
    expect(await page.answered({ type: 'delete', lab: 'lab' })).toMatchObject({
      type: 'failed',
      failure: { sentence: 'power is off' },
    });
    // Others may try.
    expect([...disk.held]).toEqual([]);
    disk.refuses = false;
    expect(await page.answered({ type: 'list' })).toMatchObject({ labs: [{ lab: { id: 'lab' } }] });
    await page.answered({ type: 'delete', lab: 'lab' });
    expect([disk.folders.size, disk.labs.size]).toEqual([0, 0]);
    expect(page.failure()).toBe(null);
  });

  it('leaves out a lab that another tab deletes meanwhile', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    const entry = {
      lab: 'going',
      name: 'SRT',
      preset: 'entropy',
      updated: 2,
      step: 3,
      verdict: '',
      spark: [],
    };
    disk.labs.set('going', { ...lab, id: 'going', updated: 2 });
    disk.entries.push({ ...entry, id: 'gone' });
    disk.failing.set('gone', new DOMException('gone', 'NotFoundError'));
    expect(await page.answered({ type: 'list' })).toMatchObject({ labs: [{ lab: { id: 'lab' } }] });
    disk.failing.set('gone', new DOMException('busy', 'NoModificationAllowedError'));
    expect(await page.answered({ type: 'list' })).toMatchObject({
      type: 'failed',
      failure: { sentence: 'The browser’s storage failed (NoModificationAllowedError).' },
    });
    expect(page.failure()).toBe(null);
  });

  it('keeps nothing of a file that can’t be kept whole, and says so', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    await page.restored();
    const entry = {
      lab: 'file',
      name: 'SRT',
      preset: 'entropy',
      updated: 9,
      step: 3,
      verdict: '',
      spark: [],
    };
    disk.failing.set('second', new DOMException('full', 'QuotaExceededError'));
    const answer = await page.answered({
      type: 'import',
      lab: { ...lab, id: 'file', imported: true, lanes: [] },
      label: none,
      runs: ['first', 'second'].map((id) => ({ ...entry, id })),
      records: [disk.record(), disk.record()],
    });
    expect(answer).toMatchObject({
      type: 'failed',
      failure: {
        sentence: 'The browser’s storage is full.',
        remedy: 'Delete runs on the page Runs to make room.',
      },
    });
    expect([[...disk.folders.keys()], [...disk.labs.keys()]]).toEqual([['one'], ['lab']]);
    // What the page trains goes on being kept.
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 5) });
    await page.flushed();
    expect(readRecord(disk.record()).runs[0]?.rows.at(-1)).toEqual(row(5));
    expect(page.failure()).toBe(null);
  });

  it('a name that can’t be noted is answered so, and ends nothing', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    disk.labels.set = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    expect(await page.answered({ type: 'label', lab: 'lab', label: none })).toMatchObject({ type: 'failed' });
    expect(page.failure()).toBe(null);
  });
});
