import { beforeEach, describe, expect, it, vi } from 'vitest';
import { readRecord } from '../../src/records/read.ts';
import type { LiveChange } from '../../src/records/run.ts';
import { Keeper } from '../../src/storage/keeper.ts';
import type { KeepReport } from '../../src/storage/kept.ts';
import { packRows, unpackRows } from '../../src/storage/keptCourse.ts';
import { recordFile } from '../../src/storage/keptRuns.ts';
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
    // Others need not wait for it.
    await vi.waitUntil(() => disk.held.size === 0);
    expect((await disk.page().restored())?.courses.get('one')?.checkpoint?.step).toBe(2);
  });
});

describe('a kept run that can’t be read', () => {
  it.each([
    [
      'damaged',
      [2],
      (record: string) => record.replace('"step":1,', '"step":9,'),
      /^record\.jsonl is damaged/,
    ],
    [
      'of settings that this version lacks',
      [],
      (record: string) => record.replace(/"learningRate":[^,]+/, '"learningRate":7'),
      /learningRate.*7/,
    ],
  ] as const)(
    'is answered so where it is %s, stays free for others, can be deleted, and ends nothing',
    async (_, checkpoints, spoil, words) => {
      await trained(disk, 3, checkpoints);
      disk.held.clear();
      const text = disk.record();
      expect(spoil(text)).not.toBe(text);
      disk.folders.get('one')?.files.set(recordFile, new TextEncoder().encode(spoil(text)));
      const page = disk.page();
      page.keeper.receive({ type: 'begin', run: 'two', head, changes: [], rows: rows(0, 0) });
      page.keeper.receive({ type: 'save', lab: { ...lab, id: 'mine', lanes: [] }, runs: [] });
      const answer = await page.answered({ type: 'restore', lab: 'lab', take: false });
      expect(answer?.type === 'failed' ? answer.failure.sentence : answer?.type).toMatch(words);
      expect([...disk.held]).toEqual(['mine']);
      page.keeper.receive({ type: 'rows', run: 'two', rows: rows(1, 5) });
      await page.flushed();
      expect(page.failure()).toBe(null);
      expect(readRecord(disk.record('two')).runs[0]?.rows.at(-1)).toEqual(row(5));
      expect(await page.answered({ type: 'delete', lab: 'lab' })).toEqual({ type: 'deleted', busy: false });
      expect([...disk.folders.keys()]).toEqual(['two']);
    },
  );
});

describe('a keeper that keeps nothing more', () => {
  const until = (page: ReturnType<Disk['page']>) =>
    page.reports.flatMap((report) => (report.type === 'stopped' ? [report.until] : []));

  it('keeps the next lab that is opened after another tab took the one before', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    await page.restored();
    page.keeper.receive({ type: 'yield' });
    page.keeper.receive({ type: 'again' });
    page.keeper.receive({ type: 'begin', run: 'two', head, changes: [], rows: rows(0, 2) });
    page.keeper.receive({ type: 'save', lab: { ...lab, id: 'next', lanes: [] }, runs: [] });
    // Of the run that another tab has.
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(4, 4) });
    await vi.waitUntil(() => page.reports.some((report) => report.type === 'kept' && report.run === 'two'));
    await page.answered({ type: 'list' });
    expect(until(page)).toEqual(['opened']);
    expect(readRecord(disk.record()).runs[0]?.rows.at(-1)).toEqual(row(3));
    expect(readRecord(disk.record('two')).runs[0]?.rows.at(-1)).toEqual(row(2));
    expect([...disk.held]).toEqual(['next']);
  });

  it('takes a run back, and goes on with it', async () => {
    await trained(disk, 3, [2]);
    const page = disk.page();
    await page.restored();
    page.keeper.receive({ type: 'yield' });
    const answer = await page.answered({ type: 'restore', lab: 'lab', take: true });
    expect(answer).toMatchObject({ found: { lab: { id: 'lab' } } });
    page.keeper.receive({ type: 'again' });
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 5) });
    await page.flushed();
    expect(readRecord(disk.record()).runs[0]?.rows.at(-1)).toEqual(row(5));
  });

  it('lists and deletes after a full disk, and keeps what it is told of anew', async () => {
    await trained(disk, 3, [2]);
    disk.labs.set('old', { ...lab, id: 'old', updated: 0, lanes: [] });
    const page = disk.page();
    await page.restored();
    const folder = disk.folders.get('one');
    if (folder === undefined) throw new Error('no folder');
    folder.append = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(3, 3) });
    page.keeper.receive({ type: 'flush' });
    expect(await page.answered({ type: 'list' })).toMatchObject({
      labs: [{ lab: { id: 'lab' } }, { lab: { id: 'old' } }],
    });
    expect(until(page)).toEqual(['asked']);
    expect([...disk.held]).toEqual([]);
    expect(await page.answered({ type: 'delete', lab: 'old' })).toEqual({ type: 'deleted', busy: false });
    page.keeper.receive({ type: 'again' });
    page.keeper.receive({ type: 'begin', run: 'two', head, changes: [], rows: rows(0, 3) });
    page.keeper.receive({ type: 'save', lab: { ...lab, lanes: [] }, runs: [] });
    await vi.waitUntil(() => page.reports.some((report) => report.type === 'kept' && report.run === 'two'));
    expect(readRecord(disk.record('two')).runs[0]?.rows.at(-1)).toEqual(row(3));
  });

  it('answers nothing where there is no storage at all', async () => {
    const reports: KeepReport[] = [];
    const keeper = new Keeper(
      () => Promise.reject(new DOMException('no', 'SecurityError')),
      (report) => reports.push(report),
    );
    keeper.receive({ type: 'list' });
    keeper.receive({ type: 'again' });
    keeper.receive({ type: 'list' });
    await vi.waitUntil(() => reports.length > 0);
    await new Promise((resolve) => setTimeout(resolve));
    expect(reports).toMatchObject([{ type: 'stopped', until: 'never' }]);
  });
});

it('a run that goes back to where nothing is kept of it is given up, and said to be', async () => {
  await trained(disk, 7, [2, 4]);
  const page = disk.page();
  await page.restored();
  page.keeper.receive({ type: 'back', run: 'one', step: 3 });
  page.keeper.receive({ type: 'rows', run: 'one', rows: rows(4, 5) });
  page.keeper.receive({ type: 'flush' });
  await page.answered({ type: 'list' });
  expect(page.reports).toContainEqual({ type: 'unkept', run: 'one' });
  expect(page.failure()).toBe(null);
  expect((await disk.page().restored())?.courses.get('one')?.checkpoint?.step).toBe(4);
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
