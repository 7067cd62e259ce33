import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { areOneRun, joinLogs } from '../../src/records/import/join.ts';
import type { Log } from '../../src/records/import/log.ts';
import { guessMapping } from '../../src/records/import/mapping.ts';
import { openLog } from '../../src/records/import/open.ts';

const folder = 'tests/fixtures/logs/trl';

/** The logs of a run whose files are called so, in their order. */
async function read(run: string, called: RegExp): Promise<readonly Log[]> {
  const files = readdirSync(`${folder}/${run}`).filter((file) => called.test(file));
  const logs = await Promise.all(
    files.map((file) => openLog(file, new Uint8Array(readFileSync(`${folder}/${run}/${file}`)))),
  );
  return logs.flat();
}

/** What a run said of each step, under the Trainer's names; NaN for what is not finite. */
type Said = ReadonlyMap<number, ReadonlyMap<string, number>>;

function saidBy(...logs: readonly Log[]): Said {
  const said = new Map<number, Map<string, number>>();
  for (const log of logs) {
    const axis = guessMapping(log).step?.column;
    const steps = log.columns.find(({ name }) => name === axis)?.values ?? [];
    for (const { name, values, notFinite } of log.columns) {
      const called = name.replace(/^train\//, '').replace(/^eval\//, 'eval_');
      const strange = new Set(notFinite);
      values.forEach((value, row) => {
        if (Number.isNaN(value) && !strange.has(row)) return;
        const step = steps[row] ?? NaN;
        said.set(step, (said.get(step) ?? new Map<string, number>()).set(called, value));
      });
    }
  }
  return said;
}

/** How far two numbers lie apart, in parts of the greater; NaN is nothing but NaN. */
function apart(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity;
  return a === b ? 0 : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
}

/** Every number of one source that another has too: how many, and where they differ. */
function compared(first: Said, second: Said, digits: number): { shared: number; differing: string[] } {
  let shared = 0;
  const differing: string[] = [];
  for (const [step, row] of first) {
    for (const [name, value] of row) {
      const other = second.get(step)?.get(name);
      // What is said of the whole run, and the Trainer's own clock.
      if (
        other === undefined ||
        /^(train_|total_|_|step$|num_input|eval_(runtime|samples|steps))|epoch/.test(name)
      )
        continue;
      shared++;
      if (!(apart(value, other) <= 0.6 * 10 ** (1 - digits)))
        differing.push(`${step} ${name}: ${value}, ${other}`);
    }
  }
  return { shared, differing };
}

/** Whether a source has the steps of another, and no others. */
const stepsOf = (said: Said): number[] => [...said.keys()].filter((step) => step > 0).sort((a, b) => a - b);

describe.each(readdirSync(folder))('%s: its files hold the same numbers', (run) => {
  const state = async (): Promise<Said> => saidBy(...(await read(run, /^trainer_state.*json/)));

  it('state and console, to the four digits printed, at the same steps', async () => {
    const [printed, kept] = [saidBy(...(await read(run, /^console/))), await state()];
    const { shared, differing } = compared(kept, printed, 4);
    expect(differing).toEqual([]);
    expect(shared).toBeGreaterThan(200);
    if (run === 'grpo-nan-crash')
      expect(stepsOf(printed)).toEqual(Array.from({ length: 26 }, (_, step) => step + 1));
    else expect(stepsOf(printed)).toEqual(stepsOf(kept));
  });

  it('state and TensorBoard, to the seven digits of a float', async () => {
    const [first, ...others] = await read(run, /^events/);
    if (first === undefined) throw new Error('no event file');
    expect(others.every((log) => areOneRun(first, log))).toBe(true);
    const { shared, differing } = compared(await state(), saidBy(others.reduce(joinLogs, first)), 7);
    expect(differing).toEqual([]);
    expect(shared).toBeGreaterThan(200);
  });

  it('state and W&B, where it was kept', async () => {
    // The part after a resumption is called -2, which comes before the dot.
    const logs = (await read(run, /^wandb/)).toReversed();
    const { shared, differing } = compared(await state(), saidBy(...logs), 12);
    expect(differing).toEqual([]);
    expect(shared).toBeGreaterThan(logs.length === 0 ? -1 : 200);
  });
});

it('a run that crashed says with what', async () => {
  const [log] = await read('grpo-nan-crash', /^console/);
  expect(log?.notes).toEqual([
    'The run ended in an error: RuntimeError: probability tensor contains either `inf`, `nan` or element < 0',
  ]);
  expect(log?.columns.find(({ name }) => name === 'grad_norm')?.notFinite).toEqual([25]);
});

it('what hides as null is told', async () => {
  const [log] = await read('grpo-nan-goes-on', /^trainer_state/);
  const column = (called: string) => log?.columns.find(({ name }) => name === called);
  expect(column('kl')?.nulls.length).toBeGreaterThan(60);
  expect(column('grad_norm')?.notFinite.length).toBeGreaterThan(60);
  expect(column('grad_norm')?.nulls).toEqual([]);
  const [printed] = await read('grpo-nan-goes-on', /^console/);
  expect(printed?.columns.find(({ name }) => name === 'kl')?.nulls).toEqual(column('kl')?.nulls);
});

it('a run that was resumed is one of two event files, whichever comes first', async () => {
  const [first, second] = await read('grpo-resumed', /^events/);
  if (first === undefined || second === undefined) throw new Error('no event files');
  const joined = joinLogs(first, second);
  expect(joinLogs(second, first).columns[0]?.values).toEqual(joined.columns[0]?.values);
  expect(joined.rows).toBe(first.rows + second.rows);
  const [other] = await read('grpo-lr-1000', /^events/);
  expect(areOneRun(first, other ?? first)).toBe(false);
});
