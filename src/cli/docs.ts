import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { algorithms } from '../algorithms/index.ts';
import { LabError } from '../lib/labError.ts';
import { hyperparameterKeys, hyperparameters } from '../settings/hyperparameters.ts';
import { presetNames, presets } from '../settings/presets.ts';
import { readArguments } from '../settings/arguments.ts';
import { flagOf } from '../settings/flags.ts';
import { allowedValues } from '../settings/settings.ts';
import type { Hyperparameter } from '../spec/hyperparameter.ts';
import { metricIds, metrics } from '../spec/metrics.ts';
import { resultsFolder, type MeasuredPreset, type MeasuredRun } from './measure.ts';

/** `npm run docs`: writes the generated tables into README.md and docs/metrics.md. A test fails when they are stale. */
export default function main(argv: string[]): void {
  readArguments(argv, {}, []);
  for (const [file, tables] of Object.entries(renderTables())) writeFileSync(file, filled(file, tables));
}

/** Generated tables by file and marker. */
export function renderTables(): Record<string, Record<string, string>> {
  return {
    'README.md': {
      presets: presetTable(),
      results: resultTable(),
      settings: settingsTable(),
      algorithms: algorithmTable(),
    },
    'docs/metrics.md': { metrics: metricTable() },
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

function resultTable(): string {
  const rows = presetNames.flatMap((name) => {
    const path = join(resultsFolder, `${name}.json`);
    if (!existsSync(path)) return [];
    const measured = JSON.parse(readFileSync(path, 'utf8')) as MeasuredPreset;
    return measured.lanes.map((lane) => {
      const runs = measured.runs.filter((run) => run.lane === lane.name);
      const list = (value: (run: MeasuredRun) => string) => runs.map(value).join(' ');
      const collapsed = runs.filter(({ collapseStep }) => collapseStep !== null).length;
      return [
        `\`${name}\``,
        lane.name,
        list(({ seed }) => String(seed)),
        share(runs[0]?.base),
        list(({ peak, peakStep }) => `${share(peak)}@${String(peakStep)}`),
        list(({ final }) => share(final)),
        `${String(collapsed)} of ${String(runs.length)}`,
        list(({ end }) => share(end['policy/entropy'], 3)),
        list(({ end }) => share(end['reward/mean'])),
      ];
    });
  });
  return table(
    [
      'preset',
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
