import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfCheck } from '../engine/selfCheck.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { versions } from './versions.ts';

const folder = join('node_modules', '.cache');
const file = join(folder, 'm-grpo-lab-self-check.json');

/**
 * Refuses to train on an adapter whose kernels disagree with float64. An adapter that passed is remembered, with
 * its driver and the versions of Dawn and lab: a new one of either is checked anew.
 * @throws LabError `kernel-disagrees` naming the kernel
 */
export async function selfCheckOnce(gpu: Gpu, kernels: Kernels): Promise<void> {
  const { dawn, lab } = versions();
  const key = JSON.stringify([gpu.adapter, dawn, lab]);
  const passed = remembered();
  if (passed.includes(key)) return;
  const check = await selfCheck(gpu, kernels);
  if (!check.ok) throw refusal(check);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify([...passed, key]));
}

/** The error for a failed check. */
export function refusal({ kernel, detail }: { readonly kernel: string; readonly detail: string }): LabError {
  return new LabError(
    'kernel-disagrees',
    `On this adapter the kernel ${kernel} gives wrong numbers: ${detail}`,
    'Training here would look like an algorithm that does not learn. Update the driver, or choose another adapter (LAB_VK_ICD names a Vulkan driver manifest).',
  );
}

function remembered(): string[] {
  try {
    const list: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : [];
  } catch {
    // Nothing remembered, or not readable: then it is checked.
    return [];
  }
}
