import type { AdapterEngine } from '../engine/frozen/adapterEngine.ts';
import type { TrainingEngine } from '../engine/engine.ts';
import type { Host } from '../host/host.ts';
import { failureOf } from '../lib/failure.ts';
import { LabError } from '../lib/labError.ts';
import { WorkerLane } from '../session/lane.ts';
import { Publisher } from '../session/publisher.ts';
import { emptyTimeline, timelineUntil, type LaneTimeline } from '../session/timeline.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { applyLive } from '../settings/settings.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import type { Pace } from './adapterPrice.ts';
import { Pricing, type Priced } from './adapterPricing.ts';
import { adapterTrainer, checkRunFits, openAdapterRun, type Limits, type OpenRun } from './adapterRun.ts';
import { fileBytes, type AskedModel } from './model.ts';
import { paced } from './paced.ts';
import type { AskEvent, TrainCommand, TrainedRun, TrainState } from './protocol.ts';
import { failureOfRun, liveChanges, savedAdapter } from './trained.ts';

/** What training needs of the session whose models it trains. */
export interface Trained extends Priced {
  readonly host: Priced['host'] & Pick<Host, 'runReward'>;
  readonly tell: (state: TrainState) => void;
  readonly post: (event: AskEvent, transfer?: Transferable[]) => void;
  /** The base that is open. */
  readonly base: () => AskedModel | null;
  /** Called when nothing of a run is on the device any more. */
  readonly ended: () => Promise<void>;
}

/** The number of the one lane there is. */
const only = 0;
/** What is being loaded is told this often. */
const progressMs = 100;

/** A run on the device. */
interface Held {
  readonly run: OpenRun;
  readonly lane: WorkerLane<AdapterEngine>;
  readonly publisher: Publisher;
  /** Null where nothing was measured before. */
  readonly pace: Pace | null;
  /** The checkpoint that it went on from. */
  readonly from: Checkpoint | null;
}

/** A run that has ended, and where it can go on. */
interface Ended {
  readonly run: OpenRun;
  readonly settings: Settings;
  readonly checkpoint: Checkpoint | null;
  readonly timeline: LaneTimeline;
}

/** The checkpoints of a run that has ended, oldest first; that of its end may be of a step where none is due. */
function checkpointsOf({ checkpoint, timeline }: Ended): readonly Checkpoint[] {
  const due = timeline.checkpoints.items;
  const last = due.at(-1)?.step ?? 0;
  return checkpoint === null || checkpoint.step <= last ? due : [...due, checkpoint];
}

/** Whether a run is on its way. */
function under(run: TrainedRun | null): boolean {
  return run !== null && run.doing !== 'ended';
}

/** The adapter that the page trains: one run at a time, commands at the edges of its steps. */
export class Training {
  readonly #of: Trained;
  /** What training would take. */
  readonly pricing: Pricing;
  #state: TrainState = { price: null, refused: null, failed: null, run: null };
  #held: Held | null = null;
  #ended: Ended | null = null;
  /** Whether steps are wanted. */
  #wanted = false;
  /** Whether the adapter is asked for, at the next edge of a step. */
  #asked = false;
  #watched: { readonly step: number | null; readonly prompt: number } = { step: null, prompt: 0 };

  constructor(of: Trained) {
    this.#of = of;
    const tell = (change: Partial<TrainState>): void => {
      this.#tell(change);
    };
    const used = () => (this.held ? 'held' : this.#wanted ? 'wanted' : null);
    this.pricing = new Pricing(of, tell, used);
  }

  /** Whether a run is on the device: it has the device to itself. */
  get held(): boolean {
    return this.#held !== null;
  }

  receive(command: TrainCommand): void {
    const { then } = this.#of;
    switch (command.type) {
      case 'plan':
        this.pricing.plan(command.plan);
        return;
      case 'train':
        this.#wanted = true;
        then(() => this.#train(() => (command.anew ? this.#begin() : this.#goOn())));
        return;
      case 'fork':
        this.#wanted = true;
        then(() => this.#train(() => this.#fork(command.step)));
        return;
      case 'pause':
        this.#wanted = false;
        return;
      case 'end':
        this.end();
        return;
      case 'change':
        this.#held?.lane.change(command.changes);
        return;
      case 'watch':
        this.#watched = command;
        this.#held?.publisher.watch(command);
        return;
      case 'adapter':
        this.#asked = true;
        then(() => this.#answer());
        return;
    }
    command satisfies never;
  }

  /** Ends the run where there is one, before what is commanded next. */
  end(): void {
    this.#wanted = false;
    this.#of.then(() => this.#end(null));
  }

  /** Another model may be open by now: what was made of the one before is saved, and not gone on with. */
  look(): void {
    const [run, open] = [this.#held?.run ?? this.#ended?.run, this.#of.base()];
    if (run !== undefined) this.#tellRun({ based: run.asked === open });
  }

  /** The device is gone, and with it what was on it. */
  lost(reason: string): Promise<void> {
    return this.#end(new LabError('device-lost', `The GPU device was lost: ${reason}`, ''));
  }

  #tell(change: Partial<TrainState>): void {
    this.#state = { ...this.#state, ...change };
    this.#of.tell(this.#state);
  }

  #tellRun(change: Partial<TrainedRun>): void {
    const { run } = this.#state;
    if (run !== null) this.#tell({ run: { ...run, ...change } });
  }

  /** @param make what is trained where nothing is held */
  async #train(make: () => Promise<Held | null>): Promise<void> {
    // Told otherwise meanwhile, or come to its end.
    if (!this.#wanted) return;
    if (this.#held === null) {
      try {
        this.#held = await make();
      } catch (error) {
        this.#wanted = false;
        const failed = failureOf(error);
        // What ended before this one was begun is as it was.
        if (!under(this.#state.run)) this.#tell({ failed });
        else this.#tellRun({ doing: 'ended', ...this.#left, failed, heldBytes: 0 });
        await this.#of.ended();
      }
    }
    const held = this.#held;
    if (held === null) {
      this.#wanted = false;
      return;
    }
    try {
      await this.#step(held);
    } catch (error) {
      await this.#end(error);
    }
  }

  /** A run from its first step; null where something is missing. */
  async #begin(): Promise<Held | null> {
    const [parts, wanted] = [this.pricing.parts(), this.pricing.wanted()];
    if (parts === null || wanted === null) return null;
    const { settings, limits } = wanted;
    const run = await openAdapterRun(parts, settings);
    return this.#make(run, settings, null, emptyTimeline(), limits);
  }

  /** The run that has ended, from the newest checkpoint that there is. */
  async #goOn(): Promise<Held | null> {
    const [ended, plan] = [this.#ended, this.pricing.wanted()];
    if (ended === null || plan === null || ended.run.asked !== this.#of.base()) return null;
    const { run, timeline } = ended;
    const step = this.#kept ?? 0;
    const from = step === 0 ? null : ended.checkpoint;
    const changes = liveChanges(ended.settings, plan.settings);
    const settings = applyLive(ended.settings, changes);
    const held = await this.#make(run, settings, from, timelineUntil(timeline, step), plan.limits);
    if (from === null) return held;
    const { post } = this.#of;
    post({ type: 'run', event: { type: 'rewound', lane: only, step } });
    if (Object.keys(changes).length > 0)
      post({ type: 'run', event: { type: 'changed', lane: only, step, changes, by: 'checkpoint' } });
    return held;
  }

  /** Another run, from a checkpoint of the one that has ended; what comes of it differs by the settings alone. */
  async #fork(step: number): Promise<Held | null> {
    const [ended, plan] = [this.#ended, this.pricing.wanted()];
    if (ended === null || plan === null || ended.run.asked !== this.#of.base()) return null;
    const { settings, limits } = plan;
    const from = checkpointsOf(ended).find((each) => each.step === step);
    if (from === undefined || settings.steps <= step) {
      throw new LabError(
        'bad-setting',
        from === undefined
          ? `The checkpoint of step ${String(step)} is not kept.`
          : `The run has made ${String(step)} steps there, and ${String(settings.steps)} are wanted.`,
        from === undefined ? 'Fork at another step.' : 'Raise Steps, or fork at an earlier step.',
      );
    }
    const timeline = timelineUntil(ended.timeline, step);
    const held = await this.#make(ended.run, settings, from, timeline, limits);
    this.#of.post({ type: 'forked', step, settings });
    return held;
  }

  /** Steps of the newest adapter of a run that has ended; null where it was never trained. */
  get #kept(): number | null {
    return this.#ended?.checkpoint?.step || null;
  }

  /** What is left of a run that has ended. */
  get #left(): Pick<TrainedRun, 'kept' | 'forkable'> {
    const forkable = this.#ended === null ? [] : checkpointsOf(this.#ended).map(({ step }) => step);
    return { kept: this.#kept, forkable };
  }

  async #make(
    run: OpenRun,
    settings: Settings,
    from: Checkpoint | null,
    timeline: LaneTimeline,
    limits: Limits,
  ): Promise<Held> {
    const { host, device, release, post } = this.#of;
    const begun: TrainedRun = {
      ...{ name: run.name, doing: 'loading', done: 0, all: fileBytes(run.asked), step: from?.step ?? 0 },
      ...{ steps: settings.steps, stepSeconds: null, miss: null, kept: null, forkable: [] },
      ...{ failed: null, refused: null, heldBytes: 0, based: true },
    };
    await release();
    const asking = await device();
    checkRunFits(run, settings, asking, limits);
    this.#tell({ run: begun, refused: null, failed: null });
    if (from === null) {
      // From here on the one before is gone.
      this.#ended = null;
      post({ type: 'begun', name: run.name, settings, lora: run.lora, adapter: asking.gpu.adapter });
    }
    const told = paced(host.now, progressMs);
    const progress = (done: number): void => {
      told(() => {
        this.#tellRun({ done });
      });
    };
    const trainer = await adapterTrainer(run, asking, host, settings, { from, checkpoints: true, progress });
    try {
      this.#tellRun({ doing: 'compiling', heldBytes: trainer.engine.counts.bytes });
      await asking.kernels.compile((done, all) => {
        this.#tellRun({ done, all });
      });
    } catch (error) {
      trainer.destroy();
      throw error;
    }
    const lanePost = (event: Parameters<Publisher['post']>[0], transfer?: Transferable[]): void => {
      post({ type: 'run', event }, transfer);
    };
    const lane = new WorkerLane(only, trainer, null, timeline, { post: lanePost, keeps: false });
    const publisher = new Publisher(lanePost, host.now, (): readonly WorkerLane<TrainingEngine>[] => [lane]);
    publisher.watch(this.#watched);
    return { run, lane, publisher, pace: this.pricing.pace(asking, run, settings), from };
  }

  /** Steps until it has finished, is told to rest or has failed. @throws what a step throws */
  async #step(held: Held): Promise<void> {
    const { lane, publisher, pace } = held;
    const { trainer } = lane;
    const { now } = this.#of.host;
    let [seconds, steps] = [0, 0];
    this.#tellRun({ doing: 'training', refused: null });
    for (;;) {
      await this.#answer();
      if (this.#held !== held) return;
      const refused = lane.applyChanges();
      if (refused !== null) this.#tellRun({ refused });
      if (!this.#wanted || trainer.finished) break;
      const [began, before] = [now(), trainer.engine.work];
      await lane.advance();
      // The device was lost meanwhile.
      if (this.#held !== held) return;
      // The first one evaluates the base as well, and samples for two.
      if (trainer.step > 1) {
        const took = (now() - began) / 1000;
        seconds += took;
        steps++;
        const { step, settings } = trainer;
        if (step < settings.steps && step % settings.evalEvery !== 0)
          pace?.add(took, before, trainer.engine.work);
      }
      publisher.afterStep();
      this.#tellRun({
        ...{ step: trainer.step, steps: trainer.settings.steps },
        stepSeconds: steps === 0 ? null : seconds / steps,
        miss: pace?.words ?? null,
      });
    }
    publisher.flush();
    publisher.showRollouts();
    if (trainer.finished) await this.#end(null);
    else this.#tellRun({ doing: 'paused' });
  }

  /**
   * Takes the run off the device; its adapter stays, as it is now or, where that can't be read any more, as it was at the
   * newest checkpoint.
   * @param error why, where it was not told to
   */
  async #end(error: unknown): Promise<void> {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#wanted = false;
    const { run, lane, publisher, from } = held;
    const { trainer, timeline } = lane;
    publisher.flush();
    publisher.showRollouts();
    const newest = timeline.checkpoints.items.at(-1) ?? null;
    // What it went on from may be of a step where none is due.
    let checkpoint = (newest?.step ?? -1) >= (from?.step ?? 0) ? newest : from;
    const lost = error instanceof LabError && error.code === 'device-lost';
    if (!lost) {
      try {
        checkpoint = await trainer.checkpoint(true);
      } catch {
        // A device that has refused something says so at every readback.
      }
    }
    const settings = trainer.settings;
    trainer.destroy();
    this.#ended = { run, settings, checkpoint, timeline };
    this.#tellRun({
      ...{ doing: 'ended', step: trainer.step, ...this.#left, heldBytes: 0 },
      based: run.asked === this.#of.base(),
      failed: error === null ? null : failureOfRun(error, this.#kept),
    });
    await this.#answer();
    await this.#of.ended();
  }

  /** Sends the adapter, where it was asked for. */
  async #answer(): Promise<void> {
    if (!this.#asked) return;
    this.#asked = false;
    const [held, ended] = [this.#held, this.#ended];
    const run = held?.run ?? ended?.run;
    let checkpoint = ended?.checkpoint ?? null;
    try {
      if (held !== null) checkpoint = await held.lane.trainer.checkpoint(true);
    } catch (error) {
      // Whoever waits is told, and what is left of the run is what was kept.
      this.#of.post({ type: 'adapter', answer: failureOf(error) });
      await this.#end(error);
      return;
    }
    if (run === undefined || checkpoint === null) {
      const none = new LabError('bad-setting', 'There is no adapter yet.', 'Train one first.');
      this.#of.post({ type: 'adapter', answer: failureOf(none) });
      return;
    }
    const answer = savedAdapter(run, checkpoint);
    this.#of.post({ type: 'adapter', answer });
  }
}
