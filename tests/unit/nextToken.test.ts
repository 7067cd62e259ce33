import { expect, it } from 'vitest';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { offersOf, pick } from '../../src/store/nextToken.ts';

const offers = offersOf(Float32Array.from([0, 2, 1, 2]), characters);
const sum = 1 + 2 * Math.exp(2) + Math.E;

it('tokens come with the model’s own probabilities, likeliest first, the lower id first of equals', () => {
  expect(offers.map(({ id, piece }) => [id, piece])).toEqual([
    [1, '0'],
    [3, '2'],
    [2, '1'],
    [0, '_'],
  ]);
  expect(offers[0]?.probability).toBeCloseTo(Math.exp(2) / sum, 12);
  expect(offers[3]?.probability).toBeCloseTo(1 / sum, 12);
});

it('temperature 0 takes the first; above it chance decides by the powers of the probabilities', () => {
  expect(pick(offers, 0, 0.999).id).toBe(1);
  expect(pick(offers, 1, 0.39).id).toBe(1);
  expect(pick(offers, 1, 0.6).id).toBe(3);
  expect(pick(offers, 1, 0.999).id).toBe(0);
  // Colder, the two likeliest have nearly all: e² in square against e and 1.
  expect(pick(offers, 0.5, 0.98).id).toBe(2);
  expect(pick(offers, 0.1, 0.98).id).toBe(3);
});
