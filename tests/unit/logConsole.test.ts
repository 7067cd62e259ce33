import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/records/import/log.ts';
import { guessMapping } from '../../src/records/import/mapping.ts';
import { readRows } from '../../src/records/import/rows.ts';
import { parseLog } from '../../src/records/import/parse.ts';

const printed = (file: string): string => readFileSync(`tests/fixtures/logs/cases/${file}`, 'utf8');

function only(text: string): Log {
  const [log, ...others] = parseLog('console.log', text);
  if (log === undefined || others.length > 0) throw new Error(`${others.length + 1} runs`);
  return log;
}

const valuesOf = (log: Log, column: string): number[] => [
  ...(log.columns.find(({ name }) => name === column)?.values ?? []),
];
const mapped = (log: Log) => readRows(log, guessMapping(log)).rows;

describe('the Trainer’s dicts', () => {
  it('among progress bars bear the step of the bar that is drawn anew below them', () => {
    const log = only(printed('console-trl-grpo-tqdm.txt'));
    expect(log).toMatchObject({ format: 'console', name: 'console', rows: 10, notes: [] });
    expect(valuesOf(log, 'step')).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
    expect(mapped(log)[0]).toMatchObject({
      step: 5,
      'reward/mean': 0.46250000931322577,
      'completion/length': 3323.5583587646483,
      'policy/kl_ref': 0.00015448017929884373,
    });
  });

  it('without bars are counted, and that is said', () => {
    const log = only(printed('console-trl-grpo-nohup.txt'));
    expect(log.notes).toEqual(['No step is printed: the rows of training are counted.']);
    expect(valuesOf(log, 'step')).toEqual(Array.from({ length: log.rows }, (_, row) => row + 1));
    expect(mapped(log)[2]).toMatchObject({ step: 3, 'optim/loss': 1.169e-5, 'reward/mean': 0.625 });
  });

  it('with nan are not finite; two runs in one output are two', () => {
    const logs = parseLog('unsloth.log', printed('console-unsloth-grpo-nan.txt'));
    expect(logs.map(({ name, rows }) => [name, rows])).toEqual([
      ['unsloth', 21],
      ['unsloth (2)', 20],
    ]);
    const [first, second] = logs;
    const norms = first?.columns.find(({ name }) => name === 'grad_norm');
    expect(norms?.notFinite).toHaveLength(20);
    expect(first?.notes[0]).toBe('The text holds 2 runs, one after another: this is number 1.');
    // The summary at its end is no step of its own.
    expect(valuesOf(first ?? only(''), 'step').slice(-2)).toEqual([20, 20]);
    expect(second?.columns.some(({ name }) => name === 'train_runtime')).toBe(false);
  });

  it('printed behind a bar are of its step, not of the next one’s', () => {
    const line = (step: number): string =>
      `\r ${step}%|█ | ${step}/100 [00:01<00:02, 1it/s]{'loss': 0.5, 'reward': ${step}}\n`;
    expect(valuesOf(only([1, 2, 3, 4].map(line).join('')), 'step')).toEqual([1, 2, 3, 4]);
  });

  it('that a terminal broke are read whole; one that never ends is left out and told', () => {
    const dict = "{'loss': '0.25', 'reward': '0.5', 'completions/mean_length': '7.5', 'epoch': '0.1'}";
    const broken = dict.match(/.{1,20}/g)?.join('\n') ?? '';
    const log = only(`${broken}\nnoise\n{'loss': 0.1, 'reward':\n${dict}\n`);
    expect(valuesOf(log, 'completions/mean_length')).toEqual([7.5, 7.5]);
    expect(log.notes.at(-1)).toBe('A row is left out that begins and does not end, in line 7.');
  });

  it('cut off at the end are told', () => {
    const log = only("{'loss': 0.1, 'reward': 1}\n{'loss': 0.2, 'rew");
    expect(log.rows).toBe(1);
    expect(log.notes.at(-1)).toBe('Line 2 is cut off: what is read ends before that.');
  });

  it('of numpy and torch, of settings and of generation: only metrics are rows', () => {
    const text = [
      "Updated tokens: {'eos_token_id': 248046, 'pad_token_id': 248044}.",
      "(main_task pid=1) {'actor': {'optim': {'lr': 1e-06,",
      "(main_task pid=1)                      'lr_warmup': 0.0}}}",
      "{'loss': tensor(0.5, device='cuda:0'), 'reward': np.float32(-0.25), 'kl': None, 'note': 'it\\'s', 'x': [1, 2]}",
    ];
    const log = only(text.join('\n'));
    expect(log.rows).toBe(1);
    expect(valuesOf(log, 'loss')).toEqual([0.5]);
    expect(valuesOf(log, 'reward')).toEqual([-0.25]);
    expect(log.columns.find(({ name }) => name === 'kl')?.nulls).toEqual([0]);
    expect(log.leftOut).toEqual(['note (line 4: "it\'s")', 'x (line 4: "[1, 2]")']);
  });

  it('below settings that have a learning rate', () => {
    const dict = (step: number): string => `{'loss': 0.5, 'reward': ${step}}`;
    const log = only(["{'learning_rate': 1e-06, 'beta': 0.04}", ...[1, 2, 3].map(dict)].join('\n'));
    expect([log.rows, valuesOf(log, 'step'), valuesOf(log, 'reward')]).toEqual([3, [1, 2, 3], [1, 2, 3]]);
    expect(log.columns.some(({ name }) => name === 'beta')).toBe(false);
    expect(log.notes).toEqual(['No step is printed: the rows of training are counted.']);
  });

  it('printed by each node are counted once; equal rows of a dead run are rows', () => {
    const alive = [1, 2, 3].map((step) => `{'loss': 0.0, 'reward': 0.512${step}, 'epoch': 0.1}`);
    expect(valuesOf(only(alive.flatMap((row) => [row, row]).join('\n')), 'step')).toEqual([1, 1, 2, 2, 3, 3]);
    const dead =
      "{'loss': 0.0, 'reward': 0.0, 'learning_rate': 1.234e-06, 'completion_length': 512.0, 'epoch': 0.01}";
    expect(valuesOf(only(`${dead}\n`.repeat(4)), 'step')).toEqual([1, 2, 3, 4]);
  });

  it('name their own step where they have one', () => {
    const lines = [10, 20].map((step) => `{'loss': 0.5, 'global_step/max_steps': '${step}/438'}`);
    expect(valuesOf(only(lines.join('\n')), 'step')).toEqual([10, 20]);
  });
});

describe('a history that Python printed', () => {
  it('whole, in a line or over many', () => {
    const printed = "[{'loss': 0.5, 'step': 10}, {'loss': nan, 'reward': 1, 'step': 20}]";
    expect(valuesOf(only(printed), 'step')).toEqual([10, 20]);
    expect(valuesOf(only(printed.replaceAll(', ', ',\n ')), 'step')).toEqual([10, 20]);
  });

  it('below brackets that are no JSON', () => {
    expect(valuesOf(only(`${'[INFO] [x\n'.repeat(50)}{'loss': 0.5, 'step': 3}\n`), 'step')).toEqual([3]);
  });
});

describe('a run that ended in an error', () => {
  const dict = "{'loss': 0.1, 'reward': 1}";
  const traceback = [
    'Traceback (most recent call last):',
    '  File "a.py", line 1',
    'torch.cuda.OutOfMemoryError: no memory',
  ];

  it('says which', () => {
    expect(only([dict, ...traceback, 'wandb: sync'].join('\n')).notes).toContain(
      'The run ended in an error: torch.cuda.OutOfMemoryError: no memory',
    );
  });

  it('behind what torchrun puts before it', () => {
    const ranked = traceback.map((line) => `[rank3]: ${line}`);
    expect(only([dict, ...ranked, '[rank3]:[W] warning'].join('\n')).notes).toContain(
      'The run ended in an error: torch.cuda.OutOfMemoryError: no memory',
    );
  });

  it('not, where it went on', () => {
    expect(only([dict, ...traceback, dict].join('\n')).notes.join()).not.toContain('error');
  });
});

describe('verl', () => {
  it('with Ray’s prefixes, colours and a NUL byte; a rate in its unit', () => {
    const log = only(printed('console-verl-ppo-nul-byte.txt'));
    expect(valuesOf(log, 'step')).toEqual(Array.from({ length: 12 }, (_, step) => step));
    expect(mapped(log)[9]).toMatchObject({
      'policy/entropy': 0.399,
      'optim/lr': 1e-6,
      'eval/sampled': 0,
      'policy/kl_ref': 0.001,
    });
  });

  it('with a validation before the first step, and settings above', () => {
    const log = only(printed('console-verl-ppo-gemma.txt'));
    expect(valuesOf(log, 'step').slice(0, 3)).toEqual([0, 0, 1]);
    expect(log.leftOut).toEqual([]);
  });

  it('of numpy 2', () => {
    const log = only(printed('console-verl-0.6-np.float64.txt'));
    expect(valuesOf(log, 'step')).toEqual([71, 72, 73, 74, 75]);
    expect(valuesOf(log, 'actor/grad_norm')[0]).toBe(3.804414212703705);
  });

  it.each([
    [80, 'as it is'],
    [80, 'without spaces at its edge'],
    [133, 'without spaces at its edge'],
    [237, 'as it is'],
  ])('that a terminal of %i columns broke is put together, %s', (columns, edge) => {
    const broken = (text: string): string =>
      text
        .split('\n')
        .flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [''])
        .map((line) => (edge === 'as it is' ? line : line.trimEnd()))
        .join('\n');
    for (const file of ['console-verl-0.6-np.float64.txt', 'console-verl-ppo-gemma.txt']) {
      // A terminal counts what it shows.
      const whole = printed(file).replace(/\u001b\[[0-9;]*m/g, '');
      const [expected, found] = [only(whole), only(broken(whole))];
      expect(found.rows).toBe(expected.rows);
      expect(mapped(found)).toEqual(mapped(expected));
    }
  });

  it('goes on in no line that is none of it', () => {
    const wide = 'step:1 - actor/entropy:0.5 - critic/score/mean:0.25 - actor/grad_norm:1.5';
    for (const next of ['INFO saved', '0.5', 'epoch', '2 of 3 done', 'actor: worker 1', 'x'.repeat(90)]) {
      const log = only(`${wide}\n${next}\nstep:2 - actor/entropy:0.5 - critic/score/mean:0.5\n`);
      expect(valuesOf(log, 'actor/grad_norm')).toEqual([1.5, NaN]);
      expect(log.columns).toHaveLength(4);
    }
  });

  it('whose last value may be cut loses it', () => {
    const log = only(
      'step:1 - actor/kl_loss:0.5 - critic/score/mean:0.25\nstep:2 - actor/kl_loss:0.5 - critic/score/mean:0.2',
    );
    expect(valuesOf(log, 'critic/score/mean')).toEqual([0.25, NaN]);
  });
});

describe('other trainers, as their sources print', () => {
  it('OpenRLHF', () => {
    const log = only(
      [
        "INFO 08-13 19:25:45 ppo_trainer.py:547] ✨ Global step 1: {'policy_loss': 0.01, 'reward': 0.25, 'response_length': 120.5, 'kl': 0.001, 'actor_lr': 5e-07, 'actor_grad_norm': 0.5, 'entropy_loss': 0.9, 'rollout/reward_mean': 0.25}",
        "INFO 08-13 19:26:45 ppo_trainer.py:594] ✨ Evaluation completed in 0:00:10, global_step 1, eval_metrics: {'eval_math_pass1': 0.5, 'eval_math_pass4': 0.75}",
        "INFO 08-13 19:27:45 ppo_trainer_async.py:244] Global step 2: {'policy_loss': nan, 'reward': 0.5, 'response_length': 110.5, 'kl': 0.002}",
      ].join('\n'),
    );
    expect(mapped(log)).toEqual([
      {
        step: 1,
        'reward/mean': 0.25,
        'policy/entropy': 0.9,
        'policy/kl_ref': 0.001,
        'optim/grad_norm': 0.5,
        'optim/lr': 5e-7,
        'optim/loss': 0.01,
        'completion/length': 120.5,
        'eval/sampled': 0.5,
      },
      expect.objectContaining({ step: 2, 'policy/kl_ref': 0.002 }),
    ]);
  });

  it('OpenRLHF of old: what the bar of the episodes said last at each step', () => {
    const bar = (called: string, step: number, told: string): string =>
      `\r${called}:  ${25 * step}%|█▌   | ${step}/4 [02:30<07:30, 150.02s/it${told}]`;
    const episode = (of: number): string =>
      [1, 2, 3, 4]
        .map((step) => {
          const [before, now] = [step - 1, step].map((at) => (10 * of + at) / 100);
          const told = (reward?: number): string =>
            `, policy_loss=-0.00234, reward=${reward}, kl=nan, response_length=${200 + step}, act_lr=1e-06`;
          return (
            bar('Train epoch [1/1]', step, ', pg=0.1, rm=0.5, kl=0.1') +
            bar(`Episode [${of}/2]`, step, told(before)) +
            bar(`Episode [${of}/2]`, step, told(now))
          );
        })
        .join('');
    const log = only(`loading: 50%|█ | 1/2 [00:01<00:01, 1.0it/s]${episode(1)}\n${episode(2)}`);
    expect(valuesOf(log, 'step')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(valuesOf(log, 'reward')).toEqual([0.11, 0.12, 0.13, 0.14, 0.21, 0.22, 0.23, 0.24]);
    expect(log.columns.find(({ name }) => name === 'kl')?.notFinite).toHaveLength(8);
    expect(log.notes).toEqual(['No row is printed: these are what the progress bar said.']);
    // Where rows are printed, they count.
    expect(only(`${episode(1)}\n{'loss': 0.5, 'reward': 7}`).rows).toBe(1);
  });

  it.each([
    [
      '12:00:00 INFO step=$ reward=0.2$ kl=-1e-3 lr=1e-6 entropy=nan time=10.2s',
      { reward: 0.21, kl: -0.001 },
    ],
    ['[step $/100] reward: 0.2$, kl: .5, took: 12:30', { reward: 0.21, kl: 0.5 }],
    ['SUCCESS Step $ | Time: 10.2s | Reward: 0.2$ | Throughput: 3000 tokens/s', { Reward: 0.21 }],
  ])('whatever logger: %s', (line, first) => {
    const lines = [1, 2, 3].map((step) => line.replaceAll('$', String(step)));
    const log = only(['loaded step 0: lr=1e-6', ...lines, 'Eval step 3: reward=0.9'].join('\n'));
    expect(valuesOf(log, 'step')).toEqual([1, 2, 3]);
    for (const [name, value] of Object.entries(first)) expect(valuesOf(log, name)[0]).toBe(value);
    expect(log.columns.map(({ name }) => name)).not.toContain('took');
    expect(mapped(log)[2]).toMatchObject({ step: 3, 'reward/mean': 0.23 });
  });

  it('whatever logger, beside a trainer that prints rows: those count', () => {
    const log = only("INFO step=1 reward=9\n{'loss': 0.5, 'reward': 7, 'step': 4}\nINFO step=5 reward=9\n");
    expect([log.rows, valuesOf(log, 'reward')]).toEqual([1, [7]]);
  });

  it('NeMo-RL, whose steps begin anew with an epoch', () => {
    const step = (epoch: number, at: number, reward: string): string =>
      [
        `${'='.repeat(25)} Epoch ${epoch}/2 ${'='.repeat(25)}`,
        `${'='.repeat(25)} Step ${at}/50 ${'='.repeat(25)}`,
        '▶ Preparing batch...',
        '📊 Training Results:',
        '  • Loss: 0.0123',
        '  • Generation KL Error: 0.0001',
        `  • Avg Reward: ${reward}`,
        '  • Mean Generation Length: 512.2500',
        '',
        '⏱️  Timing:',
        '  • Total step time: 12.34s',
      ].join('\n');
    const validation = [
      '▶ Starting validation at step 51...',
      '📊 Validation Results:',
      '    • Accuracy: 0.6250',
      '    • Average response length: 500.0 tokens',
      '  ⏱️  Validation Timing:',
    ];
    const log = only([step(1, 1, '0.2500'), step(2, 1, 'nan'), ...validation].join('\n'));
    expect(mapped(log)).toEqual([
      { step: 1, 'reward/mean': 0.25, 'optim/loss': 0.0123, 'completion/length': 512.25 },
      expect.objectContaining({ step: 51, 'eval/sampled': 0.625 }),
    ]);
    expect(log.columns.find(({ name }) => name === 'Avg Reward')?.notFinite).toHaveLength(1);
  });

  it('AReaL', () => {
    const text = [
      '(AReaL) 20250521-18:37:16.123 StatsLogger INFO: Epoch 1/10 Step 3/100 Train step 3/1000 done.',
      '(AReaL) 20250521-18:37:16.124 StatsLogger INFO: Stats (1/1):',
      '(AReaL) 20250521-18:37:16.124 StatsLogger INFO: ',
      '╒═══════════════╤════════════╤═══════════╤════════════╕',
      '│ ppo_actor/task_reward/avg │ 2.5000e-01 │ ppo_actor/update/grad_norm │ 1.0000e+00 │',
      '├───────────────┼────────────┼───────────┼────────────┤',
      '│ ppo_actor/update/entropy/avg │ nan │ │ │',
      '╘═══════════════╧════════════╧═══════════╧════════════╛',
    ];
    const log = only(text.join('\n'));
    expect(mapped(log)).toEqual([
      expect.objectContaining({ step: 3, 'reward/mean': 0.25, 'optim/grad_norm': 1 }),
    ]);
    expect(log.columns.find(({ name }) => name === 'ppo_actor/update/entropy/avg')?.notFinite).toEqual([0]);
  });

  it('slime, which trains on a rollout in several steps', () => {
    const lines = [0, 1, 2].flatMap((rollout) => [
      `[2026-08-21 16:14:19] rollout_metrics.py:268 - perf ${rollout}: {'rollout/response_len/mean': ${100 + rollout}, 'rollout/truncated_ratio': 0.5}`,
      `[2026-08-21 16:14:19] train_metric_utils.py:135 - rollout ${rollout}: {'rollout/raw_reward': ${rollout / 4}}`,
      ...[0, 1].map(
        (step) =>
          `[2026-08-21 16:14:19] model.py:918 - step ${2 * rollout + step}: {'train/pg_loss': 0.1, 'train/kl_loss': 0.01, 'train/entropy_loss': 0.7, 'train/step': ${2 * rollout + step}}`,
      ),
    ]);
    const log = only(lines.join('\n'));
    expect(mapped(log).map((row) => [row.step, row['reward/mean'], row['policy/entropy']])).toEqual([
      [0, 0, 0.7],
      [1, undefined, 0.7],
      [2, 0.25, 0.7],
      [3, undefined, 0.7],
      [4, 0.5, 0.7],
      [5, undefined, 0.7],
    ]);
    expect(log.notes).toEqual([
      'A rollout is trained on in 2 steps: its figures are drawn at the first of them.',
    ]);
  });

  it('ROLL, above the line that names the step, or in its own logger', () => {
    const log = only(
      [
        '[2026-08-18 14:45:09] [rlvr_pipeline.py (838)] [INFO] [DRIVER 0 / 1][PID 1] {"critic/score/mean": 0.25, "actor/pg_loss": 0.1}',
        '[2026-08-18 14:45:09] [rlvr_pipeline.py (840)] [INFO] [DRIVER 0 / 1][PID 1] pipeline step 0 finished',
        '[2026-08-18 14:46:09] [rlvr_pipeline.py (838)] [INFO] [DRIVER 0 / 1][PID 1] {"critic/score/mean": NaN, "actor/pg_loss": 0.2}',
        '[2026-08-18 14:46:09] [rlvr_pipeline.py (840)] [INFO] [DRIVER 0 / 1][PID 1] pipeline step 1 finished',
        '[2026-08-18 14:47:09] [tracking.py (161)] [INFO] [DRIVER 0 / 1][PID 1] metrics_tag: {"step": 2, "metrics": {"critic/score/mean": 0.5}}',
      ].join('\n'),
    );
    expect(mapped(log).map((row) => [row.step, row['reward/mean']])).toEqual([
      [0, 0.25],
      [1, Infinity],
      [2, 0.5],
    ]);
  });
});
