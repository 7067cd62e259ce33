import { algorithmOf } from '../algorithms/index.ts';
import { collect } from '../diagnostics/collect.ts';
import { EarlyWarning } from '../diagnostics/earlyWarning.ts';
import { OverlapWindow } from '../diagnostics/overlap.ts';
import { truthMetrics } from '../diagnostics/truth.ts';
import { Engine, type EngineCapacity, type TrainingEngine, type TrainingState } from '../engine/engine.ts';
import type { TrainingGroup } from '../engine/rows.ts';
import type { LearnedTokens } from '../engine/updateReport.ts';
import { untriedPlan, type Plan } from '../engine/plan.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { randomStream } from '../lib/philox.ts';
import type { BaseModel } from '../model/baseModel.ts';
import { momentumAt } from '../rl/anchor.ts';
import { learningRateAt } from '../rl/schedule.ts';
import { hyperparameters, type Settings } from '../settings/hyperparameters.ts';
import { applyLive } from '../settings/settings.ts';
import type { Algorithm } from '../spec/algorithm.ts';
import type { MetricRow } from '../spec/metrics.ts';
import type { RewardRunner } from '../spec/reward.ts';
import type { Task } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { promptsOf, type PromptStream } from '../tasks/draw.ts';
import { taskOf } from '../tasks/index.ts';
import { handOver, type EvaluateApart, type HeldEvaluation } from './apart.ts';
import { firstCheckpoint, RecentCheckpoints, type Checkpoint } from './checkpoint.ts';
import { Evaluator } from './evaluate.ts';
import { deadGroups, decide, replaced, trainingGroups, type Judge, type StepDecisions } from './decide.ts';
import { activationsOf, engineCapacity } from './prepare.ts';
import { groupRollouts, requestsFor, rolloutCounts, type RolledBatch } from './rollouts.ts';
import { StepCost } from './stepCost.ts';

/** What an update made of its tokens, and the weight of each token of a completion in the loss, per completion. */
export interface WeighedTokens extends LearnedTokens {
  readonly weights: readonly number[];
}

function weightsOf(training: readonly TrainingGroup[]): number[] {
  return training.flatMap(({ completions }) => completions.map(({ weight }) => weight));
}

export interface StepResult {
  /** Every metric measured at this step; `eval/…` where an evaluation was due and was not handed over. */
  readonly metrics: Partial<MetricRow>;
  /** The evaluation of this step, where it was handed over: its `settle` gives what `metrics` lacks. */
  readonly held: HeldEvaluation | null;
  readonly decisions: StepDecisions;
  /** What the update made of the tokens of the kept policy rollouts, skipped groups left out, in their order. */
  readonly tokens: WeighedTokens | null;
  /** The live change that the guard made at the end of the step. */
  readonly guarded: Partial<Settings> | null;
  /** Where one was due and is wanted. */
  readonly checkpoint: Checkpoint | null;
}

export interface TrainerOptions {
  /** Milliseconds; for the `perf/…` metrics alone. */
  readonly now: () => number;
  /** Which kernels; without it the fixed table. */
  readonly plan?: Plan;
  /** Where to go on; without it at the base model. The model must be the same, any other setting may differ. */
  readonly from?: Checkpoint;
  /** Whether steps give checkpoints, every `checkpointEvery`; the guard keeps its own. */
  readonly checkpoints?: boolean;
  /** In place of the task that the settings name; a test hides solutions this way. */
  readonly task?: Task;
  /** In place of the one that the settings name, which still shares out the group; a test tries parts this way. */
  readonly algorithm?: Algorithm;
  /** Runs a reward of the user's own; without it there can be none. */
  readonly runReward?: RewardRunner;
  /** Evaluates beside the training, while `apart` is set. */
  readonly evaluateApart?: EvaluateApart;
}

/** A model that is trained by another engine than the lab's own. */
export interface StartingModel<E extends TrainingEngine> extends Pick<BaseModel, 'tokenizer' | 'weights'> {
  /** Makes the engine, `weights` in it as policy and anchor. @throws LabError `does-not-fit` */
  readonly engine: (capacity: EngineCapacity) => E;
}

/** Prompts of a step that are drawn in the place of others. */
interface Anew {
  readonly tries: number;
  readonly places: readonly number[];
}

/** One run: settings, model and the loop of the paper's algorithm. */
export class Trainer<E extends TrainingEngine = Engine> {
  readonly engine: E;
  readonly task: Task;
  readonly tokenizer: Tokenizer;
  readonly #judge: Judge;
  readonly #prompts: PromptStream;
  readonly #evaluation: Evaluator;
  readonly #evaluateApart: EvaluateApart | null;
  readonly #keepsAnchor: boolean;
  readonly #now: () => number;
  readonly #givesCheckpoints: boolean;
  readonly #recent: RecentCheckpoints;
  readonly #warning: EarlyWarning;
  #overlap: OverlapWindow;
  #settings: Settings;
  #step: number;
  #updates: number;
  /** Whether evaluations to come are handed over, where that can be; no figure depends on it. */
  apart = false;
  /** The next step's rollouts, sampled in the submit of the last one. */
  #rolled: RolledBatch | null = null;

  /**
   * Makes engine and evaluation sets; await `kernels.compile()` before the first step.
   * @throws LabError `does-not-fit` with numbers, before anything is started; `bad-setting` where this GPU can't
   */
  constructor(
    gpu: Gpu,
    kernels: Kernels,
    model: BaseModel | StartingModel<E>,
    settings: Settings,
    options: TrainerOptions,
  ) {
    this.#settings = settings;
    this.#now = options.now;
    const { tokenizer } = model;
    this.tokenizer = tokenizer;
    this.task = options.task ?? taskOf(settings.task, settings.prompts, tokenizer);
    const algorithm = options.algorithm ?? algorithmOf(settings.algorithm);
    this.#judge = { algorithm, tokenizer, runReward: options.runReward };
    this.#prompts = promptsOf(this.task, settings);
    const { shadow } = rolloutCounts(settings);
    this.#keepsAnchor = algorithm.anchor === 'ema' || shadow > 0;
    const capacity = engineCapacity(settings, this.task, tokenizer, this.#keepsAnchor);
    if ('engine' in model) this.engine = model.engine(capacity);
    else {
      const plan = options.plan ?? untriedPlan(model.config, activationsOf(gpu, settings));
      const own: TrainingEngine = new Engine(gpu, kernels, model, capacity, { plan });
      // A base model has the lab's engine, which E is unless a model says otherwise.
      this.engine = own as E;
    }
    this.#evaluation = new Evaluator(settings, this.task, tokenizer, this.#keepsAnchor);
    this.#evaluateApart = options.evaluateApart ?? null;
    this.#givesCheckpoints = options.checkpoints === true;
    const from = options.from ?? firstCheckpoint(model);
    this.#step = from.step;
    this.#updates = from.updates;
    this.#overlap = new OverlapWindow(from.overlap);
    this.#warning = new EarlyWarning(from.warning);
    this.#recent = new RecentCheckpoints(from);
    if (options.from !== undefined) this.#load(from);
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  get finished(): boolean {
    return this.#step >= this.#settings.steps;
  }

  /** The evaluation before any update: a run's first record. */
  async start(): Promise<Partial<MetricRow>> {
    return { step: 0, ...(await this.#evaluation.measure(this.engine, 0)) };
  }

  /**
   * Live changes, in force from the next step on. Rollouts already sampled for it are sampled again, so that
   * a run depends only on the settings at each step, not on when they were typed.
   * @throws LabError for a knob that needs a restart, or a value out of range; nothing is changed then
   */
  change(changes: Partial<Settings>): void {
    this.#settings = applyLive(this.#settings, changes);
    this.#rolled = null;
  }

  /**
   * One step: draw, roll out, filter, vote, reward, advantage, update, anchor (docs/algorithm.md; arXiv 2512.13070).
   * The update and the next step's rollouts are submitted together and read back together.
   * @throws LabError `non-finite` or `bad-reward` (the run is as it was after the step before), or `device-lost`
   */
  async next(): Promise<StepResult> {
    const settings = this.#settings;
    const cost = new StepCost(this.#now, this.engine);
    const step = this.#step + 1;
    const batch = this.#rolled ?? (await this.#roll(step, cost));
    const { decisions, training } = await cost.vote(async () => {
      const decided = await this.#decide(batch, step, settings, cost);
      return { decisions: decided, training: trainingGroups(decided, this.#judge, settings) };
    });

    const { objective } = this.#judge.algorithm;
    const learningRate = learningRateAt(step - 1, settings);
    // One update that is not finite changes nothing by itself; those before it would stay.
    const several = settings.updatesPerBatch > 1;
    if (several) this.engine.keep();
    for (let update = 0; update < settings.updatesPerBatch; update++) {
      const last = update === settings.updatesPerBatch - 1;
      this.engine.update(training, update === 0, objective.coefficients(settings), {
        update: this.#updates + update + 1,
        learningRate,
        beta1: settings.adamBeta1,
        beta2: settings.adamBeta2,
        epsilon: settings.adamEpsilon,
        weightDecay: settings.weightDecay,
        maxNorm: settings.maxGradNorm,
        anchorMomentum: last && this.#keepsAnchor ? momentumAt(step - 1, settings) : null,
      });
    }
    const finished = step >= settings.steps;
    const ahead = finished ? null : this.#submitRollout(step + 1);
    const { report, tokens, completions, times } = await this.engine.read(ahead?.pending ?? null, true);
    cost.waited(times, ahead !== null);
    // The last update's norm tells of all: after one that changed nothing the next comes out the same.
    if (report === null || !Number.isFinite(report.gradNorm)) {
      if (several) this.engine.goBack();
      this.#rolled = batch;
      throw new LabError(
        'non-finite',
        `The gradient of step ${String(step)} is not finite; the parameters are still those of step ${String(step - 1)}.`,
        'Start again with a lower learning rate.',
      );
    }
    this.#step = step;
    this.#updates += settings.updatesPerBatch;
    this.#rolled = ahead === null || completions === null ? null : this.#group(ahead.problems, completions);
    const metrics = collect({
      step,
      ...decisions,
      update: {
        loss: report.loss,
        gradNorm: report.gradNorm,
        clippedShare: report.clippedShare,
        klRef: report.klReference,
        klAnchor: this.#keepsAnchor ? report.klAnchor : NaN,
        anchorDistance: this.#keepsAnchor ? report.anchorDistance : NaN,
        learningRate,
      },
      costs: cost.costs(),
      overlap: this.#overlap,
    });
    const solutions = decisions.problems.map(({ solution }) => solution);
    const truth = truthMetrics(decisions, solutions, metrics['reward/mean']);
    const evaluationDue = finished || step % settings.evalEvery === 0;
    const apart = evaluationDue && this.apart ? this.#evaluateApart : null;
    const held = apart === null ? null : await handOver(apart, this.engine, this.#evaluation, step);
    const evaluation =
      evaluationDue && held === null ? await this.#evaluation.measure(this.engine, step) : {};
    const { score } = this.#warning.add(metrics);
    const back = settings.guard === 'rollback' && score >= settings.guardThreshold ? this.#goBack() : null;
    const checkpointDue =
      step % settings.checkpointEvery === 0 && (this.#givesCheckpoints || settings.guard === 'rollback');
    // What was read for the evaluation is the state of now, unless the guard went back.
    const read = back === null ? held?.state : undefined;
    const checkpoint = checkpointDue ? await this.checkpoint(false, read) : null;
    return {
      held,
      metrics: {
        ...metrics,
        ...truth,
        ...evaluation,
        'warning/score': score,
        ...back?.metrics,
        'perf/steps_per_s': cost.stepsPerSecond(),
      },
      decisions,
      tokens: tokens === null ? null : { ...tokens, weights: weightsOf(training) },
      guarded: back?.changes ?? null,
      checkpoint,
    };
  }

  /**
   * The run as it is between two steps; the guard can go back to it, unless it is in passing.
   * @param passing whether it is taken for another reason than that one is due
   * @param state as `readState` gives it now, where it is known
   */
  async checkpoint(passing = false, state?: TrainingState): Promise<Checkpoint> {
    const checkpoint = {
      step: this.#step,
      updates: this.#updates,
      state: state ?? (await this.engine.readState()),
      anchored: this.#keepsAnchor,
      overlap: this.#overlap.state,
      warning: this.#warning.state,
      passing,
      earlier: this.#recent.kept.map((kept) => ({ ...kept, earlier: [] })),
    };
    if (!passing) this.#recent.add(checkpoint, this.#settings.guardStepsBack);
    return checkpoint;
  }

  /**
   * The guard's intervention: parameters, anchor and optimiser as they were some steps ago, at a lower learning
   * rate. Steps are counted on: prompts and random numbers to come are new ones.
   */
  #goBack(): { metrics: Pick<MetricRow, 'guard/rolled_back_to'>; changes: Partial<Settings> } {
    const { guardStepsBack, guardFactor, learningRate } = this.#settings;
    const checkpoint = this.#recent.before(this.#step - guardStepsBack);
    this.#load(checkpoint);
    this.#recent.goBackTo(checkpoint);
    this.#updates = checkpoint.updates;
    this.#overlap = new OverlapWindow(checkpoint.overlap);
    this.#warning.forget();
    const [least] = hyperparameters.learningRate.range;
    const changes = { learningRate: Math.max(least, learningRate * guardFactor) };
    this.change(changes);
    return { metrics: { 'guard/rolled_back_to': checkpoint.step }, changes };
  }

  #load({ state, anchored }: Checkpoint): void {
    // An anchor that starts here starts as the policy.
    this.engine.loadState(anchored || !this.#keepsAnchor ? state : { ...state, anchor: state.policy });
  }

  destroy(): void {
    this.engine.destroy();
  }

  /** What the algorithm makes of a batch; groups that teach nothing give way to other prompts, where that is wanted. */
  async #decide(
    batch: RolledBatch,
    step: number,
    settings: Settings,
    cost: StepCost,
  ): Promise<StepDecisions> {
    const random = randomStream(settings.seed, 'reward', step);
    let decisions = await decide(batch, this.#judge, settings, random);
    for (let tries = 1; tries <= settings.maxResamples; tries++) {
      const places = deadGroups(decisions);
      if (places.length === 0) break;
      const fresh = await this.#roll(step, cost, { tries, places });
      const decided = await decide(fresh, this.#judge, settings, random);
      decisions = replaced(decisions, places, decided, this.#judge, settings);
    }
    return decisions;
  }

  /** @param anew how often prompts were drawn anew in this step, and in which places */
  #submitRollout(step: number, anew?: Anew) {
    const { seed, promptsPerStep, temperature } = this.#settings;
    const { tries = 0, places } = anew ?? {};
    const problems = this.#prompts(step, promptsPerStep, tries).filter(
      (_, place) => places === undefined || places.includes(place),
    );
    const pending = this.engine.rollout(
      problems.map(({ prompt }) => this.tokenizer.encode(prompt)),
      requestsFor(problems.length, rolloutCounts(this.#settings), temperature, tries),
      { seed, step },
    );
    return { problems, pending };
  }

  async #roll(step: number, cost: StepCost, anew?: Anew): Promise<RolledBatch> {
    const { problems, pending } = this.#submitRollout(step, anew);
    const { completions, times } = await this.engine.read(pending, false);
    cost.waited(times, true);
    return this.#group(problems, completions);
  }

  #group(problems: RolledBatch['problems'], completions: Parameters<typeof groupRollouts>[2]): RolledBatch {
    return groupRollouts(problems, rolloutCounts(this.#settings), completions, this.task, this.tokenizer);
  }
}
