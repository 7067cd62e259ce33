import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { formNames } from '../records/completions/answers.ts';
import { logOfCompletions } from '../records/completions/attach.ts';
import type { Completion } from '../records/completions/completion.ts';
import { rowsOfCompletions } from '../records/completions/rows.ts';
import { type Log, limits, whatIsRead } from '../records/import/log.ts';
import { folderLimits, isLogName, newestOf, type Placed } from '../records/watched/folder.ts';
import { gathered, nearestRun } from '../records/watched/gather.ts';
import { GrownFile, type Growing } from '../records/watched/grown.ts';
import { judgedRun, type JudgedRun } from '../records/watched/run.ts';
import { numberOf, type OwnFlags, ownHelp, readArguments } from '../settings/arguments.ts';
import { readRegularFile } from './readInput.ts';
import { exitCode, jsonOf, linesOf, stateInWords } from './watchWords.ts';

const own: OwnFlags = {
  completions: {
    type: 'string',
    value: 'file…',
    help: 'files or folders of completions; they are known for what they are among the others, too',
  },
  answer: {
    type: 'string',
    value: 'form',
    help: `how answers are found in completions: ${formNames.join(', ')}, or a regular expression whose first group is the answer (default: the first of these that is often found)`,
  },
  follow: { type: 'boolean', help: 'go on, and print a line when a verdict turns; Ctrl-C ends it' },
  every: { type: 'string', value: 'seconds', help: 'how often --follow looks at the files (default 3)' },
  json: { type: 'boolean', help: 'a line of JSON for each run, and with --follow for each turn' },
  help: { type: 'boolean', help: 'this list' },
};

/**
 * `npm run watch -- FILE…`: what the page Watch says of runs of any trainer, in a terminal. Exit status 0: healthy or
 * watch; 1: warning or collapsed; 2: not read or not judged.
 */
export default async function main(argv: string[]): Promise<void> {
  const { flags, more } = readArguments(argv, own, [], { open: true });
  const { completions } = Object.fromEntries(flags);
  const files = typeof completions === 'string' ? [...more, completions] : more;
  if (flags.has('help') || files.length === 0) {
    console.log(
      [
        'npm run watch -- FILE… : the logs of training runs, as the page Watch judges them',
        ...ownHelp(own),
      ].join('\n'),
    );
    if (files.length === 0 && !flags.has('help')) process.exitCode = 2;
    return;
  }
  const every = numberOf('every', String(flags.get('every') ?? 3), { range: [0.1, 3600], whole: false });
  const answer = flags.get('answer');
  const watcher = new Watcher(files, flags.has('json'), typeof answer === 'string' ? answer : undefined);
  await watcher.look();
  if (flags.has('follow')) await watcher.follow(every);
  process.exitCode = watcher.exitCode;
}

/** A file as it was read last. */
interface Read {
  /** Tells whether the file has changed since. */
  readonly stamp: string;
  readonly logs: readonly Log[];
  readonly completions: readonly Completion[];
  readonly refused: LabError | null;
  readonly grown: GrownFile;
}

/** Reads files, says how their runs fare, and again when that turns. */
class Watcher {
  readonly #given: readonly string[];
  readonly #json: boolean;
  readonly #answer: string | undefined;
  #files: readonly string[] = [];
  /** Folders that were said to hold nothing. */
  readonly #empty = new Set<string>();
  readonly #read = new Map<string, Read>();
  /** By the names of the runs. */
  #said = new Map<string, JudgedRun>();

  /** @param given files and folders @param answer form of the answers in completions */
  constructor(given: readonly string[], json: boolean, answer: string | undefined) {
    this.#given = given;
    this.#json = json;
    this.#answer = answer;
  }

  get exitCode(): number {
    // What lies in a folder need be no log.
    const refused = this.#given.filter((file) => (this.#read.get(file)?.refused ?? null) !== null).length;
    return exitCode(
      [...this.#said.values()].map(({ verdict }) => verdict.state),
      refused,
    );
  }

  /** Reads what has changed, and says what there is to say. */
  async look(): Promise<void> {
    this.#files = this.#given.flatMap((path) => {
      const files = filesIn(path);
      if (files.length === 0 && !this.#empty.has(path)) {
        this.#empty.add(path);
        console.error(`${quotePath(path)} holds no file that is called as a log is. ${whatIsRead}`);
      }
      return files;
    });
    let changed = false;
    for (const file of this.#files) changed = (await this.#readAnew(file)) || changed;
    if (!changed) return;
    const said = new Map<string, JudgedRun>();
    for (const run of this.#runs()) {
      let name = run.log.name;
      for (let number = 2; said.has(name); number++) name = `${run.log.name} ${number}`;
      this.#say(run, this.#said.get(name));
      said.set(name, run);
    }
    this.#said = said;
  }

  /** What was read, as runs; the completions of a folder belong to the run that is nearest. */
  #runs(): readonly JudgedRun[] {
    const runs = gathered(
      this.#files.flatMap((file) =>
        (this.#read.get(file)?.logs ?? []).map((log) => ({ log, files: [resolve(file)] })),
      ),
    );
    const folders = new Map<string, Completion[]>();
    for (const file of this.#files) {
      const { completions = [] } = this.#read.get(file) ?? {};
      if (completions.length === 0) continue;
      const folder = dirname(resolve(file));
      folders.set(folder, [...(folders.get(folder) ?? []), ...completions]);
    }
    const of = runs.map((): Completion[] => []);
    const alone: JudgedRun[] = [];
    for (const [folder, completions] of folders) {
      const nearest = of[nearestRun(folder, runs)];
      if (nearest === undefined) {
        const told = rowsOfCompletions(completions, this.#answer);
        alone.push(judgedRun(logOfCompletions(basename(folder), told).log, told));
      } else for (const completion of completions) nearest.push(completion);
    }
    return [
      ...runs.map(({ log }, run) => {
        const completions = of[run] ?? [];
        return judgedRun(
          log,
          completions.length === 0 ? undefined : rowsOfCompletions(completions, this.#answer),
        );
      }),
      ...alone,
    ];
  }

  /** Looks again and again, until Ctrl-C or SIGTERM. */
  async follow(everySeconds: number): Promise<void> {
    let wake: (() => void) | undefined;
    let ended = false;
    const end = (): void => {
      ended = true;
      wake?.();
    };
    process.on('SIGINT', end).on('SIGTERM', end);
    let waitMs = 1000 * everySeconds;
    for (;;) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (ended) wake();
      });
      // Said by a handler meanwhile.
      if (ended as boolean) break;
      const began = performance.now();
      await this.look();
      // A long log takes a second to be read: what watches a trainer must not take its cores.
      waitMs = Math.max(1000 * everySeconds, mostShare * (performance.now() - began));
    }
    process.off('SIGINT', end).off('SIGTERM', end);
  }

  /** @returns whether there is something new */
  async #readAnew(file: string): Promise<boolean> {
    const before = this.#read.get(file);
    const stamp = stampOf(file);
    if (before?.stamp === stamp) return false;
    const grown = before?.grown ?? new GrownFile(this.#nameOf(file));
    try {
      const { logs, completions } = await grown.read(growing(file));
      this.#read.set(file, { stamp, logs, completions: completions ?? [], refused: null, grown });
      return true;
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      // While it is written anew a file may be cut anywhere: what was read before stays.
      if (before === undefined || before.refused?.message !== error.message) this.#tell(file, error);
      const { logs = [], completions = [] } = before ?? {};
      this.#read.set(file, { stamp, logs, completions, refused: error, grown });
      return before === undefined;
    }
  }

  /** A trainer calls its file the same in every run: then the folder tells them apart. */
  #nameOf(file: string): string {
    const name = basename(file);
    const alike = this.#files.some((other) => other !== file && basename(other) === name);
    return alike ? `${basename(dirname(resolve(file)))}/${name}` : name;
  }

  #tell(file: string, { message, remedy }: LabError): void {
    console.error(`${quotePath(file)} was not read. ${message} ${remedy}`);
  }

  #say(run: JudgedRun, before: JudgedRun | undefined): void {
    if (before === undefined) {
      for (const line of this.#json ? [jsonOf(run)] : linesOf(run)) console.log(line);
      return;
    }
    if (before.verdict.state === run.verdict.state) return;
    const at = run.steps === null ? '' : `step ${run.steps[1]}, `;
    const turn = `${at}${run.log.name}: ${before.verdict.state}, now ${stateInWords(run)}. ${run.verdict.reason}`;
    console.log(this.#json ? jsonOf(run) : turn);
  }
}

/** Of the time a look takes, how many times that is waited at least. */
const mostShare = 10;

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? 'none' : `${stat.size} ${stat.mtimeMs} ${stat.ino}`;
}

/** A file as it stands. @throws LabError where it can't be read */
function growing(file: string): Growing {
  const rules = { mostBytes: limits.bytes, remedy: whatIsRead };
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return {
    size,
    // Its size may be none of its own, as in /proc: of all of it, all is read.
    read: (from, to) =>
      Promise.resolve(readRegularFile(file, to === size ? { ...rules, from } : { ...rules, from, to })),
  };
}

/** What a folder holds of logs and completions, in the order of their names; a file is itself. */
function filesIn(path: string): readonly string[] {
  if (!isFolder(path)) return [path];
  const byName = new Intl.Collator('en', { numeric: true });
  return newestOf(foundIn(path, [basename(resolve(path))]))
    .toSorted((a, b) => byName.compare(a.path, b.path))
    .map((each) => each.path);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

interface Found extends Placed {
  readonly path: string;
}

function foundIn(folder: string, folders: readonly string[]): readonly Found[] {
  if (folders.length > folderLimits.deepest) return [];
  const found: Found[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...foundIn(path, [...folders, entry.name]));
    else if (isLogName(entry.name)) found.push({ folders, name: entry.name, path });
    if (found.length >= folderLimits.files) break;
  }
  return found.slice(0, folderLimits.files);
}
