import { failureOf } from '../lib/failure.ts';
import { browserHost } from '../host/browser.ts';
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
    const host = browserHost(() => base);
    const gpu = await host.openGpu();
    const result = await runBench(
      {
        host,
        gpu,
        progress: (progress) => {
          post({ type: 'progress', ...progress });
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
