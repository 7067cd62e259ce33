import { accuracy, majorityAccuracy } from '../diagnostics/truth.ts';
import type { TrainingEngine } from '../engine/engine.ts';
import type { RolloutRandom, RolloutRequest } from '../engine/rollout/call.ts';
import type { Completion } from '../engine/rollout/sampler.ts';
import { purposes } from '../lib/philox.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';
import type { Problem, Task } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { drawHeldOut } from '../tasks/draw.ts';
import { promptTokens } from '../tasks/promptTokens.ts';
import { answerOf } from './rollouts.ts';

/** Rollouts of one submission at most: long ones get devices reset, and buffers are made for this many. */
const mostAtOnce = 768;
/** Of prompts that are longer there are fewer at once, so that their keys and values take no more room. */
const shortPrompt = 16;
const leastAtOnce = 128;

/** How many rollouts of an evaluation are drawn at once, and the most tokens that a prompt of it has. */
export function evaluationChunk(
  task: Task,
  { taskLevel, oodLevel }: Pick<Settings, 'taskLevel' | 'oodLevel'>,
  tokenizer: Tokenizer,
): { readonly rollouts: number; readonly maxPromptLength: number } {
  const [trained, unseen] = [taskLevel, oodLevel].map((level) => promptTokens(task, level, tokenizer));
  const maxPromptLength = Math.max(trained ?? 0, unseen ?? 0);
  const fitting = Math.floor((mostAtOnce * shortPrompt) / maxPromptLength);
  return { rollouts: Math.max(leastAtOnce, Math.min(mostAtOnce, fitting)), maxPromptLength };
}

/** Prompts of the out-of-distribution level: half as many as of the level trained. */
function oodPrompts(settings: Settings): number {
  return Math.ceil(settings.evalPrompts / 2);
}

type Kind = 'greedy' | 'sampled' | 'majority' | 'anchor' | 'ood';

interface Job {
  readonly prompt: string;
  readonly solution: string;
  readonly wanted: readonly { readonly kind: Kind; readonly request: Omit<RolloutRequest, 'prompt'> }[];
}

/** What an evaluation measures; NaN for what this run does not. */
export type Evaluated = Pick<MetricRow, Extract<MetricId, `eval/${string}`>>;

/** Completions that are asked for together: prompts as token ids, and what is wanted of each. */
export interface EvaluationCall {
  readonly prompts: readonly (readonly number[])[];
  readonly requests: readonly RolloutRequest[];
}

/** How completions end. */
export interface Ends {
  /** Tokens. */
  readonly maxCompletionLength: number;
  readonly endToken: number;
}

/** As much of a completion as its answer takes. */
export type ShortCompletion = Pick<Completion, 'tokens' | 'truncated'>;

/** The fixed held-out sets of a run and how they are measured. Temperature 1, whatever training samples at. */
export class Evaluator {
  /** Rollouts of one call of the engine, at most. */
  readonly atOnce: number;
  readonly #task: Task;
  readonly #tokenizer: Tokenizer;
  readonly #seed: number;
  readonly #jobs: readonly Job[];
  /** All that is asked of the model, as engines take it: the same at every step. */
  readonly calls: readonly EvaluationCall[];
  readonly ends: Ends;

  /** @param withAnchor whether an anchor is kept that can be evaluated */
  constructor(settings: Settings, task: Task, tokenizer: Tokenizer, withAnchor: boolean) {
    this.#task = task;
    this.#tokenizer = tokenizer;
    this.#seed = settings.seed;
    this.ends = { maxCompletionLength: settings.maxCompletionLength, endToken: tokenizer.endToken };
    const heldOut = solved(drawHeldOut(task, settings.taskLevel, settings.evalPrompts));
    const unseen =
      task.levels === null ? [] : solved(drawHeldOut(task, settings.oodLevel, oodPrompts(settings)));
    const greedy = { temperature: 0, rollout: 0, purpose: purposes.evaluationSample } as const;
    const samples = (count: number, prompt: number, kind: Kind, purpose: number) =>
      Array.from({ length: count }, (_, i) => ({
        kind,
        request: { model: 'policy' as const, temperature: 1, rollout: prompt * 64 + i, purpose },
      }));
    this.#jobs = [
      ...heldOut.map((problem, p) => ({
        ...problem,
        wanted: [
          { kind: 'greedy' as const, request: { model: 'policy' as const, ...greedy } },
          ...(withAnchor
            ? [{ kind: 'anchor' as const, request: { model: 'anchor' as const, ...greedy } }]
            : []),
          ...samples(settings.evalSamples, p, 'sampled', purposes.evaluationSample),
          ...samples(
            p < settings.evalMajorityPrompts ? settings.evalMajoritySamples : 0,
            p,
            'majority',
            purposes.majoritySample,
          ),
        ],
      })),
      ...unseen.map((problem) => ({
        ...problem,
        wanted: [{ kind: 'ood' as const, request: { model: 'policy' as const, ...greedy } }],
      })),
    ];
    this.atOnce = evaluationChunk(task, settings, tokenizer).rollouts;
    this.calls = Array.from(chunks(this.#jobs, this.atOnce), (jobs) => ({
      prompts: jobs.map((job) => tokenizer.encode(job.prompt)),
      requests: jobs.flatMap(({ wanted }, prompt) => wanted.map(({ request }) => ({ ...request, prompt }))),
    }));
  }

  /** The metrics of the model as it is. */
  async measure(engine: Pick<TrainingEngine, 'evaluate'>, step: number): Promise<Evaluated> {
    const completions: ShortCompletion[] = [];
    for (const { prompts, requests } of this.calls)
      completions.push(...(await engine.evaluate(prompts, requests, this.randomAt(step))));
    return this.score(completions);
  }

  /** The random numbers of an evaluation. */
  randomAt(step: number): RolloutRandom {
    return { seed: this.#seed, step };
  }

  /** @param completions of all requests of `calls`, one after another */
  score(completions: readonly ShortCompletion[]): Evaluated {
    const answers: Record<Kind, (string | null)[][]> = {
      greedy: [],
      sampled: [],
      majority: [],
      anchor: [],
      ood: [],
    };
    const solutions: Record<Kind, string[]> = { greedy: [], sampled: [], majority: [], anchor: [], ood: [] };
    let next = 0;
    for (const { prompt, solution, wanted } of this.#jobs) {
      const seen = new Set<Kind>();
      for (const { kind } of wanted) {
        const completion = completions[next++];
        if (!seen.has(kind)) {
          seen.add(kind);
          answers[kind].push([]);
          solutions[kind].push(solution);
        }
        if (completion !== undefined)
          answers[kind].at(-1)?.push(answerOf(completion, prompt, this.#task, this.#tokenizer));
      }
    }
    return {
      'eval/greedy': accuracy(answers.greedy, solutions.greedy),
      'eval/sampled': accuracy(answers.sampled, solutions.sampled),
      'eval/ood': accuracy(answers.ood, solutions.ood),
      'eval/majority': majorityAccuracy(answers.majority, solutions.majority),
      'eval/anchor_greedy': accuracy(answers.anchor, solutions.anchor),
    };
  }
}

/** Without a solution there is nothing to measure. */
function solved(problems: readonly Problem[]): readonly { prompt: string; solution: string }[] {
  return problems.flatMap(({ prompt, solution }) => (solution === null ? [] : [{ prompt, solution }]));
}

/** Whole jobs, at most so many completions together (or one job that is larger). */
function* chunks(jobs: readonly Job[], most: number): Generator<Job[]> {
  let open: Job[] = [];
  let size = 0;
  for (const job of jobs) {
    if (open.length > 0 && size + job.wanted.length > most) {
      yield open;
      open = [];
      size = 0;
    }
    open.push(job);
    size += job.wanted.length;
  }
  if (open.length > 0) yield open;
}
