import { createStore } from 'zustand/vanilla';
import type { Failure } from '../lib/failure.ts';
import type { LaneId } from '../session/protocol.ts';
import type { KeepsAgain, Thinning } from '../storage/kept.ts';

/** Lanes that were kept and are shown once more. */
export interface Restored {
  /** What they are kept under. */
  readonly lab: string;
  /** Milliseconds since 1970. */
  readonly updated: number;
  /** Whether a version of the lab other than this one trained them. */
  readonly otherVersion: boolean;
  /** Where it goes on, and up to where steps are trained once more. */
  readonly from: number;
  readonly to: number;
  /** How many checkpoints of lanes are cut off or damaged, and not used. */
  readonly damaged: readonly { readonly lane: LaneId; readonly checkpoints: number }[];
  /** What a comparison of those steps found, per lane, in words. */
  readonly compared: readonly { readonly lane: LaneId; readonly sentence: string }[];
}

/** What the page knows of the keeping of its runs. */
export interface Kept {
  /** 'idle': nothing has been kept yet. */
  readonly state: 'idle' | 'kept' | 'stopped';
  readonly failure: Failure | null;
  /** Where it stopped: when it can begin again. */
  readonly until: KeepsAgain | null;
  readonly restored: Restored | null;
  /** What the page was to show and another tab has. */
  readonly busy: string | null;
  /** What of each lane goes next, as there is room for so much and no more. */
  readonly thinning: ReadonlyMap<LaneId, Thinning>;
}

export const kept = createStore<Kept>()(() => ({
  ...{ state: 'idle', failure: null, until: null, restored: null, busy: null },
  thinning: new Map(),
}));

/** Whether what this page trains survives it. */
export function isKept(): boolean {
  return kept.getState().state === 'kept';
}

/** Puts away what is said of restored runs, or of runs that can't be kept. */
export function dismissKept(): void {
  kept.setState({ restored: null, failure: null, busy: null });
}
