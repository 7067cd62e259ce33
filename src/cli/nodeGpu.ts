import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { create, globals } from 'webgpu';
import { findSwiftShader } from './chromium.mjs';
import { LabError } from '../lib/labError.ts';

/** Where to look for a Vulkan driver: the system's own choice, or a manifest (`*_icd.json`). */
type Driver = 'system' | { readonly manifest: string };

const install: Readonly<Record<string, string>> = {
  linux:
    'Install a Vulkan driver for your GPU (Debian and Ubuntu: apt install mesa-vulkan-drivers libvulkan1; ' +
    'Fedora: dnf install mesa-vulkan-drivers vulkan-loader), or Chromium, whose software GPU is used ' +
    '(apt install chromium, dnf install chromium). In an NVIDIA container, NVIDIA_DRIVER_CAPABILITIES must ' +
    'include "graphics".',
  darwin:
    'Metal should be there on macOS 11 or later: update macOS, and check that this is no virtual machine.',
  win32: 'Install or update the graphics driver; Direct3D 12 is needed (Windows 10 or later).',
};

/** The Vulkan loader, by the name under which Dawn asks for it. */
const loader = 'libvulkan.so.1';

/** RTLD_NOW | RTLD_NODELETE of glibc and musl: Node closes a library that is no addon, and this one must stay. */
const keepLoaded = 0x1002;

/**
 * Loads the Vulkan loader before Dawn looks for it, which complains to stderr where there is none. Dawn is given
 * the one already loaded.
 * @param library a path, or the bare name: the linker looks for that as it would for Dawn (LD_LIBRARY_PATH, its cache)
 * @returns whether there is a loader, always where the system's graphics need none
 */
function hasLoader(library: string): boolean {
  if (process.platform !== 'linux') return true;
  try {
    process.dlopen({ exports: {} }, library, keepLoaded);
  } catch {
    // Always: it was not found, or "did not self-register", as a plain library doesn't. What is mapped tells which.
  }
  return readFileSync('/proc/self/maps', 'utf8').includes('/libvulkan.so');
}

/** A fresh Dawn, which looks for drivers anew; null where it finds no adapter. */
async function open(driver: Driver): Promise<GPU | null> {
  if (driver !== 'system') {
    // Assigning calls setenv, so that the loader sees it; it prefers the second name and older ones know the first.
    process.env.VK_ICD_FILENAMES = driver.manifest;
    process.env.VK_DRIVER_FILES = driver.manifest;
  }
  // Times are for this process alone: the protection against web pages would round them to 100 µs.
  const gpu = create(['disable-dawn-features=timestamp_quantization']);
  return (await gpu.requestAdapter()) === null ? null : gpu;
}

/**
 * Dawn in Node, on the system's GPU or else on the software GPU that Chromium brings along.
 * LAB_VK_ICD overrides: path of a Vulkan driver manifest, or `system`.
 * @returns the GPU, and a sentence on how it was found
 * @throws LabError `no-adapter` with what to install
 */
export async function openNodeGpu(): Promise<{ gpu: GPU; note: string }> {
  Object.assign(globalThis, globals);
  const wanted = process.env.LAB_VK_ICD ?? '';
  if (wanted !== '' && wanted !== 'system' && !existsSync(wanted)) {
    throw new LabError(
      'no-adapter',
      `LAB_VK_ICD is "${wanted}", but there is no such file.`,
      'Give the path of a Vulkan driver manifest (*_icd.json), or "system", or unset it.',
    );
  }
  if ((wanted === '' || wanted === 'system') && hasLoader(loader)) {
    const gpu = await open('system');
    if (gpu !== null) return { gpu, note: 'The adapter that the system offers.' };
  }
  const manifest = wanted === '' ? findSwiftShader() : wanted;
  if (manifest !== null && manifest !== 'system') {
    // Chromium ships a loader beside its driver, for machines without one of their own.
    const gpu =
      hasLoader(loader) || hasLoader(resolve(dirname(manifest), loader)) ? await open({ manifest }) : null;
    if (gpu !== null) return { gpu, note: `The Vulkan driver named by ${manifest}.` };
  }
  throw new LabError(
    'no-adapter',
    'No GPU adapter was found, not even a software one.',
    install[process.platform] ?? 'Install a Vulkan driver.',
  );
}

const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Waits for a promise of the GPU, asleep most of the time. Dawn in Node polls by setImmediate and would spin on the core
 * that a software adapter needs, for its kernels and for compiling them.
 */
export async function settle<T>(promise: Promise<T>): Promise<T> {
  let settled = false;
  const finish = (): void => {
    settled = true;
  };
  promise.then(finish, finish);
  // Set by the promise while this loop yields.
  while (!(settled as boolean)) {
    Atomics.wait(never, 0, 0, 0.3);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}
