import { describe, expect, it } from 'vitest';
import type { Completion } from '../../src/engine/rollout/sampler.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { packStep, unpackStep } from '../../src/session/packedStep.ts';
import { recordedBytes, recordStep, shownGroup } from '../../src/session/recordedStep.ts';
import type { Tokenizer } from '../../src/spec/tokenizer.ts';
import { solvedTaskOf } from '../../src/tasks/index.ts';
import { ownRewards } from '../../src/trainer/ownReward.ts';
import { groupRollouts } from '../../src/trainer/rollouts.ts';
import { shownPiece } from '../../src/ui/rollouts/pieces.ts';
import { syllables } from './syllables.ts';

const counts = { M: 2, V: 0, N: 1, shadow: 1 };
const problems = [
  { prompt: '21=', solution: '12' },
  { prompt: '11=', solution: '11' },
];
const task = solvedTaskOf('sort');

/** A completion whose tokens have the numbers 1, 2, … (entropy) and −1, −2, … (log-probability), in units of `of`. */
function completion(tokens: readonly number[], of: number, truncated = false): Completion {
  return {
    tokens,
    truncated,
    entropies: Float32Array.from(tokens, (_, t) => of * (t + 1)),
    logProbs: Float32Array.from(tokens, (_, t) => -of * (t + 1)),
    selfCertainties: new Float32Array(tokens.length),
  };
}

function recorded(
  tokenizer: Tokenizer,
  completions: readonly Completion[],
  learned: Parameters<typeof recordStep>[2] = null,
) {
  const batch = groupRollouts(problems, counts, completions, task, tokenizer);
  const decisions = {
    ...batch,
    filters: batch.groups.map(() => ({ kept: [true, false, true], threshold: 0.25, iqr: 0.5 })),
    voters: batch.groups.map(() => [true, false, true]),
    labels: batch.groups.map(() => ({ answer: '12', agreement: 1, tied: false })),
    rewards: [
      [1, 0],
      [0, 1],
    ],
    advantages: [[0.5, 0], null],
  };
  const step = recordStep(7, decisions, learned);
  return { step, show: (prompt: number) => shownGroup(step, prompt, { task, tokenizer }) };
}

it('an answer is read with the prompt that it is to', () => {
  const tokens = [6, 5];
  const { step } = recorded(
    syllables,
    Array.from({ length: 8 }, () => completion(tokens, 1)),
  );
  const reader = {
    task: { ...task, parseAnswer: (_: string, prompt: string) => prompt },
    tokenizer: syllables,
  };
  for (const b of [0, 1]) {
    const shown = shownGroup(step, b, reader);
    expect(shown?.rollouts.map(({ answer }) => answer)).toEqual(Array(4).fill(problems[b]?.prompt));
  }
});

describe('a step whose tokens have several characters, or none', () => {
  // '#1' '2' '.' end | '#' '12' '.' | '12' cut off | '#1' '.' : of the policy, two a prompt; then anchors and shadows.
  const tokens = [[6, 2, 5, 0], [4, 3, 5], [3], [6, 5], [6, 5, 0], [4, 2, 5], [4, 2, 5, 0], [8, 6, 7, 5]];
  const { step, show } = recorded(
    syllables,
    tokens.map((each, i) => completion(each, (i + 1) / 8, i === 2)),
  );

  it('shows entropy, log-probability and text of each token', () => {
    const [first, second] = show(0)?.rollouts ?? [];
    expect(first).toMatchObject({
      source: 'policy',
      pieces: ['#1', '2', '.', ''],
      answer: '12',
      entropies: [0.125, 0.25, 0.375, 0.5],
      logProbs: [-0.125, -0.25, -0.375, -0.5],
      meanEntropy: 0.3125,
      reward: 1,
      advantage: 0.5,
      kept: true,
      votes: true,
    });
    expect(second).toMatchObject({ pieces: ['#', '12', '.'], answer: '12', kept: false, votes: false });
    expect(first?.pieces.map(shownPiece)).toEqual(['#1', '2', '.', '∅']);
  });

  it('keeps the tokens of each rollout apart, of every source and prompt', () => {
    const all = [0, 1].flatMap((prompt) => show(prompt)?.rollouts ?? []);
    expect(all.map(({ source, pieces }) => [source, pieces])).toEqual([
      ['policy', ['#1', '2', '.', '']],
      ['policy', ['#', '12', '.']],
      ['anchor', ['#1', '.', '']],
      ['shadow', ['#', '2', '.', '']],
      ['policy', ['12']],
      ['policy', ['#1', '.']],
      ['anchor', ['#', '2', '.']],
      ['shadow', ['\n', '#1', ' ', '.']],
    ]);
    for (const { pieces, entropies, logProbs } of all) {
      expect([entropies.length, logProbs.length]).toEqual([pieces.length, pieces.length]);
    }
    expect(all.map(({ answer }) => answer)).toEqual(['12', '12', '1', '2', null, '1', '2', '1 ']);
    expect(all.at(-1)?.pieces.map(shownPiece)).toEqual(['↵', '#1', '␣', '.']);
    expect(show(1)?.flags.map(({ truncated }) => truncated)).toEqual([false, true]);
  });

  it('says how the same prompt was voted on before, newest first, and of which steps', () => {
    const at = (when: number, label: string | null, prompts = step.prompts) => ({
      ...step,
      step: when,
      prompts: prompts.map((prompt) => ({
        ...prompt,
        pseudoLabel: label,
        agreement: label === null ? NaN : 0.75,
      })),
    });
    const turned = [...step.prompts].reverse();
    const others = [at(1, '12'), at(2, '21', turned), at(3, '12', []), at(4, null), step, at(8, '12')];
    const group = shownGroup(step, 0, { task, tokenizer: syllables }, others);
    expect(group?.earlier).toEqual([
      { step: 4, index: 0, pseudoLabel: null, agreement: NaN, right: null },
      { step: 2, index: 1, pseudoLabel: '21', agreement: 0.75, right: false },
      { step: 1, index: 0, pseudoLabel: '12', agreement: 0.75, right: true },
    ]);
    const many = Array.from({ length: 40 }, (_, i) => at(i - 40, '12'));
    const newest = shownGroup(step, 0, { task, tokenizer: syllables }, many)?.earlier;
    expect(newest).toHaveLength(12);
    expect(newest?.[0]?.step).toBe(-1);
    expect(show(0)?.earlier).toEqual([]);
  });

  it('gives each token what the update made of it, where the update saw it', () => {
    const all = tokens.map((each) => completion(each, 1));
    // Of the policy's four rollouts one is dropped, and those of the second prompt were skipped: four tokens are left.
    const learned = {
      ratios: Float32Array.of(1, 0.5, 0.25, 2),
      k3: Float32Array.of(0, 0.125, 0.25, 0.5),
      losses: Float32Array.of(-1, -2, -3, -4),
      weights: [0.0625],
    };
    const seen = recorded(syllables, all, learned);
    const rollouts = [0, 1].flatMap((prompt) => seen.show(prompt)?.rollouts ?? []);
    expect(rollouts[0]?.learned).toEqual([
      { ratio: 1, k3: 0, loss: -1, weight: 0.0625 },
      { ratio: 0.5, k3: 0.125, loss: -2, weight: 0.0625 },
      { ratio: 0.25, k3: 0.25, loss: -3, weight: 0.0625 },
      { ratio: 2, k3: 0.5, loss: -4, weight: 0.0625 },
    ]);
    expect(rollouts.slice(1).every((rollout) => !('learned' in rollout))).toBe(true);
  });

  it('counts the bytes of its tokens', () => {
    // 24 tokens of 4 bytes and two numbers of 4, 8 rollouts with 6 numbers, 200 bytes a prompt.
    expect(tokens.flat()).toHaveLength(24);
    expect(recordedBytes([step])).toBe(24 * 12 + 8 * 6 * 4 + 2 * 200);
  });

  it('tells a reward of one’s own the text', async () => {
    const { groups } = groupRollouts(
      problems,
      counts,
      tokens.map((each) => completion(each, 1)),
      task,
      syllables,
    );
    const told: string[] = [];
    await ownRewards(
      (_, inputs) => {
        told.push(...inputs.map((each) => each.completion));
        return Promise.resolve({ rewards: inputs.map(() => 1) });
      },
      'code',
      groups,
      [],
      syllables,
    );
    expect(told).toEqual(['#12.', '#12.', '12', '#1.']);
  });
});

it('shows a character a token with the lab’s own models', () => {
  const texts = ['#12.', '#21.', '#11.', '#12.', '#12.', '#11.', '#12.', '#11.'];
  const { show } = recorded(
    characters,
    texts.map((text) => completion(characters.encode(text), 1)),
  );
  expect(show(0)?.rollouts.map(({ pieces }) => pieces)).toEqual([
    ['#', '1', '2', '.'],
    ['#', '2', '1', '.'],
    ['#', '1', '2', '.'],
    ['#', '1', '2', '.'],
  ]);
});

it('a step packed and unpacked has the same bits: NaN, −0 and what the update made of its tokens', () => {
  const tokens = [[6, 2, 5, 0], [4, 3, 5], [3], [6, 5], [6, 5, 0], [4, 2, 5], [4, 2, 5, 0], [8, 6, 7, 5]];
  const learned = {
    ratios: Float32Array.of(1, NaN, 0.5, -0, 2),
    k3: Float32Array.of(0, 1e-45, 0.5, 3, 4),
    losses: Float32Array.of(-1, -2, Infinity, 0, 5),
    weights: [0.1, 1 / 3],
  };
  const completions = tokens.map((each, i) => completion(each, -(i + 1) / 8, i === 2));
  for (const given of [null, learned]) {
    const { step } = recorded(syllables, completions, given);
    const [first, ...others] = step.prompts;
    if (first === undefined) throw new Error('no prompt');
    const odd = { ...step, prompts: [{ ...first, threshold: NaN, iqr: -0, solution: null }, ...others] };
    const { bytes } = packStep(odd);
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(unpackStep({ step: odd.step, bytes: moved.subarray(3) })).toEqual(odd);
  }
});
