import { thisLab } from '../records/thisLab.ts';
import type { LiveChange } from '../records/run.ts';
import type { Event, LaneId } from '../session/protocol.ts';
import type { Failure } from '../lib/failure.ts';
import type {
  BusyLab,
  KeepAnswer,
  KeepNews,
  KeepQuestion,
  KeepRequest,
  KeptLab,
  KeptLabel,
  RestoredLab,
} from '../storage/kept.ts';
import { laneNow, overhear, send } from './connection.ts';
import {
  ask,
  askOnceMore,
  endKeeper,
  hasKeeper,
  keeperIn,
  type KeeperPort,
  keeperStopped,
  keeperWorks,
  post,
} from './keeperPort.ts';
import { entryOf } from './keptEntry.ts';
import { isKept, kept } from './keptState.ts';
import { canKeep, keepName, labName } from './labName.ts';
import { type LabState, type Lane, lab, setupOf, stepOf } from './lanes.ts';
import { noteKept, wasKept } from './lastKept.ts';
import { resting } from './resting.ts';

/** Least time between two saves of what the page shows. */
const saveMs = 2000;

/** The name under which lanes were saved last. */
let saved = '';
/** The name of those that the page showed last. */
let shown = '';
let saving: ReturnType<typeof setTimeout> | undefined;
const runs = new Map<LaneId, string>();
/** Runs that the keeper knows. */
const begun = new Set<string>();
/** Runs of whose checkpoints the keeper has none yet, and needs all: it was told of them when they were under way. */
const anew = new Set<string>();
/** What lanes were kept under before, while their runs have no checkpoint yet: a reload brings those. */
const older = new Map<LaneId, string>();
/** Steps of all lanes when a keeper was last gone: without progress since, there is no further one. */
let stepsWhenGone = -1;
/** Changes that the keeper knows. */
const told = new WeakSet<LiveChange>();

/** Has every run of the page kept. @param make starts the keeper's worker, when there is something to do for it */
export function keepRuns(make: () => KeeperPort): void {
  if (!canKeep()) return;
  keeperIn(make, report);
  overhear(hear);
  lab.subscribe(({ lanes }, before) => {
    const was = shown;
    if (was !== labName()) {
      // Others were opened in their place: those are listed as they were last.
      if (saving !== undefined && shown === saved && saved !== '') saveAs(saved, before);
      shown = labName();
      resume();
      const { restored } = kept.getState();
      if (restored !== null && restored.lab !== shown) kept.setState({ restored: null });
    }
    // Which lanes there are is saved at once: a reload must not bring back those that were given up.
    if (lanes.map(({ id }) => id).join() !== before.lanes.map(({ id }) => id).join()) {
      saveNow();
      const gone = before.lanes.filter(({ id }) => lanes.every((lane) => lane.id !== id));
      leave(gone, was === shown ? null : was);
    } else saving ??= setTimeout(save, saveMs);
  });
  // A page out of sight may be frozen, put away or closed without a further word; what of it comes in time is kept.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) putAside();
  });
  document.addEventListener('freeze', putAside);
  addEventListener('pagehide', putAside);
}

/** Lanes are not shown any more: the keeper need not have them at hand. @param from where all of them went, what they were kept under */
function leave(lanes: readonly Lane[], from: string | null): void {
  const their = lanes.flatMap(({ id }) => runs.get(id) ?? []).filter((run) => begun.delete(run));
  for (const { id } of lanes) {
    runs.delete(id);
    older.delete(id);
  }
  const { thinning } = kept.getState();
  if (lanes.some(({ id }) => thinning.has(id)))
    kept.setState({
      thinning: new Map([...thinning].filter(([id]) => lanes.every((lane) => lane.id !== id))),
    });
  if (!keeperWorks() || (their.length === 0 && (from ?? '') === '')) return;
  keep({ type: 'leave', runs: their, lab: from });
}

/** Has all kept as it is now. */
function putAside(): void {
  if (!keeperWorks() || kept.getState().state === 'stopped') return;
  save();
  keep({ type: 'flush' });
  send({ type: 'keep', anew: false });
}

/** Whether something may be there to restore. */
export function mayRestore(): boolean {
  return hasKeeper() && wasKept();
}

/** Why lanes that are kept can't be shown. */
export interface Unread {
  readonly failure: Failure;
}

/** Asks for the lanes of a page once more. @param name null: the newest @param take from another tab that has them */
export async function askForLab(
  name: string | null,
  take = false,
): Promise<RestoredLab | BusyLab | Unread | null> {
  const answer = await question({ type: 'restore', lab: name, take });
  if (answer?.type === 'failed') return { failure: answer.failure };
  return answer?.type === 'restored' ? answer.found : null;
}

/** What was found is not shown after all: others may have it. */
export function leaveFound({ lab: { id, lanes } }: RestoredLab): void {
  // The page's own lanes go on being kept.
  if (id !== labName()) post({ type: 'leave', runs: lanes.map(({ run }) => run), lab: id });
}

/** Asks the keeper what it answers. @returns null where nothing is kept */
export function question(asked: KeepQuestion): Promise<KeepAnswer | null> {
  // The list and what is opened from it are as of now.
  save();
  return ask(asked);
}

/** Tells the keeper what its reader calls a lab. @returns why it can't be noted */
export async function labelLab(id: string, label: KeptLabel): Promise<Failure | null> {
  const answer = await question({ type: 'label', lab: id, label });
  return answer?.type === 'failed' ? answer.failure : null;
}

/** What the page shows is kept again, where that had ended and can begin anew. */
export function keepAgain(): void {
  if (kept.getState().until !== 'asked') return;
  resume();
  tellAnew(lab.getState().lanes.map(({ id }) => id));
}

/** Keeps what comes from now on, unless it never can. */
function resume(): void {
  const { state, until } = kept.getState();
  if (state !== 'stopped' || until === 'never') return;
  kept.setState({ state: 'idle', failure: null, until: null });
  keep({ type: 'again' });
  // Of what the keeper was asked for and has by now it says so.
  keep({ type: 'flush' });
}

/** A lane of the page is a run that was kept. @param goesOn whether the keeper goes on with what it has of it */
export function adopt({ id, changes }: Lane, run: string, goesOn: boolean): void {
  resume();
  // The page may have shown it before, as another lane.
  for (const [lane, its] of runs) if (its === run) runs.delete(lane);
  runs.set(id, run);
  older.delete(id);
  if (goesOn) begun.add(run);
  else begun.delete(run);
  for (const change of goesOn ? changes : []) told.add(change);
}

/** Has something kept, while anything is. */
function keep(request: Exclude<KeepRequest, KeepQuestion>, transfer: Transferable[] = []): void {
  if (kept.getState().state !== 'stopped') post(request, transfer);
}

/**
 * The keeper is gone or answers no more. Another takes its place and is told all that the page knows of its lanes, each
 * of which is another run from now on; where that one is gone, too, without a step between, nothing is kept any more.
 */
export function keeperGone(why: string): void {
  endKeeper();
  if (!hasKeeper()) return;
  const { lanes } = lab.getState();
  const steps = lanes.reduce((sum, lane) => sum + stepOf(lane), 0);
  if (steps <= stepsWhenGone) {
    keeperStopped(why);
    return;
  }
  stepsWhenGone = steps;
  const told = kept.getState().state !== 'stopped' && tellAnew(lanes.map(({ id }) => id));
  askOnceMore();
  if (!told) return;
  lab.setState({
    notice: `What keeps your runs was ended (${why}). Another took its place: nothing is lost, and training went on.`,
  });
}

/**
 * Tells the keeper all that the page knows of lanes, each of which is another run from now on.
 * @returns whether there was anything to tell
 */
function tellAnew(lanes: readonly LaneId[]): boolean {
  let some = false;
  for (const id of lanes) {
    const run = runs.get(id);
    runs.delete(id);
    const lane = laneNow(id);
    if (run === undefined || !begun.delete(run) || lane === undefined) continue;
    if (!older.has(id)) older.set(id, run);
    anew.add(runOf(id));
    begin(lane, runOf(id));
    some = true;
  }
  if (some) send({ type: 'keep', anew: true });
  return some;
}

function report(data: KeepNews): void {
  switch (data.type) {
    case 'kept':
      // Of lanes that were found, and are not shown yet.
      if (kept.getState().state === 'stopped') return;
      if (!isKept()) {
        kept.setState({ state: 'kept' });
        // Refused, they are kept until the browser needs the space.
        navigator.storage.persist().catch(() => undefined);
      }
      noteKept();
      return;
    case 'thins': {
      const lane = laneOf(data.run);
      if (lane === undefined) return;
      kept.setState(({ thinning }) => ({ thinning: new Map([...thinning, [lane, data.thinning]]) }));
      return;
    }
    case 'compared': {
      const lane = laneOf(data.run);
      if (lane !== undefined) compared(lane, data.sentence);
      return;
    }
    case 'wanted':
      void yieldRuns();
      return;
    case 'unkept': {
      const lane = laneOf(data.run);
      if (lane === undefined) return;
      tellAnew([lane]);
      // Nobody can go on with that one.
      older.delete(lane);
      return;
    }
    case 'stopped':
      kept.setState({ state: 'stopped', failure: data.failure, until: data.until });
      return;
  }
  data satisfies never;
}

function laneOf(run: string): LaneId | undefined {
  return [...runs].find(([, its]) => its === run)?.[0];
}

/** Lets another tab go on with what this one trains: from its last step. */
async function yieldRuns(): Promise<void> {
  await resting();
  save();
  keep({ type: 'yield' });
}

function compared(lane: LaneId, sentence: string): void {
  kept.setState(({ restored }) => ({
    restored:
      restored === null ? null : { ...restored, compared: [...restored.compared, { lane, sentence }] },
  }));
  // What had been measured before is now measured once more.
  lab.setState(({ lanes, version }) => ({
    lanes: lanes.map((each) => {
      if (each.id !== lane) return each;
      const { abandoned: _, ...rest } = each;
      return rest;
    }),
    version: version + 1,
  }));
}

function hear(event: Event): void {
  if (!('lane' in event)) return;
  const lane = laneNow(event.lane);
  if (lane === undefined) return;
  const run = runOf(lane.id);
  if (event.type === 'rewound' && begun.has(run)) {
    keep({ type: 'back', run, step: event.step });
    if (event.step === 0) begun.delete(run);
  }
  if (!begun.has(run)) {
    // A fork has a past when it is put; any other lane begins with its first row.
    if (event.type === 'rows' || (event.type === 'put' && event.step > 0)) begin(lane, run);
    return;
  }
  if (event.type === 'rows') keep({ type: 'rows', run, rows: ownRows(event.rows) }, [event.rows.buffer]);
  if (event.type === 'recorded') {
    const { steps } = event;
    keep(
      { type: 'rollouts', run, steps },
      steps.map(({ bytes }) => bytes.buffer),
    );
  }
  for (const change of lane.changes) {
    if (told.has(change)) continue;
    told.add(change);
    keep({ type: 'changed', run, change });
  }
  if (event.type !== 'checkpoint') return;
  // On its way when the keeper was replaced: it names others that this one never had.
  if (anew.has(run) && !event.sent.first) return;
  anew.delete(run);
  const { checkpoint, unsent } = event.sent;
  const arrays = [checkpoint, ...unsent].flatMap(({ state: { policy, anchor, m, v } }) => [
    ...[policy.buffer, anchor.buffer],
    ...[m.buffer, v.buffer],
  ]);
  keep({ type: 'checkpoint', run, sent: event.sent }, arrays);
  if (older.delete(lane.id)) saveNow();
}

/** Of an event, which has been transferred and is read by nobody else any more. */
function ownRows(rows: Float64Array): Float64Array<ArrayBuffer> {
  return rows as Float64Array<ArrayBuffer>;
}

function begin(lane: Lane, run: string): void {
  const { name, start, origin, plan, changes, history } = lane;
  const { rows } = history.until(Infinity);
  const head = { name, settings: start, origin, plan, adapter: lab.getState().adapter, lab: thisLab };
  begun.add(run);
  for (const change of changes) told.add(change);
  keep({ type: 'begin', run, head, changes, rows: ownRows(rows) }, [rows.buffer]);
  keepName();
  // Found by its folder alone, nobody would know which lanes stood together.
  saveNow();
}

function saveNow(): void {
  clearTimeout(saving);
  saving = setTimeout(save);
}

function runOf(lane: LaneId): string {
  const known = runs.get(lane);
  if (known !== undefined) return known;
  const run = crypto.randomUUID();
  runs.set(lane, run);
  return run;
}

/** The run that a reload is to bring of a lane. */
function foundAgain(lane: LaneId): string {
  return older.get(lane) ?? runOf(lane);
}

/** Saves what the page shows, once a lane of it has begun. */
function save(): void {
  saveAs(labName(), lab.getState());
}

function saveAs(id: string, { lanes, marks, preset, selected }: LabState): void {
  clearTimeout(saving);
  saving = undefined;
  // Nothing is open yet, or nothing of it has begun.
  if (id === '' || (saved !== id && !lanes.some((lane) => begun.has(runOf(lane.id))))) return;
  saved = id;
  const updated = Date.now();
  const whole: KeptLab = {
    id,
    preset,
    updated,
    selected,
    lanes: lanes.map((lane) => ({
      run: foundAgain(lane.id),
      slot: lane.slot,
      name: lane.name,
      settings: setupOf(lane).settings,
      origin: lane.origin,
    })),
    marks: marks.map(({ lanes: marked, ...mark }) => ({ ...mark, runs: marked.map(foundAgain) })),
  };
  const entries = lanes.flatMap((lane) => {
    const run = runOf(lane.id);
    return begun.has(run) && !older.has(lane.id) ? [entryOf(lane, run, whole)] : [];
  });
  keep({ type: 'save', lab: whole, runs: entries });
}
