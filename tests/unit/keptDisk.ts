import { expect, vi } from 'vitest';
import type { Failure } from '../../src/lib/failure.ts';
import type { LiveChange } from '../../src/records/run.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import { Keeper } from '../../src/storage/keeper.ts';
import type { KeepReport, KeepRequest, KeptEntry, KeptLab, KeptLabel } from '../../src/storage/kept.ts';
import { packRows } from '../../src/storage/keptCourse.ts';
import { recordFile } from '../../src/storage/keptRuns.ts';
import type { RunIndex } from '../../src/storage/runIndex.ts';
import { CheckpointSender } from '../../src/storage/sentCheckpoint.ts';
import type { Checkpoint } from '../../src/trainer/checkpoint.ts';
import { MemoryFolder } from './memoryFolder.ts';

export const head = {
  name: 'SRT',
  settings: defaultSettings,
  origin: null,
  plan: null,
  adapter: null,
  lab: { version: '1', commit: null },
};

/** What of a run follows from its step alone. */
export const row = (step: number): Partial<MetricRow> => ({ step, 'reward/mean': 1 / (step + 3) });
export const rows = (from: number, to: number) =>
  packRows(Array.from({ length: to - from + 1 }, (_, at) => row(from + at)));

export function checkpoint(step: number, earlier: readonly Checkpoint[] = [], passing = false): Checkpoint {
  const array = () => Float32Array.of(step, 1 / step);
  const state = { policy: array(), anchor: array(), m: array(), v: array() };
  return { step, updates: step, state, anchored: true, overlap: [], warning: {}, passing, earlier };
}

export const lab: KeptLab = {
  id: 'lab',
  preset: 'entropy',
  updated: 1,
  selected: 0,
  lanes: [{ run: 'one', slot: 0, name: 'SRT', settings: defaultSettings, origin: null }],
  marks: [],
};

const answers: readonly KeepReport['type'][] = [
  ...(['restored', 'listed', 'labelled', 'read'] as const),
  ...(['imported', 'deleted', 'failed'] as const),
];

export const none: KeptLabel = { name: '', notes: '' };

/** In memory all is there at once. */
const often = { interval: 1 };

/** A disk, and pages that come and go. */
export class Disk {
  readonly folders = new Map<string, MemoryFolder>();
  readonly labs = new Map<string, KeptLab>();
  readonly labels = new Map<string, KeptLabel>();
  entries: KeptEntry[] = [];
  claimed = true;
  /** What pages have. */
  readonly held = new Set<string>();
  /** How often a page let go of what it had. */
  released = 0;
  /** Runs whose folders can't be opened. */
  readonly failing = new Map<string, Error>();
  /** Instead of one that never fails. */
  index: RunIndex | null = null;
  /** Whether folders can't be removed. */
  refuses = false;

  page() {
    const reports: KeepReport[] = [];
    const keeper = new Keeper(
      () =>
        Promise.resolve({
          folder: (run: string) => {
            const failing = this.failing.get(run);
            if (failing !== undefined) return Promise.reject(failing);
            const folder = this.folders.get(run) ?? new MemoryFolder();
            this.folders.set(run, folder);
            return Promise.resolve(folder);
          },
          remove: (run: string) => {
            if (this.refuses) return Promise.reject(new Error('power is off'));
            this.folders.delete(run);
            return Promise.resolve();
          },
          claim: (id: string, take = false) => {
            if (this.claimed || take) this.held.add(id);
            return Promise.resolve(this.claimed || take);
          },
          has: (id: string) => this.held.has(id),
          release: (id?: string) => {
            this.released++;
            if (id === undefined) this.held.clear();
            else this.held.delete(id);
          },
          index: this.index ?? {
            lab: (id: string) => Promise.resolve(this.labs.get(id) ?? null),
            newestLab: () =>
              Promise.resolve([...this.labs.values()].sort((a, b) => b.updated - a.updated)[0] ?? null),
            save: (one: KeptLab, entries: readonly KeptEntry[]) => {
              this.labs.set(one.id, one);
              this.entries.push(...entries);
              return Promise.resolve();
            },
            list: () =>
              Promise.resolve(
                [...this.labs.values()]
                  .sort((a, b) => b.updated - a.updated)
                  .map((one) => ({
                    lab: one,
                    label: this.labels.get(one.id) ?? none,
                    runs: this.entries.filter((run) => run.lab === one.id),
                  })),
              ),
            label: (id: string, label: KeptLabel) => {
              this.labels.set(id, label);
              return Promise.resolve();
            },
            remove: (id: string) => {
              this.labs.delete(id);
              this.entries = this.entries.filter((run) => run.lab !== id);
              return Promise.resolve();
            },
          },
        }),
      (report) => reports.push(report),
    );
    const sender = new CheckpointSender();
    return {
      reports,
      keeper,
      keep: (one: Checkpoint) => {
        keeper.receive({ type: 'checkpoint', run: 'one', sent: sender.pack(one).sent });
      },
      async restored() {
        keeper.receive({ type: 'restore', lab: null, take: false });
        await vi.waitUntil(
          () => reports.some(({ type }) => type === 'restored' || type === 'stopped'),
          often,
        );
        const report = reports.find((each) => each.type === 'restored');
        const found = report?.found ?? null;
        return found !== null && 'busy' in found ? null : found;
      },
      async flushed() {
        const before = reports.length;
        keeper.receive({ type: 'flush' });
        await vi.waitUntil(() => reports.length > before, often);
      },
      async answered(request: KeepRequest) {
        const before = reports.length;
        keeper.receive(request);
        const answer = () => reports.slice(before).find(({ type }) => answers.includes(type));
        await vi.waitUntil(() => answer() !== undefined, often);
        return answer();
      },
      failure: (): Failure | null => reports.find((each) => each.type === 'stopped')?.failure ?? null,
    };
  }

  record(run = 'one'): string {
    return new TextDecoder().decode(this.folders.get(run)?.files.get(recordFile));
  }
}

/** A page that trains up to a step, with checkpoints as given, and is gone. */
export async function trained(
  disk: Disk,
  to: number,
  checkpoints: readonly number[],
  changes: readonly LiveChange[] = [],
) {
  const page = disk.page();
  page.keeper.receive({ type: 'save', lab, runs: [] });
  page.keeper.receive({ type: 'begin', run: 'one', head, changes: [], rows: rows(0, 0) });
  for (let step = 1; step <= to; step++) {
    page.keeper.receive({ type: 'rows', run: 'one', rows: rows(step, step) });
    if (checkpoints.includes(step)) page.keep(checkpoint(step));
    for (const change of changes.filter((each) => each.step === step))
      page.keeper.receive({ type: 'changed', run: 'one', change });
  }
  await page.flushed();
  expect(page.failure()).toBe(null);
}
