import { createStore } from 'zustand/vanilla';
import { areOneRun } from '../records/import/join.ts';
import { limits, type LogOutline } from '../records/import/log.ts';
import type { Mapping, ColumnSource } from '../records/import/mapping.ts';
import { LabError } from '../lib/labError.ts';
import { defaultSettings } from '../settings/settings.ts';
import { freeLaneName } from '../settings/laneNames.ts';
import { mostLanes } from '../settings/url.ts';
import { type MetricId, metricIds } from '../spec/metrics.ts';
import { appendRows } from './append.ts';
import { callShelf } from './callShelf.ts';
import { createLab, freeSlot, freshLane, type Lane } from './lanes.ts';
import type { CompletionGroup } from '../records/completions/groups.ts';
import type { CompletionsOutline, ShelvedLog } from './logShelf.ts';
import { type Drawn, marksOf, statusOfRun, stepsIn } from './watched.ts';

/** A run that was trained elsewhere. */
export interface WatchedRun {
  /** Given once; that of its log on the shelf. */
  readonly id: number;
  readonly name: string;
  readonly log: LogOutline;
  readonly mapping: Mapping;
  /** A column that looks like the truth beside the reward, and was taken for it; null where none does. */
  readonly truth: string | null;
  /** What is known of its completions; null where there are none. */
  readonly told: CompletionsOutline | null;
  /** What became of its rows when they were drawn; null until then. */
  readonly drawn: Drawn | null;
  /** As the charts draw it; null while other runs have all the places. */
  readonly lane: Lane | null;
}

/** A file that was not read. */
export interface RefusedFile {
  readonly file: string;
  readonly sentence: string;
  readonly remedy: string;
}

export interface WatchState {
  readonly runs: readonly WatchedRun[];
  /** Whose mapping is shown. */
  readonly selected: number | null;
  /** Files being read. */
  readonly reading: readonly string[];
  readonly refused: readonly RefusedFile[];
}

/** The runs of other trainers, kept while the tab lives. */
export const watch = createStore<WatchState>()(() => ({
  runs: [],
  selected: null,
  reading: [],
  refused: [],
}));

/** The same runs as the charts want them. */
export const watchedLab = createLab({ origin: 'Read from logs of training runs' });
watch.subscribe(({ runs }, before) => {
  if (runs === before.runs) return;
  const lanes = runs.flatMap(({ lane }) => lane ?? []);
  watchedLab.setState(({ version }) => ({
    lanes,
    marks: runs.flatMap(({ name, lane, drawn }) =>
      lane === null || drawn === null ? [] : marksOf(name, lane.id, drawn),
    ),
    state: 'finished',
    version: version + 1,
  }));
});

/** The log that comes with the lab: docs/page.md says what made it. */
const example = 'examples/trainer_state.json';

let nextId = 1;

/** A file that was read, and the number that the shelf knows it by. */
export interface ShelvedFile {
  readonly file: File;
  readonly firstId: number;
}

/**
 * Reads files, one after another; what is refused is told, the others are shown; completions go to the run that is
 * selected, or are one of their own. Resolves when they are drawn.
 * @param into the run that completions belong to, in place of the selected one
 * @returns the files that were read
 */
export async function readFiles(files: readonly File[], into?: number): Promise<readonly ShelvedFile[]> {
  if (files.length === 0) return [];
  watch.setState(({ reading }) => ({ refused: [], reading: [...reading, ...files.map(({ name }) => name)] }));
  const read: ShelvedFile[] = [];
  const loose: ShelvedFile[] = [];
  for (const file of files) {
    const firstId = nextId;
    nextId += limits.runs;
    await refusing(file.name, async () => {
      const logs = await callShelf('read', file, firstId);
      read.push({ file, firstId });
      if (logs.length === 0) loose.push({ file, firstId });
      await Promise.all(logs.map((log) => refusing(file.name, () => add(log))));
    });
    watch.setState(({ reading }) => ({ reading: reading.toSpliced(reading.indexOf(file.name), 1) }));
  }
  const [first] = loose;
  if (first !== undefined) await refusing(first.file.name, () => attach(first, loose, into));
  return read;
}

/** Gives completions to the run that is selected; without one they are a run themselves. */
async function attach(
  { file, firstId }: ShelvedFile,
  files: readonly ShelvedFile[],
  into = watch.getState().selected,
): Promise<void> {
  const run = into === null ? undefined : runOf(into);
  const ids = files.map((each) => each.firstId);
  const shelved = await callShelf('attach', run?.id ?? firstId, ids, file.name.replace(/[._\d]*\.\w+$/, ''));
  await (run === undefined ? add(shelved) : renew(shelved));
}

/** Reads files once more that have changed since. What can't be read just now stays as it was. */
export async function refreshFile({ file, firstId }: ShelvedFile): Promise<void> {
  const logs = await callShelf('refresh', file, firstId);
  for (const log of logs) await (runOf(log.id) === undefined ? add(log) : renew(log));
}

/** Shows what a run's files hold by now; what the reader chose stays. */
async function renew({ id, outline, guess, truth, told }: ShelvedLog): Promise<void> {
  const run = runOf(id);
  if (run === undefined) return;
  // A column that was there, and is no metric, was said to be none; one that completions no longer give is gone.
  const before = new Set(run.log.columns.map(({ name }) => name));
  const now = new Set(outline.columns.map(({ name }) => name));
  const fresh = Object.entries(guess).filter(([, { column }]) => !before.has(column));
  const kept = Object.entries(run.mapping).filter(
    ([metric, { column }]) => column !== metric || now.has(column),
  );
  const mapping = { ...Object.fromEntries(fresh), ...Object.fromEntries(kept) };
  await change(id, { log: outline, mapping, truth, told });
}

/**
 * Finds the answers in a run's completions by another form: votes, curves and verdict follow.
 * @param wanted a form's name or a pattern; null: the surest that is often found
 * @throws LabError where it is neither; then all stays as it was
 */
export async function findAnswersBy(id: number, wanted: string | null): Promise<void> {
  await renew(await callShelf('answers', id, wanted));
}

/** The completions of one prompt, at a step or the nearest before it; null where there are none. */
export function completionsAt(
  id: number,
  step: number | null,
  index: number,
): Promise<CompletionGroup | null> {
  return callShelf('group', id, step, index);
}

/** Reads a text that was pasted, as if it were a file. Resolves when it is drawn. */
export async function readPasted(text: string): Promise<void> {
  await readFiles([new File([text], 'Pasted text')]);
}

/** Shows the run that comes with the lab. @param base address of the page */
export async function readExample(base: string): Promise<void> {
  const answer = await fetch(new URL(example, base)).catch(() => null);
  if (answer?.ok === true) {
    await readFiles([new File([await answer.blob()], 'SRT of this lab, in TRL’s format.json')]);
  } else {
    const sentence = `${example} can’t be fetched${answer === null ? '' : ` (${answer.status})`}.`;
    refuse({ file: 'The example', sentence, remedy: 'Check the connection, and try it once more.' });
  }
}

/** Does what may be refused, and tells it if it is. */
async function refusing(file: string, what: () => Promise<void>): Promise<void> {
  try {
    await what();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    refuse({ file, sentence: error.message, remedy: error.remedy });
  }
}

/** Adds a run; the first ones get the places that are free. */
async function add({ id, outline: log, guess, truth, told }: ShelvedLog): Promise<void> {
  const { runs } = watch.getState();
  const same = runs.find((run) => areOneRun(run.log, log));
  if (same !== undefined) {
    await renew(await callShelf('join', same.id, id));
    return;
  }
  watch.setState({
    runs: [
      ...runs,
      { id, name: freeName(log.name, runs), log, mapping: guess, truth, told, drawn: null, lane: null },
    ],
    selected: id,
  });
  await show(id);
}

/** Gives a run one of the places in the charts, if one is free. Resolves when it is drawn. */
export async function show(id: number): Promise<void> {
  const { lanes } = watchedLab.getState();
  if (lanes.length >= mostLanes) return;
  update(id, (run) => ({ ...run, lane: emptyLane(run.name, freeSlot(lanes)) }));
  await draw(id);
}

/** Lets a run go; its place is free for another. */
export function forget(id: number): void {
  // Where the shelf is gone, so is the log.
  callShelf('drop', id).catch(() => undefined);
  watch.setState(({ runs, selected }) => {
    const left = runs.filter((run) => run.id !== id);
    const next = left.find(({ lane }) => lane !== null)?.id ?? null;
    return { runs: left, selected: selected === id ? next : selected };
  });
}

/** Chooses whose mapping is shown. */
export function selectRun(selected: number): void {
  watch.setState({ selected });
}

/** Gives a run another name, one that no other has; an empty one leaves it as it was. */
export function rename(id: number, name: string): void {
  const others = watch.getState().runs.filter((run) => run.id !== id);
  const free = freeName(name, others);
  if (free === '') return;
  update(id, (run) => ({ ...run, name: free, lane: run.lane === null ? null : { ...run.lane, name: free } }));
}

/** Says which column is a metric; null: none. Resolves when the run is drawn so. */
export async function mapColumn(id: number, metric: MetricId, source: ColumnSource | null): Promise<void> {
  const run = runOf(id);
  if (run === undefined) return;
  const { [metric]: _, ...others } = run.mapping;
  await change(id, { mapping: source === null ? others : { ...others, [metric]: source } });
}

/** Puts the messages about refused files away. */
export function dismissRefused(): void {
  watch.setState({ refused: [] });
}

async function change(
  id: number,
  what: Partial<Pick<WatchedRun, 'mapping' | 'log' | 'truth' | 'told'>>,
): Promise<void> {
  update(id, (run) => ({ ...run, ...what }));
  await draw(id);
}

function runOf(id: number): WatchedRun | undefined {
  return watch.getState().runs.find((run) => run.id === id);
}

function update(id: number, how: (run: WatchedRun) => WatchedRun): void {
  watch.setState(({ runs }) => ({ runs: runs.map((run) => (run.id === id ? how(run) : run)) }));
}

function refuse(file: RefusedFile): void {
  watch.setState(({ refused }) => ({ refused: [...refused, file] }));
}

function emptyLane(name: string, slot: number, steps = 1): Lane {
  const lane = freshLane({ name, settings: { ...defaultSettings, steps } }, slot);
  return { ...lane, standing: 'there', status: { ...lane.status, reason: 'Being read …' } };
}

const width = metricIds.length;

/** Rows judged in one task: some 15 ms. A page that blocks holds up what trains behind it. */
const batch = 100;

/** Makes the lane of a run anew: its history, the assessment of every row, alarms. The old one stays until then. */
async function draw(id: number): Promise<void> {
  const run = runOf(id);
  if (run === undefined || run.lane === null) return;
  const { slot } = run.lane;
  await refusing(run.name, () => drawAt(slot, run));
}

async function drawAt(slot: number, run: WatchedRun): Promise<void> {
  const { id } = run;
  const { rows, count, abandoned, ...rest } = await callShelf('rows', id, run.mapping);
  const left = stepsIn(abandoned);
  const lastStep = Math.max(stepsIn(rows)?.to ?? 0, left?.to ?? 0);
  let lane = emptyLane(run.name, slot, Math.max(1, lastStep));
  if (left !== null) {
    const history = lane.history.empty();
    history.append(abandoned, abandoned.length / width);
    lane = { ...lane, abandoned: history };
  }
  for (let at = 0; at < count; at += batch) {
    if (at > 0) await new Promise((resolve) => setTimeout(resolve));
    const now = runOf(id);
    // It went, or was mapped anew: then another draws it.
    if (now === undefined || now.lane === null || now.mapping !== run.mapping || now.log !== run.log) return;
    const size = Math.min(batch, count - at);
    const part = rows.subarray(at * width);
    if (rest.judged === null) lane = { ...lane, ...appendRows(lane, part, size) };
    else lane.history.append(part, size);
  }
  const alarms = rest.judged?.alarms ?? lane.alarms;
  const done = { ...lane, alarms, status: statusOfRun(lane, rest.judged) };
  const drawn = { ...rest, abandoned: left };
  update(id, (now) => ({ ...now, drawn, lane: { ...done, name: now.name } }));
}

function freeName(name: string, runs: readonly WatchedRun[]): string {
  return freeLaneName(
    name,
    runs.map((run) => run.name),
  );
}
