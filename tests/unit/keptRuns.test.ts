import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/lib/crc32.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/storage/checkpointFile.ts';
import { KeptRuns, recordFile } from '../../src/storage/keptRuns.ts';
import { RecentCheckpoints, type Checkpoint } from '../../src/trainer/checkpoint.ts';
import { Killed, MemoryFolder } from './memoryFolder.ts';

const runCount = 2;
const steps = 13;
const every = 3;
const stepsBack = 6;

/** A run whose every step follows from the one before, and which goes back by itself now and then, as the guard does. */
class Chain {
  #state: Float32Array<ArrayBuffer>;
  #step: number;
  readonly #recent: RecentCheckpoints;

  constructor(run: number, from: Checkpoint | null) {
    const start = from ?? checkpointOf(0, Float32Array.of(run, run / 3), [], false);
    this.#state = start.state.policy;
    this.#step = start.step;
    this.#recent = new RecentCheckpoints(start);
  }

  get step(): number {
    return this.#step;
  }

  /** @returns the line of the step, and the checkpoint where one is due */
  next(): { line: string; checkpoint: Checkpoint | null } {
    this.#step++;
    const [a = 0, b = 0] = this.#state;
    this.#state = Float32Array.of(a * 0.7 + b + this.#step, b - a * 0.3);
    if (this.#step % 7 === 0) {
      const back = this.#recent.before(this.#step - stepsBack);
      this.#recent.goBackTo(back);
      this.#state = back.state.policy;
    }
    const line = `${String(this.#step)} ${this.#state.join(' ')}\n`;
    return { line, checkpoint: this.#step % every === 0 ? this.checkpoint(false) : null };
  }

  checkpoint(passing: boolean): Checkpoint {
    const earlier = this.#recent.kept.map((one) => ({ ...one, earlier: [] }));
    const checkpoint = checkpointOf(this.#step, this.#state, earlier, passing);
    if (!passing) this.#recent.add(checkpoint, stepsBack);
    return checkpoint;
  }
}

function checkpointOf(
  step: number,
  policy: Float32Array<ArrayBuffer>,
  earlier: readonly Checkpoint[],
  passing: boolean,
): Checkpoint {
  const state = { policy, anchor: policy, m: policy, v: policy };
  const warning = { 'policy/entropy': { recent: [null, -0, 0.1], first: [step] } };
  return {
    step,
    updates: step,
    state,
    anchored: true,
    overlap: [{ qk: 1, qq: 0.5, kk: -0 }],
    warning,
    passing,
    earlier,
  };
}

/** Trains all runs in a folder, from where it goes on. @param stopAt tells a process to end: run and step */
async function train(
  folder: MemoryFolder,
  stopAt?: { run: number; step: number },
): Promise<{ again: number }> {
  const names = await folder.names();
  const { runs, restored } =
    names.length === 0
      ? { runs: await KeptRuns.begin(folder), restored: null }
      : await KeptRuns.restore(folder);
  let written = '';
  for (let run = 1; run <= runCount; run++) {
    if (restored?.ended.includes(run) === true) continue;
    const under = restored?.under?.run === run ? restored.under.checkpoint : null;
    const chain = new Chain(run, under);
    const append = async (line: string) => {
      written += line;
      await runs.append(line);
    };
    if (under === null) await append(`run ${String(run)}\n`);
    while (chain.step < steps) {
      if (stopAt?.run === run && stopAt.step === chain.step) {
        await runs.keep(run, chain.checkpoint(true));
        return { again: 0 };
      }
      const { line, checkpoint } = chain.next();
      await append(line);
      if (checkpoint !== null) await runs.keep(run, checkpoint);
    }
    await append('end\n');
    await runs.keep(run, chain.checkpoint(true), true);
  }
  const tail = restored?.tail ?? '';
  // What had been written comes out once more, to the last character, whatever was cut.
  expect(written.startsWith(tail)).toBe(true);
  return { again: tail.split('\n').length - 1 };
}

const recordOf = (folder: MemoryFolder): string => new TextDecoder().decode(folder.files.get(recordFile));

async function whole(): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  await train(folder);
  return folder;
}

/** Trains until power fails. @returns what is then on the disk */
async function killed(folder: MemoryFolder, call: number, share: number): Promise<MemoryFolder> {
  folder.killAt = { call, share };
  await expect(train(folder)).rejects.toThrow(Killed);
  return new MemoryFolder(folder.files);
}

describe('runs that are kept', () => {
  it('go on where they were, whichever call the power fails in, and however much of it was done', async () => {
    const undisturbed = await whole();
    for (let call = 0; call < undisturbed.calls; call++) {
      for (const share of [0, 0.4, 0.99, 1]) {
        const folder = await killed(new MemoryFolder(), call, share);
        const { again } = await train(folder);
        // Every third step has a checkpoint; the line that a run begins with, and one cut off, may come on top.
        expect(again).toBeLessThanOrEqual(every + 2);
        expect(recordOf(folder)).toBe(recordOf(undisturbed));
      }
    }
  });

  it('go on where they were after any call that reads was refused, and are not changed by it', async () => {
    const undisturbed = await whole();
    for (let call = 0; call < undisturbed.calls; call += 7) {
      const cut = await killed(new MemoryFolder(), call, 0.4);
      const untouched = new MemoryFolder(cut.files);
      await KeptRuns.restore(untouched);
      for (let look = 0; look < untouched.looks; look++) {
        const folder = new MemoryFolder(cut.files);
        folder.refusedLook = look;
        await expect(KeptRuns.restore(folder)).rejects.toThrow('it can’t be read');
        expect(folder.files).toEqual(cut.files);
        await train(folder);
        expect(recordOf(folder)).toBe(recordOf(undisturbed));
      }
      // While it trains as well: it then ends there, and goes on another time.
      for (let look = 0; ; look++) {
        const folder = new MemoryFolder(cut.files);
        folder.refusedLook = look;
        const ended = await train(folder).catch((error: unknown) => error);
        if (folder.looks <= look) break;
        expect(ended).toBeInstanceOf(Killed);
        await train(new MemoryFolder(folder.files));
        folder.refusedLook = null;
        await train(folder);
        expect(recordOf(folder)).toBe(recordOf(undisturbed));
      }
    }
  });

  it('go on after being killed while they go on, again and again', async () => {
    const undisturbed = recordOf(await whole());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(25), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 12 }),
        async (kills) => {
          let folder = new MemoryFolder();
          for (const [call, share] of kills) {
            folder.killAt = { call, share };
            try {
              await train(folder);
            } catch (error) {
              if (!(error instanceof Killed)) throw error;
            }
            folder = new MemoryFolder(folder.files);
          }
          await train(folder);
          expect(recordOf(folder)).toBe(undisturbed);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('go on from any step at which they are told to end, and the guard goes back as it would have', async () => {
    const undisturbed = recordOf(await whole());
    for (let run = 1; run <= runCount; run++) {
      for (let step = 0; step < steps; step++) {
        const folder = new MemoryFolder();
        await train(folder, { run, step });
        // At its beginning a run has a line, and no checkpoint.
        expect((await train(new MemoryFolder(folder.files))).again).toBe(step === 0 ? 1 : 0);
        await train(folder);
        expect(recordOf(folder)).toBe(undisturbed);
      }
    }
  });

  it('keep few files, and begin in no folder that has some', async () => {
    const folder = await whole();
    expect(folder.files.size).toBeLessThan(12);
    await expect(KeptRuns.begin(folder)).rejects.toThrow('holds runs already');
  });

  it('use the checkpoint before where the newest is damaged, and say so', async () => {
    const undisturbed = recordOf(await whole());
    const folder = await killed(new MemoryFolder(), 20, 1);
    const newest = [...folder.files.keys()].filter((name) => name.startsWith('checkpoint')).at(-1) ?? '';
    const bytes = folder.files.get(newest);
    if (bytes === undefined) throw new Error('no checkpoint');
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const { restored } = await KeptRuns.restore(new MemoryFolder(folder.files));
    expect(restored.notes).toEqual([`${newest} is cut off or damaged, and not used.`]);
    await train(folder);
    expect(recordOf(folder)).toBe(undisturbed);
  });

  it('refuse a record that is not theirs, and change nothing', async () => {
    const folder = await whole();
    const record = folder.files.get(recordFile);
    if (record === undefined) throw new Error('no record');
    record[3] = 'X'.charCodeAt(0);
    const calls = folder.calls;
    await expect(KeptRuns.restore(folder)).rejects.toThrow(`${recordFile} is damaged`);
    expect(folder.calls).toBe(calls);
  });

  it('notice a disk that does not keep what is written', async () => {
    const folder = new MemoryFolder();
    const read = folder.read.bind(folder);
    folder.read = async (name) => (await read(name))?.slice(1) ?? null;
    await expect(train(folder)).rejects.toThrow('reads back as something else');
  });
});

describe('a checkpoint’s file', () => {
  const record = { bytes: 5, crc: 7 };
  const stored = (step: number, policy: Float32Array<ArrayBuffer>) => ({
    run: 1,
    checkpoint: { ...checkpointOf(step, policy, [], false), earlier: [0, 3] },
    record,
    ended: false,
  });

  it('gives the same bits back: −0, NaN and the smallest numbers too', () => {
    const policy = Float32Array.of(-0, NaN, 1e-45, Infinity, -1 / 3);
    const one = stored(4, policy);
    const back = decodeCheckpoint(encodeCheckpoint(one));
    expect(back).toEqual(one);
    expect(Object.is(back.checkpoint.warning['policy/entropy']?.recent[1], -0)).toBe(true);
  });

  it('is refused with any byte changed, and at any length but its own', () => {
    const bytes = encodeCheckpoint(stored(4, Float32Array.of(1, 2)));
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      expect(() => decodeCheckpoint(changed)).toThrow('A checkpoint can’t be read'.replace('’', "'"));
      expect(() => decodeCheckpoint(bytes.slice(0, at))).toThrow("can't be read");
    }
    expect(() => decodeCheckpoint(Uint8Array.of(...bytes, 0))).toThrow("can't be read");
  });
});

it('CRC-32 is that of gzip: the check value of its definition', () => {
  const bytes = new TextEncoder().encode('123456789');
  expect(crc32(bytes)).toBe(0xcbf43926);
  expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
});
