import { LabError } from '../../lib/labError.ts';
import type { CsvRow } from './csv.ts';
import { type Log, limits, refusal } from './log.ts';
import { stepOf } from './steps.ts';
import { Cells, LogTable } from './table.ts';

/** What MLflow calls the columns of a long table, a value in each row. */
const names = ['run_id', 'key', 'value', 'step'] as const;

/** Whether a table is a long one of MLflow’s: `run_id,key,value,step,timestamp`, in whatever order. */
export function isLong(header: readonly string[]): boolean {
  return header.length <= names.length + 1 && names.every((name) => header.includes(name));
}

/** A run while its values are gathered: by step, what was measured in it. */
type Steps = Map<number, Map<string, string>>;

/**
 * The runs of a long table: a metric’s value in each row, sorted by metric or by step. A row a step is made of them.
 * @param rows as wide as the header @param notes gets a sentence where a value of one step comes twice
 */
export function readLong(header: CsvRow, rows: Iterable<CsvRow>, notes: string[]): readonly Log[] {
  const [run, key, value, step] = names.map((name) => header.cells.indexOf(name)) as [
    number,
    number,
    number,
    number,
  ];
  const runs = new Map<string, Steps>();
  let [twice, stepless, read] = [0, 0, 0];
  for (const { line, cells } of rows) {
    const [of = '', name = ''] = [cells[run], cells[key]];
    if (++read > limits.cells) throw tooMuch(line);
    const at = stepOf(cells[step]);
    if (at === null) {
      stepless++;
      continue;
    }
    const steps: Steps = runs.get(of) ?? new Map<number, Map<string, string>>();
    runs.set(of, steps);
    if (runs.size > limits.runs) {
      throw refusal(
        `Line ${line}: run ${runs.size} of the file; the page reads ${limits.runs}.`,
        'Export the metrics of fewer runs.',
      );
    }
    const values = steps.get(at) ?? new Map<string, string>();
    steps.set(at, values);
    if (values.has(name)) twice++;
    values.set(name, cells[value] ?? '');
  }
  if (stepless > 0) notes.push(`Rows without a whole step are left out: ${stepless}.`);
  if (twice > 0) notes.push(`Values that come twice at a step: ${twice}; the later ones count.`);
  if (runs.size === 0) throw refusal('The table holds no value with a step.', 'Export it once more.');
  const cells = new Cells();
  return [...runs].map(([name, steps]) => {
    const table = new LogTable(cells);
    for (const [at, values] of [...steps].sort(([a], [b]) => a - b))
      table.addRow(`Step ${at} of the run`, [['step', at], ...values]);
    return table.log('mlflow', name === '' ? 'MLflow' : name, notes, 'step');
  });
}

function tooMuch(line: number): LabError {
  return refusal(
    `Line ${line}: the table holds more than ${limits.cells / 1e6} million values, which is what the page reads.`,
    'Export fewer metrics.',
  );
}
