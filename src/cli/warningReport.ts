import {
  overlapBelow,
  rules,
  sets,
  verdictOf,
  type Rule,
  type SetName,
  type WarningRuns,
} from '../diagnostics/warningRuns.ts';

export const warningReportPath = 'docs/early-warning.md';

const head = [
  '| rule | announced | lead: median (quartiles), steps | accuracy then ÷ peak | false alarms on runs that held | of those in a real dip |',
  '|---|---|---|---|---|---|',
];

/** docs/early-warning.md from the recorded runs. */
export function reportOf(sources: readonly WarningRuns[]): string {
  const of = (set: SetName): readonly WarningRuns[] => sources.filter((source) => source.set === set);
  const levels = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65];
  return `# The early warning, validated

*Made by \`npm run validate-warning -- --write\` from the runs in results/warning (recorded by \`npm run validate-warning -- --record\`); do not edit.*

A run has **collapsed** at the first of three evaluations in a row below its peak by a quarter, and at least 0.10. A
collapse counts as **announced** when the alarm sounds at or before that step, however much earlier; an alarm in a run that never
collapsed is **false**. A **real dip** is an evaluation below 0.9 of the best before it. Alarms count from the first step on.

${runsOf(sources)}

The levels of the answer overlap, amber 0.85 and red 0.75, come from runs of another implementation and were confirmed
on the set *calibrate*; none was changed after looking at the set *judge*. The other signals are loose limits for kinds of
collapse that these runs do not show (babbling, empty or endless completions, one answer to everything).

## Judged: runs that no threshold was chosen on

${tableOf(rules, of('judge'))}

${of('judge')
  .map((source) => `### ${source.task} alone\n\n${tableOf(rules, [source])}`)
  .join('\n\n')}

Not announced by amber or red: ${missedBy(rules[0], of('judge'))}. Intuitor has collapsed by the first evaluation, at step
10: nothing could announce that. Red comes later, with fewer false alarms; it is what the guard acts on.

## Calibrated: which level of the overlap

${tableOf(levels.map(overlapBelow), of('calibrate'))}
`;
}

/** "Intuitor 5, SRT 1": the lanes of missed collapses. */
function missedBy(rule: Rule | undefined, sources: readonly WarningRuns[]): string {
  const missed = rule === undefined ? [] : verdictOf(rule, sources).missed;
  const counts = [...new Set(missed)].map(
    (lane) => `${lane} ${String(missed.filter((each) => each === lane).length)}`,
  );
  return counts.length === 0 ? 'none' : counts.join(', ');
}

function runsOf(sources: readonly WarningRuns[]): string {
  const lines = sources.map(({ set, task, runs, lanes }) => {
    const seeds = [...new Set(runs.map(({ seed }) => seed))].join(', ');
    return `- *${set}*, ${task}: ${String(runs.length)} runs of ${String(lanes.length)} lanes, seeds ${seeds} (of ${sets[set].join(', ')})`;
  });
  const lanes = [...new Set(sources.flatMap((source) => source.lanes.map(({ name }) => name)))];
  return `${lines.join('\n')}\n\nLanes: ${lanes.join('; ')}.`;
}

function tableOf(compared: readonly Rule[], sources: readonly WarningRuns[]): string {
  return [...head, ...compared.map((rule) => rowOf(rule, sources))].join('\n');
}

function rowOf(rule: Rule, sources: readonly WarningRuns[]): string {
  const { collapsed, announced, lead, left, held, falseAlarms, inDips } = verdictOf(rule, sources);
  const [low, median, high] = lead.map((steps) => (Number.isNaN(steps) ? '–' : steps.toFixed(0)));
  const cells = [
    rule.name,
    `${String(announced)}/${String(collapsed)}`,
    announced === 0 ? '–' : `${median ?? ''} (${low ?? ''}–${high ?? ''})`,
    Number.isNaN(left) ? '–' : left.toFixed(2),
    `${String(falseAlarms)}/${String(held)}`,
    String(inDips),
  ];
  return `| ${cells.join(' | ')} |`;
}
