import { expect, it } from 'vitest';
import { elementsOf } from '../../src/gpu/elements.ts';
import type { WgslModule } from '../../src/gpu/shader.ts';

const shader: WgslModule = {
  name: 'ops/x',
  variants: {},
  bindings: [
    { name: 'y', group: 0, binding: 0, access: 'read' },
    {
      name: 'stats',
      group: 0,
      binding: 1,
      access: 'read_write',
      element: { floats: 4, fields: { ratio: 2, loss: 0 } },
    },
  ],
  params: null,
  overrides: [],
  uses: [],
  workgroupSize: null,
};

it('finds the fields that are wanted, wherever the shader puts them', () => {
  expect(elementsOf(shader, 'stats', ['loss', 'ratio'])).toEqual({ floats: 4, at: { loss: 0, ratio: 2 } });
});

it('names what a shader has where a field is not there', () => {
  expect(() => elementsOf(shader, 'stats', ['entropy'])).toThrow('ops/x: "stats" has no field "entropy"');
  expect(() => elementsOf(shader, 'stats', ['entropy'])).toThrow(
    expect.objectContaining({ remedy: 'It has: ratio, loss.' }),
  );
  for (const binding of ['y', 'z'])
    expect(() => elementsOf(shader, binding, ['loss'])).toThrow(
      expect.objectContaining({ remedy: 'It has: no fields at all.' }),
    );
});
