import { beforeEach, describe, expect, it, vi } from 'vitest';
import { readRecord } from '../../src/records/read.ts';
import type { LiveChange } from '../../src/records/run.ts';
import { packRows, unpackRows } from '../../src/storage/keptCourse.ts';
import { CheckpointReceiver, CheckpointSender } from '../../src/storage/sentCheckpoint.ts';
import { checkpoint, Disk, head, lab, row, rows, trained } from './keptDisk.ts';

let disk: Disk;
beforeEach(() => {
  disk = new Disk();
});

describe('a keeper', () => {
  it('gives back what a page trained: up to the newest checkpoint, and what came after it apart', async () => {
    await trained(disk, 7, [2, 4]);
    const found = await disk.page().restored();
    expect(found?.lab).toEqual(lab);
    const course = found?.courses.get('one');
    expect(unpackRows(course?.rows ?? new Float64Array())).toEqual([0, 1, 2, 3, 4].map(row));
    expect(unpackRows(course?.again ?? new Float64Array())).toEqual([5, 6, 7].map(row));
    expect(course?.checkpoint?.step).toBe(4);
    expect(course?.forkable.map(({ step }) => step)).toEqual([2, 4]);
  });

  it('says that a run is kept as soon as it can be found: a page may be left in its first second', async () => {
    const { keeper, reports } = disk.page();
    keeper.receive({ type: 'begin', run: 'one', head, changes: [], rows: rows(0, 0) });
    keeper.receive({ type: 'save', lab, runs: [] });
    await vi.waitUntil(() => reports.length > 0, { timeout: 900 });
    expect(reports).toEqual([{ type: 'kept', run: 'one', step: 0 }]);
  });

  it('changes nothing by looking, and goes on where it was: the record is that of a run that nothing disturbed', async () => {
    await trained(disk, 9, [2, 4, 8]);
    const undisturbed = disk.record();
    disk = new Disk();
    await trained(disk, 7, [2, 4]);
    const cut = disk.record();
    const page = disk.page();
    await page.restored();
    expect(disk.record()).toBe(cut);
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(5, 9) });
    await page.flushed();
    expect(disk.record()).toBe(undisturbed);
    expect(page.reports.filter(({ type }) => type === 'compared')).toEqual([
      {
        type: 'compared',
        run: 'one',
        sentence: 'steps 5 to 7 came out once more as before, bit for bit',
      },
    ]);
  });

  it('says where other bits come out, and nothing where the reader changed the run', async () => {
    await trained(disk, 7, [4]);
    const page = disk.page();
    await page.restored();
    page.keeper.receive({
      type: 'rows',
      run: 'one',
      rows: packRows([row(5), { ...row(6), 'reward/mean': 0 }]),
    });
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(7, 7) });
    await page.flushed();
    const said = page.reports.flatMap((each) => (each.type === 'compared' ? [each.sentence] : []));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^steps 5 to 7 had been trained before, and the run now differs from step 6 on: reward\/mean/,
    );

    disk = new Disk();
    await trained(disk, 7, [4]);
    const other = disk.page();
    await other.restored();
    const change: LiveChange = { step: 4, by: 'reader', changes: { learningRate: 0.0001 } };
    other.keeper.receive({ type: 'changed', run: 'one', change });
    other.keeper.receive({ type: 'rows', run: 'one', rows: rows(5, 9) });
    await other.flushed();
    expect(other.reports.some(({ type }) => type === 'compared')).toBe(false);
  });

  it('a change right after a checkpoint belongs to it', async () => {
    const change: LiveChange = { step: 4, by: 'reader', changes: { learningRate: 0.0001 } };
    await trained(disk, 7, [4], [change]);
    const course = (await disk.page().restored())?.courses.get('one');
    expect(course?.changes).toEqual([change]);
    expect(unpackRows(course?.again ?? new Float64Array())).toEqual([5, 6, 7].map(row));
  });

  it('a run cut short before its first checkpoint begins once more in its folder, and is compared', async () => {
    await trained(disk, 3, []);
    const page = disk.page();
    const course = (await page.restored())?.courses.get('one');
    expect(course?.checkpoint).toBe(null);
    page.keeper.receive({ type: 'begin', run: 'one', head, changes: [], rows: rows(0, 0) });
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(1, 5) });
    await page.flushed();
    expect(readRecord(disk.record()).runs[0]?.rows).toEqual([0, 1, 2, 3, 4, 5].map(row));
    expect(page.reports).toContainEqual({
      type: 'compared',
      run: 'one',
      sentence: 'steps 0 to 3 came out once more as before, bit for bit',
    });
  });

  it('goes back with a run that lost its device, to a checkpoint or to the beginning', async () => {
    for (const [back, kept] of [
      [4, [2, 4]],
      [0, []],
    ] as const) {
      disk = new Disk();
      await trained(disk, 7, [2, 4, 6]);
      const page = disk.page();
      await page.restored();
      page.keeper.receive({ type: 'back', run: 'one', step: back });
      if (back === 0) page.keeper.receive({ type: 'begin', run: 'one', head, changes: [], rows: rows(0, 0) });
      page.keeper.receive({ type: 'rows', run: 'one', rows: rows(back + 1, 5) });
      await page.flushed();
      expect(page.failure()).toBe(null);
      expect(readRecord(disk.record()).runs[0]?.rows).toEqual([0, 1, 2, 3, 4, 5].map(row));
      const course = (await disk.page().restored())?.courses.get('one');
      expect(course?.forkable.map(({ step }) => step)).toEqual(kept);
    }
  });

  it('gives back the rollouts of steps up to where the run goes on, and replaces those that come out once more', async () => {
    const packed = (step: number, of: number) => ({ step, bytes: Uint8Array.of(step, of) });
    await trained(disk, 7, [4]);
    const first = disk.page();
    await first.restored();
    first.keeper.receive({
      type: 'rollouts',
      run: 'one',
      steps: [3, 4, 5, 6].map((step) => packed(step, 1)),
    });
    await first.flushed();
    const page = disk.page();
    const steps = (await page.restored())?.courses.get('one')?.rollouts;
    expect(steps).toEqual([packed(3, 1), packed(4, 1)]);
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(5, 8) });
    // Told anew before they were written, as to a keeper that took another's place.
    page.keeper.receive({ type: 'rollouts', run: 'one', steps: [7, 8].map((step) => packed(step, 1)) });
    page.keeper.receive({ type: 'rollouts', run: 'one', steps: [5, 6, 7, 8].map((step) => packed(step, 2)) });
    page.keep(checkpoint(8));
    page.keeper.receive({ type: 'flush' });
    await vi.waitUntil(() => page.reports.some((each) => each.type === 'kept' && each.step === 8));
    const again = (await disk.page().restored())?.courses.get('one')?.rollouts;
    expect(again?.map(({ bytes }) => [...bytes])).toEqual([
      [3, 1],
      [4, 1],
      [5, 2],
      [6, 2],
      [7, 2],
      [8, 2],
    ]);
  });

  it('leaves alone what another tab trains, and says so', async () => {
    await trained(disk, 3, [2]);
    const record = disk.record();
    disk.claimed = false;
    const page = disk.page();
    expect(await page.restored()).toBe(null);
    page.keeper.receive({ type: 'save', lab, runs: [] });
    page.keeper.receive({ type: 'begin', run: 'one', head, changes: [], rows: rows(0, 0) });
    await vi.waitUntil(() => page.failure() !== null);
    expect(page.failure()?.sentence).toBe('Another tab trains this run.');
    expect(disk.record()).toBe(record);
  });

  it('yields a run to a page that takes it, with all that waited to be written, and writes nothing after', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    await page.restored();
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 5) });
    page.keeper.receive({ type: 'yield' });
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(6, 6) });
    page.keeper.receive({ type: 'flush' });
    await vi.waitUntil(() => disk.released === 1);
    expect(page.failure()?.sentence).toMatch(/^Another tab took this run over/);
    const other = disk.page();
    disk.claimed = false;
    expect(await other.answered({ type: 'restore', lab: 'lab', take: false })).toEqual({
      type: 'restored',
      found: { busy: 'lab' },
    });
    const report = await other.answered({ type: 'restore', lab: 'lab', take: true });
    const found = report?.type === 'restored' ? report.found : null;
    if (found === null || 'busy' in found) throw new Error('not taken over');
    expect(unpackRows(found.courses.get('one')?.again ?? new Float64Array())).toEqual([3, 4, 5].map(row));
  });

  it('gives back all that the same page trained before it showed other lanes', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    await page.restored();
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 5) });
    const report = await page.answered({ type: 'restore', lab: 'lab', take: false });
    if (report?.type !== 'restored' || report.found === null || 'busy' in report.found)
      throw new Error('not restored');
    const again = report.found.courses.get('one')?.again;
    expect(unpackRows(again ?? new Float64Array())).toEqual([3, 4, 5].map(row));
  });

  it('writes what waits of lanes that a page leaves, and lets go of them; come back to, they go on', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    await page.restored();
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 5) });
    page.keeper.receive({ type: 'leave', runs: ['one'], lab: 'lab' });
    await vi.waitUntil(() => disk.released === 1);
    expect(readRecord(disk.record()).runs[0]?.rows.at(-1)).toEqual(row(5));
    // What comes late is of lanes that are gone.
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(6, 6) });
    const again = await page.answered({ type: 'restore', lab: 'lab', take: false });
    if (again?.type !== 'restored' || again.found === null || 'busy' in again.found)
      throw new Error('not restored');
    expect(unpackRows(again.found.courses.get('one')?.again ?? new Float64Array())).toEqual(
      [3, 4, 5].map(row),
    );
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 7) });
    await page.flushed();
    expect(page.failure()).toBe(null);
    expect(readRecord(disk.record()).runs[0]?.rows).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map(row));
  });

  it('a full disk ends the keeping, in words, and nothing more is written', async () => {
    await trained(disk, 3, [2]);
    const folder = disk.folders.get('one');
    if (folder === undefined) throw new Error('no folder');
    const page = disk.page();
    await page.restored();
    folder.append = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 3) });
    page.keeper.receive({ type: 'flush' });
    page.keep(checkpoint(4));
    await vi.waitUntil(() => page.failure() !== null);
    expect(page.failure()?.sentence).toBe('The browser’s storage is full: from here on, runs are not kept.');
    expect((await disk.page().restored())?.courses.get('one')?.checkpoint?.step).toBe(2);
  });
});

describe('a checkpoint on its way', () => {
  it('arrives with those that the guard could go back to, each of which is sent once', () => {
    const [sender, receiver] = [new CheckpointSender(), new CheckpointReceiver()];
    const first = checkpoint(0);
    const [two, four] = [checkpoint(2, [first]), checkpoint(4)];
    const passing = checkpoint(5, [two, four], true);
    const six = checkpoint(6, [two, four]);
    const sent = [two, { ...four, earlier: [first, two] }, passing, six].map((one) => sender.pack(one));
    expect(sent.map(({ sent: { unsent } }) => unsent.length)).toEqual([1, 0, 0, 0]);
    for (const { transfer } of sent) expect(new Set(transfer).size).toBe(transfer.length);
    const [, , , last] = sent.map(({ sent: one }) => receiver.unpack(one));
    expect(last?.earlier.map(({ step, state }) => [step, state])).toEqual([
      [2, two.state],
      [4, four.state],
    ]);
  });
});

it('rows survive packing, −0 too', () => {
  const one = { step: 3, 'reward/mean': -0 };
  expect(unpackRows(packRows([one]))).toEqual([one]);
});
