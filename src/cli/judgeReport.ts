import type { Benchmark } from '../experiments/benchmark.ts';
import { detectors, type Detector } from '../experiments/detectors.ts';
import {
  ahead,
  apart,
  cellsOf,
  heard,
  leads,
  verdictOn,
  type Cell,
  type Figures,
  type Ranking,
  type Verdict,
} from '../experiments/judgement.ts';

/** An alarm and what became of it. */
export interface Judgement extends Omit<Detector, 'judge'> {
  readonly verdict: Verdict;
}

/** All alarms that the lab holds, judged. */
export function judgedHere(benchmark: Benchmark): readonly Judgement[] {
  return detectors.map((detector) => {
    const courses = benchmark.observed.map((run) => heard(detector, run));
    return { ...detector, verdict: verdictOn(benchmark, courses) };
  });
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const counts = ['announced', `${ahead} steps ahead`, 'lead: median (quartiles)', 'false alarms'];

/** What is told of alarms: within cells, and over all runs. */
export function tablesOf(judgements: readonly Judgement[]): readonly [within: Table, all: Table] {
  return [
    {
      title: 'Runs with the same settings: the evidence',
      head: ['alarm', 'whose', ...counts, ...leads.flatMap((lead) => [`ranks right ${atLead(lead)}`, 'p'])],
      rows: judgements.map(({ name, source, verdict: { open, within } }) => [
        ...[name, source, ...countsOf(open)],
        ...within.flatMap((ranking) => [
          ranked(ranking),
          ranking.pairs === 0 ? '–' : ranking.shuffled.chance.toFixed(3),
        ]),
      ]),
    },
    {
      title: 'All runs: settings can be recognised here',
      head: ['alarm', 'whose', ...counts, ...leads.map((lead) => `ranks right ${atLead(lead)}`)],
      rows: judgements.map(({ name, source, verdict: { all, anywhere } }) => [
        ...[name, source, ...countsOf(all)],
        ...anywhere.map(ranked),
      ]),
    },
  ];
}

function atLead(lead: number): string {
  return lead === 0 ? 'at the collapse' : `${lead} steps before`;
}

function ranked({ auc, interval: [low, high] }: Ranking): string {
  return Number.isNaN(auc) ? '–' : `${auc.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

function countsOf({ announced, early, collapsed, lead, falseAlarms, held }: Figures): readonly string[] {
  const [low, median, high] = lead.map((steps) => steps.toFixed(0));
  return [
    of(announced, collapsed),
    of(early, collapsed),
    announced === 0 ? '–' : `${median ?? ''} (${low ?? ''}–${high ?? ''})`,
    of(falseAlarms, held),
  ];
}

function of(count: number, all: number): string {
  return all === 0 ? '–' : `${count}/${all}`;
}

/**
 * Which runs there are, and what they can show: a list, a line each.
 * @param judgement any of them: all are shown the same rows
 */
export function cellsInWords(benchmark: Benchmark, judgement: Judgement | undefined): readonly string[] {
  const cells = cellsOf(benchmark);
  const of = (kind: Cell['kind']): readonly Cell[] => cells.filter((cell) => cell.kind === kind);
  const [open, aside] = [of('open'), of('acted on')];
  const counted = cells.reduce((sum, { outcomes }) => sum + outcomes.length, 0);
  const toFit = benchmark.outcomes.length - counted;
  return [
    `- **Runs**: ${benchmark.outcomes.length}${toFit === 0 ? '' : `, of which ${toFit} are there to choose levels on and don't count`}; ${counted} count, in ${cells.length} cells.`,
    `- **Open cells**, in which some runs collapsed and some held: ${open.length === 0 ? 'none' : `${open.length} of ${cells.length}. ${open.map(named).join('; ')}`}.`,
    `- **Void cells**: ${of('all collapsed').length} collapsed with every seed, ${of('all held').length} held with every seed. Whoever recognises their settings is right about them: they are no evidence.`,
    ...(aside.length === 0
      ? []
      : [
          `- **Aside**: ${aside.map(named).join('; ')}. The guard acted on the lab's own alarm, so that what became of the run says nothing of the alarm.`,
        ]),
    `- **Ranked**: ${(judgement?.verdict.within ?? []).map(({ pairs }, at) => `${pairs} pairs ${atLead(leads[at] ?? 0)}`).join(', ')}. Of two runs of a cell one collapsed, and the other had not ${apart} steps later: until the same step the one that collapsed should have scored higher. Half of the pairs are right by chance, and for whoever looks at the settings or the step alone.`,
  ];
}

function named({ experiment, lane, outcomes }: Cell): string {
  const collapsed = outcomes.filter(({ collapse }) => collapse !== null).length;
  return `${lane} of ${experiment} (${collapsed} of ${outcomes.length} collapsed)`;
}

/** Of docs/benchmark.md: the runs, and both tables. */
export function benchmarkReport(benchmark: Benchmark, judgements: readonly Judgement[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const tables = tablesOf(judgements).map(
    ({ title, head, rows }) =>
      `### ${title}\n\n${[head, head.map(() => '---'), ...rows].map(line).join('\n')}`,
  );
  return [cellsInWords(benchmark, judgements[0]).join('\n'), ...tables].join('\n\n');
}

/** Columns of a table beneath each other, for a terminal. */
export function aligned({ head, rows }: Table): string {
  const width = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(width[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}

/** The runs, then an alarm a line; what can't be had is null. */
export function jsonOf(benchmark: Benchmark, judgements: readonly Judgement[]): readonly string[] {
  const cells = cellsOf(benchmark).map(({ outcomes, ...cell }) => ({
    ...cell,
    runs: outcomes.length,
    collapsed: outcomes.filter(({ collapse }) => collapse !== null).length,
  }));
  return [{ type: 'runs', runs: benchmark.outcomes.length, cells }, ...judgements.map(typed)].map((line) =>
    JSON.stringify(line),
  );
}

function typed({ id, name, source, verdict }: Judgement): object {
  return { type: 'alarm', id, name, source, ...verdict };
}
