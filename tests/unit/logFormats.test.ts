import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { areOneRun, joinLogs } from '../../src/records/import/join.ts';
import { type Log, limits } from '../../src/records/import/log.ts';
import { guessMapping } from '../../src/records/import/mapping.ts';
import { readRows } from '../../src/records/import/rows.ts';
import { openLog } from '../../src/records/import/open.ts';

const fixture = (file: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(`tests/fixtures/logs/cases/${file}`));
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function only(file: string, contents: Uint8Array<ArrayBuffer> | string): Promise<Log> {
  const [log, ...others] = await openLog(file, typeof contents === 'string' ? bytes(contents) : contents);
  if (log === undefined || others.length > 0) throw new Error(`${others.length + 1} runs`);
  return log;
}

async function refused(contents: Uint8Array<ArrayBuffer> | string, file = 'a'): Promise<LabError> {
  try {
    await only(file, contents);
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  }
  throw new Error('was read');
}

const mapped = (log: Log) => readRows(log, guessMapping(log)).rows;
const stepsOf = (log: Log) => mapped(log).map(({ step }) => step);

describe('JSON lines of any logger', () => {
  it('with a step that counts towards another', async () => {
    const log = await only('swift.jsonl', fixture('swift-logging.jsonl'));
    expect(log).toMatchObject({ format: 'lines', name: 'swift' });
    expect(stepsOf(log).slice(0, 3)).toEqual([1, 10, 20]);
    expect(mapped(log)[1]).toMatchObject({ step: 10, 'optim/loss': 3.94745, 'optim/lr': 9.987e-5 });
  });

  it('with current_steps', async () => {
    const log = await only('llama.jsonl', fixture('llamafactory-trainer_log.jsonl'));
    expect(mapped(log)[2]).toMatchObject({
      step: 3,
      'optim/loss': 1.1105,
      'optim/lr': 2.941176470588235e-9,
    });
  });

  it.each(['training_step', 'train/step', 'rollout/step', 'global_step', 'iteration', 'Step'])(
    'with %s',
    async (name) => {
      const lines = [5, 6].map((step) => JSON.stringify({ [name]: step, reward: step / 10 }));
      expect(mapped(await only('a.jsonl', lines.join('\n')))).toEqual([
        { step: 5, 'reward/mean': 0.5 },
        { step: 6, 'reward/mean': 0.6 },
      ]);
    },
  );

  it('with a step of another name in each kind of record, and metrics in a dict', async () => {
    const lines = [
      { 'train/step': 1, metrics: { 'critic/score/mean': 0.5 } },
      { 'rollout/step': 2, response_length: { mean: 12 } },
    ];
    expect(mapped(await only('a.jsonl', lines.map((line) => JSON.stringify(line)).join('\n')))).toEqual([
      { step: 1, 'reward/mean': 0.5 },
      { step: 2, 'completion/length': 12 },
    ]);
  });

  it('without steps are counted, and that is said', async () => {
    const log = await only('a.jsonl', '{"reward": 0.5}\n{"reward": 0.25}\n');
    expect(stepsOf(log)).toEqual([1, 2]);
    expect(log.notes).toEqual(['No step is given: the rows are counted.']);
  });

  it('cut within the last line are read up to it', async () => {
    const log = await only(
      'a.jsonl',
      '{"step": 1, "data": {"kl": 1}}\n{"step": 2, "data": {"kl": 2}}\n{"step": 3, "da',
    );
    expect(log.rows).toBe(2);
    expect(log.notes).toEqual(['The last line, 3, is cut off: what is read ends before it.']);
    expect((await refused('{"step": 1, "da')).message).toContain('no JSON');
  });

  it('broken within a line are read without it', async () => {
    const log = await only(
      'a.jsonl',
      '{"step": 1, "data": {"kl": 1}}\n{"step": 2, "da\n{"step": 3, "data": {"kl": 3}}\n',
    );
    expect(stepsOf(log)).toEqual([1, 3]);
    expect(log.notes).toEqual(['A row is left out that begins and does not end, in line 2.']);
  });
});

describe('JSON documents', () => {
  it('a list of records, which is the history of a trainer state alone', async () => {
    const log = await only('log_history.json', fixture('log_history-alone.json'));
    expect(log.rows).toBe(25);
    expect(mapped(log)[0]).toMatchObject({
      step: 10,
      'reward/mean': 0.4269749991595745,
      'completion/length': 542.6875,
    });
  });

  it('cut within a record, up to it', async () => {
    const text = readFileSync('tests/fixtures/logs/trainer_state.json', 'utf8');
    const log = await only('trainer_state.json', text.slice(0, text.indexOf('"step": 20')));
    expect(stepsOf(log)).toEqual([10]);
    expect(log.notes).toEqual(['The file is cut off: what is read ends with its record 1.']);
  });

  it('of columns, as pandas writes them', async () => {
    const lists = { step: [1, 2], reward: [0.5, null] };
    const indexed = { step: { 0: 1, 1: 2 }, reward: { 0: 0.5, 1: null } };
    for (const json of [lists, indexed]) {
      const log = await only('a.json', JSON.stringify(json));
      expect(mapped(log)).toEqual([{ step: 1, 'reward/mean': 0.5 }, { step: 2 }]);
    }
  });

  it.each([
    ['a table of completions', '{"columns": ["step"], "data": [[1]]}', 'a table that W&B was given'],
    ['a notebook', '{"cells": [], "nbformat": 4}', 'a notebook'],
    ['settings', '{"learning_rate": 1e-6, "model": "x"}', 'the keys "learning_rate", "model"'],
    ['numbers', '[[1], 2]', 'Record 1 must be an object'],
  ])('%s: refused', async (_, text, words) => {
    expect((await refused(text)).message).toContain(words);
  });
});

describe('W&B', () => {
  it('a chart over another axis than the step, grouped runs as their means', async () => {
    const logs = await openLog('chart.csv', fixture('wandb-chart-axis-global_step.csv'));
    expect(logs).toHaveLength(6);
    const [log] = logs;
    expect(log?.name).toBe('Group: ResNet_Adapted');
    expect(guessMapping(log ?? (await only('', ''))).step).toEqual({ column: 'global_step', percent: false });
    expect(log?.columns.map(({ name }) => name)).toEqual(['global_step', '_step', 'Default-Conf-v1/reward']);
    expect(log?.columns[2]?.values[0]).toBe(41.42141133333333);
  });

  it('a chart over time is counted, and that is said', async () => {
    const log = await only('c.csv', '"Relative Time (Process)","a - reward"\n1.5,1\n2.5,2\n3.5,3\n');
    expect(stepsOf(log)).toEqual([1, 2, 3]);
    expect(log.notes).toEqual([
      'The chart’s axis, "Relative Time (Process)", counts no steps: its rows are counted.',
    ]);
  });

  it('eight runs', async () => {
    expect(await openLog('chart.csv', fixture('wandb-chart-8-runs.csv'))).toHaveLength(8);
  });

  it('its table of runs, its own files: refused with what to export', async () => {
    const table = await refused(
      '"Name","State","Notes","User","Tags","Created","Runtime","reward"\n"a","finished","","","","2026","1","0.5"\n',
    );
    expect(table.message).toContain('table of runs');
    expect(table.remedy).toContain('run.history()');
    const own = await refused(bytes(':W&B\u0000\u0000'));
    expect(own.message).toContain('.wandb');
    expect(own.remedy).toContain('history');
  });
});

describe('TensorBoard’s CSV', () => {
  const tags = ['completions_clipped_ratio', 'entropy', 'kl', 'reward'];
  const read = (tag: string, folder = 'run_logs'): Promise<Log> =>
    only(`${folder}-tag-train_${tag}.csv`, fixture(`tensorboard/run_logs-tag-train_${tag}.csv`));

  it('the tag is in the file’s name, and files of one run are one', async () => {
    const [first, ...others] = await Promise.all(tags.map((tag) => read(tag)));
    if (first === undefined) throw new Error('no file');
    expect(first).toMatchObject({ format: 'tensorboard', name: 'run_logs' });
    expect(others.every((log) => areOneRun(first, log))).toBe(true);
    const log = others.reduce(joinLogs, first);
    expect(mapped(log)[1]).toEqual({
      step: 2,
      'policy/entropy': 1.4721887111663818,
      'reward/mean': 0.30000001192092896,
      'policy/kl_ref': 4.1190948486328125,
      'completion/truncated': 1,
    });
  });

  it('another run’s is another', async () => {
    expect(areOneRun(await read('kl'), await read('reward', 'other'))).toBe(false);
  });
});

describe('tables', () => {
  it('of a notebook, by tabs', async () => {
    const log = await only('table.tsv', fixture('unsloth-notebook-table.tsv'));
    expect(log).toMatchObject({ format: 'table', rows: 11 });
    expect(mapped(log)[1]).toMatchObject({
      step: 2,
      'reward/mean': -10.5,
      'completion/length': 389.25,
      'optim/loss': -0,
    });
  });

  it('below what a notebook says above it', async () => {
    const log = await only(
      'pasted',
      ' [3/250 33:15, Epoch 0/1]\nStep\tTraining Loss\treward\n1\tNo log\t0.5\n2\t0.1\t0.25\n',
    );
    expect(mapped(log)).toEqual([
      { step: 1, 'reward/mean': 0.5 },
      { step: 2, 'reward/mean': 0.25, 'optim/loss': 0.1 },
    ]);
  });

  it('of semicolons, whose numbers have decimal commas', async () => {
    const log = await only('run.csv', 'step;reward;kl;"loss; all"\n1;0,5;1.234,5;-0,25\n2;0,75;2e-3;1,5e2\n');
    expect(stepsOf(log)).toEqual([1, 2]);
    expect(mapped(log).map((row) => row['reward/mean'])).toEqual([0.5, 0.75]);
    expect(mapped(log).map((row) => row['policy/kl_ref'])).toEqual([1234.5, 0.002]);
    expect([...(log.columns[3]?.values ?? [])]).toEqual([-0.25, 150]);
  });

  it('between bars', async () => {
    const log = await only(
      'pasted',
      '| Step | reward | kl |\n|------|-------:|----|\n| 1 | 0.5 | nan |\n| 2 | 0.25 | 0.1 |\n',
    );
    expect(mapped(log)[1]).toEqual({ step: 2, 'reward/mean': 0.25, 'policy/kl_ref': 0.1 });
    expect(log.columns[2]?.notFinite).toEqual([0]);
  });

  it('cut within the last line are read up to it', async () => {
    const log = await only('a.csv', 'step,reward,kl\n1,.5,.1\n2,.2');
    expect(log.notes).toEqual(['The last line, 3, is cut off: what is read ends before it.']);
    expect((await only('a.csv', 'step,reward,note\n1,.5,a\n2,.2,"a long')).rows).toBe(1);
    expect((await refused('step,reward,kl\n1,.5,.1\n2,.2\n')).message).toContain('Line 3 has 2 cells');
  });

  it('of the same name are two runs', async () => {
    const [a, b] = await Promise.all(
      ['a', 'b'].map((folder) => only('training_log.csv', fixture(`same-name/${folder}/training_log.csv`))),
    );
    if (a === undefined || b === undefined) throw new Error('no log');
    expect(a.name).toBe(b.name);
    expect(areOneRun(a, b)).toBe(false);
  });
});

describe('other trackers', () => {
  it('MLflow: a file per metric, which join until one comes twice', async () => {
    const reward = await only('reward', '1700000000000 0.5 10\n1700000000001 nan 20\n');
    const kl = await only('kl', '1700000000000 0.1 10\n1700000000001 0.2 20\n170000');
    expect(kl.notes).toEqual(['The last line, 3, is cut off: what is read ends before it.']);
    expect(areOneRun(reward, kl)).toBe(true);
    expect(areOneRun(reward, reward)).toBe(false);
    expect(mapped(joinLogs(reward, kl))).toEqual([
      expect.objectContaining({ step: 10, 'reward/mean': 0.5, 'policy/kl_ref': 0.1 }),
      expect.objectContaining({ step: 20, 'policy/kl_ref': 0.2 }),
    ]);
    expect(reward.columns.find(({ name }) => name === 'reward')?.notFinite).toEqual([1]);
  });

  it('MLflow: a long table, sorted by metric, is a run for each run_id and a row for each step', async () => {
    const logs = await openLog(
      'metrics.csv',
      bytes(
        [
          'run_id,key,value,step,timestamp',
          ...['reward', 'kl'].flatMap((key, k) =>
            ['abc', 'def'].flatMap((run, r) =>
              [3, 1, 2].map((step) => `${run},${key},${k + 10 * r + step / 10},${step},17000000000${step}`),
            ),
          ),
          'abc,entropy,nan,3,1700000000099',
          'abc,kl,7,3,1700000000099',
        ].join('\n'),
      ),
    );
    expect(logs.map(({ name, format, rows }) => [name, format, rows])).toEqual([
      ['abc', 'mlflow', 3],
      ['def', 'mlflow', 3],
    ]);
    const [first, second] = logs.map(mapped);
    expect(first?.map((row) => row['reward/mean'])).toEqual([0.1, 0.2, 0.3]);
    expect(first?.map((row) => row['policy/kl_ref'])).toEqual([1.1, 1.2, 7]);
    expect(first?.[2]?.['policy/entropy']).toBe(Infinity);
    expect(second?.map((row) => row['policy/kl_ref'])).toEqual([11.1, 11.2, 11.3]);
    expect(logs[0]?.notes).toEqual(['Values that come twice at a step: 1; the later ones count.']);
  });

  it('trackio: records with the name of their run', async () => {
    const line = (run: string, step: number): string =>
      JSON.stringify({
        v: 1,
        kind: 'metric',
        project: 'p',
        run,
        metrics: { train: { reward: step / 10 } },
        step,
      });
    const logs = await openLog('0.jsonl', bytes([line('a', 1), line('b', 1), line('a', 2)].join('\n')));
    expect(logs.map(({ format, name, rows }) => [format, name, rows])).toEqual([
      ['trackio', 'a', 2],
      ['trackio', 'b', 1],
    ]);
    expect(mapped(logs[0] ?? (await only('', '')))).toEqual([
      { step: 1, 'reward/mean': 0.1 },
      { step: 2, 'reward/mean': 0.2 },
    ]);
  });
});

describe('files as they are packed and encoded', () => {
  const text = 'step,reward\n1,.5\n2,.25\n';
  const utf16 = (mark: string, swap: boolean): Uint8Array<ArrayBuffer> => {
    const encoded = Buffer.from(mark + text, 'utf16le');
    return new Uint8Array(swap ? encoded.swap16() : encoded);
  };

  it.each<[string, Uint8Array<ArrayBuffer>]>([
    ['UTF-16', utf16('\uFEFF', false)],
    ['UTF-16, big end first', utf16('\uFEFF', true)],
    ['UTF-16 without a mark', utf16('', false)],
    ['UTF-16 without a mark, big end first', utf16('', true)],
    ['gzip', new Uint8Array(gzipSync(text))],
    ['gzip of UTF-16', new Uint8Array(gzipSync(utf16('\uFEFF', false)))],
  ])('%s', async (_, contents) => {
    const log = await only('run.csv.gz', contents);
    expect(mapped(log)).toEqual([
      { step: 1, 'reward/mean': 0.5 },
      { step: 2, 'reward/mean': 0.25 },
    ]);
  });

  it('a gzip is called as what is in it', async () => {
    expect((await only('run.csv.gz', new Uint8Array(gzipSync(text)))).name).toBe('run');
  });

  it.each<[string, Uint8Array<ArrayBuffer>, string]>([
    [
      'a gzip that unpacks to more than is read',
      new Uint8Array(gzipSync(new Uint8Array(limits.bytes + 1e6))),
      'the page reads 50',
    ],
    ['a gzip that is cut', new Uint8Array(gzipSync('x'.repeat(1000))).slice(0, -9), 'can’t be unpacked'],
    [
      'a gzip in a gzip in a gzip',
      new Uint8Array(gzipSync(gzipSync(gzipSync(text)))),
      'packed over and over',
    ],
    ['Parquet', bytes('PAR1...'), 'Parquet'],
    ['a database', bytes('SQLite format 3\u0000'), 'SQLite'],
    ['a zip', bytes('PK\u0003\u0004'), 'zip'],
    [
      'a picture',
      new Uint8Array([0x89, 0x50, 0x4e, 0x47, ...Array.from({ length: 500 }, (_, i) => (i * 97) % 256)]),
      'not text',
    ],
    ['nothing', bytes(''), 'empty'],
  ])('%s: refused', async (_, contents, words) => {
    const error = await refused(contents);
    expect(error.message).toContain(words);
    expect(error.remedy).toMatch(/\.$/);
  });
});
