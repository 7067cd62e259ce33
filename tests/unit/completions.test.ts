import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { findAnswers } from '../../src/records/completions/answers.ts';
import { logOfCompletions, withCompletions } from '../../src/records/completions/attach.ts';
import { type Completion, completionOf } from '../../src/records/completions/completion.ts';
import { openCompletions } from '../../src/records/completions/open.ts';
import { rowsOfCompletions } from '../../src/records/completions/rows.ts';
import { openLog } from '../../src/records/import/open.ts';
import { nearestRun } from '../../src/records/watched/gather.ts';
import { judgedRun } from '../../src/records/watched/run.ts';

const folder = 'tests/fixtures/completions';
const bytesOf = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(`${folder}/${file}`));
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function read(...files: string[]): Promise<readonly Completion[]> {
  const parts = await Promise.all(files.map((file) => openCompletions(bytesOf(file))));
  return parts.flatMap((part) => part ?? expect.fail('no completions'));
}

function said(texts: readonly string[], more: Partial<Completion> = {}): readonly Completion[] {
  return texts.map((completion) => ({
    step: 1,
    prompt: 'a',
    completion,
    rewards: {},
    reward: NaN,
    advantage: NaN,
    ...more,
  }));
}

describe('a run of TRL that pays itself, its completions as TRL wrote them', () => {
  it('votes as counted by another program', async () => {
    const files = ['020', '160', '300'].map((step) => `srt/completions_00${step}.parquet`);
    const { rows, notes } = rowsOfCompletions(await read(...files));
    // pyarrow and a Counter of Python's found these.
    expect(rows.map((row) => row.step)).toEqual([20, 160, 300]);
    expect(rows[0]).toMatchObject({
      'vote/agreement': 0.5625,
      'vote/unanimous': 0,
      'vote/distinct_answers': 6.375,
      'vote/no_answer': 0.0390625,
      'vote/label_diversity': 1,
      'reward/zero_std_groups': 0,
    });
    expect(rows[2]).toMatchObject({
      'vote/agreement': 0.9375,
      'vote/unanimous': 0.625,
      'vote/distinct_answers': 1.625,
      'vote/no_answer': 0.0078125,
      'vote/label_diversity': 0.75,
      'vote/top_label_share': 0.375,
      'reward/zero_std_groups': 0.625,
      'reward/dead_all_agree': 0.625,
      'reward/dead_none_agree': 0,
    });
    // Two functions speak, and the file doesn't say with which weights.
    expect(rows[2]).not.toHaveProperty('reward/mean');
    expect(notes).toEqual([
      '384 completions of 3 steps, 16 of each prompt.',
      'Answers are found by #…, in 97 % of them.',
    ]);
  });

  it('stories have no answers: nothing is said of votes', async () => {
    const { rows, notes } = rowsOfCompletions(await read('completions_00015.parquet'));
    expect(Object.keys(rows[0] ?? {}).filter((id) => id.startsWith('vote/'))).toEqual([]);
    expect(rows[0]?.['completion/repetition']).toBeGreaterThan(0);
    expect(notes[0]).toBe('32 completions of 1 step, 8 of each prompt.');
    expect(notes[1]).toMatch(/^No form of answer/);
  });
});

it('what the callback for TRL wrote: log and completions are one run, with votes, visits and the KL to its mean', async () => {
  const [log] = await openLog('metrics.jsonl.gz', bytesOf('live/metrics.jsonl.gz'));
  const told = rowsOfCompletions(await read('live/completions.jsonl.gz'));
  expect(told.rows).toHaveLength(30);
  const run = judgedRun(log ?? expect.fail(), told);
  expect(run.steps).toEqual([1, 30]);
  const columns = Object.fromEntries(run.known.map(([id, { column }]) => [id, column]));
  expect(columns).toMatchObject({
    'reward/mean': 'reward',
    // The log's own column stays, whatever completions tell.
    'reward/zero_std_groups': 'frac_reward_zero_std',
    'vote/agreement': 'vote/agreement',
    'visit/majority_flips': 'visit/majority_flips',
    'policy/kl_anchor': 'policy/kl_anchor',
  });
  expect(run.twice).toBe(0);
});

it('a line of verl, of any program, of a conversation', () => {
  const verl = { input: 'a', output: '#### 7', gts: '7', score: 1, acc: 1, step: 3 };
  expect(completionOf(verl)).toMatchObject({
    step: 3,
    prompt: 'a',
    completion: '#### 7',
    reward: 1,
    rewards: {},
  });
  const chat = {
    step: 3,
    prompt: [{ role: 'user', content: 'a' }],
    completion: [{ role: 'x', content: 'b' }],
  };
  expect(completionOf(chat)).toMatchObject({ prompt: 'a', completion: 'b', reward: NaN });
  expect(completionOf({ step: 3, loss: 1 })).toBeNull();
  expect(completionOf({ step: 'x', prompt: 'a', completion: 'b' })).toBeNull();
});

describe('answers', () => {
  const answersOf = (texts: string[], wanted?: string) => findAnswers(said(texts), wanted)?.answers;

  it.each<[string, string, string | null]>([
    ['boxed', 'so \\boxed{\\frac{1}{2}} or \\boxed{x^{2}}.', 'x^{2}'],
    ['boxed', '\\boxed{\\text{no}}', 'no'],
    ['boxed', '\\boxed{1', null],
    ['####', 'so it is\n#### 1,234.00\nyes', '1234'],
    ['####', 'nothing', null],
    ['#…', '#01234', '01234'],
    ['#…', '# A title of a text', null],
    ['number', 'of 3 there are -12.50 left', '-12.50'],
    ['number', 'none', null],
    ['answer is (\\w+)', 'the answer is B. no, answer is C', 'C'],
  ])('%s: %s', (form, text, answer) => {
    expect(answersOf([text], form)).toEqual([answer]);
  });

  it('one form for the whole run, the surest that is often found', () => {
    expect(answersOf(['\\boxed{1}', '2', '3', 'is 4'])).toEqual(['1', null, null, null]);
    expect(answersOf(['\\boxed{1}', ...Array.from({ length: 9 }, () => 'is 4')])?.[0]).toBe('1');
    expect(findAnswers(said(['\\boxed{1}', ...Array.from({ length: 9 }, () => 'is 4')]))?.form).toBe(
      'as the last number',
    );
    expect(findAnswers(said(['a', 'b']))).toBeNull();
    expect(findAnswers(said(['is 1', 'is 1'], { answer: null }))?.answers).toEqual([null, null]);
  });

  it('a pattern that is none is refused with what may be given', () => {
    expect(() => findAnswers(said(['a']), '(')).toThrow(LabError);
  });
});

describe('groups', () => {
  it('two groups of one prompt stay two; where rows are mixed, prompts make groups', () => {
    const batch = Array.from('aaaabb').map((prompt, i) => ({
      ...(said([`${i}`])[0] ?? expect.fail()),
      prompt,
    }));
    // Of two each: the first two groups have two answers and no majority.
    expect(rowsOfCompletions(batch).rows[0]).toMatchObject({
      'vote/agreement': 0.5,
      'vote/distinct_answers': 2,
    });
    const mixed = Array.from('ababab').map((prompt) => ({ ...(said(['7'])[0] ?? expect.fail()), prompt }));
    const { rows, notes } = rowsOfCompletions(mixed);
    expect(rows[0]).toMatchObject({ 'vote/unanimous': 1, 'vote/label_diversity': 0.5 });
    expect(notes[0]).toContain('grouped by their prompts');
  });

  it('dead in three kinds', () => {
    const group = (prompt: string, texts: string[], rewards: number[]) =>
      said(texts, { prompt }).map((each, i) => ({ ...each, reward: rewards[i] ?? NaN }));
    const { rows } = rowsOfCompletions([
      ...group('a', ['1', '1'], [1, 1]),
      ...group('b', ['1', '2'], [0, 0]),
      ...group('c', ['?', '?'], [0, 0]),
      ...group('d', ['1', '2'], [1, 0]),
    ]);
    expect(rows[0]).toMatchObject({
      'reward/zero_std_groups': 0.75,
      'reward/dead_all_agree': 0.25,
      'reward/dead_none_agree': 0.25,
      'reward/dead_no_answer': 0.25,
      'reward/mean': 3 / 8,
    });
  });

  it('where prompts come back: flips of the majority, overlap with the last visit', () => {
    const visit = (step: number, prompt: string, texts: string[]) => said(texts, { step, prompt });
    const { rows } = rowsOfCompletions([
      ...visit(1, 'a', ['1', '1', '2', '2']),
      ...visit(1, 'b', ['5', '5', '5', '5']),
      ...visit(2, 'a', ['2', '2', '2', '2']),
      ...visit(2, 'b', ['5', '5', '5', '5']),
    ]);
    expect(rows[0]).not.toHaveProperty('visit/majority_flips');
    expect(rows[1]?.['visit/majority_flips']).toBe(0.5);
    // C_qk = (1/2 + 1)/2, C_qq = 1, C_kk = (1/3 + 1)/2
    expect(rows[1]?.['visit/answer_overlap']).toBeCloseTo(0.75 / Math.sqrt(2 / 3), 12);
  });
});

it('a log without steps stays as it is; completions alone are a run', async () => {
  const told = rowsOfCompletions(await read('completions_00015.parquet'));
  const [log = expect.fail()] = await openLog('a.csv', bytes('x,reward\n1,2\n2,3\n'));
  const mapping = { 'reward/mean': { column: 'reward', percent: false } };
  expect(withCompletions({ log, mapping }, told).log).toBe(log);
  expect(judgedRun(logOfCompletions('mine', told).log)).toMatchObject({ steps: [15, 15], unknown: [] });
});

it('the completions of a folder belong to the nearest run', () => {
  const runs = ['/runs/a/trainer_state.json', '/runs/b/checkpoint-20/trainer_state.json'].map((file) => ({
    log: {} as never,
    files: [file],
  }));
  expect(nearestRun('/runs/a/completions', runs)).toBe(0);
  expect(nearestRun('/runs/b/completions', runs)).toBe(1);
  expect(nearestRun('/runs/b', [])).toBe(-1);
});

describe('what is none', () => {
  it('a log is no file of completions; a line that is cut ends what is read', async () => {
    expect(await openCompletions(bytes('{"step": 1, "loss": 2}\n'))).toBeNull();
    expect(await openCompletions(bytes('step,loss\n1,2\n'))).toBeNull();
    const line = '{"step": 1, "prompt": "a", "completion": "b", "reward": NaN}\n';
    expect(await openCompletions(bytes(`${line}${line.slice(0, 30)}`))).toHaveLength(1);
    await expect(openCompletions(bytes(`${line}{"step": 1}\n${line}`))).rejects.toThrow(
      /^Line 2 is no completion/,
    );
  });

  it('whatever a Parquet file holds, it is read or refused', async () => {
    const file = bytesOf('srt/completions_00300.parquet');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(file.length),
        async (changes, cut) => {
          const broken = file.slice(0, cut < 200 ? file.length - cut : file.length);
          for (const [at, value] of changes) if (at > 3 && at < broken.length) broken[at] = value;
          try {
            await openCompletions(broken);
          } catch (error) {
            expect(error).toBeInstanceOf(LabError);
          }
        },
      ),
      { numRuns: 1000, interruptAfterTimeLimit: 20_000 },
    );
  });
});
