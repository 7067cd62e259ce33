import { describe, expect, it } from 'vitest';
import { algorithms } from '../../src/algorithms/index.ts';
import { leaves, outcomesOf, readTrajectory, writeTrajectory } from '../fixtures/trajectory.ts';
import { compare } from '../reference/compare.ts';

// The oracle against what it said when the trajectories were committed: a change of both sides shows. After one
// that is meant: UPDATE_TRAJECTORIES=1 npx vitest run --project unit tests/unit/trajectories.test.ts

describe.each(Object.keys(algorithms))('%s', (algorithm) => {
  if (process.env.UPDATE_TRAJECTORIES !== undefined) writeTrajectory(algorithm);

  it('three steps on given rollouts give what was committed', () => {
    const trajectory = readTrajectory(algorithm);
    const expected = new Map(leaves(trajectory.expected));
    const actual = new Map(leaves(outcomesOf(trajectory)));
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    for (const [path, value] of expected) {
      const now = actual.get(path);
      if (typeof value !== 'number' || typeof now !== 'number') expect(now, path).toEqual(value);
      // What another version of Math.exp may differ by.
      else expect(compare([now], [value], 1e-10).message, path).toBe('');
    }
  });

  it('has a tie or an unparsed answer, a group that is skipped or agrees, and one that teaches', () => {
    const { steps, expected } = readTrajectory(algorithm);
    const answers = steps.flatMap(({ prompts }) => prompts.flatMap(({ rollouts }) => rollouts));
    expect(answers.some(({ answer }) => answer === null)).toBe(true);
    expect(answers.some(({ text }) => !text.endsWith('.'))).toBe(true);
    const advantages = expected.flatMap(({ decisions }) => decisions.map((decision) => decision.advantages));
    expect(advantages.some((list) => list?.some((value) => value !== 0) === true)).toBe(true);
    const norms = expected.map(({ metrics }) => metrics['optim/grad_norm'] ?? 0);
    expect(Math.min(...norms)).toBeGreaterThan(0);
  });
});
