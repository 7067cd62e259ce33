import type { Engine, TrainingEngine } from '../engine/engine.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { metricIds, toRow, type MetricRow } from '../spec/metrics.ts';
import { failureOf } from '../lib/failure.ts';
import type { Event, Failure, LaneId, Plan } from './protocol.ts';
import { packStep } from './packedStep.ts';
import { recordStep, shownGroup } from './recordedStep.ts';
import type { LaneTimeline } from './timeline.ts';
import type { PackedStep } from '../storage/keptRollouts.ts';
import { CheckpointSender } from '../storage/sentCheckpoint.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import type { StepResult, Trainer } from '../trainer/trainer.ts';

/** How a lane tells the page. */
export type Post = (event: Event, transfer?: Transferable[]) => void;

/** Steps that wait for an evaluation at most; then the training waits for it, too. As many as a tab that ends may lose. */
const mostHeld = 10;

/** A step that was made. */
interface Made {
  readonly step: number;
  readonly result: StepResult;
}

/** One run in a worker: its trainer, what waits to be sent, and its timeline. */
export class WorkerLane<E extends TrainingEngine = Engine> {
  readonly id: LaneId;
  readonly trainer: Trainer<E>;
  readonly plan: Plan | null;
  readonly timeline: LaneTimeline;
  readonly #post: Post;
  /** Live changes that wait for the edge of a step. */
  readonly #changes: Partial<Settings>[] = [];
  #started: boolean;
  /** Steps that nobody was told of yet, oldest first: that one's evaluation was handed over, and is not in. */
  #held: readonly Made[] = [];
  #rows: Float64Array[] = [];
  #recorded: PackedStep[] = [];
  #checkpointsSent = -1;
  /** Null: nothing is kept. */
  #sender: CheckpointSender | null;
  /** The step of the newest checkpoint that is kept. */
  #keptStep: number;
  #changedSince = false;

  /**
   * @param plan null where the trainer's engine chooses no kernels
   * @param keeps whether the page wants checkpoints, to keep them
   */
  constructor(
    id: LaneId,
    trainer: Trainer<E>,
    plan: Plan | null,
    timeline: LaneTimeline,
    { post, keeps }: { readonly post: Post; readonly keeps: boolean },
  ) {
    this.id = id;
    this.#sender = keeps ? new CheckpointSender() : null;
    this.#keptStep = trainer.step;
    this.trainer = trainer;
    this.plan = plan;
    this.timeline = timeline;
    this.#post = post;
    this.#started = trainer.step > 0;
    if (plan !== null) post({ type: 'plan', lane: id, plan });
  }

  get started(): boolean {
    return this.#started;
  }

  /** One step; before the first one, the evaluation of the base model. @throws LabError as Trainer.next */
  async advance(): Promise<void> {
    const { trainer } = this;
    if (!this.#started) {
      const first = await trainer.start();
      this.#started = true;
      this.#keep(first);
      this.flush();
    }
    if (trainer.finished) return;
    // Going on from before the change would need to know when it was made.
    if (this.#changedSince) await this.rest();
    const result = await trainer.next();
    this.#held = [...this.#held, { step: trainer.step, result }];
    // Nothing comes after the last step that could let it out.
    await this.#letOut(this.trainer.finished ? 0 : mostHeld);
    trainer.engine.leave();
  }

  /** Has all that was made told, once evaluations that were handed over are in; between two steps. */
  async letOut(): Promise<void> {
    await this.#letOut(0);
    this.trainer.engine.leave();
  }

  /** Has a checkpoint kept, after all that it needs. */
  keep(checkpoint: Checkpoint): void {
    if (this.#sender === null) return;
    this.flush();
    const { sent, transfer } = this.#sender.pack(checkpoint);
    this.#keptStep = checkpoint.step;
    this.#post({ type: 'checkpoint', lane: this.id, sent }, transfer);
  }

  /** Has the run kept as it is now, between two steps. */
  async rest(): Promise<void> {
    this.#changedSince = false;
    const { trainer } = this;
    if (this.#held.length > 0) await this.letOut();
    if (this.#sender === null || trainer.step === this.#keptStep) return;
    this.keep(await trainer.checkpoint(true));
  }

  /** Whoever keeps the run has nothing of it yet. */
  sendAnew(): void {
    if (this.#sender === null) return;
    this.#sender = new CheckpointSender();
    // At step 0 there is nothing to be lost.
    this.#keptStep = 0;
    this.#recorded = this.timeline.rollouts.items.map(packStep);
  }

  /** Live changes that are not in force yet. */
  get waiting(): readonly Partial<Settings>[] {
    return this.#changes;
  }

  /** Notes a live change; `applyChanges` brings it into force. */
  change(changes: Partial<Settings>): void {
    this.#changes.push(changes);
  }

  /** Whether changes wait. */
  get changing(): boolean {
    return this.#changes.length > 0;
  }

  /** Brings waiting changes into force; what was made before has been let out. @returns the first that was refused, which left the run as it was */
  applyChanges(): Failure | null {
    let refused: Failure | null = null;
    for (const changes of this.#changes.splice(0)) {
      try {
        this.trainer.change(changes);
        this.#changed(this.trainer.step, changes, 'reader');
        this.#changedSince = true;
      } catch (error) {
        refused ??= failureOf(error);
      }
    }
    return refused;
  }

  /** Sends what has gathered: rows, where the timeline can be entered. */
  flush(): void {
    const { id: lane, timeline } = this;
    const rows = this.#rows;
    if (rows.length > 0) {
      const all = new Float64Array(rows.length * metricIds.length);
      rows.forEach((row, i) => {
        all.set(row, i * metricIds.length);
      });
      this.#rows = [];
      this.#post({ type: 'rows', lane, count: rows.length, rows: all }, [all.buffer]);
    }
    if (this.#recorded.length > 0) {
      const steps = this.#recorded;
      this.#recorded = [];
      const transfer = steps.map(({ bytes }) => bytes.buffer);
      this.#post({ type: 'recorded', lane, steps }, transfer);
    }
    const { items, sizeBytes } = timeline.checkpoints;
    const newest = items.at(-1)?.step ?? 0;
    if (newest !== this.#checkpointsSent) {
      this.#checkpointsSent = newest;
      this.#post({ type: 'checkpoints', lane, steps: items.map(({ step }) => step), bytes: sizeBytes });
    }
  }

  /** Sends the rollouts of a prompt of a recorded step, or of the nearest before it. @param step null: the newest */
  show(step: number | null, prompt: number): void {
    const { rollouts } = this.timeline;
    const recorded = rollouts.before(step ?? Infinity);
    if (recorded === null) return;
    const group = shownGroup(recorded, prompt, this.trainer, rollouts.items);
    if (group !== null) this.#post({ type: 'rollouts', lane: this.id, group });
  }

  /**
   * Tells of steps in their order, as far as their evaluations are in: rows are kept as they are told, and a checkpoint
   * says that all before it was. @param most steps that may go on waiting
   */
  async #letOut(most: number): Promise<void> {
    for (let [first] = this.#held; first !== undefined; [first] = this.#held) {
      const { held, metrics } = first.result;
      if (held !== null && !held.answered && this.#held.length <= most) return;
      const settled = held === null ? null : await held.settle();
      this.#held = this.#held.slice(1);
      const failure = settled?.failure ?? null;
      if (failure !== null) this.#post({ type: 'apart-failed', failure });
      this.#tell(first, { ...metrics, ...settled?.evaluated });
    }
  }

  #tell({ step, result }: Made, metrics: Partial<MetricRow>): void {
    const { timeline } = this;
    const { decisions, tokens, guarded, checkpoint } = result;
    this.#keep(metrics);
    const recorded = recordStep(step, decisions, tokens);
    timeline.rollouts.add(recorded);
    if (this.#sender !== null) this.#recorded.push(packStep(recorded));
    if (checkpoint !== null) timeline.checkpoints.add(checkpoint);
    if (guarded !== null) {
      this.flush();
      this.#changed(step, guarded, 'guard');
    }
    if (checkpoint !== null) this.keep(checkpoint);
  }

  #keep(metrics: Partial<MetricRow>): void {
    this.#rows.push(toRow(metrics));
  }

  #changed(step: number, changes: Partial<Settings>, by: 'reader' | 'guard'): void {
    this.#post({ type: 'changed', lane: this.id, step, changes, by });
  }
}
