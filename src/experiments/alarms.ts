import { summarise } from '../diagnostics/collapse.ts';
import { EarlyWarning, labSignals, type Assessment } from '../diagnostics/earlyWarning.ts';
import type { Signal } from '../diagnostics/signal.ts';
import { mean, quantile } from '../lib/stats.ts';
import type { RunRecord } from '../records/run.ts';
import { metrics, type MetricId, type MetricRow } from '../spec/metrics.ts';
import { evaluationsOf } from './reduced.ts';

/** What an alarm is judged on: a lane's name, its evaluations and whatever the alarm reads. */
export type JudgedRun = Pick<RunRecord, 'name' | 'rows'>;

/** What a rule says of a run after a step. */
export interface Answer {
  readonly alarm: boolean;
  /** The higher, the likelier a collapse: what ranks runs, whatever the level of the alarm; NaN while it has none. */
  readonly score: number;
}

/** Says of a run, step by step, whether it looks like one that collapses. */
export interface Rule {
  readonly name: string;
  /** A new judge for each run. */
  readonly judge: () => (row: Partial<MetricRow>) => Answer;
}

/** Rows over which the rules that are compared take their means, and before which they are silent, as the lab's own. */
export const windowSteps = 10;

/** What is said before there is anything to go by. */
export const silent: Answer = { alarm: false, score: NaN };

/** A figure of the last steps' mean, and of the run's own first steps, above a level. */
function simple(
  name: string,
  id: MetricId,
  score: (now: number, start: number) => number,
  above: number,
  steps = windowSteps,
): Rule {
  return {
    name,
    judge: () => {
      const seen: number[] = [];
      return (row) => {
        const value = row[id];
        if (value === undefined) return silent;
        seen.push(value);
        if (seen.length < windowSteps) return silent;
        const now = score(mean(seen.slice(-steps)), mean(seen.slice(0, windowSteps)));
        return { alarm: now > above, score: now };
      };
    },
  };
}

function ofState(name: string, raised: (assessment: Assessment) => boolean): Rule {
  return {
    name,
    judge: () => {
      const warning = new EarlyWarning();
      return (row) => answerOf(warning.add(row), raised);
    },
  };
}

function answerOf(assessment: Assessment, raised: (assessment: Assessment) => boolean): Answer {
  return { alarm: raised(assessment), score: assessment.signal === null ? NaN : assessment.score };
}

const isAmber = ({ state }: Assessment): boolean => state !== 'healthy';

/** One signal of the early warning by itself: it is shown no other column. */
function ofSignal({ metric, and }: Signal): Rule {
  const names = [metric, ...(and === undefined ? [] : [and])].map((id) => metrics[id].label);
  return {
    name: `amber by: ${names.join(' and ')}`,
    judge: () => {
      const warning = new EarlyWarning();
      return (row) => {
        const own = { [metric]: row[metric], ...(and === undefined ? {} : { [and]: row[and] }) };
        return answerOf(warning.add(own), isAmber);
      };
    },
  };
}

/** A level that could have been chosen. @param steps averaged; 1 for what is an average already */
export function level(id: MetricId, side: '<' | '>', at: number, steps = windowSteps): Rule {
  const name = `${metrics[id].label} ${side} ${at.toFixed(2)}`;
  // Negated, what lies below lies above.
  const sign = side === '<' ? -1 : 1;
  return simple(name, id, (now) => sign * now, sign * at, steps);
}

/** The lab's two states. */
export const states = {
  amber: ofState('**amber or red**', isAmber),
  red: ofState('**red**', ({ state }) => state === 'warning'),
} as const;

/** Rules that others use or that seem plausible. */
export const plausible = {
  overlap: level('vote/answer_overlap', '<', 0.8, 1),
  klBase: level('policy/kl_ref', '>', 0.27),
  klAnchor: level('policy/kl_anchor', '>', 0.15),
  majorities: simple(
    'majority ≠ anchor’s, rise > 0.15',
    'vote/anchor_disagreement',
    (now, start) => now - start,
    0.15,
  ),
  halved: simple('entropy has halved', 'policy/entropy', (now, start) => -now / start, -0.5),
  babble: simple('entropy rises by a tenth', 'policy/entropy', (now, start) => now / start, 1.1),
  unanimous: level('vote/unanimous', '>', 0.5),
  reward: level('reward/mean', '>', 0.85),
} as const;

/** The states, the signals that they are made of, and what is compared with them. */
export const rules: readonly Rule[] = (({ overlap, ...others }) => [
  states.amber,
  states.red,
  overlap,
  ...labSignals.map(ofSignal),
  ...Object.values(others),
])(plausible);

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
  /** False alarms followed by an evaluation below 0.9 of the best before it. */
  readonly inDips: number;
  /** Collapsed runs about which the rule still speaks at their last step. */
  readonly atEnd: number;
}

/** Applies a rule to recorded runs; those without an evaluation count as nothing. */
export function verdictOf(rule: Rule, runs: readonly JudgedRun[]): Verdict {
  const leads: number[] = [];
  const left: number[] = [];
  const missed: string[] = [];
  let [collapsed, held, falseAlarms, inDips, atEnd] = [0, 0, 0, 0, 0];
  for (const run of runs) {
    const curve = evaluationsOf(run);
    const summary = summarise(curve);
    if (summary === null) continue;
    const raised = alarms(rule, run);
    const alarm = raised.includes(true) ? raised.indexOf(true) + 1 : null;
    if (summary.collapseStep === null) {
      held++;
      if (alarm === null) continue;
      falseAlarms++;
      if (dipped(curve, alarm)) inDips++;
      continue;
    }
    collapsed++;
    if (raised.at(-1) === true) atEnd++;
    if (alarm === null || alarm > summary.collapseStep) {
      missed.push(run.name);
      continue;
    }
    const until = curve.filter(({ step }) => step <= (summary.collapseStep ?? 0));
    const peak = Math.max(...until.map(({ sampled }) => sampled));
    leads.push(summary.collapseStep - alarm);
    left.push((until.findLast(({ step }) => step <= alarm)?.sampled ?? NaN) / peak);
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
    atEnd,
  };
}

/** Whether the rule speaks, at steps 1, 2, …; a step of which nothing was kept is an empty row. */
function alarms(rule: Rule, { rows }: JudgedRun): boolean[] {
  const judge = rule.judge();
  const byStep = new Map(rows.map((row) => [row.step, row]));
  const steps = rows.at(-1)?.step ?? 0;
  return Array.from({ length: steps }, (_, i) => judge(byStep.get(i + 1) ?? {}).alarm);
}

/** Whether an evaluation from a step on lies below 0.9 of the best before it. */
function dipped(
  curve: readonly { readonly step: number; readonly sampled: number }[],
  from: number,
): boolean {
  let peak = 0;
  return curve.some(({ step, sampled }) => {
    peak = Math.max(peak, sampled);
    return step >= from && sampled < 0.9 * peak;
  });
}
