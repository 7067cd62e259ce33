import { openHeadless } from './headless.ts';
import { Kernels } from '../gpu/kernel.ts';
import { fixedPlan, rolloutLayouts } from '../engine/plan.ts';
import { selfCheck } from '../engine/selfCheck.ts';
import { readArguments } from '../settings/arguments.ts';
import { disagreement } from '../trainer/prepare.ts';
import { versions } from './versions.ts';

/** Limits that decide what fits. */
const shownLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxUniformBufferBindingSize',
] as const;

/** `npm run doctor`: what the lab finds on this machine, and whether it computes correctly. */
export default async function main(argv: string[]): Promise<void> {
  readArguments(argv, {}, []);
  const print = (name: string, value: string) => {
    console.log(`${name.padEnd(34)} ${value}`);
  };
  for (const [name, version] of Object.entries(versions())) print(name, version);
  const gpu = await openHeadless();
  const { vendor, architecture, description, software, features } = gpu.adapter;
  print('adapter', `${vendor} ${architecture}${software ? ' (software: everything works, slowly)' : ''}`);
  print('driver', description);
  print('features', features.join(', '));
  for (const name of shownLimits) print(name, String(gpu.device.limits[name]));
  const kernels = new Kernels(gpu);
  for (const rollout of rolloutLayouts) {
    const check = await selfCheck(gpu, kernels, { ...fixedPlan, rollout });
    if (!check.ok) throw disagreement(check);
    print(
      `self-check, ${rollout}`,
      `passed in ${String(Math.round(check.ms))} ms: forward, backward, update and rollout agree with float64`,
    );
  }
}
