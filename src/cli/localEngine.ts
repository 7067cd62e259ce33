import type { RunSetup } from '../experiments/declaration.ts';
import { evaluationsOf } from '../experiments/reduced.ts';
import type { AdapterSummary } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import type { LiveChange, RunRecord } from '../records/run.ts';
import type { MetricRow } from '../spec/metrics.ts';
import { openHeadless } from './headless.ts';
import { planLanes } from './planLanes.ts';
import { runLane } from './runLane.ts';
import { versions } from './versions.ts';

/** What makes the runs of an experiment. */
export interface Engine {
  readonly adapter: AdapterSummary;
  /** Makes one run, from its first step to its last. */
  readonly run: (setup: RunSetup) => Promise<RunRecord>;
}

/** This process, one run after another. @throws LabError where it finds no device */
export async function openLocalEngine(): Promise<Engine> {
  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  return {
    adapter: gpu.adapter,
    run: async (setup) => {
      const rows: Partial<MetricRow>[] = [];
      const changes: LiveChange[] = [];
      const [lane] = await planLanes(gpu, kernels, [setup]);
      if (lane === undefined) throw new LabError('bug', 'A run has no plan.', 'Report it.');
      const { steps, base, peak, peakStep, final, retention, collapseStep, seconds, interventions, stopped } =
        await runLane(gpu, kernels, lane, {
          record: (row) => rows.push(row),
          guarded: (step, changed) => changes.push({ step, changes: changed, by: 'guard' }),
          interrupted: () => false,
        });
      const figures = { steps, base, peak, peakStep, final, retention, collapseStep, seconds };
      return {
        name: setup.name,
        settings: setup.settings,
        plan: lane.plan,
        lab: { version: versions().lab ?? '', commit: null },
        adapter: gpu.adapter,
        origin: null,
        changes,
        rows,
        summary: {
          ...figures,
          finalStep: evaluationsOf({ rows }).at(-1)?.step ?? 0,
          ...(interventions === undefined ? {} : { interventions }),
          ...(stopped === undefined ? {} : { stopped }),
        },
      };
    },
  };
}
