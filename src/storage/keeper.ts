import { failureOf } from '../lib/failure.ts';
import { LabError } from '../lib/labError.ts';
import type { Folder } from './folder.ts';
import type {
  BusyLab,
  KeepReport,
  KeepRequest,
  KeptCourseState,
  KeptLab,
  ListedLab,
  RestoredLab,
  Thinning,
} from './kept.ts';
import { keepRecord, KeptCourse, recordKept, sizeKept } from './keptCourse.ts';
import type { RunIndex } from './runIndex.ts';

/** Where a keeper keeps: files, their index, and the claim that no other page writes the same. */
export interface Places {
  /** The folder of a run, which is made where there is none. */
  readonly folder: (run: string) => Promise<Folder>;
  /** Removes the folder of a run with all in it; one that is not there is no failure. */
  readonly remove: (run: string) => Promise<void>;
  readonly index: RunIndex;
  /**
   * Has the runs of a lab to itself from now on.
   * @param take whether a page that has them is asked to yield, and not waited for when it does not answer
   * @returns false where another page has
   */
  readonly claim: (lab: string, take?: boolean) => Promise<boolean>;
  /** Others may have what this page had: one lab, or all. */
  readonly release: (lab?: string) => void;
}

const nothing = JSON.stringify({ checkpoints: [], rollouts: null } satisfies Thinning);

/** What was measured waits so long at most. */
const waitMs = 1000;

/**
 * Keeps the runs of one page, in a worker of its own: training waits for nothing here. It does one request after
 * another. What can't be kept ends the keeping, and the training goes on.
 */
export class Keeper {
  readonly #places: () => Promise<Places>;
  readonly #tell: (report: KeepReport) => void;
  readonly #courses = new Map<string, KeptCourse>();
  /** What was told of each run. */
  readonly #thinning = new Map<string, string>();
  #queue: Promise<void> = Promise.resolve();
  #writing: ReturnType<typeof setTimeout> | undefined;
  /** Whether it is noted which lanes stand together: before that, what is written could not be shown once more. */
  #indexed = false;
  #stopped = false;

  constructor(places: () => Promise<Places>, tell: (report: KeepReport) => void) {
    this.#places = places;
    this.#tell = tell;
  }

  receive(request: KeepRequest): void {
    this.#then(() => this.#do(request));
  }

  /** Keeps nothing from now on. */
  stop(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#writing);
    this.#tell({ type: 'stopped', failure: failureOf(error) });
  }

  #then(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      if (this.#stopped) return;
      try {
        await work();
      } catch (error) {
        this.stop(inWords(error));
      }
    });
  }

  async #do(request: KeepRequest): Promise<void> {
    switch (request.type) {
      case 'begin': {
        const { run, head, changes, rows } = request;
        const folder = await (await this.#places()).folder(run);
        this.#courses.set(run, await KeptCourse.begin(folder, head, changes, rows));
        return;
      }
      case 'rows': {
        const course = this.#courses.get(request.run);
        course?.rows(request.rows);
        const sentence = course?.compared() ?? null;
        if (sentence !== null) this.#tell({ type: 'compared', run: request.run, sentence });
        this.#soon();
        return;
      }
      case 'rollouts':
        this.#courses.get(request.run)?.rollouts(request.steps);
        this.#soon();
        return;
      case 'changed':
        this.#courses.get(request.run)?.changed(request.change);
        // Rare, and what the reader set must not be lost by a reload right after it.
        await this.#write();
        return;
      case 'checkpoint':
        await this.#courses.get(request.run)?.keep(request.sent);
        this.#tellThinning(request.run);
        return;
      case 'back':
        await this.#courses.get(request.run)?.back(request.step);
        return;
      case 'save': {
        const { index, claim } = await this.#places();
        if (!(await claim(request.lab.id))) throw elsewhere();
        await index.save(request.lab, request.runs);
        // A page that is left in its first second is asked for as well.
        if (!this.#indexed) {
          this.#indexed = true;
          await this.#write();
        }
        return;
      }
      case 'restore':
        this.#tell({ type: 'restored', found: await this.#restore(request.lab, request.take) });
        // What was found is kept, before anything is added to it.
        await this.#write();
        return;
      case 'leave':
        for (const run of request.runs) {
          await this.#courses.get(run)?.write();
          this.#courses.delete(run);
          this.#thinning.delete(run);
        }
        if (request.lab !== null) (await this.#places()).release(request.lab);
        return;
      case 'yield':
        await this.#write();
        this.stop(takenOver());
        (await this.#places()).release();
        return;
      case 'list':
        this.#tell({ type: 'listed', labs: await this.#list() });
        return;
      case 'label':
        await (await this.#places()).index.label(request.lab, request.label);
        return;
      case 'read':
        this.#tell({ type: 'read', records: await this.#read(request.runs) });
        return;
      case 'import':
        await this.#import(request);
        this.#tell({ type: 'imported' });
        return;
      case 'delete':
        this.#tell({ type: 'deleted', busy: !(await this.#delete(request.lab)) });
        return;
      case 'flush':
        await this.#write();
        return;
    }
    request satisfies never;
  }

  async #restore(id: string | null, take: boolean): Promise<RestoredLab | BusyLab | null> {
    const { index, claim, folder } = await this.#places();
    const lab: KeptLab | null = id === null ? await index.newestLab() : await index.lab(id);
    if (lab === null) return null;
    if (!(await claim(lab.id, take))) return { busy: lab.id };
    // This page may have trained it before.
    await this.#write();
    this.#indexed = true;
    const courses = new Map<string, KeptCourseState>();
    for (const { run } of lab.lanes) {
      const found = await KeptCourse.restore(await folder(run));
      if (found === null) continue;
      courses.set(run, found.state);
      this.#courses.set(run, found.course);
    }
    return { lab, courses };
  }

  async #list(): Promise<readonly ListedLab[]> {
    const { index, folder } = await this.#places();
    const labs: ListedLab[] = [];
    for (const { runs, ...listed } of await index.list()) {
      const all = [];
      for (const run of runs) {
        const size = await sizeKept(await folder(run.id));
        all.push({ ...run, size, thinning: this.#courses.get(run.id)?.thinning ?? null });
      }
      labs.push({ ...listed, runs: all });
    }
    return labs;
  }

  /** @returns null where one of them can't be read now: another page may write or delete it */
  async #read(runs: readonly string[]): Promise<readonly string[] | null> {
    const { folder } = await this.#places();
    await this.#write();
    try {
      const records: string[] = [];
      for (const run of runs) records.push(await recordKept(await folder(run)));
      return records;
    } catch {
      return null;
    }
  }

  async #import({ lab, runs, records }: KeepRequest & { type: 'import' }): Promise<void> {
    const { folder, index } = await this.#places();
    for (const [at, { id }] of runs.entries()) await keepRecord(await folder(id), records[at] ?? '');
    // Last: cut off before it, nothing of it is listed.
    await index.save(lab, runs);
  }

  /** @returns false where another page has it */
  async #delete(id: string): Promise<boolean> {
    const { index, claim, release, remove } = await this.#places();
    const listed = (await index.list()).find(({ lab }) => lab.id === id);
    if (listed === undefined) return true;
    if (!(await claim(id))) return false;
    const { lab, runs } = listed;
    for (const run of new Set([...runs.map((each) => each.id), ...lab.lanes.map((lane) => lane.run)])) {
      this.#courses.delete(run);
      await remove(run);
    }
    // Last: cut off before it, what is left is still listed, and deleted once more.
    await index.remove(id);
    release(id);
    return true;
  }

  #tellThinning(run: string): void {
    const thinning = this.#courses.get(run)?.thinning;
    const words = JSON.stringify(thinning);
    if (thinning === undefined || words === (this.#thinning.get(run) ?? nothing)) return;
    this.#thinning.set(run, words);
    this.#tell({ type: 'thins', run, thinning });
  }

  #soon(): void {
    this.#writing ??= setTimeout(() => {
      this.#writing = undefined;
      this.#then(() => this.#write());
    }, waitMs);
  }

  async #write(): Promise<void> {
    for (const [run, course] of this.#courses) {
      const step = await course.write();
      if (this.#indexed) this.#tell({ type: 'kept', run, step });
    }
  }
}

/** Why a page keeps nothing any more whose run another one goes on with. */
export function takenOver(): LabError {
  return new LabError(
    'bad-file',
    'Another tab took this run over: from here on, this page keeps nothing of it.',
    'Close this one, or export what it makes.',
  );
}

function elsewhere(): LabError {
  return new LabError(
    'bad-file',
    'Another tab trains this run.',
    'Close one of the two, or export what this one makes.',
  );
}

/** What a failure of the browser's storage means. */
function inWords(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  if (error.name === 'VersionError') {
    return new LabError(
      'bad-file',
      'A newer version of the lab keeps runs here: this page is an older one, and keeps nothing.',
      'Reload the page. Export first what you want to keep.',
      error,
    );
  }
  const remedy = 'Training goes on. Export what you want to keep.';
  const sentence =
    error.name === 'QuotaExceededError'
      ? 'The browser’s storage is full'
      : `The browser gives no storage (${error.name})`;
  return new LabError('bad-file', `${sentence}: from here on, runs are not kept.`, remedy, error);
}
