import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { algorithms } from '../algorithms/index.ts';
import { LabError } from '../lib/labError.ts';
import { hyperparameterKeys, hyperparameters } from '../settings/hyperparameters.ts';
import { presetNames, presets } from '../settings/presets.ts';
import { readArguments } from '../settings/arguments.ts';
import { flagOf } from '../settings/flags.ts';
import { allowedValues } from '../settings/settings.ts';
import type { Hyperparameter } from '../spec/hyperparameter.ts';
import { metricIds, metrics } from '../spec/metrics.ts';
import { namedElsewhere, namesByProgram } from '../records/import/names.ts';
import { claimExperiments, judgeClaims } from '../experiments/claims.ts';
import type { ReducedRun } from '../experiments/reduced.ts';
import { benchmarkFolder, readRuns } from './benchmarkFiles.ts';
import { experimentNames, readExperiment, readResults } from './experimentFiles.ts';
import { benchmarkReport, judgedHere, type Judgement } from './judgeReport.ts';
import { caseTable, judgedCases } from './watchReport.ts';
import { judgedSets, reportOf, warningExperiments, warningReportPath } from './warningReport.ts';

/**
 * `npm run docs`: writes the generated tables into the pages of docs/, docs/early-warning.md and the tables of docs/benchmark.md. A test fails when they
 * are stale.
 */
export default async function main(argv: string[]): Promise<void> {
  readArguments(argv, {}, []);
  for (const [file, tables] of Object.entries(renderTables())) writeFileSync(file, filled(file, tables));
  const judged = judgedBenchmark();
  writeFileSync(benchmarkPage, filled(benchmarkPage, { judged: judged.report }));
  writeFileSync(warningReportPath, reportOf(judgedSets(), judged.amber));
  const cases = { cases: caseTable(await judgedCases()) };
  writeFileSync('docs/watch.md', filled('docs/watch.md', cases));
}

/** Where the benchmark's tables lie. */
export const benchmarkPage = 'docs/benchmark.md';

/** The tables of docs/benchmark.md, and what docs/early-warning.md takes from them. */
export function judgedBenchmark(): { readonly report: string; readonly amber: Judgement } {
  const benchmark = readRuns(benchmarkFolder);
  const judgements = judgedHere(benchmark);
  const amber = judgements.find(({ id }) => id === 'amber');
  if (amber === undefined) throw new RangeError('the early warning is among the alarms');
  return { report: benchmarkReport(benchmark, judgements), amber };
}

/** Generated tables by file and marker. */
export function renderTables(): Record<string, Record<string, string>> {
  return {
    'docs/presets.md': { algorithms: algorithmTable(), presets: presetTable() },
    'docs/settings.md': { settings: settingsTable() },
    'docs/results.md': { results: resultTable() },
    'docs/findings.md': { claims: claimTable() },
    'docs/metrics.md': { metrics: metricTable() },
    'docs/watch.md': { names: nameTable() },
  };
}

/** A file's text with everything between `<!-- name -->` and `<!-- /name -->` replaced. */
export function filled(file: string, tables: Readonly<Record<string, string>>): string {
  let text = readFileSync(file, 'utf8');
  for (const [name, table] of Object.entries(tables)) {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [begin, end] = [text.indexOf(open), text.indexOf(close)];
    if (begin < 0 || end < begin) {
      throw new LabError(
        'bad-file',
        `${file} has no place for the table "${name}".`,
        `Add a line ${open} and a line ${close}.`,
      );
    }
    text = `${text.slice(0, begin + open.length)}\n${table}\n${text.slice(end)}`;
  }
  return text;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function settingsTable(): string {
  return table(
    ['setting', 'flag', 'values', 'default', 'paper', 'applies', 'what it does'],
    hyperparameterKeys.map((key) => {
      const knob: Hyperparameter = hyperparameters[key];
      return [
        knob.label,
        `\`--${flagOf(key)}\``,
        allowedValues(key),
        String(knob.default) || 'empty',
        knob.paper === undefined ? '' : String(knob.paper),
        knob.applies,
        knob.help,
      ];
    }),
  );
}

function algorithmTable(): string {
  return table(
    ['algorithm', 'id', 'paper', 'in a sentence'],
    Object.entries(algorithms).map(([id, { name, paper, summary }]) => [name, `\`${id}\``, paper, summary]),
  );
}

function metricTable(): string {
  return table(
    [
      'id',
      'label',
      'unit',
      'formula',
      'computed in',
      'when it rises',
      'when it falls',
      'truth?',
      'source',
      'TRL',
      'verl',
    ],
    metricIds.map((id) => {
      const metric = metrics[id];
      const [file = '', name] = metric.rule.split('#');
      return [
        `\`${id}\``,
        metric.label,
        metric.unit,
        metric.formula,
        `[${basename(file)}](../${file})${name === undefined ? '' : ` \`${name}\``}`,
        metric.rises,
        metric.falls,
        metric.needsTruth ? 'yes' : 'no',
        metric.source,
        // With underscores and slashes, which are no markup.
        metric.trl === undefined ? '' : `\`${metric.trl}\``,
        metric.verl === undefined ? '' : `\`${metric.verl}\``,
      ];
    }),
  );
}

function nameTable(): string {
  return table(
    ['metric', 'names'],
    metricIds.flatMap((id) => {
      const named = namesByProgram(id).map(
        ([program, names]) => `${program}: ${names.map((name) => `\`${name}\``).join(', ')}`,
      );
      return named.length === 0 ? [] : [[`${namedElsewhere(id).label} (\`${id}\`)`, named.join('; ')]];
    }),
  );
}

function presetTable(): string {
  return table(
    ['preset', 'lanes', 'what it shows'],
    presetNames.map((name) => [
      `\`${name}\``,
      presets[name].lanes.map((lane) => lane.name).join(' · '),
      presets[name].summary,
    ]),
  );
}

/** A claim a row, judged as on the page *Paper*. */
function claimTable(): string {
  const judged = judgeClaims((task) => {
    const experiment = readExperiment(claimExperiments[task]);
    return { experiment, runs: readResults(experiment) };
  });
  return table(
    ['claim', 'verdict', 'what was measured', 'it holds on a task where'],
    judged.map(({ claim, source, verdict, findings, rule }) => [
      `${claim} *(${source})*`,
      `**${verdict}**`,
      findings.map(({ task, says }) => `*${task}:* ${says}`).join('<br>'),
      rule,
    ]),
  );
}

/** Experiments named after a preset in the presets' order, then the others; the early warning's have a page of their own. */
function resultTable(): string {
  const own: readonly string[] = warningExperiments;
  const order = (name: string): number => {
    const at = (presetNames as readonly string[]).indexOf(name);
    return at < 0 ? presetNames.length : at;
  };
  const names = experimentNames()
    // Of a pilot only what it was run to choose is told, and of runs for alarms what alarms say of them.
    .filter((name) => !own.includes(name) && !name.startsWith('critical'))
    .sort((a, b) => order(a) - order(b));
  const rows = names.map(readExperiment).flatMap((experiment) => {
    const all = readResults(experiment);
    return experiment.lanes.flatMap((lane) => {
      const runs = all.filter(({ name }) => name === lane.name);
      const list = (value: (run: ReducedRun) => string) => runs.map(value).join(' ');
      const collapsed = runs.filter(({ summary }) => typeof summary?.collapseStep === 'number').length;
      if (runs.length === 0) return [];
      return [
        [
          `\`${experiment.name}\``,
          lane.name,
          list(({ settings }) => String(settings.seed)),
          share(runs[0]?.summary?.base),
          list(({ summary }) => `${share(summary?.peak)}@${String(summary?.peakStep)}`),
          list(({ summary }) => share(summary?.final)),
          `${String(collapsed)} of ${String(runs.length)}`,
          list(({ end }) => share(end.means['policy/entropy'], 3)),
          list(({ end }) => share(end.means['reward/mean'])),
        ],
      ];
    });
  });
  return table(
    [
      'experiment',
      'lane',
      'seeds',
      'base',
      'peak@step',
      'final accuracy',
      'collapsed',
      'entropy at the end',
      'pseudo-reward at the end',
    ],
    rows,
  );
}

/** .913 → ".91" */
function share(value: number | undefined, digits = 2): string {
  return value === undefined ? '–' : value.toFixed(digits).replace(/^0\./, '.');
}
