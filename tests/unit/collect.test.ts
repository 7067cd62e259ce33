import { describe, expect, it } from 'vitest';
import { collect, type StepRecord } from '../../src/diagnostics/collect.ts';
import { OverlapWindow } from '../../src/diagnostics/overlap.ts';
import { truthMetrics } from '../../src/diagnostics/truth.ts';
import type { Group, PseudoLabel } from '../../src/spec/group.ts';
import { metricIds } from '../../src/spec/metrics.ts';
import { rollout } from './rollouts.ts';

// Prompt 1: policy 1 1 2 null (the 2 dropped), anchor 2 2. Prompt 2: all say 5. Label of both by hand.
const divided: Group = {
  prompt: '12=',
  rollouts: [
    rollout({ answer: '1', meanEntropy: 0.4, tokens: [1, 2, 3, 4] }),
    rollout({ answer: '1', meanEntropy: 0.6, tokens: [1, 2] }),
    rollout({ answer: '2', meanEntropy: 0.1, tokens: [1, 2] }),
    rollout({ answer: null, meanEntropy: 0.9, tokens: [1, 2, 3, 4], truncated: true }),
    rollout({ answer: '2', meanEntropy: 0.7, source: 'anchor', tokens: [1, 2] }),
    rollout({ answer: '2', meanEntropy: 0.5, source: 'anchor', tokens: [1, 2] }),
  ],
};
const unanimous: Group = {
  prompt: '34=',
  rollouts: [
    ...Array.from({ length: 4 }, () => rollout({ answer: '5', meanEntropy: 0.2, tokens: [1, 2] })),
    ...Array.from({ length: 2 }, () =>
      rollout({ answer: '5', meanEntropy: 0.2, source: 'anchor', tokens: [1, 2] }),
    ),
  ],
};
const labels: readonly PseudoLabel[] = [
  { answer: '2', agreement: 0.4, tied: true },
  { answer: '5', agreement: 1, tied: false },
];
const record: StepRecord = {
  step: 12,
  groups: [divided, unanimous],
  shadow: [[], []],
  filters: [
    { kept: [true, true, false, true, true, true], threshold: 0.2, iqr: 0.3 },
    { kept: new Array<boolean>(6).fill(true), threshold: 0.1, iqr: 0 },
  ],
  labels,
  rewards: [
    [0, 0, 1, 0],
    [1, 1, 1, 1],
  ],
  advantages: [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ],
  update: {
    loss: 1,
    gradNorm: 2,
    clippedShare: 3,
    klRef: 4,
    klAnchor: 5,
    anchorDistance: 6,
    learningRate: 7,
  },
  timings: { stepMs: 500, rolloutMs: 1, voteMs: 2, trainMs: 3, readbackMs: 4 },
  overlap: new OverlapWindow(),
};

describe('collect', () => {
  const row = collect({ ...record, overlap: new OverlapWindow() });

  it('measures everything but truth and evaluation', () => {
    expect(Object.keys(row)).toEqual(metricIds.filter((id) => !/^(guard|truth|eval|warning)\//.test(id)));
  });

  it('by hand', () => {
    expect(row).toMatchObject({
      step: 12,
      'reward/mean': 5 / 8,
      'reward/zero_std_groups': 1,
      'vote/unanimous': 0.5,
      'vote/distinct_answers': 1.5,
      'vote/label_diversity': 1,
      'vote/top_label_share': 0.5,
      'vote/anchor_disagreement': 0.5,
      'vote/anchor_changed_label': 0.5,
      'vote/no_answer': 1 / 12,
      'vote/no_label': 0,
      'vote/tied': 0.5,
      'filter/dropped': 1 / 12,
      'filter/dropped_policy': 1 / 8,
      'filter/dropped_anchor': 0,
      'filter/iqr': 0.15,
      'completion/length': 20 / 8,
      'completion/truncated': 1 / 8,
      'optim/loss': 1,
      'optim/grad_norm': 2,
      'optim/clipped': 3,
      'policy/kl_ref': 4,
      'policy/kl_anchor': 5,
      'anchor/distance': 6,
      'optim/lr': 7,
      'perf/tokens_per_s': 56,
    });
    // Tokens weigh equally: (4·.4 + 2·.6 + 2·.1 + 4·.9 + 8·.2) ÷ 20.
    expect(row['policy/entropy']).toBeCloseTo(8.2 / 20, 12);
    expect(row['anchor/entropy']).toBeCloseTo((1.4 + 1 + 0.4 + 0.4) / 8, 12);
    expect(row['policy/entropy_p50']).toBe(0.2);
    expect(row['reward/std']).toBeCloseTo(0.25, 12);
    expect(row['filter/threshold']).toBeCloseTo(0.15, 12);
    // Prompt 1: three rollouts of six said 2. Prompt 2: all.
    expect(row['vote/agreement']).toBe(0.75);
    // C_qk (2 + 8)/8 ÷ 2, C_qq (2/12 + 1)/2, C_kk 1.
    expect(row['vote/answer_overlap']).toBeCloseTo(0.625 / Math.sqrt(7 / 12), 12);
  });

  it('gives NaN for what isn’t there: no anchor, no filter, no label', () => {
    const alone = divided.rollouts.filter(({ source }) => source === 'policy');
    const bare = collect({
      ...record,
      groups: [{ prompt: '', rollouts: alone }],
      shadow: [[]],
      filters: [{ kept: [true, true, true, true], threshold: NaN, iqr: NaN }],
      labels: [{ answer: null, agreement: NaN, tied: false }],
      rewards: [[NaN, NaN, NaN, NaN]],
      advantages: [null],
      overlap: new OverlapWindow(),
    });
    for (const id of [
      'anchor/entropy',
      'vote/answer_overlap',
      'vote/anchor_disagreement',
      'vote/anchor_changed_label',
      'filter/threshold',
      'filter/dropped_anchor',
      'reward/mean',
      'vote/top_label_share',
    ] as const) {
      expect(bare[id], id).toBeNaN();
    }
    expect(bare).toMatchObject({ 'vote/no_label': 1, 'reward/zero_std_groups': 1, 'vote/agreement': 0.5 });
  });

  it('watches the shadow anchor where the lane has no other; it does not vote', () => {
    const alone = { prompt: '', rollouts: divided.rollouts.slice(0, 4) };
    const shadow = [[rollout({ answer: '2', source: 'anchor' }), rollout({ answer: '2', source: 'anchor' })]];
    const watched = collect({
      ...record,
      groups: [alone],
      shadow,
      labels: [{ answer: '1', agreement: 0.5, tied: false }],
      overlap: new OverlapWindow(),
    });
    expect(watched['vote/anchor_disagreement']).toBe(1);
    expect(watched['vote/anchor_changed_label']).toBeNaN();
    expect(watched['vote/agreement']).toBe(0.5);
    expect(watched['vote/answer_overlap']).toBeCloseTo(0.25 / Math.sqrt(1 / 6), 12);
  });
});

it('truth: accuracy of rollouts and labels, and the reward that was not earned', () => {
  expect(truthMetrics(record.groups, labels, ['1', '5'], 5 / 8)).toEqual({
    'truth/accuracy': 6 / 8,
    'truth/label_accuracy': 0.5,
    'truth/reward_gap': -1 / 8,
  });
});
