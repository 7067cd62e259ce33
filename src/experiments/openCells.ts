import { groupsOf } from '../lib/groups.ts';
import { hyperparameterKeys } from '../settings/hyperparameters.ts';
import type { LaneSetup } from '../settings/presets.ts';
import type { MetricId } from '../spec/metrics.ts';
import type { Experiment } from './declaration.ts';
import type { Measured } from './measured.ts';

/** Shares of seeds that collapse, within which the outcome of a lane is open: whoever knows the lane can't be right. */
export const openShares = [0.25, 0.75] as const;

/** What alarms are to be judged on, fixed before any of it is run. */
export const judgedPlan = {
  cells: 12,
  tasks: 3,
  /** Used by nothing else. */
  seeds: Array.from({ length: 20 }, (_, at) => 1000 + at),
  /** What is kept of each step, so that an alarm can be shown it. */
  columns: [
    'vote/answer_overlap',
    'vote/anchor_disagreement',
    'vote/top_label_share',
    'vote/label_diversity',
    'vote/no_answer',
    'vote/unanimous',
    'vote/agreement',
    'reward/zero_std_groups',
    'reward/mean',
    'completion/length',
    'completion/truncated',
    'policy/entropy',
    'policy/kl_ref',
    'policy/kl_anchor',
  ],
} as const satisfies {
  readonly columns: readonly MetricId[];
  readonly cells: number;
  readonly tasks: number;
  readonly seeds: readonly number[];
};

/** What a pilot says of a lane. */
export interface PilotCell {
  readonly pilot: Experiment;
  readonly lane: LaneSetup;
  readonly task: string;
  readonly runs: number;
  readonly collapsed: number;
  /** `unfinished`: not all of its seeds were run, and nothing follows. */
  readonly kind: 'open' | 'holds' | 'collapses' | 'unfinished';
}

/** What pilots say of their lanes. */
export function pilotCells(pilots: readonly Measured[]): readonly PilotCell[] {
  return pilots.flatMap(({ experiment: pilot, runs }) =>
    pilot.lanes.map((lane): PilotCell => {
      const summaries = runs.flatMap(({ name, summary }) =>
        name === lane.name && summary !== null ? [summary] : [],
      );
      const collapsed = summaries.filter(({ collapseStep }) => collapseStep !== null).length;
      const share = collapsed / summaries.length;
      const kind =
        summaries.length < pilot.seeds.length
          ? 'unfinished'
          : share < openShares[0]
            ? 'holds'
            : share > openShares[1]
              ? 'collapses'
              : 'open';
      return { pilot, lane, task: lane.settings.task, runs: summaries.length, collapsed, kind };
    }),
  );
}

/**
 * The open cells that alarms are judged on: of each task in turn the one whose share is nearest to a half.
 * @returns null where there are too few of them, or of too few tasks
 */
export function judgedCells(cells: readonly PilotCell[]): readonly PilotCell[] | null {
  const byTask = groupsOf(
    cells.filter(({ kind }) => kind === 'open'),
    ({ task }) => task,
  );
  const far = ({ collapsed, runs }: PilotCell): number => Math.abs(collapsed / runs - 0.5);
  const queues = byTask.map((open) => open.toSorted((a, b) => far(a) - far(b)));
  const turns = Math.max(0, ...queues.map(({ length }) => length));
  const chosen = Array.from({ length: turns }, (_, turn) => queues.flatMap((queue) => queue[turn] ?? []))
    .flat()
    .slice(0, judgedPlan.cells);
  const tasks = new Set(chosen.map(({ task }) => task)).size;
  return chosen.length < judgedPlan.cells || tasks < judgedPlan.tasks ? null : chosen;
}

/** A learning rate that was not tried, of a lane that was. */
export interface NextLane {
  readonly like: PilotCell;
  readonly learningRate: number;
}

/** How far beyond the rates of a series the next one lies, where all of them have one outcome. */
const stride = 1.5;

/**
 * Where to look next: for every series of lanes that differ in their learning rate alone and of which none is open, the
 * rate between one that holds and one that collapses, or one beyond the last. Series with unfinished lanes wait.
 */
export function nextLanes(cells: readonly PilotCell[]): readonly NextLane[] {
  const series = groupsOf(cells, ({ lane: { settings } }) =>
    JSON.stringify(hyperparameterKeys.filter((key) => key !== 'learningRate').map((key) => settings[key])),
  );
  return series.flatMap((all): NextLane[] => {
    if (all.some(({ kind }) => kind === 'open' || kind === 'unfinished')) return [];
    const rising = all.toSorted((a, b) => rateOf(a) - rateOf(b));
    const turn = rising.findIndex(({ kind }, at) => at > 0 && kind !== rising[at - 1]?.kind);
    const [low, first, last] = [rising[turn - 1], rising[Math.max(0, turn)], rising.at(-1)];
    if (first === undefined || last === undefined) return [];
    if (low !== undefined) return [next(first, Math.sqrt(rateOf(low) * rateOf(first)))];
    return [first.kind === 'holds' ? next(last, rateOf(last) * stride) : next(first, rateOf(first) / stride)];
  });
}

function rateOf({ lane }: PilotCell): number {
  return lane.settings.learningRate;
}

function next(like: PilotCell, rate: number): NextLane {
  return { like, learningRate: Number(rate.toPrecision(2)) };
}

/** Seeds of the next pilot: those from the next ten on, as many as the last had. */
export function nextSeeds(pilots: readonly Measured[]): readonly number[] {
  const used = pilots.flatMap(({ experiment }) => experiment.seeds);
  const from = 10 * (Math.floor(Math.max(...used) / 10) + 1);
  return Array.from({ length: pilots.at(-1)?.experiment.seeds.length ?? 0 }, (_, at) => from + at);
}
