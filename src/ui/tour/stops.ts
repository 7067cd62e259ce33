/** One stop of the tour: what it points at, and what is to be seen there. */
export interface Stop {
  /** The element pointed at, found by what it is called. */
  readonly at: string;
  readonly title: string;
  readonly words: string;
}

/** The tour of the live page, in the order in which a first visitor needs things. */
export const stops: readonly Stop[] = [
  {
    at: '[aria-label="Run"]',
    title: 'Press Train',
    words:
      'Two copies of a small language model learn to sort digits without ever seeing an answer: each is rewarded for agreeing with the majority of its own attempts. Start them now and read on; the tour goes on beside the run.',
  },
  {
    at: '[aria-label="Lanes"]',
    title: 'Two runs, one difference',
    words:
      'Same model, same prompts, same random numbers. SRT votes by itself; in M-GRPO + IQR a slow copy, the anchor, votes along. Each card says in words how its run fares, and what helps when it fares badly.',
  },
  {
    at: '#chart-entropy',
    title: 'One line dies, one lives',
    words:
      'Entropy is how undecided the model still is. Watch the orange line go flat: nothing new is tried any more. Point at any chart and all of them show that step.',
  },
  {
    at: '#chart-reward',
    title: 'Self-deception',
    words:
      'The solid line is what the run believes of itself, the dashed one the truth it never sees. Where they part, the model agrees with itself on wrong answers.',
  },
  {
    at: '#chart-vote',
    title: 'The warning that needs no labels',
    words:
      'Do policy and anchor still answer alike? When the overlap sinks into the amber and red zones, collapse is near: this works in your own runs too.',
  },
  {
    at: '[aria-label="Timeline"]',
    title: 'Go back and try a cure',
    words:
      'Drag to any step that was recorded. Fork starts a new lane from the checkpoint there, with the same random numbers: change one knob and see what difference it makes.',
  },
  {
    at: '[aria-label^="Settings of"]',
    title: 'Turn any knob while it runs',
    words:
      'Dots show which lanes a change reaches, the tick on a slider is the paper’s value. Try the learning rate. The Guide has five such experiments with their measured outcome.',
  },
];
