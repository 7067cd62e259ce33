import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { adapterLayout, packAdapter } from '../../src/engine/frozen/adapterLayout.ts';
import { openAdapter } from '../../src/model/pretrained/adapter.ts';
import { openPretrained } from '../../src/model/pretrained/pretrained.ts';
import { waitMs } from '../patience.ts';
import { command, runsIn, start, timeless } from './commandLine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-lora-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const prompts = join(folder, 'prompts.jsonl');
const digits = ['5314', '9081', '6635', '2718', '4067', '8123', '1907', '3350'];
writeFileSync(
  prompts,
  digits
    .map((of) => `${JSON.stringify({ prompt: `${of}=`, answer: of.split('').sort().join('') })}\n`)
    .join(''),
);
const model = 'public/models/sort-64-early';
const short = [
  ...['--model', model, '--prompts', prompts, '--answer', '#…', '--steps', '2', '--prompts-per-step', '2'],
  ...['--group-size', '4', '--rows', '8', '--eval-samples', '1', '--eval-majority-prompts', '0'],
  ...['--rank', '2', '--checkpoint-every', '1', '--learning-rate', '0.01'],
];
const path = (name: string) => join(folder, name);

/** The factors of a saved adapter, and its config. */
async function saved(name: string) {
  const [base, of] = [pretrainedFolder(model), pretrainedFolder(path(name))];
  const { names } = await openPretrained(base);
  const adapter = await openAdapter(of, names);
  const factors = await packAdapter(adapterLayout(names, adapter.config), adapter);
  base.close();
  of.close();
  return { config: adapter.config, factors };
}

it('trains an adapter by the lab’s algorithms: record, checkpoints and anchor that PEFT reads, the same bits again', async () => {
  const train = (name: string) =>
    command('lora', ...short, '--algorithm', 'm-grpo', '--save', path(name), '--out', path(`${name}.jsonl`));
  const said = await train('first');
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(said.stdout).toMatch(/GPU memory: [\d.]+ MB: weights [\d.]+ MB/);
  await train('second');
  const [first, second] = ['first', 'second'].map((name) => runsIn(path(`${name}.jsonl`))[0]);
  if (first === undefined || second === undefined) throw new Error('two runs');
  expect(timeless(first)).toEqual(timeless(second));
  expect(first.name).toBe('m-grpo, LoRA r 2 on sort-64-early');
  expect(first.rows.map(({ step }) => step)).toEqual([0, 1, 2]);
  for (const row of first.rows.slice(1)) {
    expect(row['optim/grad_norm']).toBeGreaterThanOrEqual(0);
    expect(row['anchor/entropy']).toBeGreaterThan(0);
    expect(row['perf/allocations']).toBe(0);
  }
  const file = (name: string) => readFileSync(path(`${name}/adapter_model.safetensors`));
  expect(file('first').equals(file('second'))).toBe(true);
  const [policy, anchor, early] = [
    await saved('first'),
    await saved('first/anchor'),
    await saved('first/checkpoint-1'),
  ];
  expect(policy.config).toMatchObject({ rank: 2, alpha: 4, scale: 2 });
  const apart = (a: Float32Array, b: Float32Array) =>
    Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? NaN)) ** 2, 0));
  // B began at zero; the anchor follows slowly; a step lies between the checkpoints.
  expect(apart(policy.factors, anchor.factors)).toBeGreaterThan(0);
  expect(apart(policy.factors, early.factors)).toBeGreaterThan(0);

  // In the weights it says what it said beside them.
  const out = path('merged');
  const merge = ['export', '--from', path('first'), '--base', model, '--format', 'hf', '--out', out];
  expect(await command(...merge)).toEqual({ code: 0, stdout: '', stderr: '' });
  const asked = (name: string, ...args: readonly string[]) =>
    command('ask', ...args, '--prompts', prompts, '--group-size', '2', '--rows', '8', '--out', path(name));
  await asked('beside.jsonl', '--model', model, '--adapter', path('first'));
  await asked('within.jsonl', '--model', out);
  const tokensOf = (name: string) => {
    const lines = readFileSync(path(name), 'utf8').trim().split('\n');
    return lines.map((line) => (JSON.parse(line) as { readonly tokens: readonly number[] }).tokens);
  };
  expect(tokensOf('within.jsonl')).toEqual(tokensOf('beside.jsonl'));
  const refused = await command(...merge, '--force', '--which', 'anchor');
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain('the folder of an adapter holds one');
});

it('goes on from an adapter, whose A stays where B alone is trained', async () => {
  const { stderr, code } = await command(
    ...['lora', ...short.filter((flag, i) => flag !== '--rank' && short[i - 1] !== '--rank')],
    ...['--adapter', path('first'), '--trains', 'B', '--algorithm', 'grpo-oracle', '--save', path('third')],
    ...['--max-completion-length', '100'],
  );
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  const [before, after] = [await saved('first'), await saved('third')];
  expect(after.config).toEqual(before.config);
  const moved = before.factors.map((value, i) => Number(value !== after.factors[i]));
  const { bFloats } = adapterLayout((await openPretrained(pretrainedFolder(model))).names, before.config);
  expect(moved.subarray(bFloats).every((each) => each === 0)).toBe(true);
});

it('trains by self-certainty, which is measured of every token', async () => {
  const { code, stderr } = await command(
    'lora',
    ...short,
    ...['--algorithm', 'intuitor', '--save', path('certain'), '--out', path('certain.jsonl')],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const rows = runsIn(path('certain.jsonl'))[0]?.rows ?? [];
  const paid = rows.filter(({ step = 0 }) => step > 0).map((row) => row['reward/mean'] ?? NaN);
  expect(paid.length).toBe(2);
  // Nats: KL of the uniform distribution over 23 tokens to the model's.
  for (const reward of paid) expect(reward).toBeGreaterThan(1);
});

it('is replayed bit for bit on what it was made of, and on nothing else', async () => {
  const replay = (...args: readonly string[]) => command('replay', path('first.jsonl'), ...args);
  const given = ['--model', model, '--prompts', prompts];
  const { code, stdout } = await replay(...given);
  expect(stdout).toMatch(
    /m-grpo, LoRA r 2 on sort-64-early: 2 steps, every metric as recorded, bit for bit\n$/,
  );
  expect(code).toBe(0);
  const bare = await replay();
  expect(bare.code).toBe(2);
  expect(bare.stderr).toContain('trains an adapter of "sort-64-early"');
  const others = path('others.jsonl');
  writeFileSync(others, readFileSync(prompts, 'utf8').replace('5314', '5315'));
  const other = await replay('--model', model, '--prompts', others);
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(/^--prompts "[^"]+" is not what .* was trained on\.\n/);
  expect((await replay(...given, '--adapter', path('first'))).code).toBe(2);
});

it('goes on bit for bit after SIGKILL on the prompts that were kept, wherever theirs are, and not on others', async () => {
  const five = short.map((flag, i) => (short[i - 1] === '--steps' ? '5' : flag));
  const train = (name: string) => ['lora', ...five, '--algorithm', 'm-grpo-iqr', '--save', path(name)];
  expect(await command(...train('whole'), '--out', path('whole.jsonl'))).toMatchObject({
    code: 0,
    stderr: '',
  });
  const record = path('kept/record.jsonl');
  const rows = () =>
    existsSync(record) ? readFileSync(record, 'utf8').split('"type":"step"').length - 1 : 0;
  const { child, done } = start([...train('killed'), '--checkpoints', path('kept')]);
  await vi.waitUntil(() => rows() > 3 || child.exitCode !== null, { timeout: waitMs, interval: 5 });
  child.kill('SIGKILL');
  await done;

  const resume = ['lora', '--resume', path('kept')];
  const own = path('kept/prompts.jsonl');
  const given = readFileSync(own, 'utf8');
  expect(given).toBe(readFileSync(prompts, 'utf8'));
  writeFileSync(own, given.replace('5314', '5313'));
  const other = await command(...resume);
  writeFileSync(own, given);
  writeFileSync(prompts, '');
  expect(other).toMatchObject({ code: 2, stdout: '' });
  expect(other.stderr).toMatch(/began with another --prompts: .*prompts\.jsonl" has changed since/);

  const last = await command(...resume);
  writeFileSync(prompts, given);
  expect(last.code).toBe(0);
  expect(last.stderr).not.toMatch(/differs|damaged/);
  const [whole, kept] = ['whole.jsonl', 'kept/record.jsonl'].map((name) => runsIn(path(name))[0]);
  if (whole === undefined || kept === undefined) throw new Error('two runs');
  expect(timeless(kept)).toEqual(timeless(whole));
  for (const file of ['adapter_model.safetensors', 'anchor/adapter_model.safetensors', 'adapter_config.json'])
    expect(readFileSync(path(`killed/${file}`))).toEqual(readFileSync(path(`whole/${file}`)));
  for (const [which, as] of [
    ['policy', 'whole'],
    ['anchor', 'whole/anchor'],
  ] as const) {
    const to = path(`exported-${which}`);
    const flags = ['--from', path('kept'), '--format', 'adapter', '--which', which, '--out', to];
    expect(await command('export', ...flags)).toEqual({ code: 0, stdout: '', stderr: '' });
    for (const file of ['adapter_model.safetensors', 'adapter_config.json'])
      expect(readFileSync(join(to, file))).toEqual(readFileSync(path(`${as}/${file}`)));
  }
  // Nothing is left to do, and each command knows its own runs.
  expect((await command(...resume)).stdout).toContain('after 5 steps');
  for (const [words, ...args] of [
    ['keeps runs of npm run lora', 'train', '--resume', path('kept')],
    ['trains an adapter', 'export', '--from', path('kept'), '--format', 'hf', '--out', path('no')],
  ] as const) {
    const refused = await command(...args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(words);
  }
});

it('begins where another run stands, with other knobs, and is what a replay of its record gives', async () => {
  const parent = await command(
    ...[
      'lora',
      ...short,
      '--algorithm',
      'srt',
      '--save',
      path('parent'),
      '--checkpoints',
      path('parent-run'),
    ],
  );
  expect(parent).toMatchObject({ code: 0, stderr: '' });
  const forkOf = (name: string, ...knobs: readonly string[]) =>
    command(
      ...['lora', '--fork', path('parent-run'), '--save', path(name), '--checkpoints', path(`${name}-run`)],
      ...knobs,
    );
  const before = readFileSync(path('parent-run/record.jsonl'));
  // Another algorithm, whose anchor begins where the fork does, another rate, and more steps than the run had.
  const knobs = ['--algorithm', 'm-grpo', '--learning-rate', '0.02', '--steps', '4'];
  const said = await forkOf('fork', ...knobs);
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(path('parent-run/record.jsonl'))).toEqual(before);
  const [whole] = runsIn(path('parent-run/record.jsonl'));
  const [forked] = runsIn(path('fork-run/record.jsonl'));
  if (whole === undefined || forked === undefined) throw new Error('two runs');
  expect(forked.origin).toEqual({ name: whole.name, step: 2 });
  expect(forked.name).toBe('m-grpo, LoRA r 2 on sort-64-early, forked at 2');
  expect(forked.changes).toEqual([
    { step: 2, by: 'checkpoint', changes: { algorithm: 'm-grpo', learningRate: 0.02, steps: 4 } },
  ]);
  expect(forked.rows.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
  expect(forked.rows.slice(0, 3)).toEqual(whole.rows);
  expect(forked.rows[3]?.['anchor/distance']).toBeGreaterThan(0);
  expect(forked.summary?.steps).toBe(4);
  expect(existsSync(path('fork/anchor/adapter_model.safetensors'))).toBe(true);

  const replayed = await command(
    ...['replay', path('fork-run/record.jsonl'), '--model', model, '--prompts', prompts],
  );
  expect(replayed.stdout).toMatch(
    /: 4 steps with 1 changes on the way, every metric as recorded, bit for bit\n$/,
  );
  // Kept as any other run, it says once more how it ended.
  expect((await command('lora', '--resume', path('fork-run'))).stdout).toContain('after 4 steps');

  for (const [words, ...args] of [
    ['The fork would be the same run.', '--learning-rate', '0.01'],
    ['has made 2 steps, and 2 are wanted', '--learning-rate', '0.02'],
    ["--fork can't be given together with --rank", '--rank', '4'],
    ['"task" has no effect', '--task', 'add'],
  ] as const) {
    const refused = await forkOf('no', ...args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(words);
  }
  expect(existsSync(path('no-run'))).toBe(false);
});

describe('refusals', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['no folder to save to', ['--model', model, '--prompts', prompts], /--save is missing/],
    [
      'a matrix that is none',
      [...short, '--save', path('x'), '--targets', 'q_proj,lm_head'],
      /--targets has "lm_head"/,
    ],
    ['a task', [...short, '--save', path('x'), '--task', 'add'], /"task" has no effect/],
    [
      'too little memory',
      [...short, '--save', path('x'), '--memory', '0.001'],
      /This needs .*MB, and there are/,
    ],
    [
      'a knob beside --resume',
      ['--resume', path('x'), '--seed', '3'],
      /--resume can't be given together with --seed/,
    ],
    [
      'a record beside --checkpoints',
      [...short, '--save', path('x'), '--checkpoints', path('y'), '--out', path('z')],
      /--checkpoints can't be given together with --out/,
    ],
    ['other factors', [...short, '--save', path('x'), '--trains', 'A'], /--trains can't be "A"/],
    ['no adapter', [...short, '--save', path('x'), '--adapter', model], /has no adapter_config\.json/],
  ])('%s', async (_, args, said) => {
    const { code, stderr } = await command('lora', ...args);
    expect(stderr).toMatch(said);
    expect(code).toBe(2);
  });
});
