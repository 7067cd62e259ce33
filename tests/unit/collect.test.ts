import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, type StepRecord } from '../../src/diagnostics/collect.ts';
import { OverlapWindow } from '../../src/diagnostics/overlap.ts';
import { repetition } from '../../src/diagnostics/repetition.ts';
import { truthMetrics } from '../../src/diagnostics/truth.ts';
import { groupRelative } from '../../src/rl/advantage.ts';
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
  costs: {
    stepMs: 600,
    rolloutMs: 1,
    voteMs: 2,
    trainMs: 3,
    readbackMs: 4,
    othersMs: 100,
    dispatches: 5,
    readbacks: 6,
    allocations: 7,
    memoryBytes: 8,
  },
  overlap: new OverlapWindow(),
};

describe('collect', () => {
  const row = collect({ ...record, overlap: new OverlapWindow() });

  it('measures everything but truth and evaluation', () => {
    const others = /^(guard|truth|eval|visit|warning)\/|^perf\/steps_per_s$/;
    expect(new Set(Object.keys(row))).toEqual(new Set(metricIds.filter((id) => !others.test(id))));
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
      'perf/step_ms': 600,
      'perf/others_ms': 100,
      'perf/readback_ms': 4,
      // Of the time that was this lane's own.
      'perf/tokens_per_s': 56,
      'perf/dispatches': 5,
      'perf/readbacks': 6,
      'perf/allocations': 7,
      'perf/memory_bytes': 8,
      // Prompt 1 pays the dropped rollout alone, prompt 2 everyone.
      'reward/dead_none_agree': 0.5,
      'reward/dead_all_agree': 0.5,
      'reward/dead_no_answer': 0,
      'completion/repetition': 0,
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
    expect(bare).toMatchObject({
      'vote/no_label': 1,
      'reward/zero_std_groups': 1,
      'vote/agreement': 0.5,
      'reward/dead_no_answer': 1,
    });
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

const reward = fc.constantFrom(0, 1, -1, 0.5, NaN);

it('three kinds of dead groups add up to all that have no gradient', () => {
  const seen = new Set<string>();
  const decided = fc.record({
    rewards: fc.oneof(
      fc.array(fc.constantFrom(0, 1), { minLength: 4, maxLength: 4 }),
      fc.tuple(...times4(reward)),
    ),
    kept: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(decided, { minLength: 1, maxLength: 6 }), (prompts) => {
      const row = collect({
        ...record,
        groups: prompts.map(() => ({ prompt: '', rollouts: divided.rollouts.slice(0, 4) })),
        shadow: prompts.map(() => []),
        filters: prompts.map((prompt) => ({ kept: prompt.kept, threshold: NaN, iqr: NaN })),
        labels: prompts.map(() => ({ answer: '1', agreement: 0.5, tied: false })),
        rewards: prompts.map(({ rewards }) => rewards),
        advantages: prompts.map(
          ({ rewards, kept }) => groupRelative([rewards], [kept], { scaleRewards: 'group' })[0] ?? null,
        ),
        overlap: new OverlapWindow(),
      });
      const parts = ['reward/dead_all_agree', 'reward/dead_none_agree', 'reward/dead_no_answer'] as const;
      const sum = parts.reduce((total, id) => total + row[id], 0);
      expect(sum).toBeCloseTo(row['reward/zero_std_groups'], 12);
      for (const id of parts) if (row[id] > 0) seen.add(id);
    }),
  );
  expect(seen.size).toBe(3);
});

function times4<Value>(value: fc.Arbitrary<Value>): [typeof value, typeof value, typeof value, typeof value] {
  return [value, value, value, value];
}

describe('an uneven batch: divided, unanimous, unanimous without a label', () => {
  const uneven: StepRecord = {
    ...record,
    groups: [divided, unanimous, unanimous],
    shadow: [[], [], []],
    filters: [
      { kept: [true, true, false, true, false, true], threshold: 0.2, iqr: 0.3 },
      { kept: new Array<boolean>(6).fill(true), threshold: NaN, iqr: NaN },
      { kept: [true, true, true, true, false, true], threshold: NaN, iqr: NaN },
    ],
    labels: [...labels, { answer: null, agreement: NaN, tied: false }],
    rewards: [
      [0, 0, 1, 0],
      [1, 1, 0, 1],
      [NaN, NaN, NaN, NaN],
    ],
    advantages: [[0, 0, 0, 0], [0.5, 0, -0.5, 0], null],
  };
  const measure = (changes: Partial<StepRecord> = {}) =>
    collect({ ...uneven, ...changes, overlap: new OverlapWindow() });

  it('by hand', () => {
    expect(measure()).toMatchObject({
      // The group without a label has no rewards; those of the others are 0 0 1 0 and 1 1 0 1.
      'reward/mean': 4 / 8,
      'reward/std': 0.5,
      'reward/zero_std_groups': 2 / 3,
      'reward/dead_all_agree': 0,
      'reward/dead_none_agree': 1 / 3,
      'reward/dead_no_answer': 1 / 3,
      'vote/unanimous': 2 / 3,
      'vote/agreement': (0.5 + 1 + 1) / 3,
      'vote/distinct_answers': 4 / 3,
      'vote/label_diversity': 2 / 3,
      'vote/top_label_share': 1 / 2,
      'vote/anchor_disagreement': 1 / 3,
      // The policies said 1, 5 and 5; the labels are 2, 5 and none.
      'vote/anchor_changed_label': 2 / 3,
      'vote/no_label': 1 / 3,
      'vote/tied': 1 / 3,
      // One of the policy's twelve, two of the anchor's six.
      'filter/dropped': 3 / 18,
      'filter/dropped_policy': 1 / 12,
      'filter/dropped_anchor': 2 / 6,
      'filter/threshold': 0.2,
      'filter/iqr': 0.3,
    });
  });

  it('gives the quantiles of the policy’s entropies, as NumPy', () => {
    // np.quantile([.1, .2 ×8, .4, .6, .9], [.1, .5, .9]): at 1.1, 5.5 and 9.9 of 0 … 11.
    const row = measure();
    expect(row['policy/entropy_p10']).toBeCloseTo(0.2, 12);
    expect(row['policy/entropy_p50']).toBeCloseTo(0.2, 12);
    expect(row['policy/entropy_p90']).toBeCloseTo(0.4 + 0.9 * 0.2, 12);
  });

  it('lets a single reward that is NaN be seen', () => {
    expect(measure({ rewards: [[NaN, 1, 1, 1], ...uneven.rewards.slice(1)] })['reward/mean']).toBeNaN();
  });

  it('asks for the anchor’s majority where one prompt at least has an anchor', () => {
    const groups = uneven.groups.map(({ rollouts }) => ({ prompt: '', rollouts: rollouts.slice(0, 4) }));
    const shadow = [
      [rollout({ answer: '2', source: 'anchor' })],
      [rollout({ answer: '5', source: 'anchor' })],
      [],
    ];
    // 1 against 2, 5 against 5, 5 against nothing.
    expect(measure({ groups, shadow })['vote/anchor_disagreement']).toBe(2 / 3);
  });
});

describe('repetition', () => {
  it.each<[string, readonly number[], number]>([
    ['an answer of five different digits', [5, 1, 2, 3, 4], 0],
    ['two digits alike, and three', [1, 1, 1, 2, 2], 0],
    ['four alike: one trigram of three comes again', [1, 1, 1, 1, 2], 1 / 3],
    ['one digit for ever', new Array<number>(10).fill(7), 7 / 8],
    ['a circle of three', [1, 2, 3, 1, 2, 3, 1, 2], 1 / 2],
    ['too short', [1, 2], NaN],
    ['long enough', [1, 1, 1], 0],
    ['ids that would run together', [1, 23, 4, 12, 3, 4], 0],
  ])('%s', (_, tokens, share) => {
    if (Number.isNaN(share)) expect(repetition(tokens)).toBeNaN();
    else expect(repetition(tokens)).toBeCloseTo(share, 12);
  });

  it('leaves the end token out, and completions without a trigram', () => {
    const ended = [
      rollout({ answer: '1', tokens: [7, 7, 7, 7, 0] }),
      rollout({ answer: '1', tokens: [7, 0] }),
    ];
    const cut = rollout({ answer: null, tokens: [7, 7, 7, 7, 7, 7], truncated: true });
    const of = (rollouts: Group['rollouts']) =>
      collect({ ...record, groups: [{ prompt: '', rollouts }], overlap: new OverlapWindow() })[
        'completion/repetition'
      ];
    expect(of(ended)).toBe(1 / 2);
    expect(of([...ended, cut])).toBe((1 / 2 + 3 / 4) / 2);
    expect(of([rollout({ answer: '1', tokens: [7, 0] })])).toBeNaN();
  });
});

describe('truth', () => {
  it('accuracy of rollouts and labels, and the reward that was not earned', () => {
    expect(truthMetrics(record, ['1', '5'], 5 / 8)).toMatchObject({
      'truth/accuracy': 6 / 8,
      'truth/label_accuracy': 0.5,
      'truth/reward_gap': -1 / 8,
    });
  });

  // Prompt 1, solution 2, label 1: the right rollout was dropped. Prompt 2: all right and paid. Prompt 3 was skipped.
  const decided = {
    groups: [divided, unanimous, divided],
    filters: [...record.filters, { kept: new Array<boolean>(6).fill(true), threshold: NaN, iqr: NaN }],
    labels: [{ answer: '1', agreement: 0.4, tied: true }, ...labels],
    rewards: [
      [1, 1, 0, 0],
      [1, 1, 1, 1],
      [NaN, NaN, NaN, NaN],
    ],
    advantages: [[0.5, 0.5, 0, -1], [0, 0, 0, 0], null],
  };

  it('what was paid, and pushed, of the rollouts that were trained', () => {
    // Trained: wrong paid, wrong paid, wrong unpaid; right paid four times.
    const row = truthMetrics(decided, ['2', '5', '2'], NaN);
    expect(row['truth/reward_accuracy']).toBeCloseTo(5 / 7, 12);
    expect(row['truth/youden_j']).toBeCloseTo(1 - 2 / 3, 12);
    expect(row['truth/advantage_gap']).toBeCloseTo(0, 12);
    const perfect = truthMetrics(decided, ['1', '5', '2'], NaN);
    expect(perfect['truth/reward_accuracy']).toBe(1);
    expect(perfect['truth/youden_j']).toBe(1);
    expect(perfect['truth/advantage_gap']).toBeCloseTo((0.5 + 0.5) / 6 + 1, 12);
  });

  it('counts no prompt without a solution, and measures nothing without both kinds', () => {
    expect(truthMetrics(decided, [null, '5', null], NaN)).toMatchObject({
      'truth/reward_accuracy': 1,
      'truth/youden_j': NaN,
      'truth/advantage_gap': NaN,
    });
    expect(truthMetrics(decided, [null, null, null], NaN)).toMatchObject({ 'truth/reward_accuracy': NaN });
  });

  it('a reward in degrees is neither right nor wrong, but pushes', () => {
    const degrees = {
      ...decided,
      rewards: [
        [0.2, 0.4, 0, 0.1],
        [1, 1, 1, 1],
        [0, 0, 0, 0],
      ],
    };
    const row = truthMetrics(degrees, ['1', '5', '2'], NaN);
    expect(row).toMatchObject({ 'truth/reward_accuracy': NaN, 'truth/youden_j': NaN });
    expect(row['truth/advantage_gap']).toBeCloseTo((0.5 + 0.5) / 6 + 1, 12);
  });
});

it('truth: a prompt without a solution is not counted, nor is a label that was not given', () => {
  const none: PseudoLabel = { answer: null, agreement: NaN, tied: false };
  const three = [divided, unanimous, unanimous];
  // Prompt 1: one of four right, and its label. Prompt 2: unknown, though labelled. Prompt 3: none right, no label.
  const decided = { ...record, groups: three, labels: [...labels, none] };
  expect(truthMetrics(decided, ['2', null, '7'], 0.5)).toMatchObject({
    'truth/accuracy': 1 / 8,
    'truth/label_accuracy': 1,
    'truth/reward_gap': 3 / 8,
  });
});
