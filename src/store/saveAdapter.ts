import type { SavedAdapter } from '../asking/protocol.ts';
import { failureOf } from '../lib/failure.ts';
import { giveFolder } from './asked.ts';
import { fileNameOf } from '../lib/fileName.ts';
import { download } from './download.ts';
import { lanesAsRecord } from './exportMetrics.ts';
import { loadPart } from './loadPart.ts';
import { readFiles } from './watch.ts';
import { asFiles, askAdapter, noteSaved, planned, trainedLab } from './training.ts';

function name(): string {
  return fileNameOf(trainedLab.getState().lanes[0]?.name ?? 'adapter');
}

/** Does what may go wrong, and says it if it does. */
async function telling(what: () => Promise<void>): Promise<void> {
  try {
    planned.setState({ notice: null });
    await what();
  } catch (error) {
    const { sentence, remedy } = failureOf(error);
    planned.setState({ notice: `${sentence} ${remedy}` });
  }
}

/** The files of an adapter by their paths, the anchor beneath the policy: as `npm run lora` saves them. */
export function filesIn(folder: string, { policy, anchor }: SavedAdapter) {
  return Object.fromEntries([
    ...policy.map(({ name: file, content }) => [`${folder}/${file}`, content] as const),
    ...(anchor ?? []).map(({ name: file, content }) => [`${folder}/anchor/${file}`, content] as const),
  ]);
}

/** Hands the adapter to the browser as a zip of PEFT's folder. */
export function saveAdapter(): Promise<void> {
  return telling(async () => {
    const [saved, { zipOf }] = await Promise.all([askAdapter(), loadPart(() => import('./zip.ts'))]);
    const folder = `${name()}-step-${String(saved.step)}`;
    download(`${folder}.zip`, zipOf(filesIn(folder, saved)));
    noteSaved(saved.step);
  });
}

/** Gives the adapter as a second folder, to be asked beside its base. */
export function compareAdapter(): Promise<void> {
  return telling(async () => {
    const { step, policy } = await askAdapter();
    giveFolder('against', `adapter of step ${String(step)}`, asFiles(policy));
  });
}

/** Hands the record of the run to the browser: the file of `npm run lora -- --out`. */
export function saveRecord(): void {
  download(`${name()}.jsonl`, new Blob([lanesAsRecord(trainedLab)], { type: 'application/x-ndjson' }));
}

/** Opens the record of the run on the page Watch. */
export async function watchRecord(): Promise<void> {
  const file = new File([lanesAsRecord(trainedLab)], `${name()}.jsonl`);
  location.hash = 'watch';
  await readFiles([file]);
}
