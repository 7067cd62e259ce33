import type { Log } from './log.ts';
import { LogTable } from './table.ts';

const row = /^\d{10,16} (\S{1,40})(?: (-?\d{1,12}))?$/;

/** Whether a text begins as MLflow’s files of a metric do: time, value, step. */
export function isMlflow(text: string): boolean {
  const [first = ''] = text.split('\n', 1);
  return row.test(first.trimEnd());
}

/** The one metric that a file of MLflow’s folder `metrics` holds; the file bears its name. */
export function readMlflow(file: string, text: string): Log {
  const table = new LogTable();
  const notes: string[] = [];
  const lines = text.trimEnd().split('\n');
  for (const [index, content] of lines.entries()) {
    const [, value, step] = row.exec(content.trimEnd()) ?? [];
    if (value !== undefined) {
      table.addRow(`Line ${index + 1}`, [
        ['step', step ?? index],
        [file, value],
      ]);
    } else if (index === lines.length - 1) {
      notes.push(`The last line, ${index + 1}, is cut off: what is read ends before it.`);
    }
  }
  return { ...table.log('mlflow', 'MLflow', notes, 'step'), part: { of: null } };
}
