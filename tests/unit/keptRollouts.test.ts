import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptRollouts, type PackedStep } from '../../src/storage/keptRollouts.ts';
import { KeptRuns } from '../../src/storage/keptRuns.ts';
import { checkpoint } from './keptDisk.ts';
import { Killed, MemoryFolder } from './memoryFolder.ts';

const much = 2 ** 20;

/** Rollouts of a step that don't deflate. */
function packed(step: number, bytes = 40): PackedStep {
  let state = step + 1;
  const next = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 24;
  return { step, bytes: Uint8Array.from({ length: bytes }, next) };
}
const range = (from: number, to: number): readonly PackedStep[] =>
  Array.from({ length: to - from + 1 }, (_, at) => packed(from + at));

async function stepsIn(folder: MemoryFolder, mostBytes = much): Promise<readonly number[]> {
  const found = await (await KeptRollouts.open(folder, mostBytes)).until(Infinity);
  for (const { step, bytes } of found) expect(bytes).toEqual(packed(step).bytes);
  return found.map(({ step }) => step);
}

describe('rollouts that are kept', () => {
  it('come back as they were, up to a step', async () => {
    const folder = new MemoryFolder();
    const rollouts = await KeptRollouts.open(folder, much);
    await rollouts.add(range(1, 3));
    await rollouts.add([]);
    await rollouts.add(range(4, 9));
    expect(await stepsIn(folder)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await rollouts.until(4)).toEqual(range(1, 4));
    expect(await rollouts.until(0)).toEqual([]);
  });

  it('of a course that was left give way to those of the one that goes on', async () => {
    const folder = new MemoryFolder();
    await (await KeptRollouts.open(folder, much)).add(range(1, 9));
    const again = await KeptRollouts.open(folder, much);
    await again.add(range(5, 6));
    expect(await stepsIn(folder)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are whole up to where the power failed, whatever was cut; looking changes nothing, and adding mends', async () => {
    const folder = new MemoryFolder();
    await (await KeptRollouts.open(folder, much)).add(range(1, 4));
    const file = folder.files.get('rollouts-1');
    if (file === undefined) throw new Error('no file');
    for (let length = 0; length <= file.length; length++) {
      const cut = new MemoryFolder(new Map([['rollouts-1', file.slice(0, length)]]));
      const there = await stepsIn(cut);
      expect(there).toEqual([1, 2, 3, 4].slice(0, there.length));
      expect(cut.files.get('rollouts-1')).toHaveLength(length);
      await (await KeptRollouts.open(cut, much)).add(range(there.length + 1, 6));
      expect(await stepsIn(cut)).toEqual([1, 2, 3, 4, 5, 6]);
    }
    const changed = file.slice();
    changed[20] = (changed[20] ?? 0) ^ 1;
    expect(await stepsIn(new MemoryFolder(new Map([['rollouts-1', changed]])))).toEqual([]);
  });

  it('never take more than they may: those of every second step stay, and it is known before', async () => {
    const folder = new MemoryFolder();
    const most = 2000;
    const rollouts = await KeptRollouts.open(folder, most);
    for (let step = 1; step <= 500; step++) {
      const [before, full] = [rollouts.stride, rollouts.full];
      await rollouts.add([packed(step)]);
      expect(rollouts.bytes).toBeLessThanOrEqual(most);
      if (rollouts.stride > before) expect(full).toBe(true);
    }
    expect(rollouts.stride).toBeGreaterThanOrEqual(16);
    const steps = await stepsIn(folder, most);
    expect(steps.every((step) => step % rollouts.stride === 0)).toBe(true);
    expect(steps).toHaveLength(Math.floor(500 / rollouts.stride));
    expect([...folder.files.keys()]).toEqual([`rollouts-${String(rollouts.stride)}`]);
  });

  it('lose nothing where the power fails while they are thinned, in whichever call', async () => {
    const most = 600;
    const add = async (folder: MemoryFolder): Promise<void> => {
      const rollouts = await KeptRollouts.open(folder, most);
      for (let step = 1; step <= 30; step++) await rollouts.add([packed(step)]);
    };
    const whole = new MemoryFolder();
    await add(whole);
    for (let call = 0; call < whole.calls; call++) {
      for (const share of [0, 0.5, 1]) {
        const folder = new MemoryFolder();
        folder.killAt = { call, share };
        await expect(add(folder)).rejects.toThrow(Killed);
        const left = new MemoryFolder(folder.files);
        const steps = await stepsIn(left, most);
        const stride = (await KeptRollouts.open(left, most)).stride;
        expect(steps).toEqual(steps.map((_, at) => stride * (at + 1)));
        const last = steps.at(-1) ?? 0;
        const rollouts = await KeptRollouts.open(left, most);
        for (let step = last + 1; step <= 30; step++) await rollouts.add([packed(step)]);
        expect(await stepsIn(left, most)).toEqual(await stepsIn(whole, most));
      }
    }
  });
});

it('which checkpoints go next is said before they do: those, and no others', async () => {
  const bytes = 4 * 2 * 4;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 5, max: 40 }), async (room, steps) => {
      const folder = new MemoryFolder();
      const runs = await KeptRuns.begin(folder, { forkableBytes: room * bytes });
      const there = (): readonly string[] =>
        [...folder.files.keys()].filter((name) => name !== 'record.jsonl');
      for (let step = 1; step <= steps; step++) {
        await runs.append(`${String(step)}\n`);
        const said = runs.going(1).map((each) => `checkpoint-1-${String(each)}`);
        const before = there();
        await runs.keep(1, checkpoint(step));
        expect(before.filter((name) => !there().includes(name))).toEqual(said);
      }
      expect(there().length).toBeLessThanOrEqual(Math.max(2, room));
    }),
    { numRuns: 60 },
  );
});
