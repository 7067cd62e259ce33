import { mean, quantile } from '../lib/stats.ts';
import { philox4x32 } from '../lib/philox.ts';
import { choices, regretOf } from './keptCheckpoint.ts';
import type { Measured } from './measured.ts';
import type { ReducedRun } from './reduced.ts';

/** The experiments that claims are judged on, a task each, in the order in which they are told. */
export const claimExperiments = { sort: 'paper-sort', add: 'paper-add' } as const;
export type ClaimTask = keyof typeof claimExperiments;

/** Of how many tasks a claim is true. */
export type Verdict = 'holds' | 'holds partly' | 'does not hold';

/** What the runs of a task say of a claim. */
export interface TaskFinding {
  readonly task: ClaimTask;
  readonly holds: boolean;
  /** What was measured, in a sentence that gives its numbers. */
  readonly says: string;
}

export interface Claim {
  readonly id: string;
  /** Paraphrased, as something that runs can contradict. */
  readonly claim: string;
  /** Whose it is. */
  readonly source: string;
  /** When it is counted as true of a task. */
  readonly rule: string;
  /** Those that are shown, four at most: names in the experiments of `claimExperiments`. */
  readonly lanes: readonly string[];
  readonly judge: (of: (lane: string) => LaneRuns) => Omit<TaskFinding, 'task'>;
}

/** A claim and what became of it. */
export interface JudgedClaim extends Claim {
  readonly verdict: Verdict;
  readonly findings: readonly TaskFinding[];
}

/** The runs of a lane, in the order of the experiment's seeds. */
export interface LaneRuns {
  readonly name: string;
  readonly runs: readonly ReducedRun[];
  /** Accuracy of samples at the end, at its best, and at the beginning, by seed. */
  readonly final: readonly number[];
  readonly peak: readonly number[];
  readonly base: readonly number[];
  /** Steps at which runs have collapsed for good or for a while, as diagnostics/collapse.ts says; of those that have. */
  readonly collapses: readonly number[];
}

/** @throws RangeError where the experiment has no such lane, or not all of its runs are there */
export function laneRuns({ experiment, runs: all }: Measured, name: string): LaneRuns {
  const runs = experiment.seeds.map((seed) => {
    const found = all.find((run) => run.name === name && run.settings.seed === seed);
    const summary = found?.summary ?? null;
    if (found === undefined || summary === null) {
      throw new RangeError(`${experiment.name} has no run of ${name}, seed ${String(seed)}`);
    }
    return { ...found, summary };
  });
  return {
    name,
    runs,
    final: runs.map(({ summary }) => summary.final),
    peak: runs.map(({ summary }) => summary.peak),
    base: runs.map(({ summary }) => summary.base),
    collapses: runs.flatMap(({ summary: { collapseStep } }) => (collapseStep === null ? [] : [collapseStep])),
  };
}

/**
 * A bootstrap interval of a mean: 95 % of the means of samples drawn with replacement, always the same ones. With five
 * seeds it says how far they are apart, and not much more.
 */
export function meanInterval(values: readonly number[]): readonly [low: number, high: number] {
  const means = Array.from({ length: 10_000 }, (_, sample) =>
    mean(
      values.map((_, at) => {
        const [word] = philox4x32([at, sample, 0, 0], [0, 0]);
        return values[Math.floor((word / 2 ** 32) * values.length)] ?? NaN;
      }),
    ),
  );
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

/** What the second lane ends above the first, seed by seed. */
function gain(first: LaneRuns, second: LaneRuns): readonly number[] {
  return second.final.map((final, at) => final - (first.final[at] ?? NaN));
}

/** "5 of 5 seeds (steps 100 to 200)" */
function collapsed({ runs, collapses }: LaneRuns): string {
  const count = `${collapses.length} of ${runs.length} seeds`;
  if (collapses.length === 0) return count;
  const [first, last] = [Math.min(...collapses), Math.max(...collapses)];
  return `${count} (${first === last ? `step ${whole(first)}` : `steps ${whole(first)} to ${whole(last)}`})`;
}

function whole(step: number): string {
  return step.toLocaleString('en');
}

function share(value: number): string {
  return value.toFixed(2);
}

/** ".80 to .98" */
function range(values: readonly number[]): string {
  return `${share(Math.min(...values))} to ${share(Math.max(...values))}`;
}

/** "+0.03 (−0.02 to 0.09)" */
function difference(values: readonly number[]): string {
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${share(Math.abs(value))}`;
  const [low, high] = meanInterval(values);
  return `${signed(mean(values))} (95 % of bootstrapped means: ${signed(low)} to ${signed(high)})`;
}

const paper = 'M-GRPO, arXiv 2512.13070';
const [srt, srt64, intuitor] = ['SRT', 'SRT, G = 64', 'Intuitor'];
const [method, method64, unfiltered] = ['M-GRPO + IQR', 'M-GRPO + IQR, G = 64', 'M-GRPO'];
const [none, quarter, most] = ['SRT + IQR', 'M-GRPO + IQR, N = G/4', 'M-GRPO + IQR, N = 3G/4'];
const [slower, guarded, anchorAlone] = ['SRT, learning rate × 0.3', 'SRT + guard', 'Anchor vote'];

/** All lanes that are trained without labels. */
const labelFree = [
  ...[srt, srt64, intuitor, none, slower, guarded, anchorAlone],
  ...[method, method64, unfiltered, quarter, most],
];

/** The claims that can be judged on these runs, the paper's first. */
export const claims: readonly Claim[] = [
  {
    id: 'collapse',
    claim: 'A model that is paid for agreeing with itself, or for its own certainty, collapses.',
    source: paper,
    rule: 'every run of both has collapsed',
    lanes: [srt, intuitor],
    judge: (of) => ({
      holds: [srt, intuitor].every((lane) => of(lane).collapses.length === of(lane).runs.length),
      says: `SRT has collapsed on ${collapsed(of(srt))}, Intuitor on ${collapsed(of(intuitor))}.`,
    }),
  },
  {
    id: 'rollouts',
    claim: 'More rollouts only delay the collapse.',
    source: paper,
    rule: 'SRT with four times the rollouts collapses on every seed, in the median later than without',
    lanes: [srt, srt64],
    judge: (of) => {
      const [few, many] = [of(srt), of(srt64)];
      const later = quantile(many.collapses, 0.5) - quantile(few.collapses, 0.5);
      return {
        holds: many.collapses.length === many.runs.length && later > 0,
        says:
          `With 16 rollouts a prompt SRT has collapsed on ${collapsed(few)}, with 64 on ${collapsed(many)}: ` +
          `in the median ${later > 0 ? `${whole(later)} steps later` : later < 0 ? `${whole(-later)} steps earlier` : 'at the same step'}.`,
      };
    },
  },
  {
    id: 'anchor',
    claim: 'A momentum anchor among the voters keeps training stable.',
    source: paper,
    rule: 'no run of M-GRPO + IQR has collapsed, and each ends above its base',
    lanes: [srt, method, 'GRPO (oracle)'],
    judge: (of) => {
      const { collapses, final, base } = of(method);
      return {
        holds: collapses.length === 0 && final.every((end, at) => end > (base[at] ?? NaN)),
        says:
          `M-GRPO + IQR has collapsed on ${collapsed(of(method))} and ends at ${range(final)}, from ${range(base)}; ` +
          `with true labels it is ${range(of('GRPO (oracle)').final)}.`,
      };
    },
  },
  {
    id: 'share',
    claim: 'A quarter of the votes from the anchor is enough.',
    source: `${paper}: the share it uses`,
    rule: 'no run with N = G/4 has collapsed',
    lanes: [none, quarter, method, most],
    judge: (of) => ({
      holds: of(quarter).collapses.length === 0,
      says:
        `With N/G of 0, ¼, ½ and ¾ it has collapsed on ` +
        `${[none, quarter, method, most].map((lane) => String(of(lane).collapses.length)).join(', ')} of ${of(quarter).runs.length} seeds, ` +
        `and ends at ${[none, quarter, method, most].map((lane) => share(mean(of(lane).final))).join(', ')} in the mean.`,
    }),
  },
  {
    id: 'filter',
    claim: 'Leaving out rollouts of unusually low entropy makes training better.',
    source: paper,
    rule: 'M-GRPO ends higher with the filter than without, seed by seed, the whole interval above 0',
    lanes: [unfiltered, method],
    judge: (of) => {
      const by = gain(of(unfiltered), of(method));
      const entropy = (lane: string): string =>
        mean(of(lane).runs.map(({ end }) => end.means['policy/entropy'] ?? NaN)).toFixed(3);
      const dropped = 100 * mean(of(method).runs.map(({ end }) => end.means['filter/dropped'] ?? NaN));
      return {
        holds: meanInterval(by)[0] > 0,
        says:
          `With the filter it ends ${difference(by)} against without; entropy at the end is ${entropy(method)} and ` +
          `${entropy(unfiltered)} nats. It drops ${dropped.toFixed(1)} % of the rollouts there.`,
      };
    },
  },
  {
    id: 'final',
    claim: 'The last checkpoint is as good as the best.',
    source: paper,
    rule: 'M-GRPO + IQR ends at nine tenths of its best or more, in the mean',
    lanes: [srt, method],
    judge: (of) => {
      const kept = (lane: string): number =>
        mean(of(lane).final.map((end, at) => end / (of(lane).peak[at] ?? NaN)));
      return {
        holds: kept(method) >= 0.9,
        says:
          `At the end M-GRPO + IQR has ${share(kept(method))} of its best left, without the filter ` +
          `${share(kept(unfiltered))}, SRT ${share(kept(srt))}; the best is that of 61 noisy evaluations.`,
      };
    },
  },
  {
    id: 'scaling',
    claim: 'M-GRPO + IQR gains from more rollouts.',
    source: paper,
    rule: 'it ends higher with 64 than with 16, seed by seed, the whole interval above 0',
    lanes: [method, method64],
    judge: (of) => {
      const by = gain(of(method), of(method64));
      return {
        holds: meanInterval(by)[0] > 0,
        says: `With four times the rollouts it ends ${difference(by)}: at ${range(of(method64).final)}.`,
      };
    },
  },
  {
    id: 'alone',
    claim: 'An anchor that votes alone holds as well.',
    source: 'Co-rewarding-II, arXiv 2508.00410',
    rule: 'no run has collapsed, and the interval of what it ends above M-GRPO + IQR does not lie below 0',
    lanes: [method, anchorAlone],
    judge: (of) => {
      const by = gain(of(method), of(anchorAlone));
      return {
        holds: of(anchorAlone).collapses.length === 0 && meanInterval(by)[1] >= 0,
        says: `It has collapsed on ${collapsed(of(anchorAlone))} and ends ${difference(by)} against M-GRPO + IQR.`,
      };
    },
  },
  {
    id: 'kept',
    claim: 'The answer overlap tells without labels which checkpoint to keep.',
    source: 'this lab',
    rule:
      'over all lanes without labels the last checkpoint before the overlap is amber loses a tenth of accuracy to the best or less ' +
      'in the mean, and less than the last checkpoint, lane by lane, the whole interval below',
    lanes: [srt, quarter, most, method],
    judge: (of) => {
      const by = (choice: keyof typeof choices): readonly number[] =>
        labelFree.map((lane) => mean(of(lane).runs.map((run) => regretOf(run, choices[choice]))));
      const [kept, last] = [by('overlap'), by('last')];
      const worst = Math.max(...kept);
      return {
        holds: mean(kept) <= 0.1 && meanInterval(last.map((regret, at) => regret - (kept[at] ?? NaN)))[0] > 0,
        says:
          `Over ${labelFree.length} lanes it loses ${share(mean(kept))} to the best of 61 noisy evaluations, ` +
          `${share(worst)} in its worst lane (${labelFree[kept.indexOf(worst)] ?? ''}). The last checkpoint loses ${share(mean(last))}, ` +
          `that of the highest pseudo-reward ${share(mean(by('reward')))}.`,
      };
    },
  },
  {
    id: 'simpler',
    claim: 'Nothing simpler does as well: neither a smaller learning rate nor going back.',
    source: 'this lab',
    rule: 'M-GRPO + IQR ends above both, seed by seed, both intervals above 0',
    lanes: [slower, guarded, method],
    judge: (of) => {
      const [rate, guard] = [gain(of(slower), of(method)), gain(of(guarded), of(method))];
      return {
        holds: meanInterval(rate)[0] > 0 && meanInterval(guard)[0] > 0,
        says:
          `SRT at three tenths of the rate has collapsed on ${collapsed(of(slower))}, with the guard on ` +
          `${collapsed(of(guarded))}; M-GRPO + IQR ends ${difference(rate)} against the former and ${difference(guard)} against the latter.`,
      };
    },
  },
];

function verdictOf(findings: readonly TaskFinding[]): Verdict {
  if (findings.every(({ holds }) => holds)) return 'holds';
  return findings.some(({ holds }) => holds) ? 'holds partly' : 'does not hold';
}

/**
 * Judges all claims.
 * @param of the measured experiment of a task
 * @throws RangeError where runs are missing
 */
export function judgeClaims(of: (task: ClaimTask) => Measured): readonly JudgedClaim[] {
  const tasks = Object.keys(claimExperiments) as ClaimTask[];
  const measured = tasks.map((task) => ({ task, runs: of(task) }));
  return claims.map((claim) => {
    const findings = measured.map(({ task, runs }) => ({
      task,
      ...claim.judge((lane) => laneRuns(runs, lane)),
    }));
    return { ...claim, verdict: verdictOf(findings), findings };
  });
}
