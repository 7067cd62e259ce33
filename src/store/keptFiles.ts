import { failureOf } from '../lib/failure.ts';
import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import type { RecordedRun } from '../records/building.ts';
import { recordCsv } from '../records/csv.ts';
import { readRecord } from '../records/read.ts';
import type { RunRecord } from '../records/run.ts';
import { recordLines } from '../records/write.ts';
import { defaultPreset } from '../settings/presets.ts';
import { mostLanes } from '../settings/url.ts';
import type { KeptLab, ListedLab } from '../storage/kept.ts';
import { fileNameOf } from '../lib/fileName.ts';
import { download } from './download.ts';
import { question } from './keeping.ts';
import { entryOf } from './keptEntry.ts';
import { keptList, readKept } from './keptList.ts';
import { type Lane, setupOf } from './lanes.ts';
import { loadPart } from './loadPart.ts';
import { laneOfRun } from './recorded.ts';

/** A file that is imported has at most so many bytes, and so many runs: more would fill the list, and the page reads it in one go. */
const mostBytes = 50 * 2 ** 20;
const mostRuns = 40;

/** What a kept run is exported as. */
export const keptFormats = ['jsonl', 'csv', 'html'] as const;
export type KeptFormat = (typeof keptFormats)[number];

/** The records of kept runs, under the names that their lanes have. @returns null where one of them can't be read */
export async function readRuns(
  wanted: readonly { readonly run: string; readonly name: string }[],
): Promise<readonly RunRecord[] | null> {
  const answer = await question({ type: 'read', runs: wanted.map(({ run }) => run) });
  if (answer?.type !== 'read' || answer.records === null) return null;
  try {
    return answer.records.flatMap((text, at) =>
      readRecord(text).runs.map((run) => ({ ...run, name: wanted[at]?.name ?? run.name })),
    );
  } catch (error) {
    // Of another version of the lab, with settings that this one lacks.
    if (error instanceof LabError) return null;
    throw error;
  }
}

/** What is said where `readRuns` finds nothing. */
export const unreadable = 'It can’t be read now: another version of the lab kept it, or it is being deleted.';

/** Hands a kept lab to the browser as a file. @param title what the file is called */
export async function exportKept({ lab, runs }: ListedLab, title: string, format: KeptFormat): Promise<void> {
  const records = await readRuns(lab.lanes.filter(({ run }) => runs.some(({ id }) => id === run)));
  keptList.setState({ said: records === null ? unreadable : '' });
  if (records === null) return;
  try {
    const [content, type] = await contentOf(records, format);
    download(`${fileNameOf(title)}.${format}`, new Blob([content], { type }));
  } catch (error) {
    const { sentence, remedy } = failureOf(error);
    keptList.setState({ said: `${sentence} ${remedy}` });
  }
}

async function contentOf(runs: readonly RunRecord[], format: KeptFormat): Promise<[string, string]> {
  switch (format) {
    case 'jsonl':
      return [runs.map((run, at) => recordLines(at + 1, run)).join(''), 'application/x-ndjson'];
    case 'csv':
      return [recordCsv(runs), 'text/csv'];
    case 'html': {
      const { recordPage } = await loadPart(() => import('../records/page.ts'));
      return [recordPage(runs), 'text/html'];
    }
  }
}

/** Keeps the runs of files, each of which is to be a record; what is wrong with one is said, and the others are kept. */
export async function importFiles(files: readonly File[]): Promise<void> {
  const said: string[] = [];
  keptList.setState({ said: '', importing: true });
  for (const file of files) {
    try {
      said.push(await importFile(file));
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      said.push(`${file.name} was not imported. ${error.message} ${error.remedy}`);
    }
  }
  await readKept();
  keptList.setState({ said: said.join(' '), importing: false });
}

/** @returns what is to be said of it @throws LabError where it is no record, or too much of one */
async function importFile(file: File): Promise<string> {
  if (file.size > mostBytes) {
    throw new LabError(
      'bad-file',
      `It has ${(file.size / 2 ** 20).toFixed(0)} MB, and a record of at most ${mostBytes / 2 ** 20} MB is read.`,
      'Import its runs one by one.',
    );
  }
  const { runs, truncated } = readRecord(await textOf(file));
  if (runs.length > mostRuns) {
    throw new LabError(
      'bad-file',
      `It has ${runs.length} runs, and a file of at most ${mostRuns} is read.`,
      'Import some of its runs.',
    );
  }
  const other = runs.find(({ lora }) => lora !== undefined);
  if (other !== undefined) {
    throw new LabError(
      'bad-file',
      `${quote(other.name)} trains an adapter of ${quote(other.lora?.model)}, which lanes of the lab can’t go on with.`,
      'Watch shows it.',
    );
  }
  const name = file.name.replace(/\.(jsonl|ndjson|json)$/i, '').slice(0, 80);
  const parts = Math.ceil(runs.length / mostLanes);
  for (let part = 0; part < parts; part++) {
    const of = parts === 1 ? '' : `, ${part + 1} of ${parts}`;
    await importLab(`${name}${of}`, runs.slice(part * mostLanes, (part + 1) * mostLanes));
  }
  return `${file.name} was imported.${truncated === null ? '' : ` ${truncated}`}`;
}

async function textOf(file: File): Promise<string> {
  try {
    return await file.text();
  } catch (error) {
    throw new LabError(
      'bad-file',
      `${quote(file.name)} can’t be read.`,
      'Is it a file, and still there?',
      error,
    );
  }
}

async function importLab(name: string, runs: readonly RecordedRun[]): Promise<void> {
  const lanes: Lane[] = [];
  for (const [slot, run] of runs.entries()) {
    const lane = await laneOfRun(run, slot, () => true);
    if (lane !== null) lanes.push(lane);
  }
  const lab: KeptLab = {
    ...{ id: crypto.randomUUID(), preset: defaultPreset, updated: Date.now(), selected: 0 },
    ...{ imported: true, marks: [] },
    lanes: lanes.map((lane) => ({
      ...{ run: crypto.randomUUID(), slot: lane.slot, name: lane.name },
      ...{ settings: setupOf(lane).settings, origin: lane.origin },
    })),
  };
  const answer = await question({
    type: 'import',
    ...{ lab, label: { name, notes: '' } },
    runs: lanes.map((lane, at) => entryOf(lane, lab.lanes[at]?.run ?? '', lab)),
    records: runs.map((run) => recordLines(1, run)),
  });
  if (answer === null) {
    throw new LabError('bad-file', 'Nothing is kept in this browser.', 'Watch shows it without keeping it.');
  }
  if (answer.type === 'failed') {
    const { code, sentence, remedy } = answer.failure;
    throw new LabError(code, `It can’t be kept. ${sentence}`, remedy);
  }
}
