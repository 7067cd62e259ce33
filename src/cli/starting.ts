import { keepsRuns } from './keptTraining.ts';
import { listenForEnd } from './listenForEnd.ts';

/** Thrown where a signal came before anything was trained. */
class EndedEarly extends Error {}

/**
 * The start of a command that trains: until its first row a device is opened and kernels are compiled, which can take
 * many seconds. Nothing is lost where it ends there, so a signal needn't wait.
 */
export class Starting {
  /** Asked between steps: the exit status, null before a signal has come. */
  readonly interruption: () => number | null;
  readonly #ended: Promise<never>;
  #over = false;

  /** Listens from now on. @param statuses exit status by signal */
  constructor(statuses: Partial<Record<NodeJS.Signals, number>>) {
    let end: (why: EndedEarly) => void = () => undefined;
    this.#ended = new Promise<never>((_, reject) => (end = reject));
    // Nobody waits for it once the start is over.
    this.#ended.catch(() => undefined);
    this.interruption = listenForEnd(statuses, () => {
      if (!this.#over) end(new EndedEarly());
    });
  }

  /** The first row is there: from now on a signal lets the step under way end. */
  over(): void {
    this.#over = true;
  }

  /** Waits for a part of the start, or the whole run once that is over; a signal ends the start, and no further part begins. */
  async wait<T>(part: () => Promise<T>): Promise<T> {
    if (this.#over) return part();
    if (this.interruption() !== null) throw new EndedEarly();
    return Promise.race([part(), this.#ended]);
  }

  /**
   * Does what the command does; where its start was ended, says what that leaves.
   * @param folder that is to keep the run; null: none does
   */
  async around(command: () => Promise<void>, folder: string | null): Promise<void> {
    try {
      await command();
    } catch (error) {
      if (!(error instanceof EndedEarly)) throw error;
      console.error(`Ended before the first step: nothing is lost. ${againBy(folder)}`);
      process.exitCode = this.interruption() ?? 1;
    }
  }
}

function againBy(folder: string | null): string {
  if (folder !== null && keepsRuns(folder)) return `Go on by --resume ${folder}.`;
  return `Nothing is ${folder === null ? 'written' : 'kept'} yet: start it again.`;
}
