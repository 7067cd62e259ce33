import { createStore } from 'zustand/vanilla';
import type { Failure } from '../lib/failure.ts';
import { presetNames, presets } from '../settings/presets.ts';
import type { KeptLab, KeptLabel, ListedLab } from '../storage/kept.ts';
import { agreeing } from './ask.ts';
import { hasUnsaved } from './exportMetrics.ts';
import { askForLab, keepAgain, labelLab, question } from './keeping.ts';
import { kept } from './keptState.ts';
import { fork } from './laneActions.ts';
import { lab, type LabState } from './lanes.ts';
import { showRestored } from './showRestored.ts';
import { labIs, resting } from './resting.ts';

/** Of all that the lab keeps in this browser, as the browser estimates it. */
export interface StorageUse {
  /** Bytes. */
  readonly used: number;
  readonly left: number;
  /** Whether the browser keeps it until it is deleted; else until it needs the space. */
  readonly persisted: boolean;
}

/** What the page of runs shows. */
export interface KeptList {
  /** Newest first; 'refused': nothing is kept here; 'failed': it is not known what. */
  readonly labs: readonly ListedLab[] | 'reading' | 'refused' | 'failed';
  /** Labs that were deleted and can still be brought back. */
  readonly going: ReadonlySet<string>;
  /** The one that is being opened. */
  readonly opening: string | null;
  /** One that was to be opened, and another tab has. */
  readonly busy: string | null;
  /** Whether files are being read. */
  readonly importing: boolean;
  /** What became of a wish, or why it was not met; empty where there is nothing to say. */
  readonly said: string;
  readonly storage: StorageUse | null;
}

export const keptList = createStore<KeptList>()(() => ({
  labs: 'reading',
  going: new Set(),
  opening: null,
  busy: null,
  importing: false,
  said: '',
  storage: null,
}));

/** How long what was deleted can be brought back. */
const undoMs = 10_000;
const deleting = new Map<string, ReturnType<typeof setTimeout>>();

/** What a lab is called: by its reader, or else as its preset. */
export function titleOf({ lab: { preset }, label }: ListedLab): string {
  return label.name === '' ? presetTitle(preset) : label.name;
}

/** Of a preset, which another version of the lab may have had alone. */
export function presetTitle(preset: string): string {
  const known = presetNames.find((each) => each === preset);
  return known === undefined ? preset : presets[known].title;
}

/** Reads what is kept. */
export async function readKept(): Promise<void> {
  const answer = await question({ type: 'list' });
  const failed = answer?.type === 'failed';
  keptList.setState({
    labs: answer?.type === 'listed' ? answer.labs : failed ? 'failed' : 'refused',
    said: failed ? `What is kept can’t be listed now. ${inWords(answer.failure)}` : '',
    busy: null,
  });
  await readStorage();
}

/**
 * Shows lanes as they were kept, paused; asks first where steps would be lost.
 * @param title of what is opened
 * @param opened told where it was
 * @param take from another tab that has them: it comes to rest, and keeps nothing of them any more
 */
export function openKept(id: string, title: string, opened: () => void, take = false): void {
  asking(title, () => show(id, opened, take));
}

/** Shows lanes as they were kept, and one more: the fork of a run from a checkpoint of it. */
export function forkKept(
  { id, lanes }: KeptLab,
  title: string,
  from: { readonly run: string; readonly step: number },
  opened: () => void,
): void {
  asking(title, () =>
    show(id, () => {
      void forkWhenThere(
        lanes.findIndex(({ run }) => run === from.run),
        from.step,
      );
      opened();
    }),
  );
}

/** Gives a lab a name and notes; without a name it is called as its preset. */
export async function renameKept(id: string, label: KeptLabel): Promise<void> {
  keptList.setState(({ labs }) => ({
    labs:
      typeof labs === 'string' ? labs : labs.map((each) => (each.lab.id === id ? { ...each, label } : each)),
  }));
  const failure = await labelLab(id, label);
  if (failure !== null) await sayAfresh(`Name and notes were not kept. ${inWords(failure)}`);
}

/** Forks a lane that was just opened, once the trainer has it and its checkpoints. */
async function forkWhenThere(index: number, step: number): Promise<void> {
  const { id } = lab.getState().lanes[index] ?? { id: null };
  const isThere = ({ state, lanes }: LabState): boolean => {
    const lane = lanes.find((each) => each.id === id);
    if (lane === undefined) return true;
    return (state === 'paused' || state === 'finished') && lane.checkpoints.steps.length > 0;
  };
  await labIs(isThere);
  if (id !== null) fork(id, step);
}

function asking(title: string, what: () => Promise<void>): void {
  const act = (): void => {
    void what();
  };
  const lost = hasUnsaved() ? lab.getState().lanes : [];
  agreeing(title, lost, { label: 'Open it', act, goesOn: false }, { stays: true });
}

/** Takes a lab out of the list, and deletes it in a while. */
export function deleteSoon(id: string): void {
  keptList.setState(({ going }) => ({ going: new Set([...going, id]), said: '' }));
  deleting.set(
    id,
    setTimeout(() => {
      void remove(id);
    }, undoMs),
  );
}

/** Puts a lab back into the list. */
export function undoDelete(id: string): void {
  clearTimeout(deleting.get(id));
  deleting.delete(id);
  keptList.setState(({ going }) => ({ going: without(going, id) }));
}

/** Deletes what was taken out of the list: nobody can bring it back any more. */
export function deleteNow(): void {
  for (const id of [...deleting.keys()]) void remove(id);
}

async function show(id: string, opened: () => void, take = false): Promise<void> {
  keptList.setState({ opening: id, said: '', busy: null });
  kept.setState({ busy: null });
  await resting();
  const found = await askForLab(id, take);
  let said = '';
  if (found !== null && 'busy' in found) {
    said = 'Another tab has this run.';
    keptList.setState({ busy: id });
  } else if (found === null) said = 'It is not kept any more.';
  else {
    const shown = await showRestored(found, (words) => {
      said = words;
    });
    if (!shown && said === '') said = 'This version of the lab can’t open it.';
  }
  keptList.setState({ opening: null, said });
  if (said === '') opened();
}

const elsewhere = 'Another tab has this run. Close that tab first.';

async function remove(id: string): Promise<void> {
  clearTimeout(deleting.get(id));
  deleting.delete(id);
  keptList.setState(({ labs, going }) => ({
    labs: typeof labs === 'string' ? labs : labs.filter((each) => each.lab.id !== id),
    going: without(going, id),
  }));
  const answer = await question({ type: 'delete', lab: id });
  if (answer?.type === 'failed') {
    await sayAfresh(`It was not deleted, or not all of it. ${inWords(answer.failure)}`);
    return;
  }
  if (answer?.type === 'deleted' && answer.busy) {
    await sayAfresh(elsewhere);
    return;
  }
  // There is more room.
  keepAgain();
  await readStorage();
}

/** Says why something was not done; what is kept is shown as it is. */
async function sayAfresh(said: string): Promise<void> {
  await readKept();
  keptList.setState({ said });
}

function inWords({ sentence, remedy }: Failure): string {
  return `${sentence} ${remedy}`;
}

async function readStorage(): Promise<void> {
  try {
    const [{ usage, quota }, persisted] = await Promise.all([
      navigator.storage.estimate(),
      navigator.storage.persisted(),
    ]);
    const known = usage !== undefined && quota !== undefined;
    keptList.setState({ storage: known ? { used: usage, left: quota - usage, persisted } : null });
  } catch {
    // Then the page says nothing of it.
    keptList.setState({ storage: null });
  }
}

function without(all: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return new Set([...all].filter((each) => each !== id));
}
