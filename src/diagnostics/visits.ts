import { mean } from '../lib/stats.ts';
import { plurality } from '../rl/vote.ts';
import { OverlapWindow, pairShares } from './overlap.ts';
import type { Answers } from './votes.ts';

/** Where prompts come back: what changed since each was answered last. */
export class Visits {
  readonly #last = new Map<string, Answers>();
  readonly #window = new OverlapWindow();

  /** @param groups a step's prompts with their answers; nothing is measured where none was there before */
  add(groups: readonly { readonly prompt: string; readonly answers: Answers }[]) {
    const again = groups.flatMap(({ prompt, answers }) => {
      const before = this.#last.get(prompt);
      return before === undefined ? [] : [{ now: answers, before }];
    });
    for (const { prompt, answers } of groups) this.#last.set(prompt, answers);
    return {
      'visit/majority_flips': mean(
        again.map(({ now, before }) => Number(plurality(now).answer !== plurality(before).answer)),
      ),
      'visit/answer_overlap': this.#window.add(
        pairShares(again.map(({ now, before }) => ({ policy: now, anchor: before }))),
      ),
    };
  }
}
