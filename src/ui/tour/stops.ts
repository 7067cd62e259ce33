import { algorithmOf } from '../../algorithms/index.ts';
import { type HyperparameterKey, hyperparameters } from '../../settings/hyperparameters.ts';
import { keepsAnchor } from '../../settings/relevance.ts';
import type { LaneSetup } from '../../settings/presets.ts';
import { describeValue } from '../../store/describe.ts';
import { differingKeys } from '../../store/lanes.ts';

/** What is to be seen at a stop. */
export interface Words {
  readonly title: string;
  readonly words: string;
}

/** One stop of the tour: what it points at, and what is to be seen there. */
export interface Stop {
  /** The element pointed at, found by what it is called. */
  readonly at: string;
  /** In words that are true of the lanes on the page. */
  readonly say: (lanes: readonly LaneSetup[]) => Words;
}

const counts = ['No', 'One', 'Two', 'Three', 'Four'] as const;

/** The tour of the live page, in the order in which a first visitor needs things. */
export const stops: readonly Stop[] = [
  {
    at: '[aria-label="Run"]',
    say: (lanes) => {
      const copies = `${counts[lanes.length] ?? ''} ${lanes.length === 1 ? 'copy' : 'copies'}`;
      const tasks = [...new Set(lanes.map(({ settings }) => describeValue('task', settings.task)))];
      const told = lanes.filter(({ settings }) => algorithmOf(settings.algorithm).needsTruth);
      const blind =
        told.length === 0
          ? ', without ever seeing an answer'
          : told.length === lanes.length
            ? ', told which answers are right'
            : `; ${told.map(({ name }) => name).join(' and ')} is told which answers are right`;
      return {
        title: 'Press Train',
        words: `${copies} of a small language model practise “${tasks.join('” and “')}”${blind}. Start now and read on; the tour goes on beside the run.`,
      };
    },
  },
  {
    at: '[aria-label="Lanes"]',
    say: (lanes) => {
      const keys = differingKeys(lanes.map(({ settings }) => settings));
      const cards = 'A card says in words how its run fares, and what helps when it fares badly.';
      const algorithms = [...new Set(lanes.map(({ settings }) => settings.algorithm))].map(algorithmOf);
      const summaries = algorithms.map(({ name, summary }) => `${name}: ${summary}`).join(' ');
      if (lanes.length === 1) return { title: 'The run', words: `${summaries} ${cards}` };
      const alike =
        keys.length === 1 && keys[0] === 'algorithm' && algorithms.length === 2
          ? `Same model, same prompts, same random numbers. ${summaries}`
          : `They differ in ${labelsOf(keys)}.`;
      const differences = keys.length === 1 ? 'one difference' : `${String(keys.length)} differences`;
      return {
        title: `${counts[lanes.length] ?? ''} runs, ${keys.length === 0 ? 'all alike' : differences}`,
        words: keys.length === 0 ? cards : `${alike} ${cards}`,
      };
    },
  },
  {
    at: '#chart-reward',
    say: () => ({
      title: 'Paid, and right',
      words:
        'The solid line is what a run is paid, the dashed one what of it is right. Where they part, it is paid for something else than being right: self-deception. Point at any chart, and all of them show that step.',
    }),
  },
  {
    at: '[aria-labelledby="turns-title"]',
    say: () => ({
      title: 'What happened, in sentences',
      words:
        'At each turn of a run a sentence appears here, told by its own numbers. Press one, and charts, timeline and rollouts show its step.',
    }),
  },
  {
    at: '#chart-entropy',
    say: () => ({
      title: 'How undecided it still is',
      words:
        'Entropy falls in healthy runs, too: training sharpens the policy. Near 0 nothing new is tried any more, and nothing can be learned.',
    }),
  },
  {
    at: '#chart-vote',
    say: (lanes) => ({
      title: 'The warning that needs no labels',
      words: lanes.some(({ settings }) => keepsAnchor(settings))
        ? 'Do policy and anchor still answer alike? When the overlap sinks into the amber and red zones, a collapse is often near. It needs no labels, and works in your own runs, too.'
        : 'Do policy and anchor still answer alike? No run here keeps an anchor: switch the shadow anchor on to see the overlap, which announces most collapses without labels.',
    }),
  },
  {
    at: '[aria-label="Timeline"]',
    say: () => ({
      title: 'Go back and try a cure',
      words:
        'Drag to any step that was recorded. Fork starts a new lane from the checkpoint there, with the same random numbers: change one knob and see what difference it makes.',
    }),
  },
  {
    at: '[aria-label^="Settings of"]',
    say: () => ({
      title: 'Turn any knob while it runs',
      words:
        'Dots show which lanes a change reaches, the tick on a slider is the paper’s value. Try the learning rate. The Guide has experiments of one knob each, with their measured outcome.',
    }),
  },
];

function labelsOf(keys: readonly HyperparameterKey[]): string {
  const labels = keys.slice(0, 4).map((key) => hyperparameters[key].label);
  return keys.length > labels.length ? `${labels.join(', ')} and more` : labels.join(' and ');
}
