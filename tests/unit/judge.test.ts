import { describe, expect, it } from 'vitest';
import { anySignals } from '../../src/diagnostics/readings.ts';
import { RunJudge, type Verdict } from '../../src/diagnostics/judge.ts';
import { randomReals } from '../../src/lib/philox.ts';
import type { MetricId, MetricRow } from '../../src/spec/metrics.ts';

type Row = Partial<MetricRow>;

/** Rows of a run: each metric as a function of how far the run is, from 0 to 1, and of chance between −1 and 1. */
function run(
  count: number,
  course: Partial<Record<MetricId, (at: number, chance: number, row: number) => number>>,
  seed = 1,
): Row[] {
  const chance = randomReals(seed, 'policyRollout', 0);
  return Array.from({ length: count }, (_, row): Row => {
    const values = Object.entries(course).map(([id, of]) => [id, of(row / count, 2 * chance() - 1, row)]);
    return { step: row + 1, ...(Object.fromEntries(values) as Row) };
  });
}

/** The verdict after each row. */
function judged(rows: readonly Row[]): Verdict[] {
  const judge = new RunJudge();
  return rows.map((row) => {
    judge.add(row);
    return judge.verdict;
  });
}

const last = (rows: readonly Row[]): Verdict => judged(rows).at(-1) ?? expect.fail('no rows');

/** Learns as published runs do: fast at first, then ever more slowly. */
const learning = (from: number, to: number) => (at: number, chance: number) =>
  from + (to - from) * (1 - Math.exp(-4 * at)) + 0.05 * chance;

describe('what healthy runs do is no alarm, at any of their rows', () => {
  it.each<[string, Row[]]>([
    [
      'reasoning grows longer, to the limit in part, and the gradient’s norm with it',
      run(400, {
        'reward/mean': learning(0.2, 0.6),
        'completion/length': (at, chance) => 1200 + 6000 * at + 200 * chance,
        'completion/truncated': (at, chance) => 0.05 + 0.15 * at + 0.03 * chance,
        'policy/entropy': (at, chance) => 0.6 - 0.35 * at + 0.03 * chance,
        'optim/grad_norm': (at, chance) => 0.1 + 0.3 * at + 0.05 * chance,
      }),
    ],
    [
      'answers become brief, and entropy a tenth',
      run(300, {
        'reward/mean': learning(0.3, 0.9),
        'completion/length': (at, chance) => 300 - 220 * at + 5 * chance,
        'policy/entropy': (at) => 0.5 * Math.exp(-2.3 * at),
        'policy/kl_ref': (at, chance) => 0.6 * at + 0.02 * Math.abs(chance),
      }),
    ],
    [
      'entropy grows slowly where the upper clip range is raised',
      run(300, {
        'reward/mean': learning(0.1, 0.5),
        'policy/entropy': (at, chance) => 0.2 + 1.2 * at + 0.02 * chance,
      }),
    ],
    [
      'KL to a reference that was far away from the start',
      run(200, { 'reward/mean': learning(-0.5, 0.5), 'policy/kl_ref': (_, chance) => 3 + chance }),
    ],
    [
      'single spikes of KL and gradient, as the k3 estimate has them',
      run(300, {
        'reward/mean': learning(0.2, 0.7),
        'policy/kl_ref': (at, _, row) => (row % 97 === 50 ? 4e4 : 0.001 + 0.05 * at),
        'optim/grad_norm': (_, chance, row) => (row % 89 === 60 ? 900 : 0.3 + 0.1 * chance),
      }),
    ],
    [
      'one prompt a batch, of which four in five teach nothing',
      run(400, {
        'reward/mean': (at, chance) => (chance > 0.6 - 0.4 * at ? 1 : 0),
        'reward/std': (_, chance) => (Math.abs(chance) < 0.8 ? 0 : 0.5),
        'reward/zero_std_groups': (_, chance) => (Math.abs(chance) < 0.8 ? 1 : 0),
      }),
    ],
    [
      'everything is cut at a length by design',
      run(120, {
        'reward/mean': learning(-0.8, 0.5),
        'completion/truncated': () => 1,
        'completion/length': () => 40,
        'reward/zero_std_groups': (at, chance) => Math.max(0, 0.3 * at + 0.2 * chance),
      }),
    ],
    [
      'a norm that never is a number, and one step that mixed precision skips',
      run(60, {
        'reward/mean': learning(0.2, 0.7),
        'policy/kl_ref': (at) => 0.05 * at,
        'optim/grad_norm': () => Infinity,
      }),
    ],
    [
      'a reward that falls by a hair, without any noise',
      run(300, { 'reward/mean': (at) => -0.5 - 0.05 * at, 'policy/entropy': () => 0.4 }),
    ],
    [
      'rewards of any size that only fluctuate',
      run(300, { 'reward/mean': (_, chance) => 40 + 25 * chance, 'policy/entropy': () => 0.4 }),
    ],
  ])('%s', (_, rows) => {
    const alarmed = judged(rows).flatMap(({ state, reason }, row) =>
      state === 'watch' || state === 'warning' || state === 'collapsed' ? [`${String(row)} ${reason}`] : [],
    );
    expect(alarmed).toEqual([]);
    expect(last(rows).state).toBe('healthy');
  });
});

/** A run that is healthy until a row, and then is not. */
function turns(count: number, at: number, after: Partial<Record<MetricId, (row: number) => number>>): Row[] {
  const before = run(count, {
    'reward/mean': (_, chance) => 0.4 + 0.03 * chance,
    'policy/entropy': (_, chance) => 0.6 + 0.02 * chance,
    'policy/kl_ref': (share) => 0.02 * share,
    'optim/grad_norm': (_, chance) => 0.5 + 0.1 * chance,
    'completion/truncated': (_, chance) => 0.02 + 0.01 * chance,
    'completion/length': (_, chance) => 200 + 10 * chance,
    'reward/zero_std_groups': (_, chance) => 0.2 + 0.1 * chance,
  });
  return before.map((row, index): Row => {
    if (index < at) return row;
    const changed = Object.entries(after).map(([id, of]) => [id, of(index - at)]);
    return { ...row, ...(Object.fromEntries(changed) as Row) };
  });
}

describe('what has gone wrong is said, with its columns and since when', () => {
  it.each<[string, Row[], Verdict['state'], MetricId, number | null, RegExp]>([
    [
      'the gradient is not finite',
      turns(80, 60, { 'optim/grad_norm': () => Infinity, 'policy/kl_ref': () => Infinity }),
      'warning',
      'optim/grad_norm',
      61,
      /Not finite since step 61: gradient norm, KL/,
    ],
    [
      'one column in the newest row alone',
      turns(80, 79, { 'optim/grad_norm': () => Infinity }),
      'watch',
      'optim/grad_norm',
      80,
      /Not finite since step 80/,
    ],
    [
      'no group has a gradient',
      turns(80, 60, { 'reward/zero_std_groups': () => 1, 'reward/mean': () => 0.31 }),
      'warning',
      'reward/zero_std_groups',
      61,
      /No group has had a gradient since step 61/,
    ],
    [
      'the gradient is 0, whatever the rewards',
      turns(80, 60, { 'optim/grad_norm': () => 0 }),
      'warning',
      'optim/grad_norm',
      61,
      /^The gradient norm has been exactly 0 since step 61: nothing is learned/,
    ],
    [
      'the reward stands at its lowest',
      turns(80, 60, { 'reward/mean': () => -1 }),
      'warning',
      'reward/mean',
      61,
      /stood at its lowest, −1\.00, since step 61/,
    ],
    [
      'the reward falls back below its start',
      turns(120, 80, { 'reward/mean': (row) => 0.1 + 0.01 * (row % 7) }),
      'warning',
      'reward/mean',
      null,
      /fallen to 0\.1\d, from 0\.\d\d at its best/,
    ],
    [
      'entropy is gone and every completion runs into the limit',
      turns(80, 50, { 'policy/entropy': () => 0.002, 'completion/truncated': () => 1 }),
      'warning',
      'policy/entropy',
      null,
      /Entropy has fallen to 1\/300 of its start.*100 % of the completions run into the limit, 2 % at the start/,
    ],
    [
      'entropy alone is gone, while the reward rises',
      turns(80, 50, { 'policy/entropy': () => 0.002, 'reward/mean': (row) => 0.8 + 0.001 * row }),
      'watch',
      'policy/entropy',
      null,
      /Solved, or agreed on one answer/,
    ],
    [
      'entropy and gradient are gone, while the reward rises: that may be all right',
      turns(100, 50, {
        'policy/entropy': () => 0.002,
        'reward/zero_std_groups': () => 1,
        'reward/mean': (row) => Math.min(1, 0.8 + 0.02 * row),
      }),
      'warning',
      'policy/entropy',
      null,
      /tried any more\. Solved, or agreed on one answer: [^.]*\. No group has had a gradient since step 51[^.]*\. The reward/,
    ],
    [
      'the policy babbles',
      turns(80, 50, { 'policy/entropy': () => 5, 'reward/mean': () => 0.05 }),
      'warning',
      'reward/mean',
      null,
      /Entropy has risen to 5\.00 nats/,
    ],
    [
      'KL grows a thousandfold and the reward does not',
      turns(80, 50, { 'policy/kl_ref': () => 40 }),
      'warning',
      'policy/kl_ref',
      null,
      /KL has grown to 40\.0 nats/,
    ],
    [
      'the gradient’s norm grows by orders of magnitude',
      turns(80, 50, {
        'optim/grad_norm': (row) => 10 ** (row / 2),
      }),
      'warning',
      'optim/grad_norm',
      null,
      /norm has grown to 1?\d\.\de1\d|norm has grown to \d\.\de1\d/,
    ],
    [
      'completions run into the limit and the reward does not rise',
      turns(80, 50, { 'completion/truncated': () => 0.9 }),
      'warning',
      'completion/truncated',
      null,
      /90 % of the completions run into the limit, 2 % at the start/,
    ],
  ])('%s', (_, rows, state, metric, since, words) => {
    const verdict = last(rows);
    expect(verdict.state).toBe(state);
    expect(verdict.reason).toMatch(words);
    const [first] = verdict.findings;
    expect(first?.metrics).toContain(metric);
    if (since !== null) expect(first?.from).toBe(since);
    expect(first?.to).toBe(rows.length);
  });

  it('what is logged beside the reward as the truth collapses', () => {
    const rows = run(150, {
      'reward/mean': learning(0.3, 0.95),
      'truth/accuracy': (at, chance) => Math.max(0, (at < 0.3 ? 0.3 + at : 1.3 - 2.4 * at) + 0.03 * chance),
    });
    const { state, reason, findings } = last(rows);
    expect(state).toBe('collapsed');
    expect(reason).toMatch(/^Accuracy fell from .* still says 0\.9/);
    expect(findings[0]).toMatchObject({ name: 'truth', metrics: ['truth/accuracy'] });
  });

  it('a truth that only fluctuates, as small batches do, does not', () => {
    const rows = run(150, {
      'reward/mean': learning(0.3, 0.6),
      'truth/accuracy': (_, chance) => 0.4 + 0.4 * chance,
    });
    expect(judged(rows).every(({ state }) => state !== 'collapsed')).toBe(true);
  });

  it('held-out accuracy that is as good as ever takes back what it explains', () => {
    const rows = turns(120, 50, {
      'policy/entropy': () => 0.002,
      'reward/mean': (row) => 0.8 + 0.001 * row,
    });
    const evaluated = rows.map((row, index): Row =>
      index % 20 === 0 ? { ...row, 'eval/sampled': 0.3 + 0.005 * index } : row,
    );
    expect([last(rows).state, last(evaluated).state]).toEqual(['watch', 'healthy']);
  });
});

it('of completions that all run into the limit one sentence is said', () => {
  const { reason } = last(turns(80, 50, { 'completion/truncated': () => 1 }));
  expect(reason).toMatch(/^100 % of the completions run into the limit, 2 % at the start\./);
  expect(reason.match(/into the limit/g)).toHaveLength(1);
});

it('a reward that still falls, however slowly, does not stand at its lowest', () => {
  const falling = run(200, { 'reward/mean': (at) => 0.5 - 0.4 * at, 'policy/entropy': () => 0.4 });
  expect(judged(falling).filter(({ reason }) => reason.includes('stood at its lowest'))).toEqual([]);
  const { state, reason } = last(falling);
  expect([state, reason]).toEqual(['warning', 'The reward has fallen to 0.11, from 0.49 at its best.']);
  const stopped = run(200, { 'reward/mean': (at) => Math.max(0.1, 0.5 - at), 'policy/entropy': () => 0.4 });
  expect(last(stopped).reason).toMatch(/stood at its lowest, 0\.10, since step (79|80|81)\b/);
});

it('a norm that is 0 throughout is no alarm any more once the reward has risen: then it is no norm', () => {
  const rows = run(300, {
    'reward/mean': learning(0.2, 0.7),
    'reward/std': () => 0.4,
    'optim/grad_norm': () => 0,
  });
  expect(last(rows)).toMatchObject({ state: 'healthy', findings: [] });
});

describe('what is not there', () => {
  it('is not judged: loss, gradient and rate alone are those of any training', () => {
    const rows = run(60, {
      'optim/loss': (at) => 3 - at,
      'optim/grad_norm': () => 1,
      'optim/lr': () => 1e-5,
    });
    expect(last(rows)).toMatchObject({ state: 'unjudged', findings: [] });
  });

  it('or is too short', () => {
    expect(last(run(7, { 'reward/mean': learning(0.2, 0.5) })).reason).toContain('Too short');
  });

  it('a metric that is logged no more says nothing', () => {
    const rows = turns(120, 40, {
      'policy/entropy': () => 5,
      'reward/mean': (row) => 0.2 + 0.01 * (row % 5),
    });
    const stopped = rows.map(({ 'policy/entropy': entropy, ...row }, index): Row =>
      index < 60 ? { ...row, ...(entropy === undefined ? {} : { 'policy/entropy': entropy }) } : row,
    );
    expect(last(rows).findings.map(({ name }) => name)).toContain('babble');
    expect(last(stopped).findings.map(({ name }) => name)).not.toContain('babble');
  });
});

it('every rule names its levels’ runs, and has room between amber and red', () => {
  expect(anySignals.length).toBeGreaterThan(10);
  for (const { amber, red, beside, alone, second } of anySignals) {
    expect(amber).not.toBe(red);
    // What doesn't count by itself says from where it is red beside another.
    if (!alone && second !== true) expect(beside).toBeLessThanOrEqual(amber);
  }
});
