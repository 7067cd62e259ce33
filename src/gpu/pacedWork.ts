import type { Clock } from './clock.ts';

/** Work in units that follow one another, with all state in buffers: cutting it between units changes no bit. */
export interface Work {
  readonly units: number;
  /** Writes what units [first, end) need into uniforms; before they are encoded, behind all that was submitted. */
  prepare(first: number, end: number): void;
  /** @returns dispatches encoded */
  encode(pass: GPUComputePassEncoder, first: number, end: number): number;
}

/**
 * Milliseconds that a submission is planned to last. Above 100 ms a page stutters, and above seconds drivers
 * reset the device; measured times scatter, so the plan stays below.
 */
export const submissionMs = 60;

/** What decides where work is cut. */
export interface Pace {
  readonly clock: Clock;
  /** Milliseconds that a submission may last by the times measured so far. */
  readonly limitMs: number;
}

/** Submits work in as few submissions as its measured times allow. Units never timed yet go alone. */
export class PacedWork {
  /** Milliseconds of the replays since the last call of `taken`. */
  #taken = 0;
  readonly #label: string;
  readonly #work: Work;
  readonly #device: GPUDevice;
  readonly #clock: Clock;
  readonly #limitMs: number;
  /** Per unit, as last measured; NaN before that. */
  readonly #ms: Float64Array;

  constructor(label: string, device: GPUDevice, work: Work, pace: Pace) {
    this.#label = label;
    this.#device = device;
    this.#clock = pace.clock;
    this.#work = work;
    this.#limitMs = pace.limitMs;
    this.#ms = new Float64Array(work.units).fill(NaN);
  }

  /** Milliseconds on the device since this was last asked; known after a readback. */
  takeMs(): number {
    const taken = this.#taken;
    this.#taken = 0;
    return taken;
  }

  /** @returns dispatches */
  submit(): number {
    let dispatches = 0;
    let first = 0;
    while (first < this.#work.units) {
      const end = this.#endOf(first);
      dispatches += this.#submitPart(first, end);
      first = end;
    }
    return dispatches;
  }

  #submitPart(first: number, end: number): number {
    this.#work.prepare(first, end);
    const encoder = this.#device.createCommandEncoder({ label: this.#label });
    const pass = encoder.beginComputePass({
      label: this.#label,
      ...this.#clock.pass((ms) => {
        this.#learn(first, end, ms);
      }),
    });
    const dispatches = this.#work.encode(pass, first, end);
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
    return dispatches;
  }

  #endOf(first: number): number {
    let sum = this.#ms[first] ?? NaN;
    let end = first + 1;
    // NaN, never timed, ends the loop: it compares false.
    while (end < this.#work.units && sum + (this.#ms[end] ?? NaN) <= this.#limitMs) {
      sum += this.#ms[end] ?? NaN;
      end++;
    }
    return end;
  }

  /** Keeps the proportions of units that were timed together. */
  #learn(first: number, end: number, ms: number): void {
    this.#taken += ms;
    const known = this.#ms.subarray(first, end);
    const before = known.reduce((sum, unit) => sum + unit, 0);
    const even = ms / known.length;
    known.forEach((unit, index) => {
      known[index] = before > 0 ? (unit * ms) / before : even;
    });
  }
}
