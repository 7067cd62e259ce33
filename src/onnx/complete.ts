import type { RolloutRandom, RolloutRequest } from '../engine/rollout/call.ts';
import { philox4x32 } from '../lib/philox.ts';
import type { Ends, EvaluationCall } from '../trainer/evaluate.ts';
import { rowsOf, type OnnxModel } from './onnxModel.ts';

/**
 * How far a logit here may be from the engine's, as a share of the largest, and at least of `least`. Both compute in f32,
 * in another order of sums: on every base model they are within a tenth of it (tests/gpu/onnx.test.ts).
 */
const share = 1 / 32_768;
const least = 32;

/** What the engine's sums of probabilities, in f32, may be off by beside that. */
const sumError = 1e-5;

/**
 * The completions of a call as the engine's samplers draw them (shaders/rollout/sample.wgsl), from the same random
 * numbers.
 * @param models those that are asked
 * @returns of each request the tokens, end token included; null where the engine's last bits could make it another
 */
export async function complete(
  models: Readonly<Partial<Record<RolloutRequest['model'], OnnxModel>>>,
  { prompts, requests }: EvaluationCall,
  random: RolloutRandom,
  ends: Ends,
): Promise<(readonly number[] | null)[]> {
  const completions = requests.map((): number[] | null => null);
  for (const side of ['policy', 'anchor'] as const) {
    const rows = requests.flatMap((request, at) => (request.model === side ? [{ ...request, at }] : []));
    if (rows.length === 0) continue;
    const model = models[side];
    if (model === undefined) throw new Error(`the ${side} is asked, and is not there`);
    for (const { at, tokens } of await draw(model, prompts, rows, random, ends)) completions[at] = tokens;
  }
  return completions;
}

interface Row extends RolloutRequest {
  /** Among the requests. */
  readonly at: number;
}

interface Drawn {
  readonly at: number;
  readonly tokens: number[];
}

async function draw(
  model: OnnxModel,
  prompts: readonly (readonly number[])[],
  rows: readonly Row[],
  random: RolloutRandom,
  { maxCompletionLength, endToken }: Ends,
): Promise<Drawn[]> {
  // Each prompt is read once, however many completions begin with it.
  const asked = [...new Set(rows.map(({ prompt }) => prompt))];
  let read = await model.read(
    asked.map((prompt) => prompts[prompt] ?? []),
    null,
  );
  let open = rows.map((row) => ({ row, from: asked.indexOf(row.prompt), tokens: [] as number[] }));
  const done: Drawn[] = [];
  for (let position = 0; open.length > 0; position++) {
    const { logits, context } = read;
    const width = logits.length / context.padding.length;
    const goesOn: typeof open = [];
    for (const one of open) {
      const last = logits.subarray((one.from + 1) * width - model.vocabulary, (one.from + 1) * width);
      const { at, temperature } = one.row;
      const token = tokenOf(last, temperature, uniform(position, one.row, random));
      if (token === null) continue;
      one.tokens.push(token);
      if (token === endToken || one.tokens.length === maxCompletionLength)
        done.push({ at, tokens: one.tokens });
      else goesOn.push(one);
    }
    if (goesOn.length === 0) break;
    const before = rowsOf(
      context,
      goesOn.map(({ from }) => from),
    );
    open = goesOn.map((one, from) => ({ ...one, from }));
    read = await model.read(
      open.map(({ tokens }) => tokens.slice(-1)),
      before,
    );
  }
  return done;
}

/** Uniform in [0, 1) with 24 bits: the number that the engine draws a token with. */
function uniform(
  position: number,
  { rollout, purpose }: Pick<Row, 'rollout' | 'purpose'>,
  { seed, step }: RolloutRandom,
): number {
  const [word] = philox4x32([position, rollout, step, purpose], [seed, 0]);
  return (word >>> 8) / 2 ** 24;
}

/**
 * The token that the engine draws from softmax(logits ÷ T), by inverse CDF; at T = 0 the likeliest.
 * @param logits [V], each within the tolerance of the engine's @param u in [0, 1)
 * @returns null where the engine may draw another
 */
export function tokenOf(logits: Float32Array, temperature: number, u: number): number | null {
  let [best, second, size] = [-Infinity, -Infinity, least];
  let likeliest = 0;
  logits.forEach((logit, token) => {
    size = Math.max(size, Math.abs(logit));
    if (logit > best) [second, best, likeliest] = [best, logit, token];
    else second = Math.max(second, logit);
  });
  const tolerance = share * size;
  if (temperature === 0) return best - second > 2 * tolerance ? likeliest : null;
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - best) / temperature));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  // A sum of probabilities F moves by F·(1 − F) times what the logits within it move against the others.
  const sway = Math.expm1((2 * tolerance) / temperature);
  let below = 0;
  for (const [token, weight] of weights.entries()) {
    const before = below / sum;
    below += weight;
    const after = below / sum;
    // A NaN passes no comparison.
    const certainlyNotBefore = token === 0 || u >= before + sway * before * (1 - before) + sumError;
    if (!certainlyNotBefore) return null;
    if (u < after - sway * after * (1 - after) - sumError) return token;
  }
  return null;
}
