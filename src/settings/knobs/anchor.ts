import {
  choice,
  integer,
  real,
  toggle,
  type Hyperparameter,
  type Relevance,
} from '../../spec/hyperparameter.ts';
import { mgrpo } from '../../spec/sources.ts';
import { hasAnchor, keepsAnchor } from '../relevance.ts';

const keptAnchor: Relevance = {
  when: keepsAnchor,
  otherwise: 'No anchor is kept: the algorithm has none and the shadow anchor is off.',
};

/** Who samples beside the policy: the momentum anchor, or a shadow of one. */
export const anchorKnobs = {
  anchorShare: real({
    label: 'Anchor share N/G',
    group: 'Anchor',
    range: [0, 1],
    step: 0.0625,
    default: 0.5,
    paper: 0.25,
    applies: 'live',
    help: 'Share of each group sampled by the momentum anchor, N = round(G · share). 0 is SRT; the paper takes 1/4.',
    source: mgrpo,
    relevant: {
      when: hasAnchor,
      otherwise: 'The algorithm has no anchor: the policy samples every rollout.',
    },
  }),
  anchorMomentum: real({
    label: 'Momentum m',
    group: 'Anchor',
    range: [0, 1],
    scale: 'towardsOne',
    default: 0.99,
    paper: 0.99,
    applies: 'live',
    help: 'θk ← m·θk + (1−m)·θq after every step. 1 freezes the anchor, 0 makes it the policy.',
    source: mgrpo,
    relevant: keptAnchor,
  }),
  momentumSchedule: choice({
    label: 'Momentum schedule',
    group: 'Anchor',
    options: { constant: 'constant', cosine: 'cosine' },
    default: 'constant',
    paper: 'constant',
    applies: 'live',
    help: 'cosine: m rises along half a cosine to its end value, which it reaches with the last step, as in Co-rewarding-II.',
    source: 'arXiv 2508.00410',
    relevant: keptAnchor,
  }),
  anchorMomentumEnd: real({
    label: 'Momentum at the end',
    group: 'Anchor',
    range: [0, 1],
    scale: 'towardsOne',
    default: 0.9999,
    applies: 'live',
    help: 'What a cosine schedule of the momentum ends with; it begins with m. Co-rewarding-II goes from 0.99 to 0.99999.',
    source: 'arXiv 2508.00410',
    relevant: {
      when: (s) => keptAnchor.when(s) && s.momentumSchedule !== 'constant',
      otherwise: 'The momentum is constant, or no anchor is kept.',
    },
  }),
  monitorAnchor: toggle({
    label: 'Shadow anchor',
    group: 'Anchor',
    default: true,
    applies: 'restart',
    help: 'Keeps an anchor for watching only, for the early warning. It neither votes nor trains, and changes no bit of the run.',
    relevant: {
      when: (s) => !hasAnchor(s),
      otherwise: 'The algorithm has an anchor of its own, which is watched instead.',
    },
  }),
  monitorRollouts: integer({
    label: 'Shadow rollouts',
    group: 'Anchor',
    range: [2, 16],
    default: 4,
    applies: 'restart',
    unit: 'per prompt',
    help: 'Extra rollouts per prompt sampled from the shadow anchor.',
    relevant: {
      when: (s) => s.monitorAnchor && !hasAnchor(s),
      otherwise: 'There is no shadow anchor: it is off, or the algorithm has an anchor of its own.',
    },
  }),
} satisfies Record<string, Hyperparameter>;
