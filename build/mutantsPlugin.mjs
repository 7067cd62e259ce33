import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Keys under which the tables of the lab hold words for people. */
const words = new Set(['label', 'help', 'otherwise', 'summary', 'title', 'question', 'unit', 'remedy']);

/** What makes errors, and the argument from which on it is given words. */
const errors = { LabError: 1, LineError: 1, refusal: 0 };

/** A text in which nothing is computed: mutants inside of others are wanted. */
function isPlainText(path) {
  if (path.isStringLiteral()) return true;
  const plain = ({ type, callee, arguments: [first] = [] }) =>
    type === 'Identifier' ||
    type === 'MemberExpression' ||
    (type === 'CallExpression' && callee.name === 'String' && plain(first));
  return path.isTemplateLiteral() && path.node.expressions.every(plain);
}

/** A reason to leave a place as it is; undefined where it is mutated. */
function reasonToIgnore(path) {
  const { parent, key, listKey } = path;
  if (path.isCallExpression() && path.get('callee').toString() === 'import.meta.glob') {
    return 'Vite expands it before anything runs: what it is given must be literals.';
  }
  if (!isPlainText(path)) return undefined;
  if (parent.type === 'ObjectProperty' && key === 'value' && words.has(parent.key.name)) {
    return 'Words of a table: nothing is decided by them, and that there are some is tested for every entry.';
  }
  if (listKey === 'arguments' && key >= errors[parent.callee.name]) {
    return 'Words of an error: which error it is, and that it is thrown, is mutated.';
  }
  return undefined;
}

/** A mutant in a line: what became of it, where it is, and what it is. */
function lineOf({ fileName, location: { start, end }, mutatorName, replacement, status }) {
  const lines = readFileSync(fileName, 'utf8').split('\n');
  const [first = ''] = lines.slice(start.line - 1);
  const before =
    start.line === end.line
      ? first.slice(start.column - 1, end.column - 1)
      : `${first.slice(start.column - 1)} …`;
  const place = `${relative(process.cwd(), fileName)}:${start.line}:${start.column}`;
  return `${status}  ${place}  ${mutatorName}: ${before} → ${replacement}`.replaceAll(/\s+/g, ' ');
}

/** Says each mutant that no test noticed as soon as it is known: a run of hours that is cut off has told something. */
class Survivors {
  onMutantTested(mutant) {
    if (['Survived', 'NoCoverage', 'Timeout'].includes(mutant.status)) console.log(lineOf(mutant));
  }
}

/** What Stryker loads as plugins. */
export const strykerPlugins = [
  { kind: 'Ignore', name: 'lab', value: { shouldIgnore: reasonToIgnore } },
  { kind: 'Reporter', name: 'survivors', injectableClass: Survivors },
];
