import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { difference, replay } from '../../src/cli/replay.ts';
import { measured } from '../../src/cli/recordFile.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import type { Checkpoint } from '../../src/trainer/checkpoint.ts';
import type { LiveChange } from '../../src/records/run.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import { command, smallRun } from './commandLine.ts';
import { Runs, smallSettings } from './runs.ts';

let runs: Runs;
const folder = mkdtempSync(join(tmpdir(), 'lab-replay-'));
const file = (name: string): string => join(folder, name);
beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => {
  runs.close();
  rmSync(folder, { recursive: true });
});

describe('npm run replay', () => {
  // A guard that acts as soon as the early warning speaks at all.
  const guarded = ['--guard', 'rollback', '--guard-threshold', '0.05', '--guard-steps-back', '4'];
  const args = ['--preset', 'srt', ...smallRun, '--steps', '14', ...guarded, '--checkpoint-every', '2'];
  let text = '';
  beforeAll(async () => {
    const { code, stderr } = await command('train', ...args, '--out', file('run.jsonl'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    text = readFileSync(file('run.jsonl'), 'utf8');
  });

  it('makes a run anew, the guard included, and finds every number again', async () => {
    expect(text).toContain('"by":"guard"');
    const { code, stdout } = await command('replay', file('run.jsonl'));
    expect(stdout).toMatch(
      /^SRT: 14 steps with \d changes on the way, every metric as recorded, bit for bit\n$/,
    );
    expect(code).toBe(0);
  });

  it('says where a record is not what was trained', async () => {
    const lines = text.trim().split('\n');
    const forged = lines.map((line) => {
      const record = JSON.parse(line) as { step?: number };
      return JSON.stringify(record.step === 5 ? { ...record, 'reward/mean': 0.123 } : record);
    });
    writeFileSync(file('forged.jsonl'), forged.join('\n'));
    const { code, stdout } = await command('replay', file('forged.jsonl'));
    expect(stdout).toMatch(/^SRT: differs from step 5 on: reward\/mean was 0\.123, is /);
    expect(code).toBe(1);
  });

  it.each<[string, (lines: string[]) => string[], string]>([
    ['no run', () => ['{"type":"summary"}'], 'holds no run'],
    ['a line of something else', (lines) => [...lines, '{"loss": 1}'], 'is none of a record'],
    ['a lane without a header', (lines) => lines.slice(1), 'no header names'],
    [
      'a setting out of range',
      (lines) => lines.map((l) => l.replace('"groupSize":8', '"groupSize":1')),
      'groupSize',
    ],
  ])('refuses %s', async (name, change, words) => {
    writeFileSync(file(`${name}.jsonl`), change(text.trim().split('\n')).join('\n'));
    const { code, stderr } = await command('replay', file(`${name}.jsonl`));
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });
});

describe('what a reader does on the page', () => {
  /** Trains as the page does: a live change, then a fork that changes what only a new run can. */
  async function trainedWith(start: Partial<Settings>, changes: readonly LiveChange[]) {
    const settings = smallSettings({ steps: 8, checkpointEvery: 4, ...start });
    let trainer = await runs.trainer(settings);
    let checkpoint: Checkpoint | null = null;
    const rows: Partial<MetricRow>[] = [measured(await trainer.start())];
    while (!trainer.finished) {
      for (const change of changes.filter(({ step }) => step === trainer.step)) {
        if (change.by === 'reader') trainer.change(change.changes);
        else if (checkpoint !== null) {
          const forked = smallSettings({ ...trainer.settings, ...change.changes });
          trainer.destroy();
          trainer = await runs.trainer(forked, undefined, checkpoint);
        }
      }
      const result = await trainer.next();
      rows.push(measured(result.metrics));
      checkpoint = result.checkpoint ?? checkpoint;
    }
    trainer.destroy();
    return { name: 'SRT', settings, plan: null, changes, rows };
  }

  it('is replayed at its steps: live changes and forks', async () => {
    const changes: readonly LiveChange[] = [
      { step: 0, changes: { temperature: 1 }, by: 'reader' },
      { step: 2, changes: { learningRate: 2e-3 }, by: 'reader' },
      { step: 4, changes: { algorithm: 'm-grpo', learningRate: 5e-4 }, by: 'checkpoint' },
      { step: 6, changes: { klCoefficient: 0.1 }, by: 'reader' },
    ];
    const run = await trainedWith({ algorithm: 'srt' }, changes);
    expect(difference(run.rows, await replay(runs.gpu, runs.kernels, run))).toBeNull();
    const other = changes.filter(({ step }) => step !== 6);
    const without = await replay(runs.gpu, runs.kernels, { ...run, changes: other });
    expect(difference(run.rows, without)?.step).toBe(7);
  });
});
