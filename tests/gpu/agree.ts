import { expect } from 'vitest';
import type { ActivationType } from '../../src/engine/plan.ts';
import type { Case } from '../cases/case.ts';
import { compare } from '../reference/compare.ts';
import type { Numbers } from '../reference/indexing.ts';
import type { Contents, Workbench } from './workbench.ts';

/** Fails with the first bad index and both numbers. */
export function agree(what: string, actual: Numbers, expected: Numbers, tolerance: number): void {
  expect(compare(actual, expected, tolerance).message, what).toBe('');
}

/** The oracle's answer times a power of two, for models whose weights were scaled by it. */
export function times(expected: Float64Array, factor: number): Float64Array {
  return expected.map((value) => factor * value);
}

function present<T>(values: Readonly<Record<string, T>>, name: string): T {
  const value = values[name];
  if (value === undefined)
    throw new Error(`The case has no "${name}", only ${Object.keys(values).join(', ')}`);
  return value;
}

/** What storing a number in f16 rounds it by, relative to it: it keeps 11 bits. */
export const halfRounding = 2 ** -11;

/** Why a test of activations in f16 is left out; `npm test` ends with such reasons. */
export const noF16 = 'no half-precision numbers in shaders (shader-f16)';

/** Why a test of kernels that use subgroups is left out. */
export const noSubgroups = 'no subgroups in shaders (subgroups)';

/** Reads a case by name; a name it does not have throws. */
export function open(c: Case, activations: ActivationType = 'f32') {
  return {
    size: (name: string): number => present(c.sizes, name),
    floats: (name: string): Float32Array<ArrayBuffer> => Float32Array.from(present(c.inputs, name)),
    words: (name: string): Uint32Array<ArrayBuffer> => Uint32Array.from(present(c.inputs, name)),
    expected: (name: string): Float64Array => present(c.expected, name),
    /** Compares with the expected array `name`, times a factor. */
    agree: (name: string, actual: Numbers, factor = 1): void =>
      agree(name, actual, times(present(c.expected, name), factor), c.tolerance),
    /**
     * The same for what was stored as an activation, or follows from such.
     * @param roundings how many times its rounding is allowed; the inputs of cases lose nothing in f16
     */
    agreeStored: (name: string, actual: Numbers, factor = 1, roundings = 1): void =>
      agree(
        name,
        actual,
        times(present(c.expected, name), factor),
        c.tolerance + (activations === 'f16' ? roundings * halfRounding : 0),
      ),
  };
}

/** What the tensors hold, once it is sure that nothing beside them was written; frees them. */
export async function finish(
  bench: Workbench,
  gradients: readonly (readonly [offset: number, length: number])[] = [],
): Promise<Contents> {
  const contents = await bench.contents();
  expect(contents.broken).toEqual([]);
  expect(contents.strayInPartials(gradients)).toBe(0);
  bench.buffers.destroy();
  return contents;
}
