import { failureOf } from '../lib/failure.ts';
import type { Folder } from './folder.ts';
import type {
  BusyLab,
  KeepAnswer,
  KeepQuestion,
  KeepReport,
  KeepRequest,
  KeepsAgain,
  KeptCourseState,
  KeptLab,
  ListedLab,
  RestoredLab,
  Thinning,
} from './kept.ts';
import { elsewhere, inWords, keepingEnds, takenOver } from './keeperWords.ts';
import { keepRecord, KeptCourse, recordKept, sizeKept } from './keptCourse.ts';
import { isMissing } from './opfsFolder.ts';
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
  /** Whether this page has the runs of a lab. */
  readonly has: (lab: string) => boolean;
  /** Others may have what this page had: one lab, or all. */
  readonly release: (lab?: string) => void;
}

const nothing = JSON.stringify({ checkpoints: [], rollouts: null } satisfies Thinning);

/** What was measured waits so long at most. */
const waitMs = 1000;

/**
 * Keeps the runs of one page, in a worker of its own: training waits for nothing here. It does one request after
 * another. Where what the page trains can't be written, its keeping ends and the training goes on; a question that can't
 * be answered is answered so, and ends nothing.
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
  /** Null while it keeps. */
  #until: KeepsAgain | null = null;

  constructor(places: () => Promise<Places>, tell: (report: KeepReport) => void) {
    this.#places = places;
    this.#tell = tell;
  }

  receive(request: KeepRequest): void {
    this.#then(() => this.#do(request));
  }

  /** Keeps nothing of what the page trains from now on, which others may have. */
  stop(error: unknown, until: KeepsAgain): void {
    if (this.#until === 'never' || (this.#until !== null && until !== 'never')) return;
    this.#until = until;
    clearTimeout(this.#writing);
    this.#writing = undefined;
    this.#courses.clear();
    this.#thinning.clear();
    this.#tell({ type: 'stopped', failure: failureOf(error), until });
    void this.#places().then(
      ({ release }) => {
        release();
      },
      // Then it had nothing.
      () => undefined,
    );
  }

  #then(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      if (this.#until === 'never') return;
      try {
        await work();
      } catch (error) {
        this.stop(keepingEnds(error), 'asked');
      }
    });
  }

  /** Without them nothing can be kept, nor found. */
  async #opened(): Promise<Places> {
    try {
      return await this.#places();
    } catch (error) {
      this.stop(keepingEnds(error), 'never');
      throw error;
    }
  }

  async #do(request: KeepRequest): Promise<void> {
    switch (request.type) {
      case 'restore':
      case 'list':
      case 'label':
      case 'read':
      case 'import':
      case 'delete':
        await this.#answer(request);
        return;
      case 'again':
        this.#again();
        return;
      case 'leave':
        for (const run of request.runs) {
          await this.#courses.get(run)?.write();
          this.#courses.delete(run);
          this.#thinning.delete(run);
        }
        if (request.lab !== null) (await this.#opened()).release(request.lab);
        return;
      default:
        if (this.#until === null) await this.#keep(request);
    }
  }

  #again(): void {
    if (this.#until === null) return;
    this.#until = null;
    this.#indexed = false;
    this.#courses.clear();
  }

  async #keep(request: Exclude<KeepRequest, KeepQuestion | { type: 'again' | 'leave' }>): Promise<void> {
    switch (request.type) {
      case 'begin': {
        const { run, head, changes, rows } = request;
        const folder = await (await this.#opened()).folder(run);
        this.#courses.set(run, await KeptCourse.begin(folder, head, changes, rows));
        return;
      }
      case 'rows': {
        this.#courses.get(request.run)?.rows(request.rows);
        this.#tellCompared(request.run);
        this.#soon();
        return;
      }
      case 'rollouts':
        this.#courses.get(request.run)?.rollouts(request.steps);
        this.#soon();
        return;
      case 'changed':
        this.#courses.get(request.run)?.changed(request.change);
        this.#tellCompared(request.run);
        // Rare, and what the reader set must not be lost by a reload right after it.
        await this.#write();
        return;
      case 'checkpoint':
        await this.#courses.get(request.run)?.keep(request.sent);
        this.#tellThinning(request.run);
        return;
      case 'back':
        await this.#back(request.run, request.step);
        return;
      case 'save': {
        const { index, claim } = await this.#opened();
        if (!(await claim(request.lab.id))) {
          this.stop(elsewhere(), 'opened');
          return;
        }
        await index.save(request.lab, request.runs);
        // A page that is left in its first second is asked for as well.
        if (!this.#indexed) {
          this.#indexed = true;
          await this.#write();
        }
        return;
      }
      case 'yield':
        await this.#write();
        this.stop(takenOver(), 'opened');
        return;
      case 'flush':
        await this.#write();
        return;
    }
    request satisfies never;
  }

  #tellCompared(run: string): void {
    const sentence = this.#courses.get(run)?.compared() ?? null;
    if (sentence !== null) this.#tell({ type: 'compared', run, sentence });
  }

  async #back(run: string, step: number): Promise<void> {
    const course = this.#courses.get(run);
    if (course === undefined || (await course.back(step))) return;
    await course.write();
    this.#courses.delete(run);
    this.#tell({ type: 'unkept', run });
  }

  /** A failure is an answer, too. */
  async #answer(question: KeepQuestion): Promise<void> {
    // What is read is as of now: this page may train it, or have trained it before.
    if (question.type === 'restore' || question.type === 'read') await this.#write();
    let answer: KeepAnswer;
    try {
      answer = await this.#answerTo(question);
    } catch (error) {
      answer = { type: 'failed', failure: failureOf(inWords(error)) };
    }
    if (this.#until !== 'never') this.#tell(answer);
    // What was found is kept, before anything is added to it.
    if (question.type === 'restore') await this.#write();
  }

  async #answerTo(question: KeepQuestion): Promise<KeepAnswer> {
    switch (question.type) {
      case 'restore':
        return { type: 'restored', found: await this.#restore(question.lab, question.take) };
      case 'list':
        return { type: 'listed', labs: await this.#list() };
      case 'label':
        await (await this.#opened()).index.label(question.lab, question.label);
        return { type: 'labelled' };
      case 'read':
        return { type: 'read', records: await this.#read(question.runs) };
      case 'import':
        await this.#import(question);
        return { type: 'imported' };
      case 'delete':
        return { type: 'deleted', busy: !(await this.#delete(question.lab)) };
    }
  }

  async #restore(id: string | null, take: boolean): Promise<RestoredLab | BusyLab | null> {
    const { index, claim, has, release, folder } = await this.#opened();
    const lab: KeptLab | null = id === null ? await index.newestLab() : await index.lab(id);
    if (lab === null) return null;
    const had = has(lab.id);
    if (!(await claim(lab.id, take))) return { busy: lab.id };
    const restored = new Map<string, { readonly state: KeptCourseState; readonly course: KeptCourse }>();
    try {
      for (const { run } of lab.lanes) {
        const found = await KeptCourse.restore(await folder(run));
        if (found !== null) restored.set(run, found);
      }
    } catch (error) {
      if (!had) release(lab.id);
      throw error;
    }
    this.#again();
    this.#indexed = true;
    for (const [run, { course }] of restored) this.#courses.set(run, course);
    return { lab, courses: new Map([...restored].map(([run, { state }]) => [run, state])) };
  }

  async #list(): Promise<readonly ListedLab[]> {
    const { index, folder } = await this.#opened();
    const labs: ListedLab[] = [];
    for (const { runs, ...listed } of await index.list()) {
      try {
        const all = [];
        for (const run of runs) {
          const size = await sizeKept(await folder(run.id));
          all.push({ ...run, size, thinning: this.#courses.get(run.id)?.thinning ?? null });
        }
        labs.push({ ...listed, runs: all });
      } catch (error) {
        // Another page deletes it meanwhile.
        if (!isMissing(error)) throw error;
      }
    }
    return labs;
  }

  /** @returns null where one of them can't be read now: another page may write or delete it */
  async #read(runs: readonly string[]): Promise<readonly string[] | null> {
    const { folder } = await this.#opened();
    try {
      const records: string[] = [];
      for (const run of runs) records.push(await recordKept(await folder(run)));
      return records;
    } catch {
      return null;
    }
  }

  async #import({ lab, label, runs, records }: KeepRequest & { type: 'import' }): Promise<void> {
    const { folder, index, remove } = await this.#opened();
    try {
      for (const [at, { id }] of runs.entries()) await keepRecord(await folder(id), records[at] ?? '');
      // Last: cut off before it, nothing of it is listed.
      await index.save(lab, runs);
      await index.label(lab.id, label);
    } catch (error) {
      await Promise.allSettled([index.remove(lab.id), ...runs.map(({ id }) => remove(id))]);
      throw error;
    }
  }

  /** @returns false where another page has it */
  async #delete(id: string): Promise<boolean> {
    const { index, claim, release, remove } = await this.#opened();
    const listed = (await index.list()).find(({ lab }) => lab.id === id);
    if (listed === undefined) return true;
    if (!(await claim(id))) return false;
    try {
      const { lab, runs } = listed;
      for (const run of new Set([...runs.map((each) => each.id), ...lab.lanes.map((lane) => lane.run)])) {
        this.#courses.delete(run);
        await remove(run);
      }
      // Last: cut off before it, what is left is still listed, and deleted once more.
      await index.remove(id);
    } finally {
      release(id);
    }
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

  /** What can't be written ends the keeping. */
  async #write(): Promise<void> {
    if (this.#until !== null) return;
    try {
      for (const [run, course] of this.#courses) {
        const step = await course.write();
        if (this.#indexed) this.#tell({ type: 'kept', run, step });
      }
    } catch (error) {
      this.stop(keepingEnds(error), 'asked');
    }
  }
}
