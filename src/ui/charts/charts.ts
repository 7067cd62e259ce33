import { overlapZones } from '../../diagnostics/signal.ts';
import type { MetricChart, MetricId } from '../../spec/metrics.ts';
import type { Dash } from './dash.ts';

/** The lab's charts, and two that only the page of imported runs has room for. */
export type ChartId = Exclude<MetricChart, 'none' | 'speed'> | 'completions' | 'signal';

export interface LineSpec {
  readonly id: MetricId;
  /** The legend's short name; the full one, formula and reading come from the metric table. */
  readonly short: string;
  readonly dash: Dash;
  /** Drawn until the reader hides it. */
  readonly shown: boolean;
  /** Rows that did not measure it are no gaps: logs of other trainers have a row every few steps. */
  readonly joined?: boolean;
}

export interface BandSpec {
  readonly low: MetricId;
  readonly high: MetricId;
  readonly short: string;
  /** Written into a wide band, where the band itself is the message. */
  readonly caption?: string;
  /** As in a line. */
  readonly joined?: boolean;
}

/** A tinted stretch of the value axis. */
export interface Zone {
  readonly from: number;
  readonly to: number;
  readonly tone: 'watch' | 'warning';
  /** What a value in it means, where there is room to say it. */
  readonly name: string;
}

/** Metrics that share an axis. */
export interface ViewSpec {
  readonly label: string;
  readonly unit: string;
  readonly lines: readonly LineSpec[];
  readonly bands: readonly BandSpec[];
  /** 'share': 0 to 1. 'auto': from 0 to a round number above the largest value. */
  readonly range: 'share' | 'auto';
  /** Offers a logarithmic axis. */
  readonly logarithmic?: boolean;
  readonly zones?: readonly Zone[];
  /** The line whose best value per lane is marked. */
  readonly best?: MetricId;
}

export interface ChartSpec {
  readonly id: ChartId;
  readonly title: string;
  /** What it shows in plain words, where there is room. */
  readonly about?: string;
  /** Its name where room is scarce. */
  readonly short?: string;
  /** The first one is shown at first. */
  readonly views: readonly [ViewSpec, ...ViewSpec[]];
}

/** What a run is paid against what is right: where a collapse is to be seen, and what the page shows large. */
export const titleChart: ChartSpec = {
  id: 'reward',
  title: 'Reward against truth',
  about: 'what a run is paid, and what of it is right',
  views: [
    {
      label: 'Reward',
      unit: 'share',
      range: 'share',
      lines: [
        { id: 'reward/mean', short: 'paid', dash: 'solid', shown: true },
        { id: 'truth/accuracy', short: 'right', dash: 'dashed', shown: true },
        { id: 'truth/label_accuracy', short: 'labels right', dash: 'dotted', shown: false },
      ],
      bands: [{ low: 'truth/accuracy', high: 'reward/mean', short: 'gap', caption: 'self-deception' }],
    },
  ],
};

/** Which metrics share a picture. Every metric whose entry names a chart is drawn in it (tested). */
export const charts: readonly ChartSpec[] = [
  {
    id: 'entropy',
    title: 'Entropy',
    views: [
      {
        label: 'Entropy',
        unit: 'nats per token',
        range: 'auto',
        logarithmic: true,
        lines: [
          { id: 'policy/entropy', short: 'policy', dash: 'solid', shown: true },
          { id: 'anchor/entropy', short: 'anchor', dash: 'dashed', shown: true },
        ],
        bands: [{ low: 'policy/entropy_p10', high: 'policy/entropy_p90', short: 'p10–p90' }],
      },
    ],
  },
  titleChart,
  {
    id: 'eval',
    title: 'Held-out accuracy',
    short: 'Held-out',
    views: [
      {
        label: 'Accuracy',
        unit: 'share',
        range: 'share',
        best: 'eval/sampled',
        lines: [
          { id: 'eval/sampled', short: 'sampled', dash: 'solid', shown: true },
          { id: 'eval/greedy', short: 'greedy', dash: 'dashed', shown: true },
          { id: 'eval/majority', short: 'majority', dash: 'dotted', shown: false },
          { id: 'eval/ood', short: 'unseen', dash: 'dashDot', shown: false },
          { id: 'eval/anchor_greedy', short: 'anchor', dash: 'dotted', shown: false },
        ],
        bands: [],
      },
    ],
  },
  {
    id: 'vote',
    title: 'Vote',
    views: [
      {
        label: 'Vote',
        unit: 'share',
        range: 'share',
        zones: [
          { from: overlapZones.red, to: overlapZones.amber, tone: 'watch', name: 'policy and anchor part' },
          { from: 0, to: overlapZones.red, tone: 'warning', name: 'policy and anchor apart' },
        ],
        lines: [
          { id: 'vote/answer_overlap', short: 'overlap', dash: 'solid', shown: true },
          { id: 'vote/unanimous', short: 'unanimous', dash: 'dashed', shown: true },
          { id: 'vote/anchor_disagreement', short: 'differ', dash: 'dotted', shown: false },
          { id: 'vote/agreement', short: 'agreement', dash: 'dashDot', shown: false },
          { id: 'vote/top_label_share', short: 'top label', dash: 'dotted', shown: false },
        ],
        bands: [],
      },
    ],
  },
  {
    id: 'update',
    title: 'Update',
    views: [
      {
        label: 'KL',
        unit: 'nats',
        range: 'auto',
        logarithmic: true,
        lines: [
          { id: 'policy/kl_ref', short: 'to base', dash: 'solid', shown: true },
          { id: 'policy/kl_anchor', short: 'to anchor', dash: 'dashed', shown: true },
        ],
        bands: [],
      },
      {
        label: 'Gradient',
        unit: 'norm',
        range: 'auto',
        logarithmic: true,
        lines: [{ id: 'optim/grad_norm', short: 'before clipping', dash: 'solid', shown: true }],
        bands: [],
      },
      {
        label: 'Pruned',
        unit: 'share',
        range: 'auto',
        lines: [{ id: 'filter/dropped', short: 'of rollouts', dash: 'solid', shown: true }],
        bands: [],
      },
    ],
  },
];

/** The metrics a chart can draw, in its order, each once. */
export function metricsOf({ views }: ChartSpec): readonly MetricId[] {
  const ids = views.flatMap(({ lines, bands }) => [
    ...lines.map(({ id }) => id),
    ...bands.flatMap(({ low, high }) => [low, high]),
  ]);
  return [...new Set(ids)];
}
