import { StepStory, type ToldRun, turnsOf } from '../../diagnostics/story.ts';
import { metrics } from '../../spec/metrics.ts';
import type { Lane, Mark } from '../../store/lanes.ts';

/** An entry of the list of turns: what a run did by itself, or what was done to it. */
export interface Told {
  readonly key: string;
  readonly step: number;
  /** Colours of the lanes it is about. */
  readonly slots: readonly number[];
  readonly sentence: string;
}

/** What was told of a history, under the name that its lane had; histories grow in place. */
const stories = new WeakMap<Lane['history'], { readonly name: string; readonly story: StepStory }>();

/** A lane as a run to be told of. */
export function toldRun({ name, history }: Pick<Lane, 'name' | 'history'>): ToldRun {
  let known = stories.get(history);
  if (known?.name !== name) {
    known = { name, story: new StepStory() };
    stories.set(history, known);
  }
  return { name, column: (id) => history.column(id), story: known.story };
}

/** Turns and marks in the order of their steps; without those that only labels tell where truth is hidden. */
export function toldOf(
  lanes: readonly Lane[],
  marks: readonly Mark[],
  truthHidden: boolean,
): readonly Told[] {
  const turns = turnsOf(lanes.map(toldRun))
    // The guard draws a mark of its own, which says more.
    .filter(({ kind, metric }) => kind !== 'guard' && !(truthHidden && metrics[metric].needsTruth))
    .map(({ kind, step, known, runs, sentence }) => ({
      key: `${kind} ${String(step)} ${runs.join()}`,
      step,
      known,
      slots: runs.flatMap((run) => lanes[run]?.slot ?? []),
      // A figure and its sign stay on one line.
      sentence: sentence.replaceAll(' %', '\u00a0%'),
    }));
  const done = marks.map(({ step, text, lanes: ids }) => ({
    key: text,
    step,
    known: step,
    slots: lanes.filter(({ id }) => ids.includes(id)).map(({ slot }) => slot),
    sentence: text.replace(/^step \d+: /, ''),
  }));
  return [...turns, ...done].sort((a, b) => a.step - b.step || a.known - b.known);
}
