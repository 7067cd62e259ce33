import { openHeadless } from './headless.ts';
import { readModelFolder } from './modelFolder.ts';
import { Kernels } from '../gpu/kernel.ts';
import { untriedPlan, type RolloutLayout } from '../engine/plan.ts';
import { Trainer } from '../trainer/trainer.ts';
import { presets } from '../settings/presets.ts';
const gpu = await openHeadless();
const kernels = new Kernels(gpu);
const settings = presets.duel.lanes[1]!.settings;
const model = readModelFolder(settings.model);
const med = (a: number[]) => [...a].sort((x, y) => x - y)[a.length >> 1] ?? NaN;
for (const rollout of ['lanes', 'operations'] as RolloutLayout[]) {
  const ts = (['f32', 'f16'] as const).map((activations) => ({ activations, wall: [] as number[], roll: [] as number[], upd: [] as number[],
    t: new Trainer(gpu, kernels, model, settings, { now: () => performance.now(), plan: { ...untriedPlan(model.config, activations), rollout } }) }));
  await kernels.compile();
  for (const { t } of ts) { await t.start(); await t.next(); await t.next(); }
  for (let i = 0; i < 30; i++) for (const one of ts) { const b = performance.now(); const { metrics } = await one.t.next(); one.wall.push(performance.now() - b); one.roll.push(metrics['perf/rollout_ms'] ?? NaN); one.upd.push(metrics['perf/update_ms'] ?? NaN); }
  for (const one of ts) console.log(rollout, one.activations, 'step', med(one.wall).toFixed(1), 'rollout', med(one.roll).toFixed(1), 'update', med(one.upd).toFixed(1), 'bytes', one.t.engine.counts.bytes);
  const [a, b] = ts; if (a && b) console.log(rollout, 'f16/f32 step', med(a.wall.map((w, i) => (b.wall[i] ?? NaN) / w)).toFixed(3));
  for (const { t } of ts) t.destroy();
}
process.exit(0);
