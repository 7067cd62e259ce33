import type { ConsoleRow } from './consoleRows.ts';
import { limits } from './log.ts';
import { isMetricName, isRateName } from './names.ts';
import { isStepName } from './steps.ts';

const stepOf =
  /(?:^|[^\w/])(?:global[_ ]?step|training[_ ]?step|step|iteration|iter) {0,3}[:=#]? {0,3}(\d{1,9})(?![\d.\w])/i;
const pair =
  /([A-Za-z_][\w/.@-]{0,100}) ?[:=] ?([-+]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:e[-+]?\d{1,3})?|[-+]?(?:nan|inf))(?![\w.%:/])/gi;
/** An evaluation calls what it measures as training does. */
const beside = /\b(?:eval|evaluation|val|validation|test)\b(?!\/)/i;
/** Characters of a line that are looked at. */
const longest = 5000;

/**
 * What the lines of any program's own logger say, where nothing else is printed: a step, and names with their numbers.
 * "INFO step=12 reward=0.5 kl=0.01", "[step 12] reward: 0.5, kl: 0.01", "Step 12 | Reward: 0.5 | KL: 0.01".
 */
export class Pairs {
  readonly rows: ConsoleRow[] = [];

  /** @param line its number */
  add(line: number, text: string): void {
    if (text.length > longest || this.rows.length >= limits.rows) return;
    const step = stepOf.exec(text)?.[1];
    if (step === undefined || beside.test(text)) return;
    const entries = [...text.matchAll(pair)].flatMap(([, name = '', value]): [string, unknown][] =>
      isStepName(name) ? [] : [[name, value]],
    );
    if (!entries.some(([name]) => isMetricName(name) && !isRateName(name))) return;
    this.rows.push({ line, entries, step: Number(step), kind: 'training' });
  }
}
