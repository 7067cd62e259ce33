import type { ConsoleRow } from './consoleRows.ts';
import { limits } from './log.ts';
import { isMetricName } from './names.ts';

/** A progress bar that tells metrics behind its rate: "Episode [1/2]:  12%|█▏ | 1/8 [02:30<17:30, 150.0s/it, reward=0.48]". */
const barWithMetrics =
  /^(.{0,100}?)\s{0,20}\d{1,3}%\|[^|]{0,400}\|\s{0,20}(\d{1,9})\/(\d{1,9}) {0,3}\[[^\],]{1,60}, {0,3}[^\],=]{1,60}, {0,3}([^\]]{1,5000})\]?/;
const number = /^[-+]?(?:\d|\.\d|nan|inf)/i;

/** What one bar has told so far. */
interface Told {
  readonly rows: Map<number, ConsoleRow>;
  /** Steps of the bars of this name that ended before. */
  before: number;
  last: number;
  total: number;
}

/**
 * What progress bars tell, where nothing else tells it: a row for each of their steps, as it was drawn last.
 * @source tqdm, set_postfix; OpenRLHF before 0.5.8, which draws a bar of its episodes and another in each of its steps
 */
export class Bars {
  /** By their descriptions, whatever is counted in these. */
  readonly #told = new Map<string, Told>();
  #rows = 0;

  /** @param line its number */
  add(line: number, text: string): void {
    // Most lines are none, and are long.
    if (!text.includes('%|') || !text.includes('=')) return;
    const [, called = '', done, of, behind = ''] = barWithMetrics.exec(text) ?? [];
    const entries = behind.split(/, {0,3}/, limits.columns).flatMap((pair): [string, unknown][] => {
      const at = pair.indexOf('=');
      const value = pair.slice(at + 1).trim();
      return at > 0 && number.test(value) ? [[pair.slice(0, at).trim(), value]] : [];
    });
    if (!entries.some(([name]) => isMetricName(name)) || this.#rows >= limits.rows) return;
    const name = called.replace(/\d+/g, '#');
    const told = this.#told.get(name) ?? {
      rows: new Map<number, ConsoleRow>(),
      before: 0,
      last: -1,
      total: 0,
    };
    this.#told.set(name, told);
    const drawn = Number(done);
    if (drawn < told.last) told.before += told.total;
    [told.last, told.total] = [drawn, Number(of)];
    const step = told.before + drawn;
    if (!told.rows.has(step)) this.#rows++;
    told.rows.set(step, { line, entries, step, kind: 'training' });
  }

  /** The rows of the bar that tells the most metrics, of two that tell as many the longer one. */
  get rows(): readonly ConsoleRow[] {
    let best: readonly ConsoleRow[] = [];
    for (const { rows } of this.#told.values()) {
      const these = [...rows.values()];
      const more = metricsIn(these) - metricsIn(best) || these.length - best.length;
      if (more > 0) best = these;
    }
    return best;
  }
}

function metricsIn(rows: readonly ConsoleRow[]): number {
  return rows.at(-1)?.entries.filter(([name]) => isMetricName(name)).length ?? 0;
}
