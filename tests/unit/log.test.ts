import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { trainerState } from '../../src/cli/asTrl.ts';
import { type Log, outlineOf } from '../../src/records/import/log.ts';
import { guessMapping, type Mapping, readingOf } from '../../src/records/import/mapping.ts';
import { readRows } from '../../src/records/import/rows.ts';
import { parseLog } from '../../src/records/import/parse.ts';
import { joinLogs } from '../../src/records/import/join.ts';
import { numberIn } from '../../src/records/import/table.ts';
import { metricIds, metrics } from '../../src/spec/metrics.ts';

const fixture = (file: string): readonly Log[] =>
  parseLog(file, readFileSync(`tests/fixtures/logs/${file}`, 'utf8'));

function only(logs: readonly Log[]): Log {
  const [log] = logs;
  if (log === undefined || logs.length > 1) throw new Error(`${logs.length} runs`);
  return log;
}

const named = (mapping: Mapping): Record<string, string | undefined> =>
  Object.fromEntries(
    metricIds.flatMap((id) => (mapping[id] === undefined ? [] : [[id, mapping[id].column]])),
  );

describe('trainer_state.json', () => {
  const log = only(fixture('trainer_state.json'));

  it('records of one step, training and evaluation, become one row', () => {
    const { rows, stepless } = readRows(log, guessMapping(log));
    expect(stepless).toBe(0);
    expect(rows.map(({ step }) => step)).toEqual([10, 20, 30]);
    expect(rows[1]).toMatchObject({
      'reward/mean': 0.36,
      'policy/entropy': 0.47,
      'truth/accuracy': 0.33,
      'eval/sampled': 0.34,
      'completion/length': 398,
    });
  });

  it('the columns that TRL documents are found, those of an evaluation are not taken for training', () => {
    expect(log).toMatchObject({ format: 'trl', name: 'trainer_state' });
    expect(named(guessMapping(log))).toEqual({
      step: 'step',
      'policy/entropy': 'entropy',
      'reward/mean': 'reward',
      'reward/std': 'reward_std',
      'reward/zero_std_groups': 'frac_reward_zero_std',
      'policy/kl_ref': 'kl',
      'optim/grad_norm': 'grad_norm',
      'optim/lr': 'learning_rate',
      'optim/loss': 'loss',
      'optim/clipped': 'clip_ratio/region_mean',
      'completion/length': 'completions/mean_length',
      'completion/truncated': 'completions/clipped_ratio',
      'truth/accuracy': 'rewards/accuracy_reward/mean',
      'eval/sampled': 'eval_rewards/accuracy_reward/mean',
    });
  });

  it('NaN, as Python writes it, is a value that is not finite', () => {
    const { rows } = readRows(log, guessMapping(log));
    expect(rows.map((row) => row['optim/grad_norm'])).toEqual([0.21, 0.19, Infinity]);
  });

  it('NaN within a name stays', () => {
    const text = '{"log_history": [{"step": 1, "x NaN \\" Infinity": 2, "loss": -Infinity}]}';
    expect(only(parseLog('a.json', text)).columns.map(({ name }) => name)).toEqual([
      'step',
      'x NaN " Infinity',
      'loss',
    ]);
  });

  it('is read on one line too', () => {
    const minified = JSON.stringify({ log_history: [{ step: 5, reward: 0.5 }], global_step: 5 });
    expect(only(parseLog('a.json', minified)).format).toBe('trl');
  });
});

describe('verl', () => {
  const log = only(fixture('verl.jsonl'));

  it('a record per step, validation before the first included', () => {
    const { rows } = readRows(log, guessMapping(log));
    expect(rows.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
    expect(rows[0]).toEqual({ step: 0, 'eval/sampled': 0.412, 'eval/majority': 0.55 });
    expect(rows[4]).toMatchObject({ 'eval/sampled': 0.437, 'reward/mean': 0.6 });
  });

  it('the columns that verl documents are found', () => {
    expect(named(guessMapping(log))).toEqual({
      step: 'step',
      'policy/entropy': 'actor/entropy',
      'reward/mean': 'critic/score/mean',
      'policy/kl_ref': 'actor/kl_loss',
      'optim/grad_norm': 'actor/grad_norm',
      'optim/lr': 'actor/lr',
      'optim/loss': 'actor/pg_loss',
      'optim/clipped': 'actor/pg_clipfrac',
      'completion/length': 'response_length/mean',
      'completion/truncated': 'response_length/clip_ratio',
      'eval/sampled': 'val-core/openai/gsm8k/acc/mean@16',
      'eval/majority': 'val-core/openai/gsm8k/acc/maj@16/mean',
    });
  });

  it('two data sets leave the accuracy open', () => {
    const line = JSON.stringify({
      step: 1,
      data: { 'val-core/a/acc/mean@8': 0.5, 'val-core/b/acc/mean@8': 0.4 },
    });
    expect(guessMapping(only(parseLog('v.jsonl', line)))['eval/sampled']).toBeUndefined();
  });
});

describe('W&B', () => {
  it('a chart of two runs: two runs, without the envelope', () => {
    const logs = fixture('wandb_chart_entropy.csv');
    expect(logs.map(({ name }) => name)).toEqual(['Qwen3-4B - srt, lr 1e-6', 'Qwen3-4B - m-grpo']);
    for (const log of logs) {
      expect(named(guessMapping(log))).toEqual({ step: 'Step', 'policy/entropy': 'train/entropy' });
    }
    expect(logs.map(({ columns }) => columns[1]?.count)).toEqual([3, 4]);
  });

  it('two charts of one run make one run', () => {
    const [entropy] = fixture('wandb_chart_entropy.csv');
    const [reward] = fixture('wandb_chart_reward.csv');
    if (entropy === undefined || reward === undefined) throw new Error('no run');
    const both = joinLogs(entropy, reward);
    const { rows } = readRows(both, guessMapping(both));
    expect(rows).toHaveLength(4);
    expect(rows[1]).toEqual({ step: 20, 'policy/entropy': 0.31, 'reward/mean': 0.62 });
  });

  it('a history: one run; what is not all numbers is named with its first place', () => {
    const log = only(fixture('wandb_history.csv'));
    expect(log.leftOut).toEqual([expect.stringMatching(/^val\/generations \(line 2: "{/)]);
    expect(named(guessMapping(log))).toMatchObject({ step: '_step', 'policy/entropy': 'actor/entropy' });
    expect(log.columns.find(({ name }) => name === 'val/accuracy')?.count).toBe(2);
  });

  it('runs of the same name are told apart', () => {
    const logs = parseLog('c.csv', 'Step,a - x,a - x\n1,2,3\n');
    expect(logs.map(({ name }) => name)).toEqual(['a', 'a (2)']);
  });
});

describe('this lab', () => {
  it('a run per lane, under the lane’s name', () => {
    const logs = fixture('lab.jsonl');
    expect(logs.map(({ name, rows }) => [name, rows])).toEqual([
      ['SRT', 3],
      ['M-GRPO + IQR', 2],
    ]);
    expect(named(guessMapping(logs[0] ?? only([])))).toEqual({
      step: 'step',
      'policy/entropy': 'policy/entropy',
      'vote/answer_overlap': 'vote/answer_overlap',
      'eval/sampled': 'eval/sampled',
    });
  });

  it('as it was written before: headless, and exported from the page', () => {
    const old = (name: string) => readFileSync(`tests/fixtures/records/${name}`, 'utf8');
    expect(parseLog('x.jsonl', old('headless-1.jsonl')).map(({ name, rows }) => [name, rows])).toEqual([
      ['SRT', 7],
      ['M-GRPO + IQR', 7],
    ]);
    const logs = parseLog('x.jsonl', old('page-1.jsonl'));
    expect(logs.map(({ name }) => name)).toEqual(['SRT', 'M-GRPO + IQR', 'SRT 2']);
  });

  it('cut within a line, with a sentence that says so', () => {
    const text = readFileSync('tests/fixtures/logs/lab.jsonl', 'utf8');
    const logs = parseLog('x.jsonl', text.slice(0, -10));
    expect(logs.map(({ rows }) => rows)).toEqual([3, 1]);
    for (const { notes } of logs) expect(notes).toEqual([expect.stringMatching(/^Line 7 is cut off/)]);
  });
});

describe('what is not finite', () => {
  const text = [
    '{"step": 1, "data": {"kl": 0.5, "loss": 1, "grad": NaN}}',
    '{"step": 2, "data": {"kl": -Infinity, "loss": null, "grad": "nan"}}',
    '{"step": 3, "data": {"kl": "inf", "grad": 1e999}}',
    '{"step": 4, "data": {"kl": "0.25", "loss": 2, "grad": "-Infinity"}}',
  ];
  const log = only(parseLog('v.jsonl', text.join('\n')));
  const rows = log.columns.map(({ name, values, notFinite, nulls }) => [name, [...values], notFinite, nulls]);

  it('is told from null, and both from what is absent', () => {
    expect(rows).toEqual([
      ['kl', [0.5, NaN, NaN, 0.25], [1, 2], []],
      ['loss', [1, NaN, NaN, 2], [], [1]],
      ['grad', [NaN, NaN, NaN, NaN], [0, 1, 2, 3], []],
      ['step', [1, 2, 3, 4], [], []],
    ]);
    expect(log.columns[2]).toMatchObject({ count: 0, least: NaN, greatest: NaN });
  });

  it('is still told when exports are joined', () => {
    const joined = joinLogs(log, log);
    expect(joined.columns.map(({ name, notFinite, nulls }) => [name, notFinite, nulls])).toEqual([
      ['kl', [1, 2, 5, 6], []],
      ['loss', [], [1, 5]],
      ['grad', [0, 1, 2, 3, 4, 5, 6, 7], []],
      ['step', [], []],
    ]);
  });

  it('is seen in CSV, where an empty cell says nothing', () => {
    const csv = only(parseLog('a.csv', 'step,a,b\n1,nan,2\n2,,None\n3,-inf,1\n'));
    expect(csv.columns.map(({ notFinite, nulls }) => [notFinite, nulls])).toEqual([
      [[], []],
      [[0, 2], []],
      [[], [1]],
    ]);
  });

  it('a name that comes twice keeps the later value', () => {
    const twice = only(parseLog('a.json', '{"step": 9, "data": {"step": NaN, "x": 1}}'));
    expect(twice.columns.map(({ name, count, notFinite }) => [name, count, notFinite])).toEqual([
      ['step', 1, []],
      ['x', 1, []],
    ]);
  });
});

it.each([
  ['1.316e+05', 131600],
  [' -.5 ', -0.5],
  ['7.', 7],
  ['NaN', NaN],
  ['+inf', Infinity],
  ['-Infinity', -Infinity],
  ['None', null],
  ['n/a', null],
  ['0x1F', '0x1F'],
  ['1.2.3', '1.2.3'],
  ['10/438', '10/438'],
  ['', ''],
])('a text %j says %j', (text, value) => {
  expect(numberIn(text)).toEqual(value);
});

describe('mapping', () => {
  it('no name in the metric table says two things', () => {
    const names = metricIds
      .flatMap((id) => [metrics[id].trl, metrics[id].verl])
      .filter((name) => name !== undefined);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(20);
  });

  it('upper and lower case are one; two columns for one metric leave it open', () => {
    const mapping = guessMapping(only(parseLog('a.csv', 'Step,Train/Reward,KL,actor/kl_loss\n1,2,3,4\n')));
    expect(named(mapping)).toEqual({ step: 'Step', 'reward/mean': 'Train/Reward' });
  });

  it('rows without a whole step are counted and left out; the later of two rows of a step counts', () => {
    const log = only(parseLog('a.csv', 'step,reward,kl\n2,.2,\n1,.1,.5\n,9,\n1.5,9,\n-1,9,\n1,.3,\n'));
    expect(readRows(log, guessMapping(log))).toEqual({
      rows: [
        { step: 1, 'reward/mean': 0.3, 'policy/kl_ref': 0.5 },
        { step: 2, 'reward/mean': 0.2 },
      ],
      stepless: 3,
      twice: 0,
      countedOn: false,
      abandoned: [],
    });
  });

  it('no step, no rows', () => {
    const log = only(parseLog('a.csv', 'epoch,reward\n1,.2\n'));
    expect(readRows(log, guessMapping(log))).toMatchObject({ rows: [], stepless: 1, abandoned: [] });
  });

  it('percent are seen, and divided by 100 when so read', () => {
    const log = only(fixture('wandb_history.csv'));
    const column = log.columns.find(({ name }) => name === 'val/accuracy') ?? log.columns[0];
    if (column === undefined) throw new Error('no column');
    expect(readingOf('eval/sampled', column, false)).toEqual({
      count: 2,
      least: 41.2,
      greatest: 43.7,
      outside: true,
      looksPercent: true,
    });
    expect(readingOf('eval/sampled', column, true).outside).toBe(false);
    const { rows } = readRows(log, {
      step: { column: '_step', percent: false },
      'eval/sampled': { column: 'val/accuracy', percent: true },
    });
    expect(rows[3]?.['eval/sampled']).toBeCloseTo(0.437);
  });

  it('a logit is no percent', () => {
    const log = only(parseLog('a.csv', 'step,x\n1,-3\n2,50\n'));
    const [, column] = log.columns;
    if (column === undefined) throw new Error('no column');
    expect(readingOf('eval/sampled', column, false)).toMatchObject({ outside: true, looksPercent: false });
    expect(readingOf('reward/mean', column, false).outside).toBe(false);
  });
});

it('an outline has all of a log but its values', () => {
  const log = only(parseLog('a.csv', 'step,x,y\n1,-3,\n2,50,\n3,,\n'));
  expect(outlineOf(log)).toEqual({
    format: 'csv',
    name: 'a',
    columns: [
      { name: 'step', count: 3, least: 1, greatest: 3 },
      { name: 'x', count: 2, least: -3, greatest: 50 },
    ],
    rows: 3,
    leftOut: [],
    axis: null,
    notes: [],
  });
});

describe('a run of this lab, written in TRL’s format', () => {
  it('says the same when it is read again', () => {
    const rows = [
      { step: 0, 'eval/sampled': 0.4 },
      { step: 1, 'reward/mean': 0.5, 'policy/entropy': 0.625 },
      { step: 2, 'reward/mean': 0.7, 'eval/sampled': 0.45 },
    ];
    const log = only(parseLog('a.json', JSON.stringify(trainerState(rows, 1))));
    expect(readRows(log, guessMapping(log)).rows).toEqual(rows);
  });

  it('logs the mean of the steps since the last record', () => {
    const rows = [2, 4, 6, 8].map((value, index) => ({ step: index + 1, 'reward/mean': value }));
    expect(trainerState(rows, 2)).toMatchObject({
      log_history: [
        { step: 2, reward: 3 },
        { step: 4, reward: 7 },
      ],
    });
  });

  it('the example is one', () => {
    const log = only(
      parseLog('trainer_state.json', readFileSync('public/examples/trainer_state.json', 'utf8')),
    );
    const { rows, stepless } = readRows(log, guessMapping(log));
    expect(log.format).toBe('trl');
    expect(stepless).toBe(0);
    expect(rows.filter((row) => row['eval/sampled'] !== undefined).length).toBeGreaterThan(10);
    expect(
      log.columns.every(({ name }) => Object.values(guessMapping(log)).some(({ column }) => column === name)),
    ).toBe(true);
  });
});
