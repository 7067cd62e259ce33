import { recordCsv } from '../records/csv.ts';
import { thisLab } from '../records/thisLab.ts';
import { recordLines } from '../records/write.ts';
import { download } from './download.ts';
import { lab, setupOf, stepOf } from './lanes.ts';

/** The newest step of each history that a file holds. */
const saved = new WeakMap<object, number>();

/**
 * All lanes as one record (see records/write.ts): what each began with, its rows and its changes. Without summaries,
 * as every lane can go on.
 */
export function lanesAsRecord(): string {
  const { lanes, adapter } = lab.getState();
  return lanes
    .map(({ name, start, changes, origin, plan, history }, index) => {
      const rows = Array.from({ length: history.length }, (_, row) => history.record(row));
      const head = { name, settings: start, origin, plan, adapter, lab: thisLab };
      return recordLines(index + 1, { ...head, changes, rows, summary: null });
    })
    .join('');
}

/** Hands the lanes to the browser as a file. */
export function downloadMetrics(): void {
  const { preset, lanes } = lab.getState();
  const content = new Blob([lanesAsRecord()], { type: 'application/x-ndjson' });
  download(`m-grpo-lab-${preset}.jsonl`, content);
  for (const lane of lanes) saved.set(lane.history, stepOf(lane));
}

/** Hands the rows of all lanes to the browser as a table. */
export function downloadCsv(): void {
  const { preset, lanes } = lab.getState();
  const runs = lanes.map(({ name, history }) => ({
    name,
    rows: Array.from({ length: history.length }, (_, row) => history.record(row)),
  }));
  download(`m-grpo-lab-${preset}.csv`, new Blob([recordCsv(runs)], { type: 'text/csv' }));
}

/** Hands the settings of the selected lane to the browser as a script for another trainer. */
export async function downloadScript(trainer: 'trl' | 'verl'): Promise<void> {
  const { lanes, selected } = lab.getState();
  const lane = lanes[selected];
  if (lane === undefined) return;
  // Loaded when asked for.
  const { scripts } = await import('../settings/scripts/laneScripts.ts');
  const { extension, write } = scripts[trainer];
  const name = lane.name.replace(/[^\w.+-]+/g, '-');
  download(`${name}.${extension}`, new Blob([write(setupOf(lane))], { type: 'text/plain' }));
}

/** Whether a lane has made steps that no file holds: closing the page would lose them. */
export function hasUnsaved(): boolean {
  return lab.getState().lanes.some((lane) => stepOf(lane) > (saved.get(lane.history) ?? 0));
}

/** Has the browser ask before it leaves the page, while that would lose steps. */
export function askBeforeLeaving(): void {
  addEventListener('beforeunload', (event) => {
    if (hasUnsaved()) event.preventDefault();
  });
}
