import { algorithmOf } from '../algorithms/index.ts';
import { LabError } from '../lib/labError.ts';
import { printable, quote } from '../lib/quote.ts';
import { hyperparameterKeys, hyperparameters, type Settings } from './hyperparameters.ts';

/** UTF-16 code units. */
export const longestName = 60;

/**
 * The name of a lane as somebody gave it: one line, without spaces around it.
 * @throws LabError `bad-setting` where it is empty, too long, or holds what no eye sees
 */
export function checkLaneName(given: string): string {
  const name = given.normalize().replace(/ +/g, ' ').trim();
  if (name !== printable(name)) {
    throw new LabError(
      'bad-setting',
      `A lane can't be called ${quote(given)}: a name is one line of characters that can be seen.`,
      'Leave out what stands behind a backslash.',
    );
  }
  if (name.length >= 1 && name.length <= longestName) return name;
  throw new LabError(
    'bad-setting',
    `A lane's name can't have ${String(name.length)} characters: it must have 1 to ${String(longestName)}.`,
    name === '' ? 'Name it, or leave the name out.' : 'Choose a shorter name.',
  );
}

/**
 * Whatever text as a name that no lane has yet: "SRT", "SRT (2)", "SRT (3)". Empty where nothing of it can be seen. The
 * number stands in brackets: that of "Group size G 8" is a setting.
 */
export function freeLaneName(like: string, taken: readonly string[]): string {
  const name = shortened(printable(like.normalize()), longestName);
  if (!taken.includes(name)) return name;
  const stem = shortened(name.replace(/ \(\d+\)$/, ''), longestName - 6);
  for (let number = 2; ; number++) {
    const next = `${stem} (${String(number)})`;
    if (!taken.includes(next)) return next;
  }
}

/** What presets say of settings in the names of their lanes, and whether other letters may follow it. */
const said: readonly ((settings: Settings) => string)[] = [
  ({ algorithm }) => algorithmOf(algorithm).name,
  ({ guard }) => (guard === 'off' ? '' : ' + guard'),
  ({ algorithm, anchorShare }) =>
    algorithmOf(algorithm).anchor === 'none' ? '' : `, N = G/${String(1 / anchorShare)}`,
  ...hyperparameterKeys.map(
    (key) => (settings: Settings) => `${hyperparameters[key].label} ${String(settings[key])}`,
  ),
];

/** A name after settings changed: what it said of them is true again, all else stays as it was. */
export function renamed(name: string, before: Settings, after: Settings): string {
  return said.reduce((now, says) => {
    const [old, current] = [says(before), says(after)];
    if (old === current || old === '') return now;
    // Not "Group size G 8" in "Group size G 80", nor "SRT" in "SRTX".
    const at = now.indexOf(old);
    const [left, right] = [now[at - 1] ?? '', now.slice(at + old.length)];
    const whole = at >= 0 && !(/^\w/.test(old) && /\w/.test(left)) && !/^(\w|\.\d)/.test(right);
    return whole ? now.slice(0, at) + current + right : now;
  }, name);
}

/** Cut between characters. */
function shortened(text: string, most: number): string {
  let kept = '';
  for (const character of text) {
    if (kept.length + character.length > most) break;
    kept += character;
  }
  return kept.trim();
}
