import { mean } from '../lib/stats.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';
import { level, plausible, silent, states, type Answer, type Rule } from './alarms.ts';

/** An alarm that enters the benchmark: a rule, under a name for the command line. */
export interface Detector {
  readonly id: string;
  readonly name: string;
  /** Whose it is. */
  readonly source: string;
  readonly judge: Rule['judge'];
}

const lab = 'this lab';
const rlwatch = 'rlwatch';
const rldoctor = 'rldoctor';

/** Rows that rlwatch waits for before it speaks. */
const warmUp = 20;

/**
 * Entropy below a level for so many rows in a row; the score is how many there are.
 * @source rlwatch, EntropyCollapseDetector with its defaults: 1 nat; 50 rows critical, 25 a warning
 */
function entropyBelow(rowsInARow: number): Rule['judge'] {
  return () => {
    let [seen, below] = [0, 0];
    return ({ 'policy/entropy': entropy }) => {
      if (entropy === undefined) return silent;
      seen++;
      if (seen < warmUp) return silent;
      below = entropy < 1 ? below + 1 : 0;
      return { alarm: below >= rowsInARow, score: below };
    };
  };
}

/**
 * KL to the base so many standard deviations above the mean of up to 99 rows before it; the score is how many.
 * @source rlwatch, KLExplosionDetector with its defaults: 3 σ a warning, 4.5 σ critical; σ with ÷ n, at least 1e-8
 */
function klJumps(sigmas: number): Rule['judge'] {
  return () => {
    let seen = 0;
    const before: number[] = [];
    return ({ 'policy/kl_ref': kl }): Answer => {
      if (kl === undefined) return silent;
      seen++;
      const centre = mean(before);
      const spread = Math.sqrt(mean(before.map((value) => (value - centre) ** 2)));
      const score = (kl - centre) / Math.max(spread, 1e-8);
      before.push(kl);
      if (before.length > 99) before.shift();
      return seen < warmUp ? silent : { alarm: score > sigmas, score };
    };
  };
}

/** Steps after which the alarm that looks at nothing sounds: before it no rule of the lab speaks. */
const always = 10;

function clock(): (row: Partial<MetricRow>) => Answer {
  return ({ step = 0 }) => ({ alarm: step >= always, score: step });
}

function of(id: string, rule: Rule, source: string, name = rule.name.replaceAll('**', '')): Detector {
  return { id, name, source, judge: rule.judge };
}

function base(metric: MetricId, at: number): Rule {
  return level(metric, '>', at);
}

/** All that enter by themselves, the lab's own first, then the one that looks at nothing. */
export const detectors: readonly Detector[] = [
  of('amber', states.amber, lab, 'early warning, amber or red'),
  of('red', states.red, lab, 'early warning, red'),
  { id: 'clock', name: `always, at step ${always}`, source: 'control: looks at nothing', judge: clock },
  of('overlap', plausible.overlap, lab),
  of('kl-base', plausible.klBase, 'the lab’s other implementation'),
  of('kl-base-0.5', base('policy/kl_ref', 0.5), `${rldoctor}: “elevated”`),
  of('kl-anchor', plausible.klAnchor, lab),
  of('entropy-halved', plausible.halved, 'folklore'),
  of('dead-groups', base('reward/zero_std_groups', 0.75), `${rldoctor}: “critical”`),
  of('unanimous', plausible.unanimous, lab),
  of('reward', plausible.reward, lab),
  { id: 'rlwatch-entropy', name: 'entropy < 1 for 50 rows', source: rlwatch, judge: entropyBelow(50) },
  { id: 'rlwatch-entropy-any', name: 'entropy < 1 for 25 rows', source: rlwatch, judge: entropyBelow(25) },
  { id: 'rlwatch-kl', name: 'KL to the base jumps by 4.5 σ', source: rlwatch, judge: klJumps(4.5) },
  { id: 'rlwatch-kl-any', name: 'KL to the base jumps by 3 σ', source: rlwatch, judge: klJumps(3) },
];
