import * as gradNorm from '../reference/grad_norm.ts';
import { createRandom } from '../reference/random.ts';
import { float32Tolerance, type Case } from './case.ts';

function build(name: string, gradient: Float32Array, maxNorm: number): Case {
  const norm = gradNorm.norm(gradient);
  return {
    name,
    sizes: { size: gradient.length, maxNorm },
    inputs: { gradient },
    expected: {
      norm: Float64Array.of(norm),
      clipFactor: Float64Array.of(gradNorm.clipFactor(norm, maxNorm)),
    },
    tolerance: float32Tolerance,
  };
}

function normals(seed: number, size: number, spread: number): Float32Array {
  return Float32Array.from(createRandom(seed).normals(size, spread));
}

const spike = normals(1005, 1000, 1e-3);
spike[999] = -1e4;

export const cases: readonly Case[] = [
  build('one number', normals(1001, 1, 3), 1),
  build('65 numbers, one more than a workgroup of 64, clipped', normals(1002, 65, 1), 1),
  build('257 numbers, short enough to stay', normals(1003, 257, 0.01), 1),
  build('as many as sort-32 has parameters', normals(1004, 25_536, 0.1), 1),
  build('more than 256 workgroups of 64 vec4s', normals(1007, 66_000, 0.1), 1),
  build('a spike of 1e4 in the last place', spike, 1),
  build('zeros: the factor stays 1', new Float32Array(130), 1),
  build('another bound', normals(1006, 99, 1), 0.25),
];
