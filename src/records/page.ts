import { hyperparameterKeys, hyperparameters } from '../settings/hyperparameters.ts';
import { type Metric, type MetricId, metricIds, metrics } from '../spec/metrics.ts';
import { markup } from './markup.ts';
import { plotSvg, strokes } from './plotSvg.ts';
import type { RunRecord } from './run.ts';
import { recordLines } from './write.ts';

/** Headings of the charts, in this order. */
const headings: Readonly<Record<Metric['chart'], string>> = {
  reward: 'Reward against truth',
  entropy: 'Entropy',
  eval: 'Held-out accuracy',
  vote: 'Vote',
  update: 'Update',
  none: 'Also measured',
  speed: 'Speed',
};

/**
 * Runs as one HTML file that opens from disk, without a script and without asking for anything: charts as SVG, settings,
 * what was changed on the way, and the record itself, to be read by machines. Names and prompts are text in it, whatever
 * they say, and its own policy runs no script.
 */
export function recordPage(runs: readonly RunRecord[]): string {
  const record = runs.map((run, index) => recordLines(index + 1, run)).join('');
  const names = runs.map(({ name }) => name).join(', ');
  const measured = metricIds.filter(
    (id) => id !== 'step' && runs.some(({ rows }) => rows.filter((row) => row[id] !== undefined).length > 1),
  );
  const charts = Object.entries(headings).flatMap(([chart, heading]) => {
    const of = measured.filter((id) => metrics[id].chart === chart);
    return of.length === 0
      ? []
      : [
          `<h2>${markup(heading)}</h2>\n<div class="charts">${of.map((id) => figure(id, runs)).join('\n')}</div>`,
        ];
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${markup(names)} · M-GRPO Lab</title>
<style>${style}</style>
</head>
<body>
<h1>${markup(names)}</h1>
<p>Runs of M-GRPO Lab: label-free reinforcement learning of a small language model. Everything is in this file; it runs no script.</p>
<ul class="runs">
${runs.map((run, index) => aboutRun(run, index)).join('\n')}
</ul>
${charts.join('\n')}
<h2>Settings</h2>
${settingsTable(runs)}
<h2>The record</h2>
<p>One JSON value a line: saved as a file, M-GRPO Lab trains it once more (npm run replay) and reads it in Watch.</p>
<details><summary>Show it</summary><pre>${markup(record)}</pre></details>
</body>
</html>
`;
}

function aboutRun(
  { name, lab, adapter, settings, rows, changes, summary, origin }: RunRecord,
  index: number,
): string {
  const commit = lab.commit === null ? '' : `, commit ${lab.commit.slice(0, 7)}`;
  const facts = [
    `${rows.at(-1)?.step ?? 0} steps`,
    `seed ${settings.seed}`,
    `model ${settings.model}`,
    ...(origin === null ? [] : [`forked from ${origin.name} at step ${origin.step}`]),
    ...(adapter === null ? [] : [`on ${adapter.description || `${adapter.vendor} ${adapter.architecture}`}`]),
    `M-GRPO Lab ${lab.version}${commit}`,
    ...(summary?.stopped === undefined ? [] : [summary.stopped]),
  ];
  const changed = changes.map(
    ({ step, changes: to, by }) =>
      `<li>after step ${step}, ${by}: ${markup(
        Object.entries(to)
          .map(([key, value]) => `${key} = ${String(value)}`)
          .join(', '),
      )}</li>`,
  );
  return `<li><svg width="34" height="10" aria-hidden="true"><path class="run-${index % strokes.length}" d="M0 5H34"/></svg> <strong>${markup(name)}</strong>: ${markup(facts.join('; '))}${
    changed.length === 0 ? '' : `<ul>${changed.join('')}</ul>`
  }</li>`;
}

function figure(id: MetricId, runs: readonly RunRecord[]): string {
  const { label, unit, formula } = metrics[id];
  const curves = runs.map(({ rows }) =>
    rows.flatMap((row) => {
      const [x, y] = [row.step, row[id]];
      return x === undefined || y === undefined ? [] : [{ x, y }];
    }),
  );
  const marks = runs.flatMap(({ changes }, run) => changes.map(({ step }) => ({ x: step, run })));
  const title = `${label}${unit === '' ? '' : `, ${unit}`}`;
  return `<figure><figcaption>${markup(title)} <code>${markup(id)}</code></figcaption>${plotSvg(curves, marks, `${title}: ${formula}`)}</figure>`;
}

/** Every knob, those in which the runs differ first. */
function settingsTable(runs: readonly RunRecord[]): string {
  const [first] = runs;
  const differs = (key: (typeof hyperparameterKeys)[number]): boolean =>
    runs.some(({ settings }) => settings[key] !== first?.settings[key]);
  const keys = [...hyperparameterKeys.filter(differs), ...hyperparameterKeys.filter((key) => !differs(key))];
  const rows = keys.map(
    (key) =>
      `<tr${differs(key) ? ' class="differs"' : ''}><th scope="row">${markup(hyperparameters[key].label)} <code>${key}</code></th>${runs
        .map(({ settings }) => `<td>${markup(String(settings[key]))}</td>`)
        .join('')}</tr>`,
  );
  const heads = runs.map(({ name }) => `<th scope="col">${markup(name)}</th>`).join('');
  return `<table><thead><tr><th scope="col">at step 0</th>${heads}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

const style = `
:root { color-scheme: light dark; --ink: #1c1d1f; --dim: #5f646c; --line: #dededa; --pane: #fff; ${colours('#c4480d', '#0b67a8', '#0a7a5c', '#9a3d83')} }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e8ea; --dim: #9aa1aa; --line: #2e3338; --pane: #181b1e; ${colours('#ff8a4c', '#5cb2f2', '#4cc9a2', '#e08fd0')} } }
body { max-width: 1200px; margin: 0 auto; padding: 16px; background: var(--pane); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 22px; overflow-wrap: anywhere; } h2 { margin-top: 28px; font-size: 17px; }
.runs { padding: 0; list-style: none; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 14px; }
figure { margin: 0; border: 1px solid var(--line); border-radius: 6px; padding: 8px; }
figcaption code, th code { color: var(--dim); font-size: 11px; font-weight: 400; }
figure svg { width: 100%; height: auto; }
svg text { fill: var(--dim); font-size: 10px; }
svg path { fill: none; stroke-width: 1.2; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .mark { stroke-width: 1; stroke-dasharray: 2 2; }
${strokes.map((dash, index) => `svg .run-${index} { stroke: var(--run-${index});${dash === '' ? '' : ` stroke-dasharray: ${dash};`} }`).join('\n')}
table { border-collapse: collapse; } th, td { padding: 2px 14px 2px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.differs { font-weight: 600; }
pre { overflow-x: auto; font-size: 11px; }
`;

function colours(...of: readonly string[]): string {
  return of.map((colour, index) => `--run-${index}: ${colour};`).join(' ');
}
