import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { allocating } from '../../src/gpu/allocating.ts';

class OutOfMemory {
  readonly message = 'nothing is left';
}

beforeEach(() => {
  vi.stubGlobal('GPUOutOfMemoryError', OutOfMemory);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A device whose scopes find what they are given, by their filter. */
function deviceThat(finds: Readonly<Record<string, object>>) {
  const scopes: string[] = [];
  const device = {
    pushErrorScope: (filter: string) => scopes.push(filter),
    popErrorScope: () => Promise.resolve(finds[scopes.pop() ?? ''] ?? null),
  };
  return { scopes, gpu: { device: device as unknown as GPUDevice } };
}

it('what the device has memory for is given, and no scope is left open', async () => {
  const { scopes, gpu } = deviceThat({});
  expect(await allocating(gpu, () => 'made', vi.fn())).toBe('made');
  expect(scopes).toEqual([]);
});

it('out of memory is said with what to do, whatever follows from it, and what was made is let go', async () => {
  const invalid = { message: 'the buffer is invalid' };
  const { scopes, gpu } = deviceThat({ 'out-of-memory': new OutOfMemory(), validation: invalid });
  const discarded: string[] = [];
  await expect(
    allocating(
      gpu,
      () => 'made',
      (made) => discarded.push(made),
    ),
  ).rejects.toMatchObject({
    code: 'does-not-fit',
    message: 'The GPU is out of memory: nothing is left',
    remedy: /Choose a smaller model/,
  });
  expect(discarded).toEqual(['made']);
  expect(scopes).toEqual([]);
});

it('what making it throws is thrown, and no scope is left open', async () => {
  const { scopes, gpu } = deviceThat({});
  const make = (): never => {
    throw new RangeError('too much');
  };
  await expect(allocating(gpu, make, vi.fn())).rejects.toThrow('too much');
  expect(scopes).toEqual([]);
});
