import { dirname, relative, resolve, sep } from 'node:path';

/** The room of a file: its folder under src, or its top-level folder; `entry` is the path inside it. */
function placeOf(root, file) {
  const [top = '', ...rest] = relative(root, file).split(sep);
  const parts = top === 'src' ? rest : [top, ...rest];
  return { inSource: top === 'src', room: parts[0] ?? '', entry: parts.join('/') };
}

/**
 * An ESLint rule made of the order of the rooms: a file under src imports only its own room and rooms
 * further down, types included.
 * @param order rooms from the lowest; rooms in one inner array don't know each other
 * @param limits room → what of the lower rooms it may not import; `room/file.ts` in `except` lifts it
 * @param outside top-level folder → the rooms that may import it
 * @param root the repository's folder
 */
export function importDirection({ order, limits, outside, root }) {
  const height = new Map(order.flatMap((rooms, level) => [rooms].flat().map((room) => [room, level])));

  /** Why `from` may not import `to`; null where it may. */
  function objection(from, to) {
    if (!to.inSource) {
      return outside[to.room]?.includes(from.room) ? null : `${from.room} imports nothing of ${to.room}/`;
    }
    if (!height.has(from.room)) return `src/${from.room} is no room of the order in eslint.config.js`;
    if (from.room === to.room) return null;
    if (!((height.get(to.room) ?? Infinity) < height.get(from.room))) {
      return `${from.room} is not above ${to.room}`;
    }
    const { never = [], except = [], because = '' } = limits[from.room] ?? {};
    if (!never.includes(to.room) || except.includes(to.entry)) return null;
    return `${from.room} knows nothing of ${to.room}: ${because}`;
  }

  return {
    meta: { type: 'problem', schema: [], messages: { direction: 'Imports point one way: {{ why }}.' } },
    create(context) {
      const from = placeOf(root, context.filename);
      function check(source) {
        if (source?.type === 'TSLiteralType') return check(source.literal);
        if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
        const path = source.value.replace(/\?.*$/, '');
        const why = objection(from, placeOf(root, resolve(dirname(context.filename), path)));
        if (why !== null) context.report({ node: source, messageId: 'direction', data: { why } });
      }
      return {
        ImportDeclaration: (node) => check(node.source),
        ExportNamedDeclaration: (node) => check(node.source),
        ExportAllDeclaration: (node) => check(node.source),
        ImportExpression: (node) => check(node.source),
        TSImportType: (node) => check(node.argument ?? node.source),
      };
    },
  };
}
