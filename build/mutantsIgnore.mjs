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

/** What Stryker loads as a plugin. */
export const strykerPlugins = [{ kind: 'Ignore', name: 'lab', value: { shouldIgnore: reasonToIgnore } }];
