import { keepAll } from '../../src/rl/filter.ts';
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { accuracy, majorityAccuracy, truthMetrics } from '../../src/diagnostics/truth.ts';
import { LabError } from '../../src/lib/labError.ts';
import { randomStream } from '../../src/lib/philox.ts';
import { characters as tokenizer } from '../../src/model/tokenizer/characters.ts';
import { readTextFile } from '../../src/cli/readInput.ts';
import { parseFlags, refuseIneffective } from '../../src/settings/flags.ts';
import { hyperparameters } from '../../src/settings/hyperparameters.ts';
import { applyLive, defaultSettings, validateSettings } from '../../src/settings/settings.ts';
import { decodeUrl, encodeUrl, linkQuery } from '../../src/settings/url.ts';
import { irrelevance } from '../../src/spec/hyperparameter.ts';
import { listedProblems, parseProblems } from '../../src/tasks/custom.ts';
import { drawHeldOut, drawTraining } from '../../src/tasks/draw.ts';
import { ownTasks, solvedTaskOf, taskOf } from '../../src/tasks/index.ts';
import { groupOf } from './rollouts.ts';

const two = '{"prompt": "1=", "answer": "1"}\n{"prompt": "2="}';

const characters = Array.from(tokenizer.alphabet ?? '');
const textOver = (allowed: readonly string[], maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...allowed), minLength: 1, maxLength });
const problem = fc.record({
  prompt: textOver(characters, 32),
  solution: fc.option(
    textOver(
      characters.filter((one) => !'#.'.includes(one)),
      20,
    ),
  ),
});
const problems = fc.uniqueArray(problem, {
  minLength: 2,
  maxLength: 60,
  selector: ({ prompt }) => prompt,
});
type Written = readonly { readonly prompt: string; readonly solution: string | null }[];
const written = (all: Written): string =>
  all
    .map(({ prompt, solution }) =>
      JSON.stringify(solution === null ? { prompt } : { prompt, answer: solution }),
    )
    .join('\n');

function refusal(text: string): LabError {
  try {
    parseProblems(text, tokenizer);
  } catch (error) {
    if (error instanceof LabError) return error;
  }
  throw new Error('not refused');
}

describe('parseProblems', () => {
  it('reads back whatever is within the rules, answers or none, whatever the line ends', () => {
    fc.assert(
      fc.property(problems, fc.constantFrom('\n', '\r\n', '\n\n', '\r', '\r\n\uFEFF'), (all, end) => {
        expect(parseProblems(written(all).replaceAll('\n', end) + end, tokenizer)).toEqual(all);
      }),
    );
  });

  it.each([
    ['{"prompt": "1="\n{"prompt": "2="}', 'Line 1 of `prompts`: it is not JSON'],
    ['{"prompt": "1="}\n12', 'Line 2 of `prompts`: 12 is no object'],
    ['{"prompt": "1="}\n[]', 'Line 2 of `prompts`: '],
    ['{"prompt": "1="}\n\n{"answer": "1"}', 'Line 3 of `prompts`: the key "prompt" is missing'],
    ['{"prompt": "1=", "answr": "1"}', 'the key "answr" is not known'],
    ['{"prompt": 12}', '"prompt" is 12, but must be text in quotes'],
    ['{"prompt": "1=", "answer": 91}', '"answer" is 91, but must be text in quotes'],
    ['{"prompt": ""}', '"prompt" has 0 characters, but must have 1 to 32'],
    [`{"prompt": "${'1'.repeat(33)}"}`, '"prompt" has 33 characters'],
    [`{"prompt": "1", "answer": "${'1'.repeat(63)}"}`, '"answer" has 63 characters, but must have 1 to 62'],
    ['{"prompt": "What is 2+2?"}', '"prompt" has the character "W", but the model knows only 0123'],
    ['{"prompt": "_1="}', 'the character "_"'],
    ['{"prompt": "1=", "answer": "1."}', '"answer" has the character "."'],
    ['{"prompt": "1=", "answer": "#1"}', '"answer" has the character "#"'],
    [
      '{"prompt": "1="}\n{"prompt": "2="}\n{"prompt": "1="}',
      'Line 3 of `prompts`: the prompt "1=" is in line 1 already',
    ],
    ['{"prompt": "1=", "prompt": "2="}', 'it has the key "prompt" twice'],
    ['{"prompt": "\\u001b"}', String.raw`has the character "\u{1b}"`],
    [`{"prompt": "1=", "${'x'.repeat(9000)}": 1}`, 'the key "xxx'],
    [`{"prompt": ${'['.repeat(9000)}`, 'it is not JSON'],
    ['', '`prompts` has no lines, but needs at least 2'],
    ['{"prompt": "1="}\n', '`prompts` has one line'],
  ])('%j is refused in words', (text, sentence) => {
    const error = refusal(text);
    expect(error.message).toContain(sentence);
    expect(error.message.length).toBeLessThan(250);
    expect(error.remedy).toContain('{"prompt": "12+7=", "answer": "91"}');
  });

  it('refuses a character outside the rules wherever it stands', () => {
    const foreign = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 1 })
      .filter((one) => !characters.includes(one));
    fc.assert(
      fc.property(problems, fc.nat(), foreign, (all, at, character) => {
        const index = at % all.length;
        const spoilt = all.map((one, i) => (i === index ? { ...one, prompt: `1${character}` } : one));
        expect(refusal(written(spoilt)).message).toContain(`Line ${String(index + 1)} of`);
      }),
    );
  });

  it('takes 2000 lines, which fit into the setting, and none more', () => {
    const many = Array.from({ length: listedProblems.most }, (_, i) => ({
      prompt: `${String(i)}=`,
      solution: '12345',
    }));
    const text = written(many);
    expect(parseProblems(text, tokenizer)).toHaveLength(2000);
    expect(text.length).toBeLessThan(hyperparameters.prompts.maxLength);
    expect(refusal(`${text}\n{"prompt": "2000="}`).message).toContain(
      'Line 2001 of `prompts`: there may be 2000',
    );
  });
});

describe('the task made of a text', () => {
  it('holds out a tenth, and at least one, apart from training, whatever the order of lines', () => {
    fc.assert(
      fc.property(problems, (all) => {
        const { listed } = taskOf('custom', written(all), tokenizer);
        if (listed === undefined) throw new Error('nothing is listed');
        const [training, heldOut] = [listed.training, listed.heldOut].map((part) =>
          part.map(({ prompt }) => prompt),
        );
        expect(heldOut).toHaveLength(Math.max(1, Math.floor(all.length / 10)));
        expect([...(training ?? []), ...(heldOut ?? [])].sort()).toEqual(
          all.map(({ prompt }) => prompt).sort(),
        );
        expect(taskOf('custom', written(all.toReversed()), tokenizer).listed?.heldOut).toEqual(
          listed.heldOut,
        );
      }),
    );
  });

  it('holds out by a hash: neither the first prompts nor the last ones', () => {
    const all = Array.from({ length: 200 }, (_, i) => ({ prompt: `${String(i + 100)}=`, solution: null }));
    const held = taskOf('custom', written(all), tokenizer).listed?.heldOut.map(({ prompt }) => prompt) ?? [];
    const places = held.map((prompt) => all.findIndex((each) => each.prompt === prompt));
    expect(Math.min(...places)).toBeLessThan(60);
    expect(Math.max(...places)).toBeGreaterThan(140);
  });

  it('draws what it trains on, each about as often, the same for the same seed', () => {
    const all = Array.from({ length: 20 }, (_, i) => ({ prompt: `${String(i)}=`, solution: null }));
    const task = taskOf('custom', written(all), tokenizer);
    const drawn = Array.from({ length: 100 }, (_, step) => drawTraining(task, 5, 1, step, 18)).flat();
    const heldOut = drawHeldOut(task, 5, 256);
    expect(heldOut).toHaveLength(2);
    expect(drawHeldOut(task, 5, 1)).toEqual(heldOut.slice(0, 1));
    const counts = new Map<string, number>();
    for (const { prompt } of drawn) counts.set(prompt, (counts.get(prompt) ?? 0) + 1);
    expect(counts.size).toBe(18);
    expect(heldOut.some(({ prompt }) => counts.has(prompt))).toBe(false);
    expect(Math.min(...counts.values())).toBeGreaterThan(60);
    expect(Math.max(...counts.values())).toBeLessThan(140);
    expect(drawTraining(task, 5, 1, 7, 8)).toEqual(drawTraining(task, 2, 1, 7, 8));
    expect(drawTraining(task, 5, 2, 7, 8)).not.toEqual(drawTraining(task, 5, 1, 7, 8));
  });

  it('knows its longest prompt and answer, and parses as the others do', () => {
    const task = taskOf('custom', '{"prompt": "12345="}\n{"prompt": "1=", "answer": "1234"}', tokenizer);
    expect([task.promptLength(1), task.completionLength(1)]).toEqual([6, 6]);
    expect(taskOf('custom', '{"prompt": "1="}\n{"prompt": "2="}', tokenizer).completionLength(9)).toBe(3);
    expect(task.parseAnswer('9#12.3', '')).toBe('12');
    for (const { completion, answer } of task.examples) expect(task.parseAnswer(completion, '')).toBe(answer);
    expect(task.examples).toEqual([{ prompt: '1=', completion: '#1234.', answer: '1234' }]);
    expect(task.draw(1, randomStream(1, 'prompts', 1)).prompt).toMatch(/=$/);
  });

  it('is no task for pretraining', () => {
    expect(() => solvedTaskOf('custom')).toThrow('made of prompts of your own');
    expect(() => solvedTaskOf('chess')).toThrow('no task "chess"');
    expect(Object.keys(ownTasks)).toEqual(['custom']);
  });
});

describe('prompts among the settings', () => {
  it('bring their task along, and take it away again; another model leaves it', () => {
    const own = validateSettings({ prompts: two });
    expect(own.task).toBe('custom');
    expect(validateSettings({ model: 'add-48' }, own)).toMatchObject({
      task: 'custom',
      maxCompletionLength: 8,
    });
    expect(validateSettings({ prompts: '' }, own).task).toBe('sort');
    expect(validateSettings({ prompts: '' }, validateSettings({ model: 'add-48' }, own)).task).toBe('add');
    const back = validateSettings({ task: 'sort' }, own);
    expect(back).toMatchObject({ task: 'sort', prompts: two });
    expect(validateSettings({ task: 'custom' }, back)).toEqual(own);
  });

  it.each([
    [{ task: 'custom' }, '`prompts` has no lines'],
    [{ prompts: 'nonsense' }, 'Line 1 of `prompts`: it is not JSON'],
    [{ prompts: two, algorithm: 'grpo-oracle' }, 'but 1 of `prompts` have none'],
    [{ prompts: two.replace('"1"', '"123456789"') }, 'a right completion of custom has 11 tokens'],
    [{ prompts: 'x'.repeat(100_001) }, "`prompts` can't be a text of 100001 characters"],
  ])('%j is refused', (changes, sentence) => {
    expect(() => validateSettings(changes)).toThrow(sentence);
  });

  it('levels mean nothing to them, and they nothing to other tasks', () => {
    const own = validateSettings({ prompts: two, taskLevel: 12, oodLevel: 1 });
    expect(irrelevance(hyperparameters.taskLevel, own)).toContain('no levels');
    expect(irrelevance(hyperparameters.oodLevel, own)).toContain('no levels');
    expect(irrelevance(hyperparameters.prompts, own)).toBeNull();
    expect(irrelevance(hyperparameters.prompts, defaultSettings)).not.toBeNull();
    expect(irrelevance(hyperparameters.taskLevel, defaultSettings)).toBeNull();
  });

  it('a reward applies live, prompts do not', () => {
    expect(applyLive(defaultSettings, { rewardCode: 'x' }).rewardCode).toBe('x');
    expect(() => applyLive(defaultSettings, { prompts: two })).toThrow("can't be changed");
  });

  it('travel in the URL with whatever was chosen beside them', () => {
    const rewardCode = 'function reward({ answer }) {\n\treturn answer === "ä&b=c+%20" ? 1 : 0; // 😀\r\n}';
    for (const changes of [
      { prompts: two },
      { prompts: two, task: 'sort' },
      { prompts: two, model: 'add-48' },
      { rewardCode },
    ]) {
      const lanes = [{ name: 'Mine', settings: validateSettings(changes) }];
      expect(decodeUrl(encodeUrl({ preset: 'srt', lanes }))).toEqual({ preset: 'srt', lanes });
    }
  });

  it('too long for a link are refused with what to do', () => {
    const prompts = Array.from({ length: 800 }, (_, i) => `{"prompt": "${String(i)}="}`).join('\n');
    const lanes = [{ name: 'Mine', settings: validateSettings({ prompts }) }];
    expect(() => linkQuery({ preset: 'srt', lanes })).toThrow(/would have \d+ characters/);
    expect(decodeUrl(encodeUrl({ preset: 'srt', lanes }))).toEqual({ preset: 'srt', lanes });
  });
});

describe('flags', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-own-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('read a text from a file', () => {
    const file = join(folder, 'prompts.jsonl');
    writeFileSync(file, `${two}\n`);
    const { changes } = parseFlags(
      ['--prompts', `@${file}`, '--reward-code', 'const reward = () => 1'],
      {},
      readTextFile,
    );
    expect(changes).toEqual({ prompts: two, rewardCode: 'const reward = () => 1' });
    refuseIneffective(changes, validateSettings(changes));
    expect(() => parseFlags(['--prompts', `@${file}.gone`], {}, readTextFile)).toThrow("can't be read");
  });

  it('without the task can have no effect', () => {
    const changes = { prompts: two, task: 'sort' };
    expect(() => {
      refuseIneffective(changes, validateSettings(changes));
    }).toThrow('--prompts would have no effect');
  });
});

describe('the truth, where it is not always known', () => {
  const groups = [groupOf(['1', '2']), groupOf(['2', null])];
  const decided = {
    groups,
    labels: ['1', '2'].map((answer) => ({ answer, agreement: 1, tied: false })),
    filters: groups.map(keepAll),
    rewards: [
      [1, 0],
      [1, 0],
    ],
    advantages: [
      [1, -1],
      [1, -1],
    ],
  };

  it('counts the prompts that have an answer', () => {
    expect(truthMetrics(decided, ['1', null], 0.75)).toEqual({
      'truth/accuracy': 0.5,
      'truth/label_accuracy': 1,
      'truth/reward_gap': 0.25,
      'truth/reward_accuracy': 1,
      'truth/youden_j': 1,
      'truth/advantage_gap': 2,
    });
  });

  it('is not a number where none has', () => {
    for (const value of Object.values(truthMetrics(decided, [null, null], 0.75))) expect(value).toBeNaN();
    expect([accuracy([], []), majorityAccuracy([], [])]).toEqual([NaN, NaN]);
  });
});
