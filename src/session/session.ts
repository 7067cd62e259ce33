import type { Plan } from '../engine/plan.ts';
import type { Gpu } from '../gpu/device.ts';
import { Device, prepareTrainer, type Host } from '../host/host.ts';
import { failureOf, type Failure } from '../lib/failure.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { heldModel } from './heldModel.ts';
import { WorkerLane, type Post } from './lane.ts';
import type { Command, LaneId, RunState } from './protocol.ts';
import { unpackStep } from './packedStep.ts';
import { Publisher } from './publisher.ts';
import { Schedule } from './schedule.ts';
import { emptyTimeline, timelineUntil, type LaneTimeline } from './timeline.ts';

/** A lane to be made. */
interface Wish {
  readonly lane: LaneId;
  readonly settings: Settings;
  readonly from?: Checkpoint | null;
  readonly timeline?: LaneTimeline;
  readonly plan?: Plan | null;
}

type Opened = Extract<Command, { type: 'open' }>;

const stateOf: Partial<Record<Failure['code'], RunState>> = {
  'no-adapter': 'no-webgpu',
  'device-lost': 'device-lost',
  'non-finite': 'non-finite',
  // The run is as it was before the step: an edited reward goes on with it.
  'bad-reward': 'paused',
};

/** The lanes of a page on one device: what its commands do, and what becomes of them when the device is lost. */
export class Session {
  readonly #host: Host;
  readonly #publisher: Publisher;
  readonly #schedule: Schedule;
  #device: Promise<Device> | null = null;
  #gpu: Gpu | null = null;
  #lanes: readonly WorkerLane[] = [];
  /** Whether lanes are being (re)built: what is asked meanwhile, of lanes that may not be there yet, waits. */
  #opening = false;
  /** Grows with every `open` and every loss of the device: what an older one still does is discarded. */
  #generation = 0;
  /** Lanes that are being made beside others. */
  readonly #joining = new Set<LaneId>();
  /** Whether the page wants checkpoints, to keep them. */
  #keeps = false;
  /** Whether evaluations are handed over. */
  #apart = false;
  /** Steps of all lanes when the device was last lost: without progress since, it is not asked for again. */
  #stepsWhenLost = -1;

  constructor(host: Host, post: Post) {
    this.#host = host;
    this.#publisher = new Publisher(post, host.now, () => this.#lanes);
    this.#schedule = new Schedule({
      lanes: () => this.#lanes,
      generation: () => this.#generation,
      ready: () => this.#device !== null && !this.#opening,
      publisher: this.#publisher,
      failed: (error, lane) => {
        this.#fail(error, lane?.id);
      },
    });
  }

  receive(command: Command): void {
    switch (command.type) {
      case 'open':
        this.#keeps = command.keeps;
        this.#apart = command.apart;
        void this.#open(command.lanes);
        return;
      case 'put':
        this.#schedule.ask(() => this.#put(command));
        return;
      case 'drop':
        this.#schedule.ask(() => {
          this.#drop(command.lane);
          return Promise.resolve();
        });
        return;
      case 'evaluate':
        this.#apart = command.apart;
        for (const { trainer } of this.#lanes) trainer.apart = command.apart;
        return;
      case 'train':
        this.#schedule.want(Infinity);
        return;
      case 'pause':
        this.#schedule.want(0);
        return;
      case 'keep':
        this.#schedule.keep(command.anew);
        return;
      case 'step':
        this.#schedule.want(1);
        return;
      case 'change':
        this.#change(command.lane, command.changes);
        return;
      case 'weights':
        this.#schedule.ask(() => this.#weights(command));
        return;
      case 'watch':
        this.#publisher.watch(command);
        return;
    }
    command satisfies never;
  }

  #laneOf(id: LaneId): WorkerLane | undefined {
    return this.#lanes.find((lane) => lane.id === id);
  }

  #change(id: LaneId, changes: Partial<Settings>): void {
    const lane = this.#laneOf(id);
    if (lane === undefined || this.#opening) {
      // It is on its way.
      this.#schedule.ask(() => {
        this.#laneOf(id)?.change(changes);
        return Promise.resolve();
      });
      return;
    }
    lane.change(changes);
    this.#schedule.changed();
  }

  async #open(wishes: Opened['lanes']): Promise<void> {
    const mine = ++this.#generation;
    this.#opening = true;
    this.#schedule.clear();
    this.#joining.clear();
    this.#stepsWhenLost = -1;
    this.#discardLanes();
    try {
      this.#publisher.state('checking');
      // One that refused something says so for ever.
      if (this.#gpu !== null && this.#gpu.errors.length > 0) this.#leaveDevice();
      this.#device ??= this.#connect();
      const device = await this.#device;
      if (mine !== this.#generation) return;
      this.#publisher.post({ type: 'adapter', adapter: device.gpu.adapter });
      for (const wish of wishes) {
        if (!(await this.#join(device, wishOf(wish), mine))) return;
      }
      this.#publisher.state('compiling');
      await device.ready((done, total) => {
        this.#publisher.post({ type: 'compiling', done, total });
      });
      if (mine !== this.#generation) return;
      const goesOn = this.#lanes.some(({ started }) => started);
      for (const lane of goesOn ? this.#lanes : []) {
        this.#publisher.post({ type: 'put', lane: lane.id, step: lane.trainer.step });
        lane.flush();
        this.#publisher.show(lane);
      }
      this.#publisher.state(goesOn ? this.#schedule.restingState() : 'ready');
      this.#opening = false;
      this.#schedule.resume();
    } catch (error) {
      if (mine !== this.#generation) return;
      this.#opening = false;
      this.#discardLanes();
      this.#fail(error);
    }
  }

  /** Builds a lane beside the others. @returns false, and nothing is left of it, where it came too late */
  async #join(device: Device, wish: Wish, mine: number): Promise<boolean> {
    const { lane: id, settings, from = null, timeline = emptyTimeline() } = wish;
    const { trainer, plan } = await prepareTrainer(this.#host, device, settings, {
      plan: wish.plan ?? null,
      from,
      checkpoints: true,
    });
    const lane = new WorkerLane(id, trainer, plan, timeline, {
      post: this.#publisher.post,
      keeps: this.#keeps,
    });
    if (mine === this.#generation) {
      trainer.apart = this.#apart;
      this.#lanes = [...this.#lanes, lane];
      return true;
    }
    trainer.destroy();
    return false;
  }

  async #put({ lane: id, settings, replaces, from }: Extract<Command, { type: 'put' }>): Promise<void> {
    if (this.#device === null) return;
    this.#joining.add(id);
    const mine = this.#generation;
    const parent = from === null ? undefined : this.#laneOf(from.lane)?.timeline;
    const checkpoint = from === null ? null : (parent?.checkpoints.before(from.step) ?? null);
    const timeline =
      checkpoint === null || parent === undefined ? emptyTimeline() : timelineUntil(parent, checkpoint.step);
    try {
      const device = await this.#device;
      if (replaces !== null) this.#drop(replaces);
      if (!(await this.#join(device, { lane: id, settings, from: checkpoint, timeline }, mine))) return;
      await device.ready();
      if (mine !== this.#generation) return;
      this.#joining.delete(id);
      this.#publisher.post({ type: 'put', lane: id, step: checkpoint?.step ?? 0 });
      const lane = this.#laneOf(id);
      if (checkpoint !== null) {
        lane?.sendAnew();
        lane?.keep(checkpoint);
      }
      lane?.flush();
      if (lane !== undefined) this.#publisher.show(lane);
    } catch (error) {
      if (mine !== this.#generation) return;
      this.#drop(id);
      this.#joining.delete(id);
      this.#publisher.post({ type: 'refused', lane: id, failure: failureOf(error) });
    }
  }

  async #weights({ ask, lane, side, step }: Extract<Command, { type: 'weights' }>): Promise<void> {
    try {
      const answer = await heldModel(this.#laneOf(lane), side, step);
      this.#publisher.post({ type: 'weights', ask, answer }, [answer.weights.buffer]);
    } catch (error) {
      this.#publisher.post({ type: 'weights', ask, answer: failureOf(error) });
    }
  }

  #drop(id: LaneId): void {
    this.#laneOf(id)?.trainer.destroy();
    this.#lanes = this.#lanes.filter((lane) => lane.id !== id);
  }

  #discardLanes(): void {
    for (const { trainer } of this.#lanes) trainer.destroy();
    this.#lanes = [];
  }

  async #connect(): Promise<Device> {
    const gpu = await this.#host.openGpu();
    this.#gpu = gpu;
    void gpu.lost.then((reason) => (this.#gpu === gpu ? this.#recover(reason) : undefined));
    return new Device(gpu);
  }

  #leaveDevice(): void {
    const gpu = this.#gpu;
    [this.#gpu, this.#device] = [null, null];
    gpu?.device.destroy();
  }

  /** After a loss of the device: once more from each lane's newest checkpoint, if there was progress since the last loss. */
  async #recover(reason: string): Promise<void> {
    const mine = ++this.#generation;
    this.#opening = true;
    const goOn = this.#schedule.halt();
    const lost = this.#lanes;
    const steps = lost.reduce((sum, { trainer }) => sum + trainer.step, 0);
    const again = steps > this.#stepsWhenLost && lost.some(({ started }) => started);
    this.#device = null;
    this.#lanes = [];
    this.#stepsWhenLost = steps;
    const loss = { code: 'device-lost', sentence: `The GPU device was lost: ${reason}` } as const;
    for (const lane of this.#joining) {
      this.#publisher.post({ type: 'refused', lane, failure: { ...loss, remedy: 'Add it once more.' } });
    }
    this.#joining.clear();
    try {
      if (!again) throw new Error('no progress since the last loss');
      this.#publisher.state('checking');
      this.#device = this.#connect();
      const device = await this.#device;
      if (mine !== this.#generation) return;
      for (const { id: lane, trainer, timeline, plan, waiting } of lost) {
        const from = timeline.checkpoints.items.at(-1) ?? null;
        const step = from?.step ?? 0;
        const kept = timelineUntil(timeline, step);
        const wish = { lane, settings: trainer.settings, from, timeline: kept, plan };
        if (!(await this.#join(device, wish, mine))) return;
        for (const changes of waiting) this.#laneOf(lane)?.change(changes);
        this.#publisher.post({ type: 'rewound', lane, step });
      }
      await device.ready();
      if (mine !== this.#generation) return;
      this.#publisher.state(this.#schedule.restingState(), {
        ...loss,
        remedy:
          'A new one was found, and every lane goes on from its newest checkpoint. Choose smaller settings if it happens again.',
      });
      this.#opening = false;
      this.#schedule.want(goOn);
      this.#schedule.resume();
    } catch {
      if (mine !== this.#generation) return;
      this.#opening = false;
      this.#device = null;
      this.#schedule.clear();
      this.#discardLanes();
      const remedy = 'Try it on a new device; choose smaller settings if it happens again.';
      this.#publisher.state('device-lost', { ...loss, remedy });
    }
  }

  #fail(error: unknown, lane?: LaneId): void {
    const failure = failureOf(error);
    // What becomes of the lanes is for `recover` to say.
    if (failure.code === 'device-lost' && this.#lanes.length > 0) return;
    this.#schedule.want(0);
    // A device that could not be opened or failed its check is asked for again by the next `open`.
    if (this.#lanes.length === 0) this.#device = null;
    this.#publisher.state(stateOf[failure.code] ?? 'refused', failure, lane);
  }
}

/** A lane of `open`: one that was kept has its timeline from then. */
function wishOf({ lane, settings, kept }: Opened['lanes'][number]): Wish {
  if (kept === undefined) return { lane, settings };
  const timeline = emptyTimeline();
  for (const checkpoint of kept.forkable) timeline.checkpoints.add(checkpoint);
  for (const packed of kept.rollouts) timeline.rollouts.add(unpackStep(packed));
  return {
    lane,
    settings,
    from: kept.checkpoint,
    timeline,
    ...(kept.plan === null ? {} : { plan: kept.plan }),
  };
}
