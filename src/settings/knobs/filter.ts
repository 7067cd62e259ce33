import { algorithms } from '../../algorithms/index.ts';
import { keepAll } from '../../rl/filter.ts';
import { majorityVote } from '../../rl/vote.ts';
import {
  choice,
  real,
  toggle,
  type Consulted,
  type Hyperparameter,
  type Relevance,
} from '../../spec/hyperparameter.ts';
import { mgrpo } from '../../spec/sources.ts';
import { hasAnchor } from '../relevance.ts';

const anchorVotes = (s: Consulted): boolean => hasAnchor(s) && Math.round(s.groupSize * s.anchorShare) > 0;
const filters = (s: Consulted): boolean => algorithms[s.algorithm]?.filter !== keepAll && s.groupSize >= 4;

const needsFilter: Relevance = {
  when: filters,
  otherwise: 'The algorithm has no entropy filter, or its groups are smaller than 4 and are never filtered.',
};

/** Which rollouts and labels are left out of training. */
export const filterKnobs = {
  iqrFactor: real({
    label: 'IQR factor k',
    group: 'Filter',
    range: [0, 10],
    step: 0.05,
    default: 0.75,
    paper: 0.75,
    applies: 'live',
    help: 'Rollouts with mean entropy below Q1 − k·(Q3 − Q1) of their group are dropped. Larger drops fewer.',
    source: mgrpo,
    relevant: needsFilter,
  }),
  filterScope: choice({
    label: 'Quartiles over',
    group: 'Filter',
    options: { pool: 'policy and anchor', policy: 'policy alone' },
    default: 'pool',
    applies: 'live',
    help: 'Whose entropies give the quartiles, and whose rollouts can be dropped.',
    source: mgrpo,
    relevant: {
      when: (s) => filters(s) && anchorVotes(s),
      otherwise: 'Without a filter, or without anchor rollouts, the two scopes are the same.',
    },
  }),
  filterBeforeVote: toggle({
    label: 'Filter before the vote',
    group: 'Filter',
    default: true,
    paper: true,
    applies: 'live',
    help: 'On: dropped rollouts neither vote nor train. Off: they vote, but do not train.',
    source: mgrpo,
    relevant: needsFilter,
  }),
  minVoteShare: real({
    label: 'Least vote share',
    group: 'Filter',
    range: [0, 1],
    step: 0.05,
    default: 0,
    paper: 0,
    applies: 'live',
    help: 'Below this share of the parsed answers the winner is no label and the group does not train. The released code takes 0.5.',
    source: mgrpo,
    relevant: {
      when: (s) => algorithms[s.algorithm]?.label === majorityVote,
      otherwise: 'The algorithm holds no vote.',
    },
  }),
} satisfies Record<string, Hyperparameter>;
