import type { RunSetup } from '../experiments/declaration.ts';
import type { AdapterSummary } from '../gpu/device.ts';
import { Device } from '../host/host.ts';
import type { LiveChange, RunRecord } from '../records/run.ts';
import { thisLab } from '../records/thisLab.ts';
import type { MetricRow } from '../spec/metrics.ts';
import { openHeadless } from './headless.ts';
import { planLane } from './planLanes.ts';
import { runLane } from './runLane.ts';

/** What makes the runs of an experiment. */
export interface Engine {
  readonly adapter: AdapterSummary;
  /** Makes one run, from its first step to its last. */
  readonly run: (setup: RunSetup) => Promise<RunRecord>;
}

/** This process, one run after another. @throws LabError where it finds no device */
export async function openLocalEngine(): Promise<Engine> {
  const gpu = await openHeadless();
  const device = new Device(gpu);
  return {
    adapter: gpu.adapter,
    run: async ({ name, settings }) => {
      const rows: Partial<MetricRow>[] = [];
      const changes: LiveChange[] = [];
      const lane = await planLane(device, { name, settings });
      const summary = await runLane(device, lane, {
        record: (row) => rows.push(row),
        changed: (change) => changes.push(change),
        interrupted: () => false,
      });
      return { ...lane, lab: thisLab, adapter: gpu.adapter, origin: null, changes, rows, summary };
    },
  };
}
