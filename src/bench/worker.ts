import { openDevice } from '../gpu/device.ts';
import { browserGpu } from '../host/browserGpu.ts';
import { failureOf } from '../lib/failure.ts';
import { fetchModel } from '../host/fetchModel.ts';
import { browserMemory } from '../host/browserMemory.ts';
import { preparePlan } from '../trainer/prepare.ts';
import { runBench } from './bench.ts';
import type { BenchCommand, BenchEvent } from './protocol.ts';
import { tablesOf } from './tables.ts';

const repetitions = 20;

function post(event: BenchEvent): void {
  self.postMessage(event);
}

self.onmessage = ({ data }: MessageEvent<BenchCommand>) => {
  void run(data);
};

async function run({ quick, base }: BenchCommand): Promise<void> {
  try {
    const gpu = await openDevice(browserGpu());
    const result = await runBench(
      {
        gpu,
        loadModel: (name) => fetchModel(base, name),
        planFor: (kernels, model, settings) => preparePlan(gpu, kernels, model, settings, browserMemory),
        now: () => performance.now(),
        progress: (doing) => {
          post({ type: 'progress', doing });
        },
      },
      { repetitions, quick },
    );
    const { vendor, architecture, description } = gpu.adapter;
    const adapter = [vendor, architecture, description].filter((part) => part !== '').join(' · ');
    post({ type: 'done', adapter, tables: tablesOf(result), result });
  } catch (error) {
    post({ type: 'failed', failure: failureOf(error) });
  }
}
