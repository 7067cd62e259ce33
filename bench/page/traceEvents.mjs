// Reads a trace that Chromium recorded: which tasks the page's main thread ran, how long, and what was in them.

/** The categories of a trace that hold what is read here. */
export const categories = [
  'toplevel',
  'devtools.timeline',
  'disabled-by-default-devtools.timeline',
  'blink.user_timing',
  'v8',
];

/** What the events of a trace count as, as in the performance panel of the developer tools. */
const namesOf = {
  script: [
    ...[
      'FunctionCall',
      'EvaluateScript',
      'TimerFire',
      'FireAnimationFrame',
      'FireIdleCallback',
      'EventDispatch',
    ],
    ...[
      'RunMicrotasks',
      'HandlePostMessage',
      'v8.compile',
      'v8.compileModule',
      'v8.evaluateModule',
      'v8.run',
    ],
    ...['MinorGC', 'MajorGC', 'V8.GCScavenger', 'V8.GCFinalizeMC', 'BlinkGC.AtomicPhase'],
  ],
  layout: ['UpdateLayoutTree', 'RecalculateStyles', 'Layout', 'HitTest'],
  paint: ['PrePaint', 'Paint', 'Layerize', 'Commit', 'UpdateLayer', 'CompositeLayers'],
  parse: ['ParseHTML', 'ParseAuthorStyleSheet'],
};
const kindOf = new Map(Object.entries(namesOf).flatMap(([kind, names]) => names.map((name) => [name, kind])));

/** Calls shorter than this, in µs, say little about a task. */
const shortCall = 2000;

/** What a user's mark or measure of that name left in the trace: its thread and its times in µs, in order. */
export function marksOf(events, name) {
  const marks = events.filter((event) => event.name === name && event.cat.includes('blink.user_timing'));
  return marks.sort((a, b) => a.ts - b.ts);
}

/**
 * The tasks of the main thread on which the mark was set, in order.
 * @param events of a trace, as Chromium writes them
 * @param mark given to performance.mark in the page
 * @returns per task `startMs` on the trace's clock; `ms`; `cpuMs`, without the time it waited for a core; `kinds`: ms of its own per kind;
 *   `calls`: the longer named events in it, outer before inner, with their `ms`
 */
export function tasksOf(events, mark) {
  const [marked] = marksOf(events, mark);
  if (marked === undefined) throw new Error(`The trace has no mark "${mark}".`);
  const own = events.filter(({ ph, pid, tid }) => ph === 'X' && pid === marked.pid && tid === marked.tid);
  own.sort((a, b) => a.ts - b.ts || b.dur - a.dur);

  const tasks = [];
  /** Events under way, the innermost last; `own` is their time without that of the events in them. */
  const open = [];
  const close = (until) => {
    while (open.length > 0 && open.at(-1).end <= until) {
      const { kind, own } = open.pop();
      const { kinds } = tasks.at(-1);
      kinds[kind] = (kinds[kind] ?? 0) + own / 1000;
    }
  };
  for (const event of own) {
    const { name, ts, dur = 0, tdur = NaN } = event;
    close(ts);
    const parent = open.at(-1);
    if (parent !== undefined) parent.own -= dur;
    else if (!name.endsWith('RunTask')) continue;
    else tasks.push({ startMs: ts / 1000, ms: dur / 1000, cpuMs: tdur / 1000, kinds: {}, calls: [] });
    open.push({ end: ts + dur, own: dur, kind: kindOf.get(name) ?? parent?.kind ?? 'other' });
    if (kindOf.has(name) && dur > shortCall)
      tasks.at(-1).calls.push({ name: titleOf(event), ms: dur / 1000 });
  }
  close(Infinity);
  return tasks;
}

/** "FunctionCall flush index.js:12:345" */
function titleOf({ name, args }) {
  const { functionName, type, url, lineNumber, columnNumber } = args?.data ?? {};
  const place = url === undefined ? '' : `${url.split('/').at(-1)}:${lineNumber}:${columnNumber}`;
  return [name, functionName, type, place].filter(Boolean).join(' ');
}
