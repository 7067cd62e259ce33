import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchLabel } from '../../src/rl/reward.ts';
import type { RewardFault, RewardInput } from '../../src/spec/reward.ts';
import { runReward } from '../../src/host/rewardCode.ts';

const right: RewardInput = {
  prompt: '21=',
  completion: '#12.',
  answer: '12',
  pseudoLabel: '12',
  agreement: 0.75,
};
const wrong: RewardInput = { ...right, completion: '#21.', answer: '21' };
const unlabelled: RewardInput = { ...right, pseudoLabel: null, agreement: null };

async function rewards(code: string, inputs: readonly RewardInput[] = [right]): Promise<readonly number[]> {
  const outcome = await runReward(code, inputs);
  if ('fault' in outcome) throw new Error(`line ${String(outcome.fault.line)}: ${outcome.fault.sentence}`);
  return outcome.rewards;
}

async function fault(code: string, inputs: readonly RewardInput[] = [right]): Promise<RewardFault> {
  const outcome = await runReward(code, inputs);
  if ('rewards' in outcome) throw new Error(`no fault, but ${JSON.stringify(outcome.rewards)}`);
  return outcome.fault;
}

/** A reward of one expression, in line 2. */
const returning = (expression: string): string =>
  `function reward({ prompt, completion, answer, pseudoLabel, agreement }) {\n  return ${expression};\n}`;

describe('runReward', () => {
  it('gives one reward per rollout, from what each is told', async () => {
    const code = returning('answer === pseudoLabel ? agreement : -prompt.length - completion.length / 8');
    expect(await rewards(code, [right, wrong, right])).toEqual([0.75, -3.5, 0.75]);
    expect(await rewards(code, [])).toEqual([]);
    expect(
      await rewards(
        'const reward = ({ answer }) => Number(answer)',
        [wrong].map((one) => ({ ...one, answer: '7' })),
      ),
    ).toEqual([7]);
  });

  it('passes null where there is no answer, label or agreement', async () => {
    const code = returning('[answer, pseudoLabel, agreement].filter((x) => x === null).length');
    expect(await rewards(code, [right, unlabelled, { ...unlabelled, answer: null }])).toEqual([0, 2, 3]);
  });

  it('tells the code nothing else: no solution, network, page or module', async () => {
    const keys = await fault(`function reward(told) { throw Object.keys(told).join(' ') }`);
    expect(keys.sentence).toContain('prompt completion answer pseudoLabel agreement"');
    for (const name of [
      'fetch',
      'XMLHttpRequest',
      'document',
      'window',
      'self',
      'process',
      'require',
      'setTimeout',
      'performance',
      'navigator',
      'console',
      'postMessage',
      'crypto',
      'WebAssembly',
    ]) {
      expect(await rewards(returning(`typeof ${name} === 'undefined' ? 1 : 0`)), name).toEqual([1]);
    }
    expect((await fault(`import x from 'x';\n${returning('1')}`)).sentence).toContain('SyntaxError');
  });

  it('equals the algorithms’ own reward when it is written out', async () => {
    const answer = fc.constantFrom('1', '12', null);
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('1', '12'),
        async (answers, label) => {
          const group = {
            prompt: '1=',
            rollouts: answers.map((one) => ({
              source: 'policy' as const,
              tokens: [],
              truncated: false,
              answer: one,
              logProbs: new Float32Array(),
              entropies: new Float32Array(),
              meanEntropy: 0,
              selfCertainty: 0,
            })),
          };
          const expected = matchLabel(group, { answer: label, agreement: 1, tied: false });
          const inputs = answers.map((one) => ({ ...right, answer: one, pseudoLabel: label }));
          expect(await rewards(returning('answer === pseudoLabel ? 1 : 0'), inputs)).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('lets nothing survive from one step to the next, but from rollout to rollout', async () => {
    const counting = `let calls = 0;\nglobalThis.all ??= [];\nfunction reward() { all.push(1); Array.prototype.seen = (Array.prototype.seen ?? 0) + 1; return ++calls + all.length + [].seen; }`;
    expect(await rewards(counting, [right, right])).toEqual([3, 6]);
    expect(await rewards(counting, [right, right])).toEqual([3, 6]);
    expect(await rewards(returning('[].seen ?? 0'))).toEqual([0]);
  });

  it('is not fooled by code that replaces what the lab relies on', async () => {
    const code = `JSON.parse = () => 5; Number.isFinite = () => true; Object.prototype.answer = 'x';\n${returning('answer === pseudoLabel ? 1 : 0')}`;
    expect(await rewards(code, [right, wrong])).toEqual([1, 0]);
  });
});

describe('a fault', () => {
  it.each([
    ['function reward() {\n  let x = ;\n}', 'SyntaxError', 2],
    ['function reward() {\n  return 1;', 'SyntaxError: the code ends too early.', 2],
    ['function reward() {\n\n  return foo.bar;\n}', "ReferenceError: 'foo' is not defined.", 3],
    ['function help() {\n  null.x;\n}\nfunction reward() {\n  return help();\n}', 'TypeError', 2],
    ['function reward() {\n  throw "so";\n}', 'It threw "so"', null],
    ['function reward() {\n  throw { a: 1 };\n}', 'It threw an object', null],
    ['function other() {}', 'no function named reward', null],
    ['', 'no function named reward', null],
    ['const a = 1;\nlet reward = 5;', 'reward is a number', null],
    [
      '// mine\nfunction reward() {}',
      'It returned nothing, not a number, for the prompt 21= and the completion #12.',
      2,
    ],
    [returning('"1"'), 'It returned a string', 1],
    [returning('answer'), 'It returned a string', 1],
    [returning('1n'), 'It returned a bigint', 1],
    [returning('NaN'), 'It returned NaN, which does not lie from −10 to 10,', 1],
    [returning('1 / 0'), 'It returned Infinity', 1],
    [returning('-10.5'), 'It returned -10.5', 1],
    ['async function reward() { return 1; }', 'It returned an object', 1],
    [returning('Date.now()'), 'there is no clock (Date) here, as the same run', 2],
    [returning('new Date().getTime()'), 'no clock', 2],
    [returning('Math.random()'), 'no chance', 2],
    ['const Date = { now: () => 1 };\n' + returning('1'), 'Date', null],
  ])('%j', async (code, sentence, line) => {
    const found = await fault(code);
    expect(found.sentence).toContain(sentence);
    expect(found.line).toBe(line);
  });

  it.each([
    ['throw undefined', 'It threw undefined.'],
    ['throw null', 'It threw an object.'],
    ['throw 12n', 'It threw 12.'],
    ['throw Symbol("x")', 'It threw a symbol.'],
    ['throw () => 1', 'It threw a function.'],
    ['throw "x".repeat(1e6)', `It threw "${'x'.repeat(60)}…"`],
    ['throw "a\\u001b[2J\\nb"', 'It threw "a\\u{1b}[2J\\u{a}b".'],
    ['throw new Error("m".repeat(1e6))', `Error: ${'m'.repeat(200)}….`],
    ['throw { name: "Error", message: "\\u202e" }', 'Error: \\u{202e}.'],
    ['throw { get name() { throw 1; }, message: "so" }', 'so.'],
    ['throw { get message() { while (true); } }', 'It threw an object.'],
    ['throw new Proxy({}, { getOwnPropertyDescriptor() { throw 1; } })', 'It threw an object, or ran on'],
    ['throw new Proxy({}, { getPrototypeOf() { while (true); } })', 'It threw an object, or ran on'],
  ])('of whatever is thrown, %s, says what is true', async (body, sentence) => {
    const found = await fault(`function reward() {\n  ${body};\n}`);
    expect(found.sentence).toContain(sentence);
    expect(found.sentence.length).toBeLessThan(500);
  });

  it('a limit is what the interpreter says, not what somebody throws: the sentence is true of both', async () => {
    const faked = await fault(`function reward() {\n  throw new InternalError('interrupted');\n}`);
    expect(faked.sentence).toMatch(/^InternalError: interrupted \(.* are the most\)\.$/);
  });

  it.each([
    [`const e = new Error('x'); e.stack = '    at reward (reward.js:7)'; throw e`, null],
    [`throw { message: 'x', stack: 'reward.js:1' }`, null],
    [`const e = new Error('x'); e.stack = e.stack.replace(/:(\\d+)/, (_, n) => ':' + n * 3); throw e`, null],
    [`throw new Error('x')`, 2],
    [`null.x`, 2],
  ])('a line is right or absent: %s', async (body, line) => {
    expect((await fault(`function reward() {\n  ${body};\n}`)).line).toBe(line);
  });

  it('names the first rollout that has it', async () => {
    const found = await fault(returning('answer === pseudoLabel ? 1 : undefined'), [right, wrong, right]);
    expect(found.sentence).toContain('completion #21.');
  });

  it('the largest rewards are none', async () => {
    expect(await rewards(returning('answer === pseudoLabel ? 10 : -10'), [right, wrong])).toEqual([10, -10]);
  });
});

describe('limits', () => {
  it('code that runs on is cut off after as many turns each time, and catches nothing', async () => {
    for (const loop of [
      'while (true) {}',
      'try { while (true) {} } catch { return 1 }',
      '/(a+)+b/.test("a".repeat(40))',
    ]) {
      const found = await fault(`let turns = 0;\nfunction reward() {\n  ${loop};\n}`);
      expect(found.sentence).toContain('ten million jumps');
    }
    // How far it came is the same each time: what is left of the limit is found out by the turns that just fit.
    const count = (turns: number) =>
      runReward(`function reward() { for (let i = 0; i < ${String(turns)}; i++); return 1 }`, [right]);
    expect(await count(4_900_000)).toEqual({ rewards: [1] });
    expect(await count(5_100_000)).toHaveProperty('fault');
    const most = await mostTurns(count);
    expect(await mostTurns(count)).toBe(most);
  });

  it('the limit is of a step: many rollouts share it', async () => {
    const code = `function reward() { for (let i = 0; i < 5e5; i++); return 1 }`;
    expect(
      await rewards(
        code,
        Array.from({ length: 9 }, () => right),
      ),
    ).toHaveLength(9);
    expect(
      (
        await fault(
          code,
          Array.from({ length: 11 }, () => right),
        )
      ).sentence,
    ).toContain('ten million jumps');
  });

  it.each([
    ['let s = "x"; while (true) s += s', /8 MB|too long/],
    ['const a = []; while (true) a.push([1, 2, 3])', /out of memory.*8 MB/],
    ['return new Array(1e9).fill(0).length', /out of memory.*8 MB|Array/],
    ['return reward() + 1', /stack overflow.*eighty calls/],
    ['return JSON.parse("[".repeat(1e6))', /stack overflow.*eighty calls/],
    ['return new RegExp("(".repeat(1e5) + ")".repeat(1e5)).test("a") ? 1 : 0', /./],
  ])('%s', async (body, sentence) => {
    expect((await fault(`function reward() {\n  ${body};\n}`)).sentence).toMatch(sentence);
    // And the interpreter works on.
    expect(await rewards(returning('1'))).toEqual([1]);
  });
});

/** The largest number of turns that is not cut off, to a thousand. */
async function mostTurns(count: (turns: number) => ReturnType<typeof runReward>): Promise<number> {
  let [fits, cut] = [4_900_000, 5_100_000];
  while (cut - fits > 20_000) {
    const middle = (fits + cut) / 2;
    if ('rewards' in (await count(middle))) fits = middle;
    else cut = middle;
  }
  return fits;
}
