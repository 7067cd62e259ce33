import { mean, quantile } from '../lib/stats.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';
import { summarise } from './collapse.ts';
import { EarlyWarning, type Assessment } from './earlyWarning.ts';

/** Thresholds are chosen on one set of runs and judged on another: no seed is in both, nor in results/*.json. */
export const sets = { calibrate: [100, 101, 102], judge: [200, 201, 202, 203, 204] } as const;
export type SetName = keyof typeof sets;
export const taskNames = ['sort', 'add'] as const;
export type TaskName = (typeof taskNames)[number];

/** One training, as far as the early warning is concerned. */
export interface WarningRun {
  readonly lane: string;
  readonly seed: number;
  /** Why it ended early by itself. */
  readonly stopped?: string;
  /** [step, eval/sampled in thousandths]. */
  readonly curve: readonly (readonly [number, number])[];
  /** Per metric of `signals` its value at steps 1, 2, …, in thousandths; null where not measured. */
  readonly values: readonly (readonly (number | null)[])[];
}

export interface WarningRuns {
  readonly command: string;
  readonly adapter: string;
  readonly versions: Record<string, string>;
  readonly set: SetName;
  readonly task: TaskName;
  /** The columns of `values`. */
  readonly signals: readonly MetricId[];
  /** What differs from the default settings. */
  readonly lanes: readonly { readonly name: string; readonly settings: object }[];
  readonly runs: readonly WarningRun[];
}

/** Says of a run, step by step, whether it looks like one that collapses. */
export interface Rule {
  readonly name: string;
  /** A new judge for each run; true raises the alarm. */
  readonly judge: () => (row: Partial<MetricRow>) => boolean;
}

/** Rows over which the rules that are compared take their means. */
const windowSteps = 10;

/** A mean over the last steps against a level, or against the run's own first steps. */
function simple(name: string, id: MetricId, alarm: (now: number, start: number) => boolean): Rule {
  return {
    name,
    judge: () => {
      const seen: number[] = [];
      return (row) => {
        const value = row[id];
        if (value === undefined) return false;
        seen.push(value);
        if (seen.length < 2 * windowSteps) return false;
        return alarm(mean(seen.slice(-windowSteps)), mean(seen.slice(0, windowSteps)));
      };
    },
  };
}

function ofState(name: string, raised: (assessment: Assessment) => boolean): Rule {
  return {
    name,
    judge: () => {
      const warning = new EarlyWarning();
      return (row) => raised(warning.add(row));
    },
  };
}

/** The overlap against one level: what the thresholds were chosen by. */
export function overlapBelow(level: number): Rule {
  return {
    name: `overlap < ${level.toFixed(2)}`,
    judge: () => (row) => (row['vote/answer_overlap'] ?? NaN) < level,
  };
}

/** The lab's two states, and rules that others use or that seem plausible. */
export const rules: readonly Rule[] = [
  ofState('**amber or red**', ({ state }) => state !== 'healthy'),
  ofState('**red**', ({ state }) => state === 'warning'),
  simple('KL to base > 0.27', 'policy/kl_ref', (now) => now > 0.27),
  simple('majority ≠ anchor’s, rise > 0.2', 'vote/anchor_disagreement', (now, start) => now - start > 0.2),
  simple('entropy has halved', 'policy/entropy', (now, start) => now < 0.5 * start),
  simple('entropy rises by half', 'policy/entropy', (now, start) => now > 1.5 * start),
  simple('unanimous > 0.5', 'vote/unanimous', (now) => now > 0.5),
];

/** A rule's record over many runs. */
export interface Verdict {
  readonly collapsed: number;
  /** Collapses with an alarm at or before the collapse step. */
  readonly announced: number;
  /** Lanes of the collapses that were not announced. */
  readonly missed: readonly string[];
  /** Of those announced, steps between alarm and collapse: quartiles. */
  readonly lead: readonly [number, number, number];
  /** Of those, the evaluation before the alarm ÷ the peak until the collapse: median. */
  readonly left: number;
  readonly held: number;
  readonly falseAlarms: number;
  /** False alarms in runs that dipped below 0.9 of their peak at some evaluation after it. */
  readonly inDips: number;
}

/** Applies a rule to recorded runs. */
export function verdictOf(rule: Rule, sources: readonly WarningRuns[]): Verdict {
  const leads: number[] = [];
  const left: number[] = [];
  const missed: string[] = [];
  let [collapsed, held, falseAlarms, inDips] = [0, 0, 0, 0];
  for (const { signals, runs } of sources) {
    for (const run of runs) {
      const curve = run.curve.map(([step, sampled]) => ({ step, sampled: sampled / 1000 }));
      const summary = summarise(curve);
      if (summary === null) continue;
      const alarm = firstAlarm(rule, signals, run);
      if (summary.collapseStep === null) {
        held++;
        if (alarm === null) continue;
        falseAlarms++;
        if (dipped(curve)) inDips++;
        continue;
      }
      collapsed++;
      if (alarm === null || alarm > summary.collapseStep) {
        missed.push(run.lane);
        continue;
      }
      const until = curve.filter(({ step }) => step <= (summary.collapseStep ?? 0));
      const peak = Math.max(...until.map(({ sampled }) => sampled));
      leads.push(summary.collapseStep - alarm);
      left.push((until.findLast(({ step }) => step <= alarm)?.sampled ?? NaN) / peak);
    }
  }
  const lead = [0.25, 0.5, 0.75].map((q) => quantile(leads, q));
  return {
    collapsed,
    announced: leads.length,
    missed,
    lead: [lead[0] ?? NaN, lead[1] ?? NaN, lead[2] ?? NaN],
    left: quantile(left, 0.5),
    held,
    falseAlarms,
    inDips,
  };
}

function firstAlarm(rule: Rule, signals: readonly MetricId[], { values }: WarningRun): number | null {
  const judge = rule.judge();
  const steps = Math.max(0, ...values.map((column) => column.length));
  for (let at = 0; at < steps; at++) {
    const row: Partial<Record<MetricId, number>> = {};
    signals.forEach((id, column) => {
      const value = values[column]?.[at];
      if (value !== null && value !== undefined) row[id] = value / 1000;
    });
    if (judge(row)) return at + 1;
  }
  return null;
}

function dipped(curve: readonly { readonly sampled: number }[]): boolean {
  let peak = 0;
  return curve.some(({ sampled }) => {
    peak = Math.max(peak, sampled);
    return sampled < 0.9 * peak;
  });
}
