import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { benchmarkFolder, benchmarkOfResults, readRuns } from '../../src/cli/benchmarkFiles.ts';
import { readExperiment, readResults } from '../../src/cli/experimentFiles.ts';
import {
  benchmarkRun,
  labelFree,
  parseBenchmark,
  writeObserved,
  writeOutcomes,
} from '../../src/experiments/benchmark.ts';
import { detectors } from '../../src/experiments/detectors.ts';
import { metrics, type MetricRow } from '../../src/spec/metrics.ts';

const observedText = gunzipSync(readFileSync(`${benchmarkFolder}/observed.json.gz`)).toString('utf8');
const outcomesText = readFileSync(`${benchmarkFolder}/outcomes.json`, 'utf8');

describe('the benchmark', () => {
  it('is what results/ hold: `npm run judge -- --pack` makes it', () => {
    const { observed, outcomes } = benchmarkOfResults();
    expect(writeObserved(observed) === observedText).toBe(true);
    expect(writeOutcomes(outcomes)).toBe(outcomesText);
    expect(outcomes.length).toBeGreaterThan(200);
  }, 120_000);

  it('is read as it was written', () => {
    const { observed, outcomes } = readRuns(benchmarkFolder);
    expect(writeObserved(observed) === observedText).toBe(true);
    expect(writeOutcomes(outcomes)).toBe(outcomesText);
  });

  it('shows no solution, no evaluation, no lane, and nothing of the lab’s own alarm', () => {
    for (const id of labelFree) expect(metrics[id]).toMatchObject({ needsTruth: false, every: 'step' });
    expect(labelFree.filter((id) => /^(truth|eval|warning|guard|perf)\/|^step$/.test(id))).toEqual([]);
    expect(labelFree).toContain('vote/answer_overlap');
    const { observed, outcomes } = readRuns(benchmarkFolder);
    for (const { run, columns } of observed) {
      expect(run).toMatch(/^[0-9a-f]{10}$/);
      expect(columns.every((id) => labelFree.includes(id))).toBe(true);
    }
    // Names in order say nothing: neighbours are mostly of different lanes.
    const alike = outcomes.filter(({ lane }, at) => lane === outcomes[at + 1]?.lane).length;
    expect(alike / outcomes.length).toBeLessThan(0.3);
    expect(new Set(outcomes.map(({ run }) => run)).size).toBe(outcomes.length);
  });

  it('keeps what levels were chosen on apart', () => {
    const { outcomes } = readRuns(benchmarkFolder);
    const chosen = outcomes.filter(({ use }) => use === 'fit');
    expect(new Set(chosen.map(({ seed }) => seed))).toEqual(new Set([100, 101, 102]));
    expect(outcomes.some(({ seed, use }) => seed >= 100 && seed <= 102 && use === 'judge')).toBe(false);
  });
});

describe('a run of it', () => {
  const [run = expect.fail('no run')] = readResults(readExperiment('warning-add')).filter(
    ({ name }) => name === 'SRT',
  );

  it('has its label-free columns, its rows, and what became of it', () => {
    const made = benchmarkRun(run, 'nameless', 'judge') ?? expect.fail('no run');
    expect(made.outcome).toMatchObject({
      ...{
        run: 'nameless',
        experiment: 'warning-add',
        task: 'add',
        lane: 'SRT',
        use: 'judge',
        guarded: false,
      },
      ...{ seed: run.settings.seed, collapse: run.summary?.collapseStep, steps: 200, evalEvery: 10 },
    });
    expect(made.observed.rows).toHaveLength(200);
    const [first] = made.observed.rows;
    expect(first?.step).toBe(1);
    expect(first?.values['policy/entropy']).toBe(run.rows[1]?.['policy/entropy']);
    expect(JSON.stringify(made.observed)).not.toMatch(/eval|truth|SRT/);
  });

  it('is none where it was trained with labels, or lacks evaluations or label-free columns', () => {
    const only = (keep: (row: Partial<MetricRow>) => Partial<MetricRow>) => ({
      ...run,
      rows: run.rows.map(keep),
    });
    const oracle = { ...run, settings: { ...run.settings, algorithm: 'grpo-oracle' } };
    expect(benchmarkRun(oracle, 'x', 'judge')).toBeNull();
    expect(
      benchmarkRun(
        only(({ step = 0, 'eval/sampled': sampled }) => ({
          step,
          ...(sampled === undefined ? {} : { 'eval/sampled': sampled }),
        })),
        'x',
        'judge',
      ),
    ).toBeNull();
    expect(
      benchmarkRun(
        only(({ 'eval/sampled': _, ...row }) => row),
        'x',
        'judge',
      ),
    ).toBeNull();
  });
});

describe('files that are none are refused', () => {
  const [observed, outcomes] = [observedText, outcomesText].map((text) => JSON.parse(text) as object);
  const small = {
    schema: 'm-grpo-lab alarms: observed',
    version: 1,
    digits: 3,
    runs: [{ run: 'a', steps: [1, 2], columns: { 'policy/entropy': [1, 2] } }],
  };
  it.each([
    ['another version', { ...observed, version: 2 }, outcomes, /`version` is 2, not 1/],
    [
      'a column of truth',
      { ...small, runs: [{ run: 'a', steps: [1], columns: { 'truth/youden_j': [1] } }] },
      outcomes,
      /The observed are none/,
    ],
    [
      'a column too short',
      { ...small, runs: [{ run: 'a', steps: [1, 2], columns: { 'policy/entropy': [1] } }] },
      outcomes,
      /columns as long as `steps`/,
    ],
    [
      'steps that fall',
      { ...small, runs: [{ run: 'a', steps: [2, 1], columns: {} }] },
      outcomes,
      /steps that rise/,
    ],
    [
      'other runs',
      small,
      outcomes,
      /of other runs than those observed: 1 and \d+, the first that differs is number 1/,
    ],
    ['no outcomes', observed, null, /The outcomes are none/],
  ])('%s', (_, shown, became, sentence) => {
    expect(() => parseBenchmark({ observed: shown, outcomes: became })).toThrow(sentence);
  });
});

describe('alarms of others', () => {
  const of = (id: string) => (detectors.find((one) => one.id === id) ?? expect.fail(id)).judge();
  /** Steps at which an alarm sounds, of rows of one column. */
  const alarms = (
    id: string,
    column: 'policy/entropy' | 'policy/kl_ref',
    values: readonly number[],
  ): number[] => {
    const say = of(id);
    return values.flatMap((value, at) => (say({ step: at + 1, [column]: value }).alarm ? [at + 1] : []));
  };

  it('rlwatch, entropy: below 1 nat in 25 and 50 rows in a row, counted from the twentieth', () => {
    const low = Array.from({ length: 80 }, () => 0.9);
    expect(alarms('rlwatch-entropy-any', 'policy/entropy', low)[0]).toBe(20 + 25 - 1);
    expect(alarms('rlwatch-entropy', 'policy/entropy', low)[0]).toBe(20 + 50 - 1);
    // One row that is not below begins anew.
    expect(alarms('rlwatch-entropy', 'policy/entropy', low.with(50, 1))).toEqual([]);
  });

  it('rlwatch, KL: standard deviations above the rows before', () => {
    // 0 and 2 in turn: mean 1, σ 1 of an even number of rows.
    const calm = Array.from({ length: 40 }, (_, at) => 2 * (at % 2));
    expect(alarms('rlwatch-kl-any', 'policy/kl_ref', [...calm, 4])).toEqual([]);
    expect(alarms('rlwatch-kl-any', 'policy/kl_ref', [...calm, 4.01])).toEqual([41]);
    expect(alarms('rlwatch-kl', 'policy/kl_ref', [...calm, 5.5])).toEqual([]);
    expect(alarms('rlwatch-kl', 'policy/kl_ref', [...calm, 5.51])).toEqual([41]);
    // It waits for twenty rows, and forgets what lies more than 99 back.
    expect(alarms('rlwatch-kl', 'policy/kl_ref', [...calm.slice(0, 18), 100])).toEqual([]);
    const long = [1000, ...Array.from({ length: 99 }, (_, at) => 2 * (at % 2))];
    expect(alarms('rlwatch-kl', 'policy/kl_ref', [...long, 8])).toEqual([101]);
    expect(alarms('rlwatch-kl', 'policy/kl_ref', [...long.slice(0, -1), 8])).toEqual([]);
  });

  it('the control sounds at step 10, whatever it is shown', () => {
    const say = of('clock');
    expect([1, 9, 10, 11].map((step) => say({ step }).alarm)).toEqual([false, false, true, true]);
  });

  it('have an id and a source each', () => {
    expect(new Set(detectors.map(({ id }) => id)).size).toBe(detectors.length);
    for (const { id, source } of detectors) {
      expect(id).toMatch(/^[a-z0-9.-]+$/);
      expect(source).not.toBe('');
    }
  });
});
