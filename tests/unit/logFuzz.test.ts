import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { philox4x32 } from '../../src/lib/philox.ts';
import { checksum } from '../../src/records/import/eventFile.ts';
import { joinLogs } from '../../src/records/import/join.ts';
import { guessMapping } from '../../src/records/import/mapping.ts';
import { readRows } from '../../src/records/import/rows.ts';
import { openLog } from '../../src/records/import/open.ts';
import { testMs } from '../patience.ts';

/** Mutated inputs of each format: some here, as many as are asked for in `npm run fuzz -- --inputs 100000`. */
const inputs = Number(process.env.FUZZ_INPUTS ?? 150);
const seed = Number(process.env.FUZZ_SEED ?? 1);
/** A seed is cut to this: what goes wrong in a megabyte goes wrong in less. */
const mostBytes = 6000;
/** Reading one takes a millisecond; what is not linear takes minutes. */
const mostMs = 60_000;

type Bytes = Uint8Array<ArrayBuffer>;
type Draw = (below: number) => number;

const folder = 'tests/fixtures/logs';
const file = (name: string): Buffer => readFileSync(`${folder}/${name}`);
const packed = (name: string): Buffer => gunzipSync(file(`trl/${name}.gz`));
const text = (...lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`);
const eventFile = readdirSync(`${folder}/trl/grpo-resumed`).find((name) => name.startsWith('events')) ?? '';
const events = packed(`grpo-resumed/${eventFile.replace(/\.gz$/, '')}`);

/** What is mutated, by its format: the beginning of a file that is read. */
const seeds: Readonly<Record<string, Buffer>> = {
  'trainer state': file('trainer_state.json'),
  'lines of verl': file('verl.jsonl'),
  'lines of this lab': file('lab.jsonl'),
  'lines of any logger': file('cases/swift-logging.jsonl'),
  'list of records': file('cases/log_history-alone.json'),
  trackio: text(
    '{"v": 1, "kind": "metric", "run": "a", "metrics": {"reward": 0.5, "train": {"loss": NaN}}, "step": 1}',
    '{"v": 1, "kind": "metric", "run": "b", "metrics": {"reward": 0.25}, "step": 2}',
  ),
  'console of TRL': packed('grpo-nan-crash/console.log').subarray(1500),
  'console of verl': file('cases/console-verl-0.6-np.float64.txt'),
  'consoles of others': text(
    "INFO 08-13 ppo_trainer.py:547] ✨ Global step 1: {'policy_loss': 0.01, 'reward': nan, 'kl': np.float64(0.5)}",
    "[2026] model.py:918 - step 0: {'train/pg_loss': 0.1, 'train/step': 0}",
    "[2026] rollout_metrics.py:247 - eval 0: {'eval/aime': 0.5}",
    '[2026] [INFO] [DRIVER 0 / 1][PID 1] {"critic/score/mean": 0.25}',
    '[2026] [INFO] pipeline step 0 finished',
    '===== Epoch 1/2 =====',
    '========== Step 1/50 ==========',
    '📊 Training Results:',
    '  • Loss: 0.0123',
    '  • Avg Reward: nan',
    '(AReaL) StatsLogger INFO: Epoch 1/10 Step 3/100 Train step 3/1000 done.',
    '╒═══╤═══╕',
    '│ ppo_actor/task_reward/avg │ 2.5e-01 │ a │ 1 │',
    '╘═══╧═══╛',
    'Traceback (most recent call last):',
    '  File "a.py"',
    'RuntimeError: out of memory',
  ),
  'chart of W&B': file('cases/wandb-chart-axis-global_step.csv'),
  'history of W&B': packed('grpo-nan-goes-on/wandb-history.csv'),
  'tag of TensorBoard': file('cases/tensorboard/run_logs-tag-train_kl.csv'),
  'table of a notebook': file('cases/unsloth-notebook-table.tsv'),
  'table with bars': text(
    '| Step | reward | kl |',
    '|---|---:|---|',
    '| 1 | 0.5 | nan |',
    '| 2 | No log | 0.1 |',
  ),
  MLflow: text('1700000000000 0.5 10', '1700000000001 nan 20', '1700000000002 -inf 30'),
  'long table of MLflow': text(
    'run_id,key,value,step,timestamp',
    'abc,reward,0.5,1,1700000000000',
    'abc,kl,nan,1,1700000000001',
    'def,reward,0.25,2,1700000000002',
  ),
  'table of semicolons': text('step;reward;kl', '1;0,5;1.234,5', '2;0,75;nan', '3;;1,5e-3'),
  'console of verl, wrapped': text(
    ...(file('cases/console-verl-0.6-np.float64.txt')
      .toString()
      .slice(0, 5000)
      .match(/.{1,120}|\n/g) ?? []),
  ),
  'events, their checksums wrong': events,
  'lines of pairs': text(
    '12:00:00 INFO step=1 reward=0.25 kl=-1e-3 entropy=nan',
    '[step 2/100] reward: 0.5, kl: .5, took: 12:30',
    'Step 3 | Reward: 0.75 | Throughput: 3000 tokens/s',
  ),
  'bars that tell metrics': Buffer.from(
    [1, 2, 3, 4]
      .map(
        (step) =>
          `\rTrain epoch [1/1]: ${25 * step}%|█▌  | ${step}/4 [00:02<00:07, 1.5it/s, pg=0.1, rm=nan]` +
          `\rEpisode [1/2]:  ${25 * step}%|█▌   | ${step}/4 [02:30<07:30, 150.02s/it, reward=0.${step}, kl=inf, act_lr=1e-6]`,
      )
      .join('\n'),
  ),
};

/** What programs print where something else is expected. */
const tokens = [
  ...[
    'NaN',
    '-Infinity',
    'null',
    'None',
    'np.float64(nan)',
    '1e999',
    '-0',
    '9'.repeat(40),
    '10/438',
    '\u0000',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '(',
    '"',
    "'",
    '\\',
    ',',
    ':',
    '|',
    ' - ',
    '\t',
    '\n',
    '\r',
    '\r\n',
    '\uFEFF',
    '\u001b[2m',
  ],
  ...[
    "{'loss': ",
    '{"step": ',
    'step:1 - ',
    ' 5%|█ | 5/100 [',
    '"""',
    "{'a': {'b': ",
    '\ud83d',
    '│',
    '• Loss: ',
  ],
].map((token) => Buffer.from(token));

/** Some changes of what is read: bytes turned, taken out, put in, doubled, or all that follows cut off. */
function mutated(original: Bytes, other: Bytes, draw: Draw): Bytes {
  let bytes = Buffer.from(original);
  for (let change = 0; change <= draw(4); change++) {
    const at = draw(bytes.length + 1);
    const length = draw(Math.min(200, bytes.length - at) + 1);
    const [before, within, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ];
    const begin = draw(other.length);
    const parts: readonly (readonly Uint8Array[])[] = [
      [before, Uint8Array.of(draw(256)), bytes.subarray(at + 1)],
      [before, after],
      [before, within, within, after],
      [before, ...Array<Uint8Array>(1 + draw(50)).fill(within.subarray(0, 20)), after],
      [before],
      [before, tokens[draw(tokens.length)] ?? before, within, after],
      [before, tokens[draw(tokens.length)] ?? before, after],
      [before, other.subarray(begin, begin + length), after],
    ];
    bytes = Buffer.concat(parts[draw(parts.length)] ?? [bytes]);
  }
  return new Uint8Array(bytes);
}

/** Draws of one input, which nothing else changes: a failure is repeated by its number. */
function drawOf(format: number, input: number): Draw {
  let drawn = 0;
  return (below) => {
    const [word] = philox4x32([drawn++, input, format, 0], [seed, 0]);
    return word % Math.max(1, below);
  };
}

/** Reads it, or refuses it in words. */
async function either(contents: Bytes): Promise<void> {
  const begin = performance.now();
  try {
    const logs = await openLog('run.log', contents);
    expect(logs.length).toBeGreaterThan(0);
    for (const log of logs) {
      expect(log.columns.length).toBeGreaterThan(0);
      expect(new Set(log.columns.map(({ name }) => name)).size).toBe(log.columns.length);
      for (const { values, notFinite, nulls, count } of log.columns) {
        expect(values.length).toBe(log.rows);
        const said = [...notFinite, ...nulls];
        expect(said.every((row) => row >= 0 && row < log.rows && Number.isNaN(values[row]))).toBe(true);
        expect(count).toBe(values.filter((value) => Number.isFinite(value)).length);
        expect(count + new Set(said).size).toBeLessThanOrEqual(log.rows);
      }
      for (const words of [...log.notes, ...log.leftOut]) expect(words).not.toMatch(/\p{Cc}/u);
      readRows(log, guessMapping(log));
      if (log.rows < 1000) joinLogs(log, log);
    }
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    // A record of this lab may hold settings that this version lacks.
    expect(['bad-file', 'bad-setting']).toContain(error.code);
    expect(error.message.length).toBeLessThan(500);
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.remedy).toMatch(/[.?]$/);
  }
  expect(performance.now() - begin).toBeLessThan(mostMs);
}

/** As long as all inputs of a format may take. */
const patience = testMs + 20 * inputs;

describe('mutated files are read or refused in words', () => {
  const all = Object.values(seeds);

  it.each(Object.entries(seeds))(
    '%s',
    async (_, whole) => {
      const format = all.indexOf(whole);
      const original = new Uint8Array(whole.subarray(0, mostBytes));
      for (let input = 0; input < inputs; input++) {
        const draw = drawOf(format, input);
        const other = new Uint8Array((all[draw(all.length)] ?? whole).subarray(0, mostBytes));
        await either(mutated(original, other, draw)).catch((error: unknown) => {
          throw new Error(`Input ${input} of seed ${seed}`, { cause: error });
        });
      }
    },
    patience,
  );

  it(
    'events whose checksums are right',
    async () => {
      const records = recordsOf(new Uint8Array(events.subarray(0, mostBytes)));
      for (let input = 0; input < inputs; input++) {
        const draw = drawOf(all.length, input);
        const chosen = 1 + draw(records.length - 1);
        const changed = records.map((record, index) =>
          index === chosen ? mutated(record, records[draw(records.length)] ?? record, draw) : record,
        );
        await either(framed(changed)).catch((error: unknown) => {
          throw new Error(`Input ${input} of seed ${seed}`, { cause: error });
        });
      }
    },
    patience,
  );

  it(
    'gzips, and what is in them',
    async () => {
      const original = new Uint8Array(file('verl.jsonl'));
      const zipped = new Uint8Array(gzipSync(original));
      for (let input = 0; input < inputs; input++) {
        const draw = drawOf(all.length + 1, input);
        await either(mutated(zipped, original, draw));
        await either(new Uint8Array(gzipSync(mutated(original, zipped, draw))));
      }
    },
    patience,
  );
});

/** The whole records of an event file, without their frames. */
function recordsOf(bytes: Bytes): Bytes[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const records: Bytes[] = [];
  for (let at = 0; at + 12 < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (at + 16 + length > bytes.length) break;
    records.push(bytes.slice(at + 12, at + 12 + length));
    at += 16 + length;
  }
  return records;
}

function framed(records: readonly Bytes[]): Bytes {
  const parts = records.flatMap((data) => {
    const head = new Uint8Array(12);
    new DataView(head.buffer).setBigUint64(0, BigInt(data.length), true);
    new DataView(head.buffer).setUint32(8, checksum(head, 0, 8), true);
    const foot = new Uint8Array(4);
    new DataView(foot.buffer).setUint32(0, checksum(data, 0, data.length), true);
    return [head, data, foot];
  });
  return new Uint8Array(Buffer.concat(parts));
}
