import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { parsePlan } from '../engine/parsePlan.ts';
import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { runName, settingValues, type RecordedRun } from '../records/building.ts';
import { readRecord } from '../records/read.ts';
import type { RunRecord } from '../records/run.ts';
import { settingsAfter } from '../records/settingsAfter.ts';
import { thisLab } from '../records/thisLab.ts';
import { recordLines } from '../records/write.ts';
import { validateSettings } from '../settings/settings.ts';
import { comparedAgain } from '../storage/again.ts';
import { KeptRuns, newestCheckpoint, type Restored } from '../storage/keptRuns.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { DiskFolder } from './diskFolder.ts';
import { claim, replaceFiles } from './output.ts';
import { readTextFile } from './readInput.ts';
import type { Begun, TrainedLane } from './runLane.ts';

/** Beside record and checkpoints: the lanes to be trained, with their kernels. */
const lanesFile = 'lanes.json';
/** Of lanes.json: a lane may hold prompts of its own. */
const mostBytes = 64e6;

const schema = v.strictObject({
  version: v.literal(1),
  lab: v.strictObject({ version: runName, commit: v.nullable(runName) }),
  lanes: v.pipe(
    v.array(v.strictObject({ name: runName, settings: settingValues, plan: v.unknown() })),
    v.minLength(1),
  ),
});

/** Claims a folder that may be empty, or not there yet. @param flag that named it @throws LabError `bad-file` */
export function claimFolder(path: string, read: readonly string[], flag = '--checkpoints'): void {
  if (keepsRuns(path)) {
    throw new LabError(
      'bad-file',
      `${flag} can't be ${quotePath(path)}: it holds runs already.`,
      `Go on with them by --resume ${path}, or name another folder.`,
    );
  }
  const { there } = claim(path, { flag, force: true, read });
  if (there !== null && (!there.isDirectory() || readdirSync(path).length > 0)) {
    throw new LabError(
      'bad-file',
      `${flag} can't be ${quotePath(path)}: it is ${there.isDirectory() ? 'not empty' : 'no folder'}.`,
      'Name a new folder.',
    );
  }
}

/** Lanes whose runs are kept in a folder while they are trained. */
export class KeptTraining {
  readonly lanes: readonly TrainedLane[];
  readonly #runs: KeptRuns;
  readonly #restored: Restored | null;
  /** The record as it was found: what comes out once more is compared with it. */
  readonly #found: readonly RecordedRun[];

  private constructor(
    lanes: readonly TrainedLane[],
    runs: KeptRuns,
    restored: Restored | null = null,
    found: readonly RecordedRun[] = [],
  ) {
    this.lanes = lanes;
    this.#runs = runs;
    this.#restored = restored;
    this.#found = found;
  }

  /**
   * @param path of a folder that `claimFolder` has claimed
   * @param made files that say what the runs are made of: they are there before the folder keeps runs
   * @param from where its one run begins, if not at its beginning
   */
  static async begin(
    path: string,
    lanes: readonly TrainedLane[],
    made: Readonly<Record<string, string>> = {},
    from: Standing | null = null,
  ): Promise<KeptTraining> {
    mkdirSync(path, { recursive: true });
    const runs = await KeptRuns.begin(new DiskFolder(path));
    if (from !== null) {
      await runs.append(recordLines(1, from.record));
      await runs.keep(1, from.checkpoint);
    }
    const kept = lanes.map(({ name, settings, plan }) => ({ name, settings, plan }));
    replaceFiles(path, {
      ...made,
      [lanesFile]: `${JSON.stringify({ version: 1, lab: thisLab, lanes: kept }, null, 1)}\n`,
    });
    return new KeptTraining(lanes, runs);
  }

  /**
   * Goes on with what a folder keeps.
   * @param by which command trains such runs: an adapter's have no kernels of their own
   * @param claimed whether the folder is this command's already
   * @throws LabError `bad-file` where it keeps no runs, or another command trains them; `bad-setting` for settings that
   * this version lacks
   */
  static async resume(path: string, by: Trains = 'train', claimed = false): Promise<KeptTraining> {
    const { lanes, commit } = readLanes(path, '--resume', by);
    if (!claimed) claim(path, { flag: '--resume', force: true, read: [] });
    if (commit !== thisLab.commit) {
      console.error(
        `The runs were begun by another version of the lab (${commit ?? 'unknown'}): bits may differ.`,
      );
    }
    const { runs, restored } = await KeptRuns.restore(new DiskFolder(path));
    for (const note of restored.notes) console.error(note);
    return new KeptTraining(lanes, runs, restored, recordOf(restored.record + restored.tail));
  }

  /** Whether a run has come to its end, and its record as it is. */
  ended(run: number): RecordedRun | null {
    return this.#restored?.ended.includes(run) === true ? (this.#found[run - 1] ?? null) : null;
  }

  /** Where a run goes on; null: at its beginning. */
  begun(run: number): Begun | null {
    const { under = null, record = '' } = this.#restored ?? {};
    const before = recordOf(record)[run - 1];
    if (under?.run !== run || before === undefined) return null;
    const { rows, changes } = before;
    return { checkpoint: under.checkpoint, settings: settingsAfter(before), rows, changes };
  }

  append(lines: string): Promise<void> {
    return this.#runs.append(lines);
  }

  keep(run: number, checkpoint: Checkpoint, ended: boolean): Promise<void> {
    return this.#runs.keep(run, checkpoint, ended);
  }

  /**
   * What is to be said of steps that had been trained before and came out once more, in words.
   * @param again the run as far as it has come out
   * @returns null where there were none, or not all of them are there yet
   */
  compared(run: number, again: Pick<RunRecord, 'rows' | 'changes'>): string | null {
    const found = this.#found[run - 1];
    return found === undefined ? null : comparedAgain(found, again);
  }
}

/** A run as it stands: its record until a checkpoint. */
export interface Standing {
  readonly record: RunRecord;
  readonly checkpoint: Checkpoint;
}

/**
 * Where the one run of a folder stands, under way or ended; nothing is changed, and another command may be training it.
 * @throws LabError `bad-file` where it keeps none, or no checkpoint of it
 */
export async function readStanding(path: string, flag: string, by: Trains): Promise<Standing> {
  readLanes(path, flag, by);
  const folder = new DiskFolder(path);
  const { restored } = await KeptRuns.restore(folder);
  const checkpoint = restored.under?.checkpoint ?? (await newestCheckpoint(folder, 1));
  const [record] = recordOf(restored.record);
  if (checkpoint !== null && record !== undefined)
    return { record: { ...record, summary: null }, checkpoint };
  throw new LabError(
    'bad-file',
    `${flag} ${quotePath(path)} keeps no checkpoint yet.`,
    'Wait for its first one, or begin a run of its own.',
  );
}

/** The commands that train runs and keep them. */
export type Trains = 'train' | 'lora';

/** Whether a folder keeps runs. */
export function keepsRuns(path: string): boolean {
  return existsSync(join(path, lanesFile));
}

/**
 * The lanes whose runs a folder keeps, and the commit of the lab that began them.
 * @throws LabError `bad-file` where it keeps none, `bad-setting` for settings that this version lacks
 */
export function readLanes(
  path: string,
  flag: string,
  by: Trains = 'train',
): { readonly lanes: readonly TrainedLane[]; readonly commit: string | null } {
  const remedy = `Name a folder that npm run ${by} -- --checkpoints has made.`;
  const refused = (why: string): LabError =>
    new LabError('bad-file', `${flag} ${quotePath(path)} ${why}.`, remedy);
  if (!keepsRuns(path)) throw refused('keeps no runs');
  const text = readTextFile(join(path, lanesFile), { mostBytes, remedy });
  const { success, output } = v.safeParse(schema, parsed(text));
  if (!success) throw refused(`keeps runs of another version: ${lanesFile} can't be read`);
  const lanes = output.lanes.map(({ name, settings, plan: written }) => {
    if ((written === null) !== (by === 'lora'))
      throw refused(`keeps runs of npm run ${by === 'lora' ? 'train' : 'lora'}`);
    const plan = written === null ? null : parsePlan(written);
    if (plan === null && written !== null) throw refused('keeps runs with kernels that this version lacks');
    return { name, settings: validateSettings(settings), plan };
  });
  return { lanes, commit: output.lab.commit };
}

/** The runs of a record that may be empty yet. */
function recordOf(text: string): readonly RecordedRun[] {
  // A header that was cut off is none.
  return text.includes('\n') ? readRecord(text).runs : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
