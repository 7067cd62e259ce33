import { signals } from '../../diagnostics/signals.ts';
import { type MetricId, metricIds } from '../../spec/metrics.ts';
import type { Lane } from '../../store/lanes.ts';
import { charts, type ChartSpec, type ViewSpec } from '../charts/charts.ts';

/** A chart whose one view has one line. */
function line(id: MetricId, label: string, unit: string, range: ViewSpec['range']): ViewSpec {
  const short = label.toLowerCase();
  return { label, unit, range, lines: [{ id, short, dash: 'solid', shown: true }], bands: [] };
}

/**
 * The lab's charts, and what every trainer logs and the lab has no room for: a real run shows a collapse there first.
 */
const specs: readonly ChartSpec[] = [
  ...charts,
  {
    id: 'completions',
    title: 'Completions',
    views: [
      line('completion/length', 'Length', 'tokens', 'auto'),
      line('completion/truncated', 'Truncated', 'share', 'share'),
      line('vote/distinct_answers', 'Distinct', 'answers to a prompt', 'auto'),
      line('vote/no_answer', 'No answer', 'share', 'share'),
      line('completion/repetition', 'Repetition', 'share of trigrams', 'share'),
      line('visit/majority_flips', 'Flips', 'share of prompts that come back', 'share'),
      line('visit/answer_overlap', 'Last visit', 'overlap with it', 'auto'),
    ],
  },
  {
    id: 'signal',
    title: 'Signal',
    views: [
      line('reward/zero_std_groups', 'No gradient', 'share of groups', 'share'),
      line('reward/std', 'Spread', 'of the reward', 'auto'),
      { ...line('optim/lr', 'Rate', 'learning rate', 'auto'), logarithmic: true },
      { ...line('optim/loss', 'Loss', 'as logged', 'auto'), logarithmic: true },
    ],
  },
];

/** Whether all of a metric that lanes measured lies within 0 and 1, so that it can be read as a share. */
export function isShare(lanes: readonly Pick<Lane, 'history'>[], id: MetricId): boolean {
  return lanes.every(({ history }) =>
    history.column(id).every((value) => !Number.isFinite(value) || (value >= 0 && value <= 1)),
  );
}

/**
 * Which charts there are for the metrics that are measured, reduced to these, and which are empty.
 * @param share whether the reward is one; else it has an axis and no unit of its own, and no gap to what is right
 */
export function chartsOf(
  measured: ReadonlySet<MetricId>,
  share = true,
): {
  drawn: readonly ChartSpec[];
  empty: readonly string[];
} {
  const drawn: ChartSpec[] = [];
  const empty: string[] = [];
  for (const spec of specs) {
    const [first, ...others] = spec.views.flatMap((view) => reduced(view, measured));
    if (first === undefined) empty.push(spec.title);
    else if (spec.id === 'reward') drawn.push(rewardChart(spec, first, measured, share));
    else drawn.push({ ...spec, views: [first, ...others] });
  }
  return { drawn, empty };
}

/** As the log has it: without a truth beside it, or on a scale of its own. */
function rewardChart(
  spec: ChartSpec,
  view: ViewSpec,
  measured: ReadonlySet<MetricId>,
  share: boolean,
): ChartSpec {
  const alone = !view.lines.some(({ id }) => id.startsWith('truth/'));
  const own =
    share || !measured.has('reward/mean') ? {} : { unit: 'as logged', range: 'auto' as const, bands: [] };
  return { ...spec, ...(alone ? { title: 'Reward' } : {}), views: [{ ...view, ...own }] };
}

function reduced(view: ViewSpec, measured: ReadonlySet<MetricId>): ViewSpec[] {
  const left = view.lines.filter(({ id }) => measured.has(id));
  if (left.length === 0) return [];
  // Where the lines that are drawn at first have no column, the others take their place.
  const none = left.every(({ shown }) => !shown);
  const lines = left.map((each) => ({ ...each, shown: none || each.shown, joined: true }));
  const { best, zones, ...rest } = view;
  return [
    {
      ...rest,
      lines,
      bands: view.bands
        .filter(({ low, high }) => measured.has(low) && measured.has(high))
        .map((band) => ({ ...band, joined: true })),
      // The zones are those of the overlap.
      ...(zones !== undefined && measured.has('vote/answer_overlap') ? { zones } : {}),
      ...(best !== undefined && measured.has(best) ? { best } : {}),
    },
  ];
}

const judged = new Set<MetricId>(signals.map(({ metric }) => metric));

/** Whether the early warning looks at a metric. */
export function isJudged(id: MetricId): boolean {
  return judged.has(id);
}

/** What a column can be mapped to: all but what only this lab can know of itself. */
export const mappable: readonly MetricId[] = metricIds.filter((id) => !/^(warning|guard|perf)\//.test(id));
