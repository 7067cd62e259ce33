import {
  defaultDevice,
  getWebGPUDevice,
  init,
  jit,
  nn,
  numpy as np,
  random,
  tree,
  valueAndGrad,
} from '@jax-js/jax';
import { generation, length, optimizer, packWeights, rotary } from './work.mjs';

/** jax-js on WebGPU: everything under jit, the optimiser and the EMA in the same graph as the gradient. */
export async function open(host) {
  if (!(await init('webgpu')).includes('webgpu')) throw new Error('jax-js found no WebGPU adapter.');
  defaultDevice('webgpu');
  const read = (array) => host.settle(array.data());

  const parametersOf = (config, weights) =>
    Object.fromEntries(
      Object.entries(packWeights(config, weights)).map(([name, { shape, values }]) => [
        name,
        np.array(values, { shape }),
      ]),
    );

  function rmsNorm(x, gain, eps) {
    const scale = np.sqrt(np.square(x.ref).mean(-1, { keepdims: true }).add(eps));
    return x.div(scale).mul(gain);
  }

  /** x [B, T, heads, D]; cos, sin [T, 1, D/2] */
  function rotate(x, cos, sin) {
    const [a, b] = np.split(x, 2, -1);
    return np.concatenate([a.ref.mul(cos.ref).sub(b.ref.mul(sin.ref)), b.mul(cos).add(a.mul(sin))], -1);
  }

  const ropeArrays = (config, positions) => {
    const { cos, sin } = rotary(config, positions);
    const shape = [positions, 1, config.head_dim / 2];
    return [np.array(cos, { shape }), np.array(sin, { shape })];
  };

  /**
   * One decoder layer; uses up x and its weights in p.
   * @param x [B·T, H]
   * @param attend queries and these tokens' keys and values [B, T, heads, D] → what was attended to [B, T, N, D]
   */
  function layer(config, p, i, x, B, T, [cos, sin], attend) {
    const { num_attention_heads: N, num_key_value_heads: K, head_dim: D, rms_norm_eps: eps } = config;
    const qkv = np.dot(rmsNorm(x.ref, p[`inputNorm${i}`], eps), p[`qkv${i}`]);
    const [q0, k0, v] = np.split(qkv.reshape([B, T, N + 2 * K, D]), [N, N + K], 2);
    const q = rotate(rmsNorm(q0, p[`queryNorm${i}`], eps), cos.ref, sin.ref);
    const k = rotate(rmsNorm(k0, p[`keyNorm${i}`], eps), cos, sin);
    const attended = attend(q, k, v).reshape([B * T, N * D]);
    const y = x.add(np.dot(attended, p[`output${i}`]));
    const gateUp = np.dot(rmsNorm(y.ref, p[`postNorm${i}`], eps), p[`gateUp${i}`]);
    const [gate, up] = np.split(gateUp, 2, -1);
    return y.add(np.dot(nn.silu(gate).mul(up), p[`down${i}`]));
  }

  const logitsOf = (config, p, x) =>
    np.dot(rmsNorm(x, p.finalNorm, config.rms_norm_eps), p.embedding.transpose());

  const integers = (values, shape) => np.array(Int32Array.from(values), { shape, dtype: np.int32 });
  return {
    device: getWebGPUDevice(),

    async trainer(config, weights, batch) {
      const { learningRate, beta1, beta2, epsilon, momentum } = optimizer;
      const rows = batch * length;
      const V = config.vocab_size;

      function loss(p, inputs, targets) {
        // Gradients of a lookup are refused under jit: a product, as jax-js's own models do.
        let x = np.dot(nn.oneHot(inputs, V), p.embedding.ref);
        for (let i = 0; i < config.num_hidden_layers; i++) {
          x = layer(config, p, i, x, batch, length, ropeArrays(config, length), (q, k, v) =>
            nn.dotProductAttention(q, k, v, { isCausal: true }),
          );
        }
        return nn
          .logSoftmax(logitsOf(config, p, x), -1)
          .mul(nn.oneHot(targets, V))
          .sum()
          .mul(-1 / rows);
      }

      const update = jit((p, m, v, average, correction1, correction2, inputs, targets) => {
        const [cost, gradient] = valueAndGrad((q) => loss(q, inputs, targets))(tree.ref(p));
        const m2 = tree.map((a, g) => a.mul(beta1).add(g.mul(1 - beta1)), m, tree.ref(gradient));
        const v2 = tree.map((a, g) => a.mul(beta2).add(np.square(g).mul(1 - beta2)), v, gradient);
        const p2 = tree.map(
          (w, a, b) =>
            w.sub(
              a
                .div(correction1.ref)
                .div(np.sqrt(b.div(correction2.ref)).add(epsilon))
                .mul(learningRate),
            ),
          p,
          tree.ref(m2),
          tree.ref(v2),
        );
        correction1.dispose();
        correction2.dispose();
        const average2 = tree.map((a, w) => a.mul(momentum).add(w.mul(1 - momentum)), average, tree.ref(p2));
        return [cost, p2, m2, v2, average2];
      });

      let p = parametersOf(config, weights);
      let average = parametersOf(config, weights);
      let m = tree.map((w) => np.zeros(w.shape), p);
      let v = tree.map((w) => np.zeros(w.shape), p);
      let step = 0;
      return {
        async step(sequences) {
          step++;
          let cost;
          [cost, p, m, v, average] = update(
            p,
            m,
            v,
            average,
            np.array(1 - beta1 ** step),
            np.array(1 - beta2 ** step),
            integers(
              sequences.flatMap((s) => s.slice(0, -1)),
              [rows],
            ),
            integers(
              sequences.flatMap((s) => s.slice(1)),
              [rows],
            ),
          );
          const [number] = await read(cost);
          return number;
        },
        async average() {
          const result = {};
          for (const [name, array] of Object.entries(average)) {
            result[name] = { shape: array.shape, values: await read(array.ref) };
          }
          return result;
        },
        close() {
          tree.dispose([p, m, v, average]);
          update.dispose();
        },
      };
    },

    async generator(config, weights) {
      const p = parametersOf(config, weights);
      const { prompts: P, samples, promptLength, tokens } = generation;
      const capacity = promptLength + tokens;
      const layers = Array.from({ length: config.num_hidden_layers }, (_, i) => i);

      const sample = (logits, key, greedy) => {
        if (!greedy) return random.categorical(key, logits);
        key.dispose();
        return np.argmax(logits, -1);
      };

      /** The prompts once; their keys and values, padded to the end, for every sample; the first tokens. */
      const prefill = jit(
        (p, prompts, key, greedy) => {
          let x = p.embedding.ref.slice(prompts);
          const cache = layers.map((i) => {
            const kept = {};
            const padded = (a) => np.pad(np.repeat(a, samples, 0), { 1: [0, tokens] });
            x = layer(config, p, i, x, P, promptLength, ropeArrays(config, promptLength), (q, k, v) => {
              kept.k = padded(k.ref);
              kept.v = padded(v.ref);
              return nn.dotProductAttention(q, k, v, { isCausal: true });
            });
            return kept;
          });
          const last = x.reshape([P, promptLength, -1]).slice([], promptLength - 1);
          const logits = np.repeat(logitsOf(config, p, last), samples, 0);
          return [cache, sample(logits, key, greedy)];
        },
        { staticArgnums: [3] },
      );

      const decode = jit(
        (p, previous, position, cache, key, greedy) => {
          let x = p.embedding.ref.slice(previous);
          const rope = ropeArrays(config, capacity).map((table) =>
            table.slice(position.ref).reshape([1, 1, config.head_dim / 2]),
          );
          const slots = np.arange(capacity);
          const here = slots.ref.equal(position.ref).reshape([1, capacity, 1, 1]);
          const seen = slots.lessEqual(position).reshape([1, 1, 1, capacity]);
          const grown = layers.map((i) => {
            const kept = {};
            x = layer(config, p, i, x, P * samples, 1, tree.ref(rope), (q, k, v) => {
              kept.k = np.where(here.ref, k, cache[i].k);
              kept.v = np.where(here.ref, v, cache[i].v);
              return nn.dotProductAttention(q, kept.k.ref, kept.v.ref, { mask: seen.ref });
            });
            return kept;
          });
          tree.dispose([rope, here, seen]);
          return [grown, sample(logitsOf(config, p, x), key, greedy)];
        },
        { staticArgnums: [5] },
      );

      return {
        async generate(prompts, temperature, seed) {
          const greedy = temperature === 0;
          const keys = random.split(random.key(seed), tokens);
          let [cache, next] = prefill(
            tree.ref(p),
            integers(prompts.flat(), [P * promptLength]),
            keys.ref.slice(0),
            greedy,
          );
          const drawn = [next.ref];
          for (let t = 1; t < tokens; t++) {
            const position = np.array(promptLength + t - 1, { dtype: np.int32 });
            [cache, next] = decode(tree.ref(p), next, position, cache, keys.ref.slice(t), greedy);
            drawn.push(next.ref);
          }
          tree.dispose([cache, next, keys]);
          return [...(await read(np.stack(drawn, 1)))];
        },
        close() {
          tree.dispose(p);
          prefill.dispose();
          decode.dispose();
        },
      };
    },
  };
}
