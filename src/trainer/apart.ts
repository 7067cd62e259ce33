import type { TrainingEngine, TrainingState } from '../engine/engine.ts';
import type { RolloutRandom } from '../engine/rollout/call.ts';
import { failureOf, type Failure } from '../lib/failure.ts';
import {
  type Ends,
  type Evaluated,
  type EvaluationCall,
  type Evaluator,
  type ShortCompletion,
} from './evaluate.ts';

// Evaluation beside the training: another runtime draws the completions of a copy of the model while the next steps are
// made. What it returns is what the engine would have drawn, token for token: a runtime has other last bits, so it
// leaves out every completion that these could change, and the engine draws those few, with the weights of that step.

/** A model as it was at a step, and what is asked of it. */
export interface ApartQuestion {
  /** Parameters, [layout.size]; the anchor's where it is asked. They are the trainer's own: to be copied, or only read. */
  readonly policy: Float32Array<ArrayBuffer>;
  readonly anchor: Float32Array<ArrayBuffer> | null;
  readonly calls: readonly EvaluationCall[];
  readonly random: RolloutRandom;
  readonly ends: Ends;
}

/** Of each request of each call the tokens of its completion, end token included; null where another runtime may have drawn others. */
export type ApartAnswer = readonly (readonly (readonly number[] | null)[])[];

/** Draws completions elsewhere. @throws LabError where it can't; all of them are then the engine's */
export type EvaluateApart = (question: ApartQuestion) => Promise<ApartAnswer>;

/** What became of an evaluation that was handed over. */
export interface Settled {
  readonly evaluated: Evaluated;
  /** Why the engine had to draw all of it. */
  readonly failure: Failure | null;
}

/** An evaluation that was handed over. */
export interface HeldEvaluation {
  /** What was trained until then. */
  readonly state: TrainingState;
  /** Whether nothing is waited for any more. */
  readonly answered: boolean;
  /** Its figures, those of the engine to the last bit; between two steps. @throws LabError `device-lost` */
  readonly settle: () => Promise<Settled>;
}

/** Hands over the evaluation of a model as it is after a step. */
export async function handOver(
  apart: EvaluateApart,
  engine: TrainingEngine,
  evaluation: Evaluator,
  step: number,
): Promise<HeldEvaluation> {
  const state = await engine.readState();
  const { policy, anchor } = state;
  const { calls, ends } = evaluation;
  const random = evaluation.randomAt(step);
  const anchored = calls.some(({ requests }) => requests.some(({ model }) => model === 'anchor'));
  const asked = apart({ policy, anchor: anchored ? anchor : null, calls, random, ends });
  const answer = asked.catch(failureOf).finally(() => {
    held.answered = true;
  });
  const held = {
    state,
    answered: false,
    settle: async (): Promise<Settled> => {
      const answered = await answer;
      const failure = 'code' in answered ? answered : null;
      const drawn = 'code' in answered ? [] : answered.flat();
      return {
        evaluated: evaluation.score(await completed(drawn, engine, state, evaluation, step)),
        failure,
      };
    },
  };
  return held;
}

/** All completions of an evaluation: those that were drawn, and the engine's where there is none. */
async function completed(
  drawn: ApartAnswer[number],
  engine: TrainingEngine,
  state: TrainingState,
  evaluation: Evaluator,
  step: number,
): Promise<ShortCompletion[]> {
  const { calls, ends, atOnce } = evaluation;
  const completions: ShortCompletion[] = drawn.map((tokens) => ({
    tokens: tokens ?? [],
    truncated: tokens?.at(-1) !== ends.endToken,
  }));
  const open = calls
    .flatMap(({ prompts, requests }) =>
      requests.map((request) => ({ request, prompt: prompts[request.prompt] ?? [] })),
    )
    .map((each, at) => ({ ...each, at }))
    .filter(({ at }) => (drawn[at] ?? null) === null);
  if (open.length === 0) return completions;
  // What is trained lies aside meanwhile.
  engine.keep();
  engine.loadState(state);
  try {
    for (let from = 0; from < open.length; from += atOnce) {
      const some = open.slice(from, from + atOnce);
      const prompts = [...new Set(some.map(({ prompt }) => prompt))];
      const requests = some.map(({ prompt, request }) => ({ ...request, prompt: prompts.indexOf(prompt) }));
      const found = await engine.evaluate(prompts, requests, evaluation.randomAt(step));
      for (const [i, { at }] of some.entries()) {
        const completion = found[i];
        if (completion !== undefined) completions[at] = completion;
      }
    }
  } finally {
    engine.goBack();
  }
  return completions;
}
