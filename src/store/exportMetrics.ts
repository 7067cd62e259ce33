import { failureOf } from '../lib/failure.ts';
import { modelOf } from '../model/models.ts';
import type { Side } from '../session/protocol.ts';
import { askModel } from './connection.ts';
import { recordCsv } from '../records/csv.ts';
import type { RunRecord } from '../records/run.ts';
import { thisLab } from '../records/thisLab.ts';
import { recordLines } from '../records/write.ts';
import { fileNameOf } from '../lib/fileName.ts';
import { download } from './download.ts';
import { isKept } from './keptState.ts';
import { type Lane, lab, setupOf, stepOf } from './lanes.ts';
import { loadPart } from './loadPart.ts';

/** The newest step of each history that a file holds. */
const saved = new WeakMap<object, number>();

/**
 * All lanes as one record (see records/write.ts): what each began with, its rows and its changes. Without summaries,
 * as every lane can go on.
 * @param of another page's lanes
 */
export function lanesAsRecord(of = lab): string {
  return lanesAsRuns(of)
    .map((run, index) => recordLines(index + 1, run))
    .join('');
}

function lanesAsRuns(of = lab): readonly RunRecord[] {
  const { lanes, adapter } = of.getState();
  return lanes.map(({ name, start, changes, origin, plan, history, lora }) => {
    const rows = Array.from({ length: history.length }, (_, row) => history.record(row));
    const head = { name, settings: start, origin, plan, adapter, lab: thisLab };
    const made = lora === undefined ? {} : { lora };
    return { ...head, ...made, changes, rows, summary: null };
  });
}

/** Hands the lanes to the browser as one HTML page that plots them. */
export function downloadPage(): Promise<void> {
  return handOver(async () => {
    const { recordPage } = await loadPart(() => import('../records/page.ts'));
    const page = new Blob([recordPage(lanesAsRuns())], { type: 'text/html' });
    return [`m-grpo-lab-${lab.getState().preset}.html`, page];
  });
}

/** Hands the lanes to the browser as a file. */
export function downloadMetrics(): void {
  const { preset, lanes } = lab.getState();
  const content = new Blob([lanesAsRecord()], { type: 'application/x-ndjson' });
  download(`m-grpo-lab-${preset}.jsonl`, content);
  savingLanes(lanes)();
}

/** How far lanes have come. @returns notes that a file holds them up to there */
export function savingLanes(lanes: readonly Lane[]): () => void {
  const steps = lanes.map((lane) => [lane.history, stepOf(lane)] as const);
  return () => {
    for (const [history, step] of steps) saved.set(history, step);
  };
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
  await handOver(async () => {
    const { scripts } = await loadPart(() => import('../settings/scripts/laneScripts.ts'));
    const { extension, write } = scripts[trainer];
    return [
      `${fileNameOf(lane.name)}.${extension}`,
      new Blob([write(setupOf(lane))], { type: 'text/plain' }),
    ];
  });
}

/** Hands the settings of all lanes to the browser as scripts for other trainers, in a zip. */
export function downloadScripts(): Promise<void> {
  return handOver(async () => {
    const { lanes, preset } = lab.getState();
    const { scriptsZip } = await loadPart(() => import('./scriptsZip.ts'));
    return [`m-grpo-lab-${preset}-scripts.zip`, scriptsZip(lanes.map(setupOf))];
  });
}

/** Hands a model of the selected lane to the browser as an ONNX file. */
export async function downloadOnnx(side: Side): Promise<void> {
  const { lanes, selected } = lab.getState();
  const lane = lanes[selected];
  if (lane === undefined) return;
  await handOver(async () => {
    const [held, { writeOnnx }] = await Promise.all([
      askModel(lane.id, side, null),
      loadPart(() => import('../onnx/qwen3.ts')),
    ]);
    const { tokenizer } = modelOf(lane.settings.model);
    const file = writeOnnx({ ...held, tokenizer }, thisLab.version);
    return [`${fileNameOf(lane.name)}-${side}-${held.step}.onnx`, new Blob([...file])];
  });
}

/** Hands a model of the selected lane to the browser as a Hugging Face folder in a zip. */
export async function downloadFolder(side: Exclude<Side, 'base'>): Promise<void> {
  const { lanes, selected } = lab.getState();
  const lane = lanes[selected];
  if (lane === undefined) return;
  await handOver(async () => {
    const { id, name, settings } = lane;
    const [{ step, ...held }, { folderZip }] = await Promise.all([
      askModel(id, side, null),
      loadPart(() => import('./folderZip.ts')),
    ]);
    const folder = `${fileNameOf(name)}-${side}-${step}`;
    const model = { ...held, tokenizer: modelOf(settings.model).tokenizer };
    return [`${folder}.zip`, folderZip(folder, model, { side, name, step, settings })];
  });
}

/** Hands what is made to the browser as a file; what goes wrong is a notice. */
async function handOver(make: () => Promise<readonly [name: string, content: Blob]>): Promise<void> {
  try {
    download(...(await make()));
  } catch (error) {
    const { sentence, remedy } = failureOf(error);
    lab.setState({ notice: `${sentence} ${remedy}` });
  }
}

/** Whether a lane has made steps that are neither kept nor in a file: closing the page would lose them. */
export function hasUnsaved(): boolean {
  return !isKept() && !lab.getState().lanes.every(isInFile);
}

/** Whether all that a lane has measured is in a file that was handed over. */
export function isInFile(lane: Lane): boolean {
  return stepOf(lane) <= (saved.get(lane.history) ?? 0);
}

/** Has the browser ask before it leaves the page, while that would lose steps. */
export function askBeforeLeaving(): void {
  addEventListener('beforeunload', (event) => {
    if (hasUnsaved()) event.preventDefault();
  });
}
