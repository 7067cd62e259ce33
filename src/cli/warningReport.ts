import { level, rules, states, verdictOf, type Rule } from '../experiments/alarms.ts';
import type { Experiment } from '../experiments/declaration.ts';
import { percent } from '../diagnostics/signal.ts';
import { ahead } from '../experiments/judgement.ts';
import type { ReducedRun } from '../experiments/reduced.ts';
import { readExperiment, readResults } from './experimentFiles.ts';
import type { Judgement } from './judgeReport.ts';

/** Where the report lies. */
export const warningReportPath = 'docs/early-warning.md';

/** The experiments that it judges; their splits say which seeds levels are chosen on. */
export const warningExperiments = ['warning-sort', 'warning-add'] as const;

/** The runs of one set of an experiment's split. */
export interface JudgedSet {
  readonly experiment: Experiment;
  readonly set: string;
  readonly runs: readonly ReducedRun[];
}

/** All that is recorded, set by set. */
export function judgedSets(): readonly JudgedSet[] {
  const experiments = warningExperiments.map(readExperiment);
  const recorded = new Map(experiments.map((experiment) => [experiment, readResults(experiment)]));
  return ['calibrate', 'judge'].flatMap((set) =>
    experiments.map((experiment) => ({
      experiment,
      set,
      runs: (recorded.get(experiment) ?? []).filter(({ settings }) =>
        experiment.split[set]?.includes(settings.seed),
      ),
    })),
  );
}

const head = [
  '| rule | announced | lead: median (quartiles), steps | accuracy then ÷ peak | still speaks at the end | false alarms on runs that held | of those before a real dip |',
  '|---|---|---|---|---|---|---|',
];

/**
 * docs/early-warning.md from the recorded runs.
 * @param amber what the benchmark says of it
 */
export function reportOf(sources: readonly JudgedSet[], amber: Judgement): string {
  const of = (name: string): readonly JudgedSet[] => sources.filter(({ set }) => set === name);
  const runsIn = (name: string): readonly ReducedRun[] => of(name).flatMap(({ runs }) => runs);
  const judged = runsIn('judge');
  const overlaps = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65].map((at) =>
    level('vote/answer_overlap', '<', at, 1),
  );
  const divergences = [0.1, 0.15, 0.2, 0.25, 0.3, 0.35].map((at) => level('policy/kl_ref', '>', at));
  return `# The early warning, validated

*Made by \`npm run docs\` from the runs of ${warningExperiments.map((name) => `\`npm run experiment -- ${name}\``).join(' and ')} in results/; do not edit.*

**In short.** On runs that no level was chosen on: ${inShort(states.amber, 'amber', judged)}; ${inShort(states.red, 'red', judged)}.

${ofSettings(sources)}
${ofRanks(amber)}
- It says *stop now*, not *in a hundred steps*: at the alarm the accuracy has mostly begun to fall.
- It does not see a collapse within the first ten steps (Intuitor): policy and anchor are still the same, and no signal has
  a start to be compared with. Missed by amber: ${missedBy(states.amber, judged)}. ${withoutIntuitor(judged)}
- An alarm is about a run that moves too fast for its own votes. Some such runs recover: those are the false alarms.
- After a collapse the overlap can return to 1, once the anchor has followed the policy to the end. The signals that look
  the other way (no answers, the limit, one answer to everything) keep some of these runs red, as the column on the end shows.
- Falling entropy announces collapses and healthy runs alike. It is no signal here.

## How it was judged

A run has **collapsed** at the first of three evaluations in a row below its peak by a quarter, and at least 0.10;
evaluations are ten steps apart. A collapse counts as **announced** when the alarm sounds at or before that step, however
much earlier; an alarm in a run that never collapsed is **false**. A **real dip** is a later evaluation below 0.9 of the
best before it. No rule may speak before step 10. "Accuracy then" is the last evaluation before the alarm, the peak the
best until the collapse.

${runsOf(sources)}

To have held is to have held until the last of these steps: 400 on sort, 200 on add. SRT at × 0.3 is known to collapse later
on sort ([results.md](results.md), finding 8).

**How the levels were chosen**, on *calibrate* alone and before *judge* was looked at: amber is the outermost level, in steps
of 0.05, with false alarms on at most one in five of the runs that held, red with at most one in twenty. For the overlap
that gives 0.85, and 0.80 for red. Red stays at 0.75, the level found on another implementation: 0.80 announced only
Intuitor's collapses besides, as they happened. (On *judge* it would have announced more: a reason to record fresh runs and
choose again, not to choose on these.) For KL to the base, which stands in for the overlap in logs that have
none and is amber at most, it gives 0.20. The other signals are for collapses of another kind (babbling, empty or endless
completions, one answer to everything), of which these runs have too few to fit a level: theirs lie at four times or more
the drift of any run that held. All levels were in the code before the first table of *judge* was printed, on half of its
runs, and none was changed since; this paragraph was written after that.

## Judged: runs that no level was chosen on

${tableOf(rules, judged)}

${of('judge')
  .map((source) => `### ${taskOf(source)} alone\n\n${tableOf(Object.values(states), source.runs)}`)
  .join('\n\n')}

### By lane

${laneTable(judged)}

## Calibrated: runs that the levels were chosen on

${tableOf([...overlaps, ...divergences, ...Object.values(states)], runsIn('calibrate'))}

## Beside the other implementation

On 73 runs of that one (31 collapsed, 40 held) amber announced 31 of 31 collapses, 13 steps ahead (4–49), at 0.88 of the
peak, with 10 of 40 false alarms (7 in real dips); red 22 of 31, 6 steps ahead (3–26), with 5 of 40; KL above 0.267
announced 25 of 31 with 8 of 40 false; halved entropy 25 of 31 with 40 of 40. Here amber misses Intuitor, whose collapse is
over by the first evaluations, and has fewer false alarms; red announces a smaller share.
`;
}

/** "amber announced 23 of 31 collapses, …" */
function inShort(rule: Rule, name: string, runs: readonly ReducedRun[]): string {
  const { announced, collapsed, lead, falseAlarms, held, inDips } = verdictOf(rule, runs);
  return `${name} announced ${String(announced)} of ${String(collapsed)} collapses, ${steps(lead[1])} steps ahead in the median, with false alarms on ${String(falseAlarms)} of ${String(held)} runs that held (${String(inDips)} before a real dip)`;
}

/** Whether these runs could tell an alarm from one that only recognises settings. */
function ofSettings(sources: readonly JudgedSet[]): string {
  const cells = new Map<string, ReducedRun[]>();
  for (const source of sources) {
    for (const run of source.runs) {
      const cell = `${run.name} on ${taskOf(source)}`;
      cells.set(cell, [...(cells.get(cell) ?? []), run]);
    }
  }
  const open = [...cells].flatMap(([cell, runs]) => {
    const { collapsed, held } = verdictOf(states.red, runs);
    return collapsed > 0 && held > 0 ? [cell] : [];
  });
  return open.length === 0
    ? `- **It is judged on settings, not on runs.** Each of the ${String(cells.size)} lanes (${String(new Set(sources.map(taskOf)).size)} tasks) collapsed with all of its seeds or with none: a rule that only
  recognised the settings would announce every collapse with no false alarm. What these runs show is that the alarm's
  signals move with collapse, and when; that they tell of two runs with the same settings which one falls such counts can't show.`
    : `- Lanes that collapsed with some of their seeds only, where a rule that recognises settings can't be right: ${open.join('; ')}.`;
}

/** Whether it tells runs of the same settings apart. */
function ofRanks({ verdict }: Judgement): string {
  const [at, before] = verdict.within.map(
    ({ auc, interval, pairs, shuffled }) =>
      `${percent(auc)} of ${pairs} pairs (95 %: ${interval.map(percent).join(' to ')}; p = ${shuffled.chance.toFixed(3)} by shuffled outcomes)`,
  );
  const verdictInWords =
    (verdict.within[1]?.interval[0] ?? 0) > 0.5 ? 'so it sees a collapse coming' : 'which shows no foresight';
  return `- **Of two runs with the same settings**, one of which collapsed earlier, its score was the higher one for that run at the
  collapse in ${at ?? ''}, and ${ahead} steps before in ${before ?? ''}, ${verdictInWords}. Over runs of all
  settings the same figures are ${verdict.anywhere.map(({ auc }) => percent(auc)).join(' and ')}: most of that is the settings ([benchmark.md](benchmark.md)).`;
}

/** What amber and red announced of the collapses that leave time for it. */
function withoutIntuitor(runs: readonly ReducedRun[]): string {
  const others = runs.filter(({ name }) => name !== 'Intuitor');
  const [amber, red] = [verdictOf(states.amber, others), verdictOf(states.red, others)];
  return `Without Intuitor's runs amber announced ${String(amber.announced)} of ${String(amber.collapsed)}, red ${String(red.announced)}.`;
}

function steps(count: number): string {
  return Number.isNaN(count) ? '–' : count.toFixed(0);
}

/** Runs, collapses and alarms of each lane. */
function laneTable(runs: readonly ReducedRun[]): string {
  const rows = [...new Set(runs.map(({ name }) => name))].map((lane) => {
    const own = runs.filter(({ name }) => name === lane);
    const [amber, red] = [verdictOf(states.amber, own), verdictOf(states.red, own)];
    const of = (count: number, all: number): string => (all === 0 ? '–' : `${String(count)}/${String(all)}`);
    const cells = [
      lane,
      of(amber.collapsed, amber.collapsed + amber.held),
      of(amber.announced, amber.collapsed),
      steps(amber.lead[1]),
      of(red.announced, red.collapsed),
      of(amber.falseAlarms, amber.held),
      of(red.falseAlarms, red.held),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| lane | collapsed | announced by amber | its median lead | by red | false amber | false red |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** "Intuitor 5, SRT 1": the lanes of missed collapses. */
function missedBy(rule: Rule, runs: readonly ReducedRun[]): string {
  const { missed } = verdictOf(rule, runs);
  const counts = [...new Set(missed)].map(
    (lane) => `${lane} ${String(missed.filter((each) => each === lane).length)}`,
  );
  return counts.length === 0 ? 'none' : counts.join(', ');
}

function runsOf(sources: readonly JudgedSet[]): string {
  const lines = sources.map((source) => {
    const { set, runs, experiment } = source;
    const seeds = [...new Set(runs.map(({ settings }) => settings.seed))].join(', ');
    return `- *${set}*, ${taskOf(source)}: ${String(runs.length)} runs of ${String(experiment.lanes.length)} lanes, seeds ${seeds} (of ${String(experiment.split[set]?.join(', '))})`;
  });
  const lanes = [...new Set(sources.flatMap(({ experiment }) => experiment.lanes.map(({ name }) => name)))];
  return `${lines.join('\n')}\n\nLanes: ${lanes.join('; ')}.`;
}

function taskOf({ experiment }: JudgedSet): string {
  return String(experiment.lanes[0]?.settings.task);
}

function tableOf(compared: readonly Rule[], runs: readonly ReducedRun[]): string {
  return [...head, ...compared.map((rule) => rowOf(rule, runs))].join('\n');
}

function rowOf(rule: Rule, runs: readonly ReducedRun[]): string {
  const { collapsed, announced, lead, left, held, falseAlarms, inDips, atEnd } = verdictOf(rule, runs);
  const [low, median, high] = lead.map(steps);
  const cells = [
    rule.name,
    `${String(announced)}/${String(collapsed)}`,
    announced === 0 ? '–' : `${median ?? ''} (${low ?? ''}–${high ?? ''})`,
    Number.isNaN(left) ? '–' : left.toFixed(2),
    `${String(atEnd)}/${String(collapsed)}`,
    `${String(falseAlarms)}/${String(held)}`,
    String(inDips),
  ];
  return `| ${cells.join(' | ')} |`;
}
