import { lab } from './lanes.ts';

/**
 * The metrics of all lanes as JSON lines: per lane a header with all its settings and the adapter,
 * then a record per step under the metric ids. What was not measured is absent.
 */
export function metricsAsJsonLines(): string {
  const { lanes, adapter, marks, preset } = lab.getState();
  const lines: string[] = [];
  lanes.forEach(({ name, settings, plan, history }, lane) => {
    const changes = marks.filter((mark) => mark.lanes.includes(lane)).map(({ text }) => text);
    lines.push(JSON.stringify({ type: 'header', lane, name, preset, settings, plan, adapter, changes }));
    for (let row = 0; row < history.length; row++) {
      lines.push(JSON.stringify({ type: 'step', lane, ...history.record(row) }));
    }
  });
  return `${lines.join('\n')}\n`;
}

/** Hands the metrics to the browser as a file. */
export function downloadMetrics(): void {
  const { preset } = lab.getState();
  const url = URL.createObjectURL(new Blob([metricsAsJsonLines()], { type: 'application/x-ndjson' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `m-grpo-lab-${preset}.jsonl`;
  link.click();
  // The download has its own hold on the data once it began.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}
