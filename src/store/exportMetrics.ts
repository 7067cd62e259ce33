import { download } from './download.ts';
import { lab } from './lanes.ts';

/**
 * The metrics of all lanes as JSON lines: per lane a header with the settings it began with and the adapter, its live
 * changes, then a record per step under the metric ids. What was not measured is absent.
 */
export function metricsAsJsonLines(): string {
  const { lanes, adapter, preset } = lab.getState();
  const lines: string[] = [];
  lanes.forEach(({ name, start, changes, origin, plan, history }, lane) => {
    const header = { type: 'header', lane, name, preset, settings: start, origin, plan, adapter };
    lines.push(JSON.stringify(header));
    for (const change of changes) lines.push(JSON.stringify({ type: 'change', lane, ...change }));
    for (let row = 0; row < history.length; row++) {
      lines.push(JSON.stringify({ type: 'step', lane, ...history.record(row) }));
    }
  });
  return `${lines.join('\n')}\n`;
}

/** Hands the metrics to the browser as a file. */
export function downloadMetrics(): void {
  const { preset } = lab.getState();
  const content = new Blob([metricsAsJsonLines()], { type: 'application/x-ndjson' });
  download(`m-grpo-lab-${preset}.jsonl`, content);
}
