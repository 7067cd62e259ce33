/** Four unsigned 32-bit words. */
export type Words = readonly [number, number, number, number];
/** The key of a run: its seed as two unsigned 32-bit words. */
export type Key = readonly [low: number, high: number];

/** Low word of a 32 × 32 bit product is Math.imul; this is the high word, from 16-bit halves, exact. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/**
 * Philox4x32-10: 128 random bits that depend on counter and key alone. shaders/lib/philox.wgsl is its twin.
 * @source Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011); Random123
 */
export function philox4x32(counter: Words, key: Key): Words {
  let [a, b, c, d] = counter;
  let [low, high] = key;
  for (let round = 0; round < 10; round++) {
    const first = highProduct(0xd2511f53, a);
    const second = highProduct(0xcd9e8d57, c);
    [a, b, c, d] = [
      (second ^ b ^ low) >>> 0,
      Math.imul(0xcd9e8d57, c) >>> 0,
      (first ^ d ^ high) >>> 0,
      Math.imul(0xd2511f53, a) >>> 0,
    ];
    low = (low + 0x9e3779b9) >>> 0;
    high = (high + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/**
 * What randomness is used for; the last word of every counter, here and in the shaders. Streams of
 * different purposes never meet, so that e.g. watching a shadow anchor changes no bit of a run.
 * Numbers never change: runs would.
 */
export const purposes = {
  prompts: 1,
  evaluation: 2,
  pretraining: 3,
  noise: 4,
  initialisation: 5,
  reward: 6,
  pool: 7,
  policyRollout: 16,
  anchorRollout: 17,
  shadowRollout: 18,
  evaluationSample: 19,
  majoritySample: 20,
  pretrainedCompletion: 21,
} as const;
export type Purpose = keyof typeof purposes;

/** The key of a seed: a whole number below 2^53 as two words. */
export function keyOf(seed: number): Key {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** Uniform whole numbers in [0, below), 1 ≤ below ≤ 2^32, without bias. */
export type RandomInteger = (below: number) => number;

/**
 * The stream of a purpose at a step (or whatever `index` counts). Counter words are
 * (position, rollout, index, purpose) as in the shaders; here position counts blocks and rollout is 0.
 */
export function randomStream(seed: number, purpose: Purpose, index: number): RandomInteger {
  const nextWord = randomWords(seed, purpose, index);
  return (below) => {
    // Words past the last whole multiple of `below` would favour small results: draw again.
    const limit = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const word = nextWord();
      if (word < limit) return word % below;
    }
  };
}

/** The same stream as uniform reals in (0, 1), the midpoints of 2^32 equal cells. */
export function randomReals(seed: number, purpose: Purpose, index: number): () => number {
  const nextWord = randomWords(seed, purpose, index);
  return () => (nextWord() + 0.5) / 2 ** 32;
}

function randomWords(seed: number, purpose: Purpose, index: number): () => number {
  const key = keyOf(seed);
  let position = 0;
  let words: readonly number[] = [];
  return () => {
    if (words.length === 0) words = philox4x32([position++, 0, index >>> 0, purposes[purpose]], key);
    const [word = 0, ...rest] = words;
    words = rest;
    return word;
  };
}
