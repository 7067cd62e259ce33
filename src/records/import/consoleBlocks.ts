import { limits } from './log.ts';
import type { ConsoleRow } from './consoleRows.ts';

/** Reads rows that a trainer prints over several lines. */
export interface BlockReader {
  /** @returns the row that a line ends, 'taken' where it is a part of one, null where it is none */
  line(number: number, text: string): ConsoleRow | 'taken' | null;
  /** The row that the end of the text ends. */
  end(): ConsoleRow | null;
}

/** A reader for each trainer that prints so. */
export function blockReaders(): readonly BlockReader[] {
  return [new Bullets(), new Grid()];
}

const digits = /^[-+]?(\d|\.\d|nan|inf)/i;

/** NeMo-RL: "=== Step 3/100 ===", then "📊 Training Results:" and a bullet each. Steps begin anew with each epoch. */
class Bullets implements BlockReader {
  #epoch = 0;
  #step = 0;
  #validated: number | null = null;
  #row: { line: number; entries: [string, unknown][]; kind: ConsoleRow['kind'] } | null = null;

  line(number: number, text: string): ConsoleRow | 'taken' | null {
    const epoch = /={5} Epoch (\d{1,9})\/\d/.exec(text);
    if (epoch !== null) this.#epoch = Number(epoch[1]) - 1;
    const step = /={5} Step (\d{1,9})\/(\d{1,9}) =/.exec(text);
    if (step !== null) this.#step = this.#epoch * Number(step[2]) + Number(step[1]);
    const validation = /Starting validation at step (\d{1,9})/.exec(text);
    if (validation !== null) this.#validated = Number(validation[1]);

    const heading = /(Training|Validation) Results:/.exec(text);
    const bullet = /^\s*• ([^:]{1,200}): (\S{1,40})/.exec(text);
    if (bullet !== null && this.#row !== null && this.#row.entries.length < limits.columns) {
      const [, name = '', value = ''] = bullet;
      const called = this.#row.kind === 'evaluation' ? `validation/${name}` : name;
      if (digits.test(value)) this.#row.entries.push([called, value]);
      return 'taken';
    }
    const ended = this.end();
    if (heading !== null) {
      const kind = heading[1] === 'Training' ? 'training' : 'evaluation';
      this.#row = { line: number, entries: [], kind };
    }
    return ended ?? (heading === null ? null : 'taken');
  }

  end(): ConsoleRow | null {
    const row = this.#row;
    this.#row = null;
    if (row === null || row.entries.length === 0) return null;
    const step = row.kind === 'evaluation' ? (this.#validated ?? this.#step) : this.#step;
    return { ...row, step };
  }
}

/** AReaL: "Train step 3/1000 done.", then a grid of names and values, four to a line. */
class Grid implements BlockReader {
  #step: number | null = null;
  #row: { line: number; entries: [string, unknown][] } | null = null;

  line(number: number, text: string): ConsoleRow | 'taken' | null {
    const step = /\bTrain step (\d{1,9})\/\d{1,9} done\./.exec(text);
    if (step !== null) this.#step = Number(step[1]);
    if (this.#step === null) return null;
    const [edge] = text.trimStart();
    if (edge === '╒') {
      const ended = this.end();
      this.#row = { line: number, entries: [] };
      return ended ?? 'taken';
    }
    if (this.#row === null) return null;
    if (edge === '╘') return this.end();
    if (edge !== '│') return edge === '├' ? 'taken' : null;
    const cells = text.split('│', 2 * limits.columns).map((cell) => cell.trim());
    for (let cell = 1; cell + 1 < cells.length && this.#row.entries.length <= limits.columns; cell += 2) {
      const [name = '', value = ''] = [cells[cell], cells[cell + 1]];
      if (name !== '' && digits.test(value)) this.#row.entries.push([name, value]);
    }
    return 'taken';
  }

  end(): ConsoleRow | null {
    const row = this.#row;
    this.#row = null;
    return row === null || row.entries.length === 0 ? null : { ...row, step: this.#step, kind: 'training' };
  }
}
