import { spawn, type ChildProcess } from 'node:child_process';
import * as v from 'valibot';
import type { Answer } from '../experiments/alarms.ts';
import type { Told } from '../experiments/answering.ts';
import { benchmarkVersion, type Observed } from '../experiments/benchmark.ts';
import { Course } from '../experiments/judgement.ts';
import { LabError } from '../lib/labError.ts';
import { excerpt, quote } from '../lib/quote.ts';

/** Characters of an answer without an end of line. */
const longestLine = 1e6;
const remedy =
  'Answer each row with one line of JSON, as {"run":"…","step":1,"alarm":false}, and print everything else to stderr.';

const answerSchema = v.looseObject({
  run: v.string(),
  step: v.number(),
  alarm: v.optional(v.boolean(), false),
  score: v.optional(v.nullable(v.pipe(v.number(), v.finite()))),
});

/**
 * An alarm in any language, as a process: it is sent a row, and the next one after it has answered. What it says is thus
 * said of the rows before, whatever it does.
 */
export class DetectorProcess {
  readonly #child: ChildProcess;
  readonly #waitMs: number;
  /** Runs that it was sent. */
  readonly #sent = new Set<string>();
  readonly #lines: string[] = [];
  #rest = '';
  /** The row that it has not answered, in words. */
  #row = 'its first row';
  #waiting: { readonly resolve: (line: string) => void; readonly reject: (error: LabError) => void } | null =
    null;
  #failed: LabError | null = null;
  readonly #end = (): void => {
    this.kill();
  };

  /** @param command for the shell @param waitSeconds for an answer, the first included */
  constructor(command: string, waitSeconds: number) {
    this.#waitMs = 1000 * waitSeconds;
    // A group of its own: the shell's children end with it.
    this.#child = spawn(command, {
      shell: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: process.platform !== 'win32',
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#hear(text);
    });
    // Whoever has ended can't be told anything: that it has, 'close' says.
    this.#child.stdin?.on('error', () => undefined);
    this.#child.on('error', (error) => {
      this.#fail(`can't be started: ${excerpt(error.message)}`, 'Give a command that a shell can run.');
    });
    this.#child.on('close', (code, signal) => {
      const how = signal === null ? `with status ${code ?? 0}` : `by ${signal}`;
      this.#fail(
        `ended ${how} before it had answered ${this.#row}`,
        'Read until the input ends, and then end.',
      );
    });
    process.once('exit', this.#end);
  }

  /** Shows it a run from first row to last. @throws LabError `bad-file` for what breaks the protocol */
  async judge({ run, columns, rows }: Observed): Promise<Course> {
    const course = new Course();
    this.#sent.add(run);
    this.#tell({ type: 'run', version: benchmarkVersion, run, columns: [...columns] });
    for (const { step, values } of rows) {
      this.#row = `step ${step} of run ${run}`;
      this.#tell({ type: 'row', run, step, values });
      course.add(step, this.#answer(await this.#line(), run, step));
    }
    this.#tell({ type: 'end', run });
    return course;
  }

  /** Ends it: by closing what it reads, and after two seconds by force. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 2000);
        this.#child.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
        this.#child.stdin?.end();
      });
    }
    this.kill();
  }

  kill(): void {
    process.off('exit', this.#end);
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      if (process.platform === 'win32') this.#child.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }

  #tell(line: Told): void {
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  #line(): Promise<string> {
    const next = this.#lines.shift();
    if (next !== undefined) return Promise.resolve(next);
    return new Promise((resolve, reject) => {
      if (this.#failed !== null) {
        reject(this.#failed);
        return;
      }
      const timer = setTimeout(() => {
        this.#fail(
          `has not answered ${this.#row} within ${this.#waitMs / 1000} s`,
          'Flush what you print after each line, or give it longer by --wait.',
        );
      }, this.#waitMs);
      const settled = <Value>(then: (value: Value) => void) => {
        return (value: Value): void => {
          clearTimeout(timer);
          this.#waiting = null;
          then(value);
        };
      };
      this.#waiting = { resolve: settled(resolve), reject: settled(reject) };
    });
  }

  #hear(text: string): void {
    const [first = '', ...others] = text.split('\n');
    this.#rest += first;
    for (const line of others) {
      this.#lines.push(this.#rest);
      this.#rest = line;
    }
    if (this.#rest.length > longestLine) {
      this.#fail(`has printed ${longestLine} characters without an end of line`, remedy);
      return;
    }
    const next = this.#waiting === null ? undefined : this.#lines.shift();
    if (next !== undefined) this.#waiting?.resolve(next);
  }

  #fail(what: string, how: string): void {
    this.#failed ??= new LabError('bad-file', `The detector ${what}.`, how);
    this.#waiting?.reject(this.#failed);
    this.kill();
  }

  /** What an answer says. @throws LabError where it is none to this row */
  #answer(line: string, run: string, step: number): Answer {
    const refused = (why: string): LabError =>
      new LabError('bad-file', `To ${this.#row} the detector answered ${why}.`, remedy);
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      throw refused(`${quote(line)}, which is no JSON`);
    }
    const parsed = v.safeParse(answerSchema, json);
    if (!parsed.success) {
      const [issue] = parsed.issues;
      const path = v.getDotPath(issue);
      throw refused(
        path === null
          ? `${quote(line)}, which is no object`
          : `with \`${excerpt(path)}\` as ${excerpt(issue.received)}, which must be ${issue.expected ?? 'finite'}`,
      );
    }
    const { output } = parsed;
    if (output.run !== run) {
      throw refused(
        this.#sent.has(output.run)
          ? `for run ${quote(output.run)}, which has ended: an alarm can't be raised afterwards`
          : `for run ${quote(output.run)}, which it was not sent`,
      );
    }
    if (output.step !== step) {
      throw refused(
        output.step > step
          ? `for step ${output.step}, which it has not been sent`
          : `for step ${output.step}, which is past: an alarm can't be raised afterwards`,
      );
    }
    return { alarm: output.alarm, score: output.score ?? NaN };
  }
}
