import { describe, expect, it } from 'vitest';
import { EarlyWarning } from '../../src/diagnostics/earlyWarning.ts';
import { RunJudge } from '../../src/diagnostics/judge.ts';
import { guessed } from '../../src/records/import/kind.ts';
import type { Log } from '../../src/records/import/log.ts';
import { guessMapping } from '../../src/records/import/mapping.ts';
import { packLog } from '../../src/records/import/pack.ts';
import { parseLog } from '../../src/records/import/parse.ts';
import { readRows, type Rows } from '../../src/records/import/rows.ts';
import { fromRow, metricIds, type MetricRow } from '../../src/spec/metrics.ts';

function only(logs: readonly Log[]): Log {
  const [log] = logs;
  if (log === undefined || logs.length > 1) throw new Error(`${logs.length} runs`);
  return log;
}

/** Rows of a trainer's state, read as mapped by name. */
function read(history: readonly object[]): Rows {
  const log = only(parseLog('s.json', JSON.stringify({ log_history: history })));
  return readRows(log, guessMapping(log));
}

const steps = (from: number, to: number, of: (step: number) => object): object[] =>
  Array.from({ length: to - from + 1 }, (_, at) => ({ step: from + at, ...of(from + at) }));

const times = (count: number, value: number): number[] => Array.from({ length: count }, () => value);

describe('a run that was resumed', () => {
  it('the later rows count, and what was left behind is kept apart', () => {
    const { rows, twice, abandoned } = read([
      ...steps(1, 60, () => ({ reward: 0.1 })),
      ...steps(41, 50, () => ({ reward: 0.9 })),
    ]);
    expect(rows).toHaveLength(50);
    expect(rows.map((row) => row['reward/mean'])).toEqual([...times(40, 0.1), ...times(10, 0.9)]);
    expect(twice).toBe(10);
    expect([abandoned[0]?.step, abandoned.at(-1)?.step]).toEqual([41, 60]);
    expect(abandoned.every((row) => row['reward/mean'] === 0.1)).toBe(true);
  });

  it('steps that begin anew with each epoch are none: they are counted on', () => {
    const epochs = [0, 1, 2].flatMap((epoch) =>
      steps(0, 9, (step) => ({ epoch, reward: epoch + step / 10 })),
    );
    const { rows, twice, abandoned, countedOn } = read(epochs);
    expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, at) => at));
    expect([rows.at(-1)?.['reward/mean'], twice, abandoned.length, countedOn]).toEqual([2.9, 0, 0, true]);
    const tens = [1, 2].flatMap((epoch) =>
      steps(1, 3, (step) => ({ step: 10 * step, epoch, reward: epoch })),
    );
    expect(read(tens).rows.map(({ step }) => step)).toEqual([10, 20, 30, 40, 50, 60]);
    // From the beginning once more: then the epoch is the first again.
    const again = [1, 2].flatMap((reward) => steps(1, 20, (step) => ({ epoch: step / 20, reward })));
    expect(read(again)).toMatchObject({ twice: 20, countedOn: false });
  });

  it('twice, once from further back', () => {
    const { rows, twice, abandoned } = read([
      ...steps(1, 30, () => ({ reward: 0.1 })),
      ...steps(21, 28, () => ({ reward: 0.2 })),
      ...steps(11, 40, () => ({ reward: 0.3 })),
    ]);
    expect(rows.map((row) => row['reward/mean'])).toEqual([...times(10, 0.1), ...times(30, 0.3)]);
    expect(twice).toBe(18);
    expect(abandoned.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, at) => 11 + at));
  });

  it('a file that says the same twice was not resumed: nothing is left behind', () => {
    const whole = steps(1, 30, (step) => ({ reward: step / 100 }));
    const { rows, twice, abandoned } = read([...whole, ...whole.slice(0, 20)]);
    expect(rows).toHaveLength(30);
    expect([twice, abandoned.length]).toEqual([20, 0]);
  });

  it('evaluations of a step, charts one below the other, and a table upside down are no resumption', () => {
    const evaluated = steps(1, 20, () => ({ reward: 0.5 })).flatMap((row, at) =>
      at % 5 === 4 ? [row, { step: at + 1, 'eval_rewards/accuracy_reward/mean': 0.4 }] : [row],
    );
    const charts = [...steps(1, 20, () => ({ reward: 0.5 })), ...steps(1, 20, () => ({ kl: 0.1 }))];
    for (const history of [evaluated, charts, steps(1, 20, () => ({ reward: 0.5 })).reverse()]) {
      expect(read(history)).toMatchObject({ twice: 0, abandoned: [] });
      expect(read(history).rows.map(({ step }) => step)).toEqual(
        Array.from({ length: 20 }, (_, at) => at + 1),
      );
    }
  });

  it('rows of many ranks, in no order, are merged', () => {
    const ranks = steps(1, 40, () => ({})).flatMap((_, at) => [
      { step: at + 1, reward: 0.5 },
      { step: Math.max(1, at), reward: 0.4 },
    ]);
    const { rows, twice, abandoned } = read(ranks);
    expect(rows).toHaveLength(40);
    expect([twice, abandoned.length]).toEqual([0, 0]);
  });
});

describe('null where a number was expected', () => {
  const norm = (rows: Rows): (number | undefined)[] => rows.rows.map((row) => row['policy/kl_ref']);

  it('is not finite in a column that was there in every row of training', () => {
    const rows = read([
      ...steps(1, 5, () => ({ loss: 0.1, kl: 0.2 })),
      { step: 5, eval_loss: 1, kl: null },
      ...steps(6, 7, () => ({ loss: 0, kl: null })),
    ]);
    expect(norm(rows)).toEqual([0.2, 0.2, 0.2, 0.2, 0.2, Infinity, Infinity]);
  });

  it('is nothing in a column that came and went, or before it was seen', () => {
    expect(norm(read(steps(1, 8, (step) => ({ loss: 1, kl: step % 2 === 0 ? 0.1 : null }))))).toEqual([
      undefined,
      0.1,
      undefined,
      0.1,
      undefined,
      0.1,
      undefined,
      0.1,
    ]);
    expect(norm(read(steps(1, 3, () => ({ loss: 1, kl: null }))))).toEqual([undefined, undefined, undefined]);
  });
});

describe('what is right, logged beside what is paid', () => {
  const guess = (history: readonly object[]): string | null =>
    guessed(only(parseLog('s.json', JSON.stringify({ log_history: history })))).truth;
  const votes = { reward: 0.8, 'rewards/majority/mean': 0.8 };

  it('is taken for the truth', () => {
    expect(
      guess(steps(1, 9, () => ({ ...votes, 'rewards/correct/mean': 0.3, 'rewards/correct/std': 0.1 }))),
    ).toBe('rewards/correct/mean');
    expect(guess(steps(1, 9, () => ({ ...votes, accuracy: 0.3 })))).toBe('accuracy');
  });

  it.each<[string, object]>([
    ['what is paid', { reward: 1.2, 'rewards/correct/mean': 0.7, 'rewards/format/mean': 0.5 }],
    ['all that is paid', { reward: 0.3, 'rewards/correct/mean': 0.3 }],
    ['a format that is right', { ...votes, 'rewards/format_correct/mean': 0.9 }],
    ['accuracy of tokens', { ...votes, mean_token_accuracy: 0.9 }],
    ['a column of held-out prompts', { ...votes, eval_accuracy: 0.4 }],
    ['no share', { ...votes, 'rewards/correct/mean': 2 }],
    ['one of two', { ...votes, accuracy: 0.3, exact_match: 0.2 }],
  ])('%s is not', (_, row) => {
    expect(guess(steps(1, 9, () => row))).toBeNull();
  });
});

describe('rows as a history takes them', () => {
  const rowsOf = (text: string): MetricRow[] => {
    const log = only(parseLog('run.jsonl', text));
    const { rows, count } = packLog(log, guessMapping(log));
    expect(rows).toHaveLength(count * metricIds.length);
    return Array.from({ length: count }, (_, row) => fromRow(rows, row * metricIds.length));
  };
  const shrinking = (step: number): number => 200 * 0.95 ** step;

  it('bear the score of the judge from the row on where it speaks', () => {
    const lines = Array.from({ length: 40 }, (_, step) =>
      JSON.stringify({
        step,
        data: { 'response_length/mean': shrinking(step), 'critic/score/mean': 0.5 + 0.01 * (step % 2) },
      }),
    );
    const rows = rowsOf(lines.join('\n'));
    const judge = new RunJudge();
    const scores = rows.map((row) => {
      judge.add(row);
      return judge.score;
    });
    expect(rows.slice(0, 9).map((row) => row['warning/score'])).toEqual(Array(9).fill(NaN));
    expect(rows.slice(9).map((row) => row['warning/score'])).toEqual(scores.slice(9));
    expect(scores.at(-1)).toBeGreaterThan(2 / 3);
    expect(rows[3]).toMatchObject({ step: 3, 'completion/length': shrinking(3), 'policy/entropy': NaN });
  });

  it('bear none where nothing can be judged, and keep one that the file has', () => {
    const text = (data: object): string =>
      Array.from({ length: 20 }, (_, step) => JSON.stringify({ step, data })).join('\n');
    expect(rowsOf(text({ 'actor/lr': 1e-6 })).map((row) => row['warning/score'])).toEqual(
      Array(20).fill(NaN),
    );
    const own = { 'completion/length': 20, 'warning/score': 0.25 };
    expect(rowsOf(text(own)).map((row) => row['warning/score'])).toEqual(Array(20).fill(0.25));
  });
});

it('what a log says reaches the early warning: completions that shrink turn it red', () => {
  const lines = Array.from({ length: 40 }, (_, step) =>
    JSON.stringify({ step, data: { 'response_length/mean': 200 * 0.96 ** step } }),
  );
  const log = only(parseLog('run.jsonl', lines.join('\n')));
  const warning = new EarlyWarning();
  const states = readRows(log, guessMapping(log)).rows.map((row) => warning.add(row));
  expect(states[10]?.state).toBe('healthy');
  expect(states.at(-1)).toMatchObject({ state: 'warning', signal: 'completion/length' });
});
