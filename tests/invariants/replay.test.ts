import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../../src/cli/replay.ts';
import type { RecordedRun } from '../../src/records/building.ts';
import { compare, type Replayed } from '../../src/records/compare.ts';
import { readRecord } from '../../src/records/read.ts';
import { type LiveChange, recordVersion } from '../../src/records/run.ts';
import { measured } from '../../src/records/write.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import type { Checkpoint } from '../../src/trainer/checkpoint.ts';
import { metricIds, type MetricRow } from '../../src/spec/metrics.ts';
import { command, smallRunOf } from './commandLine.ts';
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
  const args = ['--preset', 'srt', ...smallRunOf(14), ...guarded, '--checkpoint-every', '2'];
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

  type Line = Readonly<Record<string, unknown>>;
  /** The record with some lines changed or left out. */
  const forged = (change: (line: Line) => Line | null): string =>
    text
      .trim()
      .split('\n')
      .flatMap((line) => change(JSON.parse(line) as Line) ?? [])
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
  const is = (type: string, step?: number) => (line: Line) =>
    line['type'] === type && (step === undefined || line['step'] === step);
  const only = (record: string): RecordedRun => {
    const [run] = readRecord(record).runs;
    if (run === undefined) throw new Error('no run');
    return run;
  };

  describe('says where a record is not what was trained', () => {
    let again: Replayed;
    beforeAll(async () => {
      again = await replay(runs.device, only(text));
    });
    const guard = is('change');
    const lastGuard = (): number => again.changes.at(-1)?.step ?? NaN;

    it.each<[string, (line: Line) => Line | null, RegExp]>([
      [
        'a number gone from every row',
        ({ 'vote/tied': _, ...line }) => line,
        /^differs from step 1 on: vote\/tied was not there, is /,
      ],
      [
        'a row gone',
        (line) => (is('step', 2)(line) ? null : line),
        /^differs from step 2 on: the record lacks this step/,
      ],
      [
        'rows gone from the end',
        (line) => (is('step', 14)(line) || is('change', 14)(line) ? null : line),
        /^differs from step 14 on: the record lacks this step/,
      ],
      [
        'all that the guard did gone',
        (line) => (guard(line) ? null : line),
        /^differs from step \d+ on: the change was none, is \{"learningRate":[^}]*\} after step \d+ by guard/,
      ],
      [
        'the last thing that the guard did gone',
        (line) => (is('change', lastGuard())(line) ? null : line),
        /^differs from step \d+ on: the change was none, is /,
      ],
      [
        'another thing that the guard did',
        (line) => (guard(line) ? { ...line, changes: { learningRate: 0.0001 } } : line),
        /^differs from step \d+ on: the change was \{"learningRate":0\.0001\}/,
      ],
      [
        'another figure in the summary',
        (line) => (is('summary')(line) ? { ...line, final: 0.99 } : line),
        /^differs in its summary: final was 0\.99, is /,
      ],
      [
        'an intervention more in the summary',
        (line) => (is('summary')(line) ? { ...line, interventions: 99 } : line),
        /^differs in its summary: interventions was 99, is /,
      ],
      [
        'an end that was none',
        (line) => (is('summary')(line) ? { ...line, stopped: 'Interrupted.' } : line),
        /^differs in its summary: stopped was "Interrupted\.", is not there/,
      ],
    ])('%s', (_, change, words) => {
      expect(compare(only(text), again)).toEqual({ difference: null, missing: [] });
      expect(compare(only(forged(change)), again).difference).toMatch(words);
    });

    it('with exit status 1', async () => {
      writeFileSync(
        file('forged.jsonl'),
        forged((line) => (is('step', 5)(line) ? { ...line, 'reward/mean': 0.123 } : line)),
      );
      const { code, stdout } = await command('replay', file('forged.jsonl'));
      expect(stdout).toMatch(/^SRT: differs from step 5 on: reward\/mean was 0\.123, is /);
      expect(code).toBe(1);
    });
  });

  it('a record that is cut is replayed to its last whole line', async () => {
    writeFileSync(file('cut.jsonl'), text.slice(0, text.lastIndexOf('"step":9,"policy') + 40));
    const { code, stdout } = await command('replay', file('cut.jsonl'));
    expect(stdout).toMatch(
      /cut\.jsonl: Line \d+ is cut off: what is read ends before it\.\nSRT: 8 steps.* bit for bit/,
    );
    expect(code).toBe(0);
  });

  it('two runs of one name in one file are two, and a byte order mark is none', async () => {
    const second = text.replaceAll('"run":1,', '"run":2,').replace('"reward/mean":', '"reward/mean":1');
    writeFileSync(file('two.jsonl'), `\uFEFF${text}${second}`);
    const { code, stdout } = await command('replay', file('two.jsonl'));
    expect(stdout).toMatch(
      /^SRT \(run 1 of 2\): 14 steps .*bit for bit\nSRT \(run 2 of 2\): differs from step 1 on: reward\/mean/,
    );
    expect(code).toBe(1);
  });

  it.each(['headless-1.jsonl', 'page-1.jsonl'])('a record of before version 2 too: %s', async (name) => {
    const path = `tests/fixtures/records/${name}`;
    const recorded = readRecord(readFileSync(path, 'utf8')).runs;
    const { code, stdout } = await command('replay', path);
    expect(stdout.trim().split('\n')).toHaveLength(recorded.length);
    // Another adapter has other bits.
    const sameAdapter = JSON.stringify(recorded[0]?.adapter) === JSON.stringify(runs.gpu.adapter);
    if (sameAdapter) expect({ code, stdout }).toEqual({ code: 0, stdout });
  });

  it.each<[string, (lines: string[]) => string[], string]>([
    ['no run', () => [''], 'holds no run'],
    ['a line of something else', (lines) => [...lines, '{"loss": 1}'], 'which no header before it names'],
    ['a run without a header', (lines) => lines.slice(1), 'no header before it begins'],
    [
      'a setting out of range',
      (lines) => lines.map((l) => l.replace('"groupSize":8', '"groupSize":1')),
      'group-size',
    ],
    ['a later version', (lines) => lines.map((l) => l.replace('"version":2', '"version":3')), 'version 3'],
  ])('refuses %s', async (name, change, words) => {
    writeFileSync(file(`${name}.jsonl`), change(text.trim().split('\n')).join('\n'));
    const { code, stderr } = await command('replay', file(`${name}.jsonl`));
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });

  it('refuses what has no end', async () => {
    const { code, stderr } = await command('replay', '/dev/zero');
    expect(stderr).toContain('/dev/zero');
    expect(code).toBe(2);
  });
});

describe('what a reader does on the page', () => {
  /** Trains as the page does: a live change, then a fork that changes what only a new run can. */
  async function trainedWith(start: Partial<Settings>, changes: readonly LiveChange[]): Promise<RecordedRun> {
    const settings = smallSettings({ steps: 8, checkpointEvery: 4, ...start });
    let trainer = await runs.trainer(settings);
    let checkpoint: Checkpoint | null = null;
    const rows: Partial<MetricRow>[] = [measured(await trainer.start())];
    for (;;) {
      for (const change of changes.filter(({ step }) => step === trainer.step)) {
        if (change.by === 'reader') trainer.change(change.changes);
        else if (checkpoint !== null) {
          const forked = smallSettings({ ...trainer.settings, ...change.changes });
          trainer.destroy();
          trainer = await runs.trainer(forked, undefined, checkpoint);
        }
      }
      if (trainer.finished) break;
      const result = await trainer.next();
      rows.push(measured(result.metrics));
      checkpoint = result.checkpoint ?? checkpoint;
    }
    trainer.destroy();
    return {
      ...{ name: 'SRT', settings, changes, rows, summary: null, origin: null, adapter: null, plan: null },
      ...{ lab: { version: '0', commit: null }, version: recordVersion, known: new Set(metricIds) },
    };
  }

  it('is replayed at its steps: live changes and forks', async () => {
    const changes: readonly LiveChange[] = [
      { step: 0, changes: { temperature: 1 }, by: 'reader' },
      { step: 2, changes: { learningRate: 2e-3 }, by: 'reader' },
      { step: 4, changes: { algorithm: 'm-grpo', learningRate: 5e-4 }, by: 'checkpoint' },
      { step: 6, changes: { klCoefficient: 0.1 }, by: 'reader' },
    ];
    const run = await trainedWith({ algorithm: 'srt' }, changes);
    const again = await replay(runs.device, run);
    expect(compare(run, again)).toEqual({ difference: null, missing: ['it holds no summary'] });
    const other = { ...run, changes: changes.filter(({ step }) => step !== 6) };
    const { rows } = await replay(runs.device, other);
    expect(compare(run, { ...again, rows }).difference).toMatch(/^differs from step 7 on/);
  });

  it('also after its end: steps raised once it had finished, a knob turned when it was done', async () => {
    const changes: readonly LiveChange[] = [
      { step: 8, changes: { steps: 10 }, by: 'reader' },
      { step: 9, changes: { temperature: 0.5 }, by: 'reader' },
      { step: 10, changes: { temperature: 1 }, by: 'reader' },
    ];
    const run = await trainedWith({ algorithm: 'srt' }, changes);
    expect(run.rows).toHaveLength(11);
    const again = await replay(runs.device, run);
    expect(compare(run, again).difference).toBeNull();
    expect(again.changes).toEqual(changes);
  });
});
